package gpu

import (
	"math/bits"
	"slices"
	"testing"

	"cnnvk/engine"
	"cnnvk/vk"
	"cnnvk/vk/vktest"
)

// twoForms are programs of one op at two batch sizes. Its kernels read the same numbers of pixels as texels, but for the batch.
func twoForms(t *testing.T) (*engine.Layout, []*engine.Program) {
	t.Helper()
	l, err := engine.NewLayout(nil, 1)
	must(t, err)
	var out []*engine.Program
	for _, batch := range []int{64, 40} { // windows of 0x10000 and of 0xa000 bytes
		b := engine.NewBuilder("two forms", l, batch)
		x := b.Tensor(engine.Tensor{Name: "x", Shape: engine.Shape{batch, 4, 8, 8}, Batched: true})
		w := b.Tensor(engine.Tensor{Name: "w", Shape: engine.Shape{4, 1, 3, 3}})
		b.Apply1(engine.DepthwiseConv2d, engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1}, []*engine.Tensor{x, w})
		p, err := b.Program()
		must(t, err)
		out = append(out, p)
	}
	return l, out
}

// What lavapipe compiles in one process the next one finds, also where a kernel is compiled twice.
func TestTexelFormsKept(t *testing.T) {
	l, programs := twoForms(t)
	dir := keepingShaders(t)
	var kept []int
	for range 2 {
		t.Run("", func(t *testing.T) {
			d := vktest.Device(t)
			if d.Info().Driver != "llvmpipe" {
				t.Skipf("%s keeps no kernels", d.Info().Driver)
			}
			e := New(d)
			defer e.Close()
			e.Choose(Choices{opKey(programs[0].Ops[0]): "depthwise_conv2d_texel"})
			s, err := e.NewSession(t.Context(), l, programs, engine.PlanOptions{})
			must(t, err)
			defer s.Close()
			for _, p := range programs {
				must(t, s.Run(p, engine.NewStepInputs(p)))
				_, err = s.Reports()
				must(t, err)
			}
			kept = append(kept, 0)
		})
		if len(kept) == 0 {
			return
		}
		kept[len(kept)-1] = shadersIn(t, dir, 0) // what is under way is written when the device is closed
	}
	if kept[0] == 0 || kept[1] != kept[0] {
		t.Errorf("kept after one start and after two: %d", kept)
	}
}

// Only on a processor do texel windows tell pipelines apart.
func TestTexelForms(t *testing.T) {
	_, programs := twoForms(t)
	for kind, apart := range map[vk.DeviceType]bool{vk.CPU: true, vk.Discrete: false} {
		var keys [][]string
		for _, p := range programs {
			pl, err := newPlan(p, planOptions{Options: Options{Choices: Choices{opKey(p.Ops[0]): "depthwise_conv2d_texel"}}}, device(kind, anyHardware, 8, 8, 8, true))
			must(t, err)
			var of []string
			for _, d := range pl.dispatches {
				of = append(of, d.pipelineKey())
			}
			keys = append(keys, of)
		}
		if slices.Equal(keys[0], keys[1]) == apart {
			t.Errorf("type %v: %v", kind, keys)
		}
	}
}

// No buffer of a session is a power of two, and none is smaller than what is asked for.
func TestOddly(t *testing.T) {
	for bytes := int64(windowAlign); bytes < 1<<40; bytes *= 2 {
		for _, n := range []int64{bytes, bytes + 4} {
			if got := oddly(n); got < n || got > n+windowAlign || bits.OnesCount64(uint64(got)) == 1 {
				t.Errorf("%d for %d", got, n)
			}
		}
	}
}
