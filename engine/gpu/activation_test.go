package gpu

import (
	"context"
	"math"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/vk/vktest"
)

// activationPoints go from -40 to 40 in steps of 1/64, and on to the largest float32 of either sign.
func activationPoints() []float64 {
	var out []float64
	for i := -40 * 64; i <= 40*64; i++ {
		out = append(out, float64(i)/64)
	}
	for _, far := range []float64{100, 1e4, 1e10, 1e20, math.MaxFloat32} {
		out = append(out, far, -far)
	}
	return append(out, 1e-30, -1e-30, 0, 0, 0)
}

// onPoints runs an op over one row of values, the gradient being 1 everywhere.
func onPoints(t *testing.T, e engine.Executor, k engine.Kind, x []float64) []float64 {
	t.Helper()
	l, err := engine.NewLayout(nil, 1)
	must(t, err)
	b := engine.NewBuilder(string(k), l, 1)
	var in []*engine.Tensor
	for _, o := range engine.Operands(k) {
		in = append(in, b.Tensor(engine.Tensor{Name: o.Name, Shape: engine.Shape{1, 1, 1, len(x)}, Batched: true}))
	}
	y := b.Apply1(k, nil, in)
	p, err := b.Program()
	must(t, err)
	s, err := e.NewSession(context.Background(), l, []*engine.Program{p}, engine.PlanOptions{KeepAll: true})
	must(t, err)
	defer s.Close()
	must(t, s.Write(p, in[len(in)-1], x))
	if len(in) == 2 {
		ones := make([]float64, len(x))
		for i := range ones {
			ones[i] = 1
		}
		must(t, s.Write(p, in[0], ones))
	}
	must(t, s.Run(p, engine.NewStepInputs(p)))
	got, err := s.Read(p, y)
	must(t, err)
	return got
}

// pointError is what float32 may be off at x: some units of the sums' terms, and, as Vulkan allows for exp(v), 2|v| more.
func pointError(k engine.Kind, x, want float64) float64 {
	size, exponent := math.Abs(want), 0.0
	switch k {
	case engine.SiLU, engine.Sigmoid:
		exponent = math.Abs(x)
	case engine.SiLUBackward: // of two terms, which cancel somewhere
		exponent = math.Abs(x)
		size += math.Abs(x) * math.Exp(-exponent)
	case engine.GELU:
		exponent = x * x / 2
	case engine.GELUBackward: // likewise
		exponent = x * x / 2
		size += math.Abs(x) * math.Exp(-exponent) / math.Sqrt(2*math.Pi)
	case engine.HardswishBackward: // likewise
		size += 0.5
	}
	const unit, smallest = 1. / (1 << 23), 1e-36
	return unit*(8+2*min(exponent, 100))*size + smallest
}

// TestActivationPoints holds every value of the activations by itself, where NMSE would see the large ones alone.
func TestActivationPoints(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	x := activationPoints()
	for _, k := range []engine.Kind{
		engine.SiLU, engine.SiLUBackward, engine.ReLU6, engine.ReLU6Backward, engine.GELU, engine.GELUBackward,
		engine.Hardswish, engine.HardswishBackward, engine.Sigmoid,
	} {
		for _, points := range [][]float64{x, x[:len(x)-1]} { // four at a time, and one
			got, want := onPoints(t, e, k, points), onPoints(t, cpu.New(), k, points)
			for i, v := range points {
				if d := math.Abs(got[i] - want[i]); !(d <= pointError(k, v, want[i])) {
					t.Errorf("%s(%g) is %.9g, want %.9g", k, v, got[i], want[i])
				}
			}
		}
	}
}
