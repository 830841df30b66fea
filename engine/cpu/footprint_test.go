package cpu

import (
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/optest"
)

// The footprint is what a session has in its hands after every program has made its tensors.
func TestFootprint(t *testing.T) {
	for _, batch := range []int{2, 9} {
		p, _, err := optest.SampleStep(batch, 8, []int{4, 8, 4})
		if err != nil {
			t.Fatal(err)
		}
		programs := []*engine.Program{p}
		e := New()
		opened, err := e.NewSession(t.Context(), p.Layout, programs, engine.PlanOptions{})
		if err != nil {
			t.Fatal(err)
		}
		s := opened.(*session)
		w, err := s.workspace(p)
		if err != nil {
			t.Fatal(err)
		}
		got := int64(0)
		for _, arena := range s.arenas {
			got += int64(8 * len(arena))
		}
		for _, v := range w.tensors {
			if v.Role != engine.State {
				got += v.size()
			}
		}
		if want := e.Footprint(p.Layout, programs); got != want || got == 0 {
			t.Errorf("batch %d: %d bytes foretold, %d taken", batch, want, got)
		}
	}
}
