package cpu_test

import (
	"math"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/optest"
)

// TestStepGradients holds gradients in the arena after a whole training step, residual connection included, against
// differences of the mean loss: some elements of every segment.
func TestStepGradients(t *testing.T) {
	const batch, step = 4, 1e-5
	p, load, err := optest.SampleStep(batch, 8, []int{5, 5})
	must(t, err)
	s := newSession(t, p)
	loss := func(element int, by float64) float64 {
		r, err := load(s)
		must(t, err)
		model, err := s.ReadArena(engine.Model)
		must(t, err)
		model[element] += by
		must(t, s.WriteArena(engine.Model, model))
		must(t, s.Run(p, r))
		reports, err := s.Reports()
		must(t, err)
		return reports[0].Results["metrics"][engine.MetricLoss] / batch
	}
	loss(0, 0)
	gradient, err := s.ReadArena(engine.Gradient)
	must(t, err)
	for _, segment := range p.Layout.Segments {
		for i := 0; segment.Trained && i < segment.Shape.Elements(); i += 7 {
			at := segment.Offset + i
			want := (loss(at, step) - loss(at, -step)) / (2 * step)
			if math.Abs(gradient[at]-want) > 1e-8+1e-6*math.Abs(want) {
				t.Errorf("gradient of %s[%d] is %.10g, differences say %.10g", segment.Name, i, gradient[at], want)
			}
		}
	}
}

// TestParameterReadTwice: y = w w x with the numbers w = 3, x = 5; dy/dw = 2 w x, in the segment of w.
func TestParameterReadTwice(t *testing.T) {
	layout, err := engine.NewLayout([]engine.Segment{{Name: "w", Shape: engine.Shape{1, 1, 1, 1}, Trained: true}}, 1)
	must(t, err)
	b := engine.NewBuilder("twice", layout, 1)
	shape := engine.Shape{1, 1, 1, 1}
	x := b.Tensor(engine.Tensor{Name: "x", Shape: shape, Batched: true})
	dy := b.Tensor(engine.Tensor{Name: "dy", Shape: shape, Batched: true})
	w, y := b.State(engine.Model, "w"), x
	for range 2 {
		y = b.Apply(engine.PointwiseConv2d, nil, []*engine.Tensor{y, w})[0]
	}
	b.Backward(y, dy)
	p, err := b.Program()
	must(t, err)
	s := newSession(t, p)
	must(t, s.Write(p, w, []float64{3}))
	must(t, s.Write(p, x, []float64{5}))
	must(t, s.Write(p, dy, []float64{1}))
	must(t, s.Run(p, engine.NewStepInputs(p)))
	gradient, err := s.ReadArena(engine.Gradient)
	must(t, err)
	if gradient[0] != 30 {
		t.Errorf("the gradient of w is %g, want 30", gradient[0])
	}
}
