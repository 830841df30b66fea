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
	var without int // kept after a step, with nothing ahead
	for _, devices := range []int{0, 2} {
		dir := keepingShaders(t)
		var before int
		ran := t.Run("", func(t *testing.T) {
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
			before = shadersIn(t, dir, without)
			must(t, s.Run(p, engine.NewStepInputs(p)))
			_, err = s.Reports()
			must(t, err)
		})
		after := shadersIn(t, dir, 0) // what is under way is written when the device is closed
		switch {
		case !ran || after == 0:
			return // skipped, or told above
		case devices == 0 && after < before+2:
			t.Fatalf("of a step's kernels %d are kept before it, %d after it: nothing is left to compile ahead", before, after)
		case devices == 0:
			without = after
		case before != without || after != without:
			t.Errorf("with %d devices ahead %d are kept before the first step and %d after it, without them %d", devices, before, after, without)
		}
	}
}

// keepingShaders has Mesa keep what it compiles in an empty folder, each shader in a file of its own.
func keepingShaders(t *testing.T) (dir string) {
	dir = t.TempDir()
	t.Setenv("MESA_SHADER_CACHE_DISABLE", "")
	t.Setenv("MESA_SHADER_CACHE_DIR", dir)
	t.Setenv("MESA_DISK_CACHE_MULTI_FILE", "true")
	return dir
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
