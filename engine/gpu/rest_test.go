package gpu

import (
	"testing"

	"cnnvk/engine"
	"cnnvk/vk/leaktest"
	"cnnvk/vk/vktest"
)

// severalPrograms are programs of one op each, over one layout, that share no kernel.
func severalPrograms(t *testing.T) (*engine.Layout, []*engine.Program) {
	t.Helper()
	l, err := engine.NewLayout(nil, 1)
	must(t, err)
	var out []*engine.Program
	for _, kind := range []engine.Kind{engine.ReLU, engine.SiLU, engine.Sigmoid} {
		b := engine.NewBuilder(string(kind), l, 2)
		b.Apply(kind, nil, []*engine.Tensor{b.Tensor(engine.Tensor{Name: "x", Shape: engine.Shape{2, 3, 4, 4}, Batched: true})})
		p, err := b.Program()
		must(t, err)
		out = append(out, p)
	}
	return l, out
}

// A session compiles its first program when it opens, the others behind the first step, and each pipeline once, whichever program runs first
// and wherever it is closed.
func TestSessionCompilesTheRestLater(t *testing.T) {
	counted := leaktest.CountVulkan(t)
	for _, c := range []struct {
		why         string
		runs        []int
		least, most int // pipelines in the end: what closing interrupts may be there or not
	}{
		{"closed at once", nil, 1, 1},
		{"in order", []int{0, 1, 2}, 3, 3},
		{"the last before the first", []int{2, 0}, 2, 3},
		{"the last alone", []int{2}, 2, 3},
		{"closed behind the first step", []int{0}, 1, 3},
	} {
		t.Run(c.why, func(t *testing.T) {
			e := New(vktest.Device(t))
			defer e.Close()
			l, programs := severalPrograms(t)
			s, err := e.NewSession(t.Context(), l, programs, engine.PlanOptions{})
			must(t, err)
			if len(e.pipelines) != 1 {
				t.Errorf("%d pipelines before the first step", len(e.pipelines))
			}
			for _, i := range c.runs {
				must(t, s.Run(programs[i], engine.NewStepInputs(programs[i])))
				if i == c.runs[0] {
					_, err := s.Reports()
					must(t, err)
				}
			}
			_, err = s.Reports()
			must(t, err)
			must(t, s.Close())
			if n := len(e.pipelines); n < c.least || n > c.most {
				t.Errorf("%d pipelines in the end, want %d to %d", n, c.least, c.most)
			}
		})
	}
	for i, d := range counted.Devices(t) {
		if made := d.Made["Pipeline"]; made > 3 {
			t.Errorf("device %d: %d pipelines made", i, made)
		}
	}
}

// A program that comes while the first step is under way finds its kernels, too.
func TestProgramBeforeTheFirstStepIsDone(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	l, programs := severalPrograms(t)
	s, err := e.NewSession(t.Context(), l, programs, engine.PlanOptions{})
	must(t, err)
	defer s.Close()
	for _, p := range programs {
		must(t, s.Run(p, engine.NewStepInputs(p)))
	}
	reports, err := s.Reports()
	must(t, err)
	if len(reports) != len(programs) || len(e.pipelines) != len(programs) {
		t.Errorf("%d reports, %d pipelines", len(reports), len(e.pipelines))
	}
}
