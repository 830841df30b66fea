package gpu

import (
	"errors"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/optest"
	"cnnvk/vk"
	"cnnvk/vk/vktest"
)

// What a device could not record is an error of the plan, which names the limit, and nothing is allocated for it.
func TestLimitsWhilePlanning(t *testing.T) {
	device := vktest.Device(t)
	e := New(device)
	defer e.Close()
	p, _, err := optest.SampleStep(4, 32, []int{64, 128, 64})
	must(t, err)
	const widest = 4 * 128 * 32 * 32 * 4 // bytes of 4 images of 128 channels
	for _, c := range []struct {
		change func(*vk.Limits)
		want   *TooLarge
	}{
		{func(l *vk.Limits) { l.StorageBufferRange = widest }, nil},
		{func(l *vk.Limits) { l.StorageBufferRange = widest - 1 }, &TooLarge{"a storage buffer", widest, widest - 1}},
		{func(l *vk.Limits) { l.AllocationBytes = widest - 1 }, &TooLarge{What: "one piece of memory", Most: widest - 1}},
		{func(l *vk.Limits) { l.WorkgroupCount[0] = 3 }, &TooLarge{}},
	} {
		limits := device.Info().Limits
		c.change(&limits)
		pl, err := newPlan(p, planOptions{}, target{limits: limits, sliceBytes: limits.StorageBufferRange})
		if err == nil {
			err = checkBuffers(p.Layout, []*plan{pl}, limits)
		}
		var large *TooLarge
		switch {
		case c.want == nil:
			must(t, err)
		case !errors.Is(err, vk.ErrUnsupported):
			t.Errorf("%+v: %v", c.want, err)
		case errors.As(err, &large) != (c.want.What != ""):
			t.Errorf("%+v: %v", c.want, err)
		case large != nil && (large.What != c.want.What || large.Most != c.want.Most || c.want.Bytes > 0 && large.Bytes != c.want.Bytes || large.Bytes <= large.Most):
			t.Errorf("%+v, want %+v", large, c.want)
		}
	}
}

// A profile's multiply-adds are the program's: no dispatch of an op counts twice, and none is forgotten.
func TestProfileMultiplyAdds(t *testing.T) {
	device := vktest.Device(t)
	if !device.Info().Features.Timestamps {
		t.Skip("the device has no timestamps")
	}
	e := New(device)
	defer e.Close()
	p, load, err := optest.SampleStep(4, 32, []int{64, 128, 64})
	must(t, err)
	s, err := e.NewSession(t.Context(), p.Layout, []*engine.Program{p}, engine.PlanOptions{})
	must(t, err)
	defer s.Close()
	r, err := load(s)
	must(t, err)
	times, err := Profile(s, p, r)
	must(t, err)
	var got, want int64
	for _, k := range times {
		got += k.MultiplyAdds
	}
	for _, op := range p.Ops {
		want += op.MultiplyAdds()
	}
	if got != want || want == 0 {
		t.Errorf("%d multiply-adds in the profile, %d in the program", got, want)
	}
}
