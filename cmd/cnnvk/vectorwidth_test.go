package main

import (
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/cpu"

	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/cmd/cnnvk/run"
)

// widthVariable is the vector width that the user asks lavapipe for.
const widthVariable = "LP_NATIVE_VECTOR_WIDTH"

// widthInName finds the vector width in the name of a lavapipe device.
var widthInName = regexp.MustCompile(`\b(\d+) bits\)$`)

// openWidth makes the test begin without a vector width, the user's or a measured one, on lavapipe. It is the name of the device at
// another width than the driver takes by itself.
func openWidth(t *testing.T) string {
	t.Helper()
	emptyFolder(t)
	needVulkan(t)
	t.Setenv("CNNVK_NO_TUNE", "0")
	t.Setenv("CNNVK_PROFILE", "floor")
	t.Setenv(widthVariable, "")
	infos, err := machine.Devices(slog.Default(), "")
	if err != nil {
		t.Fatal(err)
	}
	name := infos[0].Name
	found := widthInName.FindStringSubmatchIndex(name)
	if found == nil {
		t.Skipf("%s has no vector width in its name", name)
	}
	other := "512"
	if name[found[2]:found[3]] == other {
		other = "256"
	}
	t.Setenv("CNNVK_DEVICE", "0")
	return name[:found[2]] + other + name[found[3]:]
}

// A run made of a config.yaml, or gone on with, has the vector width and the kernels of that run also where nothing was measured
// before, and measures nothing.
func TestConfigWidth(t *testing.T) {
	device := openWidth(t)
	t.Setenv("CNNVK_VALIDATION", "") // the layer watches the same training at one width
	t.Setenv(widthVariable, widthInName.FindStringSubmatch(device)[1])
	cnnvk("train", "--widths", "2,2,2,2,2,2", "--limit-steps", "1", "--batch-size", "2", "--out", "run", "--no-tune").ok(t)
	t.Setenv(widthVariable, "")
	const kernel = "pointwise_conv2d 3x32x32 2x32x32: pointwise_conv2d_any" // which nobody would choose
	text := strings.Replace(read(t, "run/config.yaml"), "kernels: {}", "kernels:\n    "+kernel, 1)
	writeFile(t, "pinned.yaml", []byte(text))
	for i, args := range []string{"--config pinned.yaml", "--config pinned.yaml --device 0", "--resume again-2", "--resume again-3 --device 0"} {
		folder := fmt.Sprintf("again-%d", i)
		if strings.Contains(args, "--config") {
			args += " --out " + folder
		} else {
			writeFile(t, folder+"/config.yaml", []byte(text)) // begun, and killed before its first checkpoint
		}
		t.Setenv("XDG_CACHE_HOME", t.TempDir())
		o := cnnvk(append([]string{"train"}, strings.Fields(args)...)...)
		o.ok(t)
		c, err := run.ReadConfig(folder + "/config.yaml")
		if err != nil || c.Device != device || len(c.Kernels) != 1 {
			t.Errorf("%s: the run is on %s with %q, %v", args, c.Device, c.Kernels, err)
		}
		if strings.Contains(o.stdout, "tuning:") || strings.Contains(o.stderr, "level=WARN") || !strings.Contains(o.stdout, "device: "+device) {
			t.Errorf("%s:\n%s%s", args, o.stdout, o.stderr)
		}
	}
}

// Of the run on another device no kernels are taken over, and that is said.
func TestConfigOfAnotherDevice(t *testing.T) {
	tuning(t)
	writeFile(t, "other.yaml", []byte(`widths: [2, 2, 2, 2, 2, 2]
batch_size: 2
data: synthetic
device: Radeon
driver: RADV
kernels:
    pointwise_conv2d 3x32x32 2x32x32: pointwise_conv2d_any
`))
	o := cnnvk("train", "--config", "other.yaml", "--limit-steps", "1", "--out", "run")
	o.ok(t)
	if want := "the kernels of the configuration were chosen on Radeon, RADV: they are not taken here\n"; !strings.Contains(o.stdout, want) {
		t.Errorf("no %q in\n%s", want, o.stdout)
	}
}

// What eval and tune say of the device is said of the one that works, at the vector width that was found to be the better.
func TestWidthBeforeDevice(t *testing.T) {
	openWidth(t)
	t.Setenv("CNNVK_VALIDATION", "")
	if !cpu.X86.HasAVX512F {
		t.Skip("the processor has no vectors of 512 bits: there is no width to measure")
	}
	fewData(t, "data")
	quickest(t, "--out", "run").ok(t)
	for _, args := range []string{"tune --recipe tinynet --batch-size 2", "eval --data data --weights run/weights/best.safetensors --no-report"} {
		t.Setenv("XDG_CACHE_HOME", t.TempDir())
		o := few().cnnvk(strings.Fields(args)...)
		o.ok(t)
		measured, device := strings.Index(o.stdout, "tuning: measuring the vector width"), strings.Index(o.stdout, "device: ")
		if measured < 0 || device < measured {
			t.Errorf("%s:\n%s", args, o.stdout)
		}
		kept := regexp.MustCompile(`"bits": \d+`).FindString(read(t, filepath.Join(os.Getenv("XDG_CACHE_HOME"), "cnnvk", "devices", "lavapipe-width.json")))
		if bits := strings.TrimPrefix(kept, `"bits":`) + " bits), "; !strings.Contains(o.stdout[device:], bits) {
			t.Errorf("%s: found%s:\n%s", args, bits, o.stdout)
		}
	}
}

// For the width that loses, a fresh start compiles only what tells the two apart, nothing twice for the other, and nothing again in a later start.
func TestFreshStart(t *testing.T) {
	openWidth(t)
	t.Setenv("CNNVK_VALIDATION", "")
	t.Setenv("MESA_SHADER_CACHE_DIR", "")
	os.Unsetenv("MESA_SHADER_CACHE_DIR") // so that it is in the cache folder
	if !cpu.X86.HasAVX512F {
		t.Skip("the processor has no vectors of 512 bits: there is no width to measure")
	}
	const checked = 3 // kernels that see whether the device computes, which they did at the driver's own width the first time
	train := []string{"train", "--widths", "2,2,2,2,2,2", "--batch-size", "2", "--limit-steps", "1", "--out"}
	first := cnnvk(append(train, "run")...)
	first.ok(t)
	device := widthInName.FindStringSubmatch(regexp.MustCompile(`(?m)^device: [^,]*, \d+ bits\)`).FindString(first.stdout))
	if device == nil {
		t.Fatalf("no device at a width in\n%s", first.stdout)
	}
	kept := compiledShaders(t)
	chosen, other := kept[device[1]], kept[map[string]string{"256": "512", "512": "256"}[device[1]]]
	if len(kept) != 2 || other > 10 || chosen < 3*other {
		t.Errorf("compiled by width: %v, %s was chosen", kept, device[1])
	}
	cnnvk(append(train, "second")...).ok(t)
	second := compiledShaders(t)
	if second[device[1]] > chosen+checked || second[device[1]] < chosen || len(second) != 2 {
		t.Errorf("compiled by width: %v, after a second start %v", kept, second)
	}
	third := cnnvk(append(train, "third")...)
	third.ok(t)
	if later := compiledShaders(t); !maps.Equal(later, second) || strings.Contains(third.stdout, "tuning:") {
		t.Errorf("compiled by width: %v, after a third start %v\n%s", second, later, third.stdout)
	}
}

// compiledShaders counts what lavapipe keeps in the cache folder, by vector width.
func compiledShaders(t *testing.T) map[string]int {
	t.Helper()
	kept := map[string]int{}
	folder := filepath.Join(os.Getenv("XDG_CACHE_HOME"), "cnnvk", "lavapipe")
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "index" {
			return err
		}
		if strings.HasSuffix(path, ".db") {
			t.Skip("this driver keeps compiled shaders in one file, where they cannot be counted")
		}
		below, err := filepath.Rel(folder, path)
		bits, _, _ := strings.Cut(below, " ")
		kept[bits]++
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

// A device that is named with its vector width has that, whatever was or was not measured.
func TestDeviceNamedWithWidth(t *testing.T) {
	device := openWidth(t)
	for _, command := range []string{"summary", "devices"} {
		o := cnnvk(command, "--device", device)
		o.ok(t)
		if !strings.Contains(o.stdout, device) {
			t.Errorf("%s", o.stdout)
		}
	}
}
