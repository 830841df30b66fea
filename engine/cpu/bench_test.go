package cpu_test

import (
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/optest"
)

// BenchmarkStep is a training step of SmallCIFARNet's size, batch 32.
func BenchmarkStep(b *testing.B) {
	p, load, err := optest.SampleStep(32, 32, []int{64, 128, 256, 512, 512, 512})
	if err != nil {
		b.Fatal(err)
	}
	s, err := cpu.New().NewSession(b.Context(), p.Layout, []*engine.Program{p}, engine.PlanOptions{})
	if err != nil {
		b.Fatal(err)
	}
	r, err := load(s)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := s.Run(p, r); err != nil {
			b.Fatal(err)
		}
	}
}
