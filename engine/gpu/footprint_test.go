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

// Activations of 16 bits take half the memory, and what stays float32 is little beside them.
func TestHalfFootprint(t *testing.T) {
	var bytes [2]int64
	for i, d := range []engine.DType{engine.Float, engine.Float16} {
		p, _, err := optest.MixedSampleStep(d, 150, 32, []int{64, 128, 64})
		must(t, err)
		pl, err := newPlan(p, planOptions{}, lavapipe)
		must(t, err)
		bytes[i] = pl.workspace
	}
	if share := float64(bytes[1]) / float64(bytes[0]); share < 0.5 || share > 0.55 {
		t.Errorf("the working memory is %d bytes, and %d with float16: %.3f of it", bytes[0], bytes[1], share)
	}
}
