package gpu

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cnnvk/engine"
	"cnnvk/engine/optest"
	"cnnvk/vk"
	"cnnvk/vk/vktest"
)

// What a dispatch reads and writes, operand by operand.
func TestTraffic(t *testing.T) {
	of := func(bytes int64) operand { return operand{slab: &slab{bytes: bytes}} }
	data := operand{slab: &slab{bytes: 1_000_000, home: residents}}
	for _, c := range []struct {
		name string
		d    dispatch
		want int64
	}{
		{"reads two, writes one", dispatch{kernel: kernel{storage: []vk.Access{in, in, out}}, storage: []operand{of(1), of(20), of(300)}}, 321},
		{"in place", dispatch{kernel: kernel{storage: []vk.Access{in, inOut}}, storage: []operand{of(1), of(20)}}, 41},
		{"a part of a slab", dispatch{kernel: kernel{storage: []vk.Access{out}}, storage: []operand{{slab: of(300).slab, offset: 100, bytes: 50}}}, 50},
		{"a window over more than it reads", dispatch{kernel: kernel{storage: []vk.Access{in}}, storage: []operand{{slab: of(300).slab, bytes: 200, used: 7}}}, 7},
		{"texel buffers and a uniform one", dispatch{kernel: kernel{storage: []vk.Access{out}}, storage: []operand{of(1)},
			texel: []operand{of(20), of(300)}, uniform: &slab{bytes: 4000}}, 4321},
		{"a batch of a data set", dispatch{kernel: kernel{storage: []vk.Access{in, in, out}}, storage: []operand{data, of(20), of(300)}}, 620},
	} {
		if got := c.d.traffic(); got != c.want {
			t.Errorf("%s: %d bytes, want %d", c.name, got, c.want)
		}
	}
}

// A profile has every dispatch of a step, with its time, bytes and arithmetic.
func TestProfile(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	if !e.device.Info().Features.Timestamps {
		t.Skip("the device has no timestamps")
	}
	p, load, err := optest.SampleStep(4, 8, []int{6, 8})
	must(t, err)
	s, err := e.NewSession(t.Context(), p.Layout, []*engine.Program{p}, engine.PlanOptions{})
	must(t, err)
	defer s.Close()
	inputs, err := load(s)
	must(t, err)
	must(t, s.Run(p, inputs)) // one on its way does not disturb
	times, err := Profile(s, p, inputs)
	must(t, err)
	if want := len(s.(*session).order[0].plan.dispatches); len(times) != want {
		t.Fatalf("%d kernels, want %d", len(times), want)
	}
	var arithmetic int64
	for _, k := range times {
		arithmetic += k.MultiplyAdds
		if k.Time < 0 || k.Bytes <= 0 || k.Kernel == "" {
			t.Errorf("%+v", k)
		}
		if _, err := os.Stat(filepath.Join("../..", k.Shader)); err != nil || !strings.HasSuffix(k.Shader, ".comp") {
			t.Errorf("the shader of %s: %q, %v", k.Kernel, k.Shader, err)
		}
	}
	if arithmetic == 0 {
		t.Error("no arithmetic")
	}
}

// Whichever variant runs a product, dense convolutions among them, its arithmetic is counted once, on one of its dispatches, or a part
// on each where it has several pieces; Winograd's is a quarter.
func TestProfileOfProducts(t *testing.T) {
	e := &Executor{target: anyDevice()}
	e.target.limits.TexelBufferElements = 1 << 20
	for kind := range products {
		c := optest.Case{Kind: kind, N: 64, C: 32, M: 64, H: 8, W: 8}
		if strings.HasPrefix(string(kind), "conv2d") {
			c.N = 512 // tiles for two pieces on a CPU
			c.Attr = engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1}
		}
		if strings.HasPrefix(string(kind), "linear") {
			c.H, c.W = 1, 1
		}
		p, err := c.Program()
		must(t, err)
		names := e.variantsOf(p)
		if len(names) < 2 {
			t.Errorf("%s: the variants %q", kind, names)
		}
		for _, name := range names {
			pl, err := newPlan(p, planOptions{Options: Options{Choices: Choices{opKey(p.Ops[0]): name}}}, e.target)
			must(t, err)
			times, err := (&recorded{plan: pl}).times(make([]time.Duration, len(pl.dispatches)+1))
			must(t, err)
			var got, dispatches int64
			for _, k := range times {
				if got += k.MultiplyAdds; k.MultiplyAdds > 0 {
					dispatches++
				}
			}
			want, wanted := p.Ops[0].MultiplyAdds(), int64(1)
			if strings.Contains(name, "_winograd_") {
				want, wanted = want/4, 8
			}
			if got != want || dispatches != wanted {
				t.Errorf("%s by %s: multiply-adds %d on %d dispatches, want %d on %d", kind, pl.kernels, got, dispatches, want, wanted)
			}
		}
	}
}
