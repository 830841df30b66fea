package gpu

import (
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/optest"
	"cnnvk/vk/vktest"
)

// TestFootprint holds the predicted memory against what the driver was asked for.
func TestFootprint(t *testing.T) {
	for _, batch := range []int{4, 150} {
		device := vktest.Device(t)
		e := New(device)
		defer e.Close()
		p, _, err := optest.SampleStep(batch, 32, []int{64, 128, 64})
		must(t, err)
		want, err := e.Footprint(p.Layout, []*engine.Program{p}, engine.PlanOptions{})
		must(t, err)
		s, err := e.NewSession(t.Context(), p.Layout, []*engine.Program{p}, engine.PlanOptions{})
		must(t, err)
		got := device.MemoryStats().Peak - s.ResidentBytes()
		must(t, s.Close())
		if off := float64(want-got) / float64(got); off < -0.05 || off > 0.05 {
			t.Errorf("batch %d: predicted %d bytes, asked for %d", batch, want, got)
		}
		t.Logf("batch %d: predicted %d bytes, asked for %d", batch, want, got)
	}
}
