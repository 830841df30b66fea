package cpu_test

import (
	"math"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
)

// mixed runs ops on an activation x of a 16-bit type, which holds one value: write is handed x and a free parameter of each of the others, and
// returns what is asked for.
func mixed(t *testing.T, d engine.DType, e *cpu.Executor, x float64, parameters []float64, write func(b *engine.Builder, x *engine.Tensor, w []*engine.Tensor) *engine.Tensor) float64 {
	t.Helper()
	b := engine.NewBuilder("mixed", noLayout(t), 1)
	b.Store(d)
	in := b.Activation("x", 1, 1, 1, 1)
	var free []*engine.Tensor
	for range parameters {
		free = append(free, b.Tensor(engine.Tensor{Name: "w", Shape: engine.Shape{1}}))
	}
	y := write(b, in, free)
	p, err := b.Program()
	must(t, err)
	s, err := e.NewSession(t.Context(), p.Layout, []*engine.Program{p}, engine.PlanOptions{KeepAll: true})
	must(t, err)
	defer s.Close()
	must(t, s.Write(p, in, []float64{x}))
	for i, w := range free {
		must(t, s.Write(p, w, parameters[i:][:1]))
	}
	must(t, s.Run(p, engine.NewStepInputs(p)))
	return read(t, s, p, y)[0]
}

// shaped gives a parameter of one value another shape.
func shaped(t *engine.Tensor, dims int) *engine.Tensor {
	t.Shape = engine.Shape{1, 1, 1, 1}[:dims]
	return t
}

func product(b *engine.Builder, x *engine.Tensor, w []*engine.Tensor) *engine.Tensor {
	return b.Apply1(engine.PointwiseConv2d, nil, []*engine.Tensor{x, shaped(w[0], 4)})
}

func normEval(b *engine.Builder, y *engine.Tensor, w []*engine.Tensor) *engine.Tensor {
	return b.Apply1(engine.BatchNorm2dEval, engine.BatchNormAttr{}, append([]*engine.Tensor{y}, w...))
}

// TestRounding computes by hand what is rounded, and when. In float16 0.1 is 0.0999755859375, and around 0.3 a step is 1/4096.
func TestRounding(t *testing.T) {
	all, one := func(*engine.Tensor) bool { return true }, engine.ConvAttr{Kernel: 1, Stride: 1}
	for _, c := range []struct {
		name       string
		d          engine.DType
		unstored   func(*engine.Tensor) bool
		x          float64
		parameters []float64
		write      func(b *engine.Builder, x *engine.Tensor, w []*engine.Tensor) *engine.Tensor
		want       float64
	}{
		{"what the host writes", engine.Float16, nil, 0.1, nil, func(_ *engine.Builder, x *engine.Tensor, _ []*engine.Tensor) *engine.Tensor { return x }, 0.0999755859375},
		{"a product's weight is rounded: 1228.5 steps", engine.Float16, nil, 3, []float64{0.1}, product, 1228. / 4096},
		{"a dense convolution's too", engine.Float16, nil, 3, []float64{0.1}, func(b *engine.Builder, x *engine.Tensor, w []*engine.Tensor) *engine.Tensor {
			return b.Apply1(engine.Conv2d, one, []*engine.Tensor{x, shaped(w[0], 4)})
		}, 1228. / 4096},
		{"its bias is not: 0.2999267578125 + 0.0001", engine.Float16, nil, 3, []float64{0.1, 0.0001}, func(b *engine.Builder, x *engine.Tensor, w []*engine.Tensor) *engine.Tensor {
			return b.Apply1(engine.Linear, nil, []*engine.Tensor{x, shaped(w[0], 2), w[1]})
		}, 1229. / 4096},
		{"a gradient's by the input, too", engine.Float16, nil, 3, []float64{0.1}, func(b *engine.Builder, x *engine.Tensor, w []*engine.Tensor) *engine.Tensor {
			return b.Apply1(engine.LinearBackwardData, nil, []*engine.Tensor{x, shaped(w[0], 2)})
		}, 1228. / 4096},
		{"a depthwise weight is not: 1228.8 steps", engine.Float16, nil, 3, []float64{0.1}, func(b *engine.Builder, x *engine.Tensor, w []*engine.Tensor) *engine.Tensor {
			return b.Apply1(engine.DepthwiseConv2d, one, []*engine.Tensor{x, shaped(w[0], 4)})
		}, 1229. / 4096},
		{"nor is a weight's gradient", engine.Float16, nil, 0.1, nil, func(b *engine.Builder, x *engine.Tensor, _ []*engine.Tensor) *engine.Tensor {
			return b.Apply1(engine.PointwiseConv2dBackwardWeight, nil, []*engine.Tensor{x, x})
		}, 0.0999755859375 * 0.0999755859375},
		{"every op's output is stored: (3 0.1) 0.1", engine.Float16, nil, 3, []float64{0.1}, func(b *engine.Builder, x *engine.Tensor, w []*engine.Tensor) *engine.Tensor {
			return b.Apply1(engine.Cast, nil, []*engine.Tensor{product(b, product(b, x, w), w)})
		}, engine.Float16.Round(1228. / 4096 * 0.0999755859375)},
		{"unless nothing stores it", engine.Float16, all, 3, []float64{0.1}, func(b *engine.Builder, x *engine.Tensor, w []*engine.Tensor) *engine.Tensor {
			return product(b, product(b, x, w), w)
		}, 3 * 0.0999755859375 * 0.0999755859375},
		{"after a cast a weight is as it is", engine.Float16, nil, 3, []float64{0.1}, func(b *engine.Builder, x *engine.Tensor, w []*engine.Tensor) *engine.Tensor {
			return product(b, b.Apply1(engine.Cast, nil, []*engine.Tensor{x}), w)
		}, 3 * 0.1},
		{"what is too large is infinite", engine.Float16, nil, 300, []float64{300}, product, math.Inf(1)},
		{"but not in bfloat16", engine.BFloat16, nil, 300, []float64{300}, product, 90112},
		{"bfloat16 has 8 bits", engine.BFloat16, nil, 3, []float64{0.1}, product, engine.BFloat16.Round(3 * 0.10009765625)},
		{"a norm by itself", engine.Float16, nil, 3, []float64{0.1, 0.7, 0.2, 0.05, 0.25}, func(b *engine.Builder, x *engine.Tensor, w []*engine.Tensor) *engine.Tensor {
			return normEval(b, product(b, x, w), w[1:])
		}, engine.Float16.Round((1228./4096-0.05)/0.5*0.7 + 0.2)},
		{"a norm folded into the weight, which is rounded then", engine.Float16, func(t *engine.Tensor) bool { return t.Name == "pointwise_conv2d" }, 3, []float64{0.1, 0.7, 0.2, 0.05, 0.25},
			func(b *engine.Builder, x *engine.Tensor, w []*engine.Tensor) *engine.Tensor {
				return normEval(b, product(b, x, w), w[1:])
			}, engine.Float16.Round(3*engine.Float16.Round(0.1*0.7/0.5) + 0.2 - 0.7/0.5*0.05)},
		{"the same with a bias", engine.BFloat16, func(t *engine.Tensor) bool { return t.Name == "conv2d" }, 3, []float64{0.1, 0.7, 0.2, 0.05, 0.25, 2},
			func(b *engine.Builder, x *engine.Tensor, w []*engine.Tensor) *engine.Tensor {
				return normEval(b, b.Apply1(engine.Conv2d, one, []*engine.Tensor{x, shaped(w[0], 4), w[5]}), w[1:5])
			}, engine.BFloat16.Round(3*engine.BFloat16.Round(0.1*0.7/0.5) + 0.2 + 0.7/0.5*(2-0.05))},
	} {
		if got := mixed(t, c.d, &cpu.Executor{Unstored: c.unstored}, c.x, c.parameters, c.write); math.Abs(got-c.want) > 1e-14 {
			t.Errorf("%s: got %.17g, want %.17g", c.name, got, c.want)
		}
	}
}

// The gradient of a network that is cast goes back through the cast: where nothing is rounded, differences say the same.
func TestCastGradient(t *testing.T) {
	b := engine.NewBuilder("cast", noLayout(t), 1)
	b.Store(engine.Float16)
	x := b.Activation("x", 2, 3, 2, 2)
	w := b.Tensor(engine.Tensor{Name: "w", Shape: engine.Shape{4, 3, 1, 1}})
	h := b.Apply1(engine.SiLU, nil, []*engine.Tensor{x})
	y := b.Apply1(engine.PointwiseConv2d, nil, []*engine.Tensor{b.Apply1(engine.Cast, nil, []*engine.Tensor{h}), w})
	dy := b.Tensor(engine.Tensor{Name: "dy", Shape: y.Shape, Batched: true})
	dx := b.Backward(y, dy, x)[0]
	p, err := b.Program()
	must(t, err)
	e := &cpu.Executor{Unstored: func(*engine.Tensor) bool { return true }}
	s, err := e.NewSession(t.Context(), p.Layout, []*engine.Program{p}, engine.PlanOptions{KeepAll: true})
	must(t, err)
	defer s.Close()
	weights := wave(y.Shape.Elements(), 7)
	must(t, s.Write(p, x, wave(x.Shape.Elements(), 1)))
	must(t, s.Write(p, w, wave(w.Shape.Elements(), 2)))
	must(t, s.Write(p, dy, weights))
	r := engine.NewStepInputs(p)
	must(t, s.Run(p, r))
	compareDifferences(t, s, p, r, x, read(t, s, p, dx), func() float64 {
		sum := 0.0
		for i, v := range read(t, s, p, y) {
			sum += v * weights[i]
		}
		return sum
	})
}
