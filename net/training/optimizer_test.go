package training

import (
	"math"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/net"
)

// Without gradients, weight decay alone moves the parameters: all of them, or those of two dimensions and more.
func TestNoDecay1D(t *testing.T) {
	t.Parallel()
	m, err := net.NewModel(net.SmallCIFARNetName, narrow, 0, net.CIFAR100)
	if err != nil {
		t.Fatal(err)
	}
	for _, optimizer := range MuonRests {
		for _, noDecay1D := range []bool{false, true} {
			r := DefaultRecipe()
			r.UseOptimizer(optimizer)
			r.WeightDecay, r.NoDecay1D, r.Momentum = 0.5, noDecay1D, 0 // momentum would add to the step
			before, after, l := updated(t, m, r)
			decayed := 0
			for _, s := range l.Segments {
				want := 0.95 // 1 - rate * decay
				if !s.Trained || noDecay1D && len(s.Shape) == 1 {
					want = 1
				} else {
					decayed++
				}
				for i := range s.Shape.Elements() {
					if got := after[s.Offset+i]; math.Abs(got-want*before[s.Offset+i]) > 1e-12 {
						t.Fatalf("%s, no decay of 1-d %t: %s became %v of %v, want %v", optimizer, noDecay1D, s.Name, got, before[s.Offset+i], want)
					}
				}
			}
			if want := map[bool]int{false: 26, true: 13}[noDecay1D]; decayed != want { // of a block two matrices and two vectors, one each of the classifier
				t.Errorf("%s: %d parameters decay, want %d", optimizer, decayed, want)
			}
		}
	}
}

// updated is the model before and after an update at rate 0.1 whose gradients are zero.
func updated(t *testing.T, m *net.Model, r Recipe) (before, after []float64, l *engine.Layout) {
	t.Helper()
	l, err := Layout(m, r)
	if err != nil {
		t.Fatal(err)
	}
	p, err := updateProgram(l, r)
	if err != nil {
		t.Fatal(err)
	}
	s, err := cpu.New().NewSession(t.Context(), l, []*engine.Program{p}, engine.PlanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if before, err = m.Initial(1, l); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteArena(engine.Model, before); err != nil {
		t.Fatal(err)
	}
	statistics := make([]float64, l.Elements) // which the update takes from among the gradients
	copy(statistics[l.Parameters:], before[l.Parameters:])
	if err := s.WriteArena(engine.Gradient, statistics); err != nil {
		t.Fatal(err)
	}
	inputs := engine.NewStepInputs(p)
	setRates(inputs, 0.1, r.RateFactors(), 1)
	if err := s.Run(p, inputs); err != nil {
		t.Fatal(err)
	}
	if after, err = s.ReadArena(engine.Model); err != nil {
		t.Fatal(err)
	}
	return before, after, l
}
