package gpu

import (
	"io/fs"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"cnnvk/engine"
	"cnnvk/engine/optest"
	"cnnvk/vk/vktest"
)

// What further devices compile ahead is what the device that works looks for: it adds nothing to what the driver keeps.
func TestCompiledAhead(t *testing.T) {
	p, err := optest.Case{Kind: engine.PointwiseConv2dBackwardWeight, N: 8, C: 16, M: 16, H: 8, W: 8}.Program() // of several kernels
	must(t, err)
	kept := map[int]int{}
	for _, devices := range []int{0, 2} {
		dir := t.TempDir()
		t.Setenv("MESA_SHADER_CACHE_DISABLE", "")
		t.Setenv("MESA_SHADER_CACHE_DIR", dir)
		ran := false
		t.Run("", func(t *testing.T) {
			d := vktest.Device(t)
			if d.Info().Driver != "llvmpipe" {
				t.Skipf("%s compiles kernels with their pipelines", d.Info().Driver)
			}
			e := New(d)
			defer e.Close()
			e.CompileAhead(devices)
			e.ahead.open(e)
			s, err := e.NewSession(t.Context(), p.Layout, []*engine.Program{p}, engine.PlanOptions{})
			must(t, err)
			defer s.Close()
			if n := shadersIn(t, dir, kept[0]); n != kept[0] { // which is 0 at first
				t.Errorf("%d devices ahead: %d kernels kept before the first step, of %d", devices, n, kept[0])
			}
			must(t, s.Run(p, engine.NewStepInputs(p)))
			_, err = s.Reports()
			must(t, err)
			ran = true
		})
		if !ran {
			return
		}
		kept[devices] = shadersIn(t, dir, 0) // what is under way is written when the device is closed
	}
	if kept[0] != kept[2] || kept[0] < 2 {
		t.Errorf("kept with so many devices ahead: %v", kept)
	}
}

// shadersIn counts the shaders that Mesa keeps, which it writes in the background: until there are so many, or ten seconds are over.
func shadersIn(t *testing.T, dir string, want int) (n int) {
	t.Helper()
	for began := time.Now(); time.Since(began) < 10*time.Second; time.Sleep(10 * time.Millisecond) {
		n = 0
		must(t, filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && d.Name() != "index" && filepath.Ext(d.Name()) == "" {
				n++
			}
			return nil // a file under way may be gone
		}))
		if n >= want {
			break
		}
	}
	return n
}

// Where nothing is to be tuned no further device is opened.
func TestNothingToCompileAhead(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	e.CompileAhead(runtime.GOMAXPROCS(0))
	p, err := optest.Case{Kind: engine.ReLU, N: 8, C: 16, H: 8, W: 8}.Program()
	must(t, err)
	if _, _, err := e.Tune(t.Context(), p.Layout, []*engine.Program{p}, 0, nil); err != nil {
		t.Fatal(err)
	}
	if len(e.ahead.executors) != 0 {
		t.Errorf("%d devices opened", len(e.ahead.executors))
	}
}
