package machine

import (
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/cpu"
)

// The width that was measured is used for the processor and drivers that it was measured with, unless the user has set one.
func TestVectorWidth(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("VK_ICD_FILENAMES", "some.json")
	log := slog.New(slog.DiscardHandler)
	here := thisProcessor()
	here.Bits = 512
	if measuredWidth().Bits != 0 {
		t.Error("a width out of nothing")
	}
	keepWidth(here, log)
	shaders := filepath.Join(t.TempDir(), "not", "there")
	t.Setenv(shaderCacheVariable, shaders)
	for _, c := range []struct {
		icd, users, want string
		measured         int
		shaders          string
	}{
		{"some.json", "", "512", 512, filepath.Join(shaders, "512 bits")},
		{"some.json", "128", "128", 512, filepath.Join(shaders, "128 bits")}, // left to the user
		{"other.json", "", "", 0, shaders},
	} {
		t.Setenv(widthVariable, c.users)
		t.Setenv("VK_ICD_FILENAMES", c.icd)
		users := readUsersWidth()
		users.setFor("llvmpipe")
		if got := os.Getenv(widthVariable); got != c.want || measuredWidth().Bits != c.measured {
			t.Errorf("%+v: %s=%s, measured %+v", c, widthVariable, got, measuredWidth())
		}
		got := os.Getenv(shaderCacheVariable)
		if got != c.shaders {
			t.Errorf("%+v: %s=%s", c, shaderCacheVariable, got)
		}
		if _, err := os.Stat(got); err != nil && got != shaders {
			t.Errorf("%+v: the folder that Mesa is to use: %v", c, err)
		}
		users.restore()
		if got := os.Getenv(widthVariable); got != c.users {
			t.Errorf("%+v: afterwards %s=%s", c, widthVariable, got)
		}
		if got := os.Getenv(shaderCacheVariable); got != shaders {
			t.Errorf("%+v: afterwards %s=%s", c, shaderCacheVariable, got)
		}
	}
	here.Bits = 256
	t.Setenv("VK_ICD_FILENAMES", "some.json")
	keepWidth(here, log)
	if measuredWidth().Bits != 256 || len(storedWidths()) != 1 {
		t.Errorf("after a second measurement: %+v", storedWidths())
	}
}

// Of several rounds the shortest time of each product counts, of two widths the one whose products take less together.
func TestChoosingWidth(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		rounds map[int][][]time.Duration
		want   int
		sum    map[string]float64
	}{
		{map[int][][]time.Duration{256: {{10 * ms, 4 * ms}}, 512: {{9 * ms, 6 * ms}}}, 256, map[string]float64{"256": 14, "512": 15}},
		{map[int][][]time.Duration{256: {{10 * ms, 4 * ms}, {20 * ms, 3 * ms}}, 512: {{9 * ms, 90 * ms}, {90 * ms, 2 * ms}}}, 512, map[string]float64{"256": 13, "512": 11}},
	} {
		best := map[int][]time.Duration{}
		for bits, rounds := range c.rounds {
			for _, times := range rounds {
				best[bits] = shorter(times, best[bits])
			}
		}
		var w vectorWidth
		if w.choose(best); w.Bits != c.want || !maps.Equal(w.StepMS, c.sum) {
			t.Errorf("%v: %+v", c.rounds, w)
		}
	}
}

// What the driver compiled is kept in a home that was empty before: every later start would compile all of it again otherwise.
func TestCompiledShadersAreKept(t *testing.T) {
	t.Setenv(widthVariable, "256")
	t.Setenv(shaderCacheVariable, "")
	t.Setenv("MESA_SHADER_CACHE_DISABLE", "")
	m := openVulkan(t)
	if driver := m.device.Info().Driver; driver != "llvmpipe" {
		t.Skipf("%s keeps what it compiles by itself", driver)
	}
	if err := m.gpu.Check(); err != nil {
		t.Fatal(err)
	}
	if err := m.Reopen(); err != nil { // the driver writes in the background, until the device is closed
		t.Fatal(err)
	}
	var kept []string
	err := filepath.WalkDir(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "cnnvk", "lavapipe", "256 bits"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && d.Name() != "index" {
			kept = append(kept, path)
		}
		return err
	})
	if err != nil || len(kept) == 0 {
		t.Errorf("kept: %q, %v", kept, err)
	}
}

// An open machine has the measured width in the environment, and leaves the user's there when it closes or could not be opened.
func TestEnvironmentIsPutBack(t *testing.T) {
	device := openVulkan(t).UUID() // or there is none
	t.Setenv(widthVariable, "")
	here := thisProcessor()
	here.Bits = 256
	keepWidth(here, slog.New(slog.DiscardHandler))
	for _, o := range []Options{{Device: device}, {Device: "no such device"}, {Device: CPU}} {
		m, err := Open(o)
		if (err == nil) != (o.Device != "no such device") {
			t.Fatal(err)
		}
		if err == nil {
			if got, want := os.Getenv(widthVariable), map[bool]string{false: "256"}[m.Reference()]; got != want {
				t.Errorf("%+v: %s=%q while it is open, want %q", o, widthVariable, got, want)
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		}
		if got := os.Getenv(widthVariable); got != "" {
			t.Errorf("%+v: %s=%q afterwards", o, widthVariable, got)
		}
	}
	if _, err := Devices(slog.Default(), ""); err != nil || os.Getenv(widthVariable) != "" {
		t.Errorf("after the list of devices %s=%q, %v", widthVariable, os.Getenv(widthVariable), err)
	}
}

// What was measured holds for the version of the driver that it was measured with: another one compiles otherwise.
func TestWidthIsOfADriver(t *testing.T) {
	t.Setenv(widthVariable, "")
	m := openVulkan(t)
	if driver := m.device.Info().Driver; driver != "llvmpipe" || !cpu.X86.HasAVX512F {
		t.Skipf("%s on a processor with AVX-512: %t: no width is chosen", driver, cpu.X86.HasAVX512F)
	}
	for _, c := range []struct {
		driver string
		again  bool
		open   bool
	}{{m.Device().Driver, false, false}, {m.Device().Driver, true, true}, {"llvmpipe Mesa 1.2.3", false, true}, {"", false, true}} {
		measured := thisProcessor()
		measured.Bits, measured.Driver = 256, c.driver
		keepWidth(measured, slog.New(slog.DiscardHandler))
		if got := m.widthOpen(c.again); got != c.open {
			t.Errorf("measured with %q, again %t: open %t", c.driver, c.again, got)
		}
	}
}
