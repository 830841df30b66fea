package gpu

import (
	"testing"

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
		{"a part of a slab", dispatch{kernel: kernel{storage: []vk.Access{out}}, storage: []operand{{of(300).slab, 100, 50}}}, 50},
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
	s, err := e.NewSession(p.Layout, []*engine.Program{p}, engine.PlanOptions{})
	must(t, err)
	defer s.Close()
	record, err := load(s)
	must(t, err)
	must(t, s.Run(p, record)) // one on its way does not disturb
	times, err := Profile(s, p, record)
	must(t, err)
	if want := len(s.(*session).order[0].plan.dispatches); len(times) != want {
		t.Fatalf("%d kernels, want %d", len(times), want)
	}
	var arithmetic int64
	for _, k := range times {
		arithmetic += k.MultiplyAdds
		if k.Time < 0 || k.Bytes <= 0 || k.Shader == "" {
			t.Errorf("%+v", k)
		}
	}
	if arithmetic == 0 {
		t.Error("no arithmetic")
	}
}
