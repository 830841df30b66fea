package cpu_test

import (
	"math"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
)

// forward is a small program whose gradients are held against differences: the leaves, free tensors by
// name and shape, and a function that writes the ops down and returns the output.
type forward struct {
	name   string
	leaves []leaf
	write  func(b *engine.Builder, leaves []*engine.Tensor) *engine.Tensor
}

type leaf struct {
	name  string
	shape engine.Shape
}

func (l leaf) tensor() engine.Tensor {
	return engine.Tensor{Name: l.name, Shape: l.shape, Batched: l.name == "x" || l.name == "a"}
}

// apply is a forward of one op on all leaves.
func apply(k engine.Kind, attr engine.Attr) func(b *engine.Builder, leaves []*engine.Tensor) *engine.Tensor {
	return func(b *engine.Builder, leaves []*engine.Tensor) *engine.Tensor { return b.Apply(k, attr, leaves)[0] }
}

var forwards = []forward{
	{"conv2d", conv2dLeaves(3, 4, 5), apply(engine.Conv2d, engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1})},
	{"conv2d, stride 2", conv2dLeaves(3, 5, 6), apply(engine.Conv2d, engine.ConvAttr{Kernel: 3, Stride: 2, Padding: 1})},
	{"conv2d, no padding", conv2dLeaves(5, 6, 5), apply(engine.Conv2d, engine.ConvAttr{Kernel: 5, Stride: 1})},
	{"conv2d, 1x1, stride 2", conv2dLeaves(1, 5, 4), apply(engine.Conv2d, engine.ConvAttr{Kernel: 1, Stride: 2})},
	{"conv2d, no bias", conv2dLeaves(3, 3, 3)[:2], apply(engine.Conv2d, engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1})},
	{"flatten", []leaf{{"x", engine.Shape{2, 3, 4, 2}}, {"w", engine.Shape{3, 24}}, {"b", engine.Shape{3}}}, writeFlatten},
	{"depthwise_conv2d", depthwiseLeaves(3, 4, 5)[:2], apply(engine.DepthwiseConv2d, engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1})},
	{"depthwise_conv2d, bias, stride 2", depthwiseLeaves(3, 5, 6), apply(engine.DepthwiseConv2d, engine.ConvAttr{Kernel: 3, Stride: 2, Padding: 1})},
	{"depthwise_conv2d, 5x5", depthwiseLeaves(5, 4, 6), apply(engine.DepthwiseConv2d, engine.ConvAttr{Kernel: 5, Stride: 1, Padding: 2})},
	{"depthwise_conv2d, 5x5, stride 2", depthwiseLeaves(5, 6, 3), apply(engine.DepthwiseConv2d, engine.ConvAttr{Kernel: 5, Stride: 2, Padding: 2})},
	{"depthwise_conv2d, stride 3, no padding", depthwiseLeaves(2, 7, 6), apply(engine.DepthwiseConv2d, engine.ConvAttr{Kernel: 2, Stride: 3})},
	{"pointwise_conv2d", []leaf{{"x", engine.Shape{2, 3, 2, 3}}, {"w", engine.Shape{5, 3, 1, 1}}}, apply(engine.PointwiseConv2d, nil)},
	{"relu", []leaf{{"x", engine.Shape{2, 3, 3, 3}}}, apply(engine.ReLU, nil)},
	{"silu", []leaf{{"x", engine.Shape{2, 3, 3, 3}}}, apply(engine.SiLU, nil)},
	{"silu, x read three times", []leaf{{"x", engine.Shape{2, 3, 3, 3}}, {"w", engine.Shape{3, 3, 1, 1}}}, writeGated},
	{"relu6", []leaf{{"x", engine.Shape{2, 3, 3, 3}}}, spread(engine.ReLU6)},
	{"gelu", []leaf{{"x", engine.Shape{2, 3, 3, 3}}}, spread(engine.GELU)},
	{"hardswish", []leaf{{"x", engine.Shape{2, 3, 3, 3}}}, spread(engine.Hardswish)},
	{"sigmoid", []leaf{{"x", engine.Shape{2, 3, 3, 3}}}, spread(engine.Sigmoid)},
	{"max_pool2d", []leaf{{"x", engine.Shape{2, 3, 5, 4}}}, apply(engine.MaxPool2d, engine.PoolAttr{Kernel: 2, Stride: 2})},
	{"max_pool2d, overlapping", []leaf{{"x", engine.Shape{2, 3, 5, 4}}}, apply(engine.MaxPool2d, engine.PoolAttr{Kernel: 3, Stride: 2, Padding: 1})},
	{"avg_pool2d", []leaf{{"x", engine.Shape{2, 3, 5, 4}}}, apply(engine.AvgPool2d, engine.PoolAttr{Kernel: 2, Stride: 2})},
	{"avg_pool2d, overlapping", []leaf{{"x", engine.Shape{2, 3, 5, 4}}}, apply(engine.AvgPool2d, engine.PoolAttr{Kernel: 3, Stride: 2, Padding: 1})},
	{"channel_scale", []leaf{{"x", engine.Shape{2, 3, 3, 2}}, {"a", engine.Shape{2, 3, 1, 1}}}, apply(engine.ChannelScale, nil)},
	{"squeeze and excitation", []leaf{{"x", engine.Shape{2, 3, 3, 2}}, {"w", engine.Shape{3, 3}}, {"b", engine.Shape{3}}}, writeSqueeze},
	{"global_avg_pool", []leaf{{"x", engine.Shape{2, 3, 3, 4}}}, apply(engine.GlobalAvgPool, nil)},
	{"linear", []leaf{{"x", engine.Shape{3, 7, 1, 1}}, {"w", engine.Shape{5, 7}}, {"b", engine.Shape{5}}}, apply(engine.Linear, nil)},
	{"linear, no bias", []leaf{{"x", engine.Shape{3, 7, 1, 1}}, {"w", engine.Shape{5, 7}}}, apply(engine.Linear, nil)},
	{"batch_norm2d", []leaf{{"x", engine.Shape{3, 4, 3, 2}}, {"weight", engine.Shape{4}}, {"bias", engine.Shape{4}}}, writeBatchNorm},
	{"dropout2d", []leaf{{"x", engine.Shape{4, 6, 2, 2}}}, writeDropout(engine.Dropout2dMask, engine.Dropout2d)},
	{"dropout", []leaf{{"x", engine.Shape{4, 3, 3, 3}}}, writeDropout(engine.DropoutMask, engine.Dropout)},
	{"add of two", []leaf{{"x", engine.Shape{2, 2, 2, 2}}, {"a", engine.Shape{2, 2, 2, 2}}}, apply(engine.Add, nil)},
	{"residual connection", []leaf{{"x", engine.Shape{2, 3, 3, 3}}, {"w", engine.Shape{3, 3, 1, 1}}}, writeResidual},
	{"one weight, three readers", []leaf{{"x", engine.Shape{2, 3, 2, 2}}, {"w", engine.Shape{3, 3, 1, 1}}}, writeThrice},
}

// conv2dLeaves are the operands of a convolution from 2 to 3 channels.
func conv2dLeaves(kernel, h, w int) []leaf {
	return []leaf{{"x", engine.Shape{2, 2, h, w}}, {"w", engine.Shape{3, 2, kernel, kernel}}, {"b", engine.Shape{3}}}
}

// depthwiseLeaves are the operands of a depthwise convolution of 3 channels.
func depthwiseLeaves(kernel, h, w int) []leaf {
	return []leaf{{"x", engine.Shape{2, 3, h, w}}, {"w", engine.Shape{3, 1, kernel, kernel}}, {"b", engine.Shape{3}}}
}

// writeFlatten joins flatten and linear, whose weights tell the features apart.
func writeFlatten(b *engine.Builder, leaves []*engine.Tensor) *engine.Tensor {
	y := b.Apply(engine.Flatten, nil, leaves[:1])[0]
	return b.Apply(engine.Linear, nil, []*engine.Tensor{y, leaves[1], leaves[2]})[0]
}

func writeBatchNorm(b *engine.Builder, leaves []*engine.Tensor) *engine.Tensor {
	mean := b.Tensor(engine.Tensor{Name: "running_mean", Shape: leaves[1].Shape})
	variance := b.Tensor(engine.Tensor{Name: "running_var", Shape: leaves[1].Shape})
	return b.Apply(engine.BatchNorm2d, engine.BatchNormAttr{Epsilon: 1e-2, Momentum: 0.1}, append(leaves, mean, variance))[0]
}

func writeDropout(mask, dropout engine.Kind) func(b *engine.Builder, leaves []*engine.Tensor) *engine.Tensor {
	return func(b *engine.Builder, leaves []*engine.Tensor) *engine.Tensor {
		random := b.Input("random", engine.Uint32, engine.RandomElements)
		drawn := b.Apply1(mask, engine.DropoutAttr{P: 0.4}, []*engine.Tensor{leaves[0], random})
		return b.Apply1(dropout, nil, []*engine.Tensor{leaves[0], drawn})
	}
}

// spread is an activation of 8 x, which reaches over all its pieces.
func spread(k engine.Kind) func(b *engine.Builder, leaves []*engine.Tensor) *engine.Tensor {
	return func(b *engine.Builder, leaves []*engine.Tensor) *engine.Tensor {
		x := leaves[0]
		for range 3 {
			x = b.Apply1(engine.Add, nil, []*engine.Tensor{x, x})
		}
		return b.Apply1(k, nil, []*engine.Tensor{x})
	}
}

// writeSqueeze scales the channels of x by what sigmoid makes of their means, as squeeze-and-excitation does.
func writeSqueeze(b *engine.Builder, leaves []*engine.Tensor) *engine.Tensor {
	s := b.Apply1(engine.GlobalAvgPool, nil, leaves[:1])
	s = b.Apply1(engine.Linear, nil, []*engine.Tensor{s, leaves[1], leaves[2]})
	s = b.Apply1(engine.Sigmoid, nil, []*engine.Tensor{s})
	return b.Apply1(engine.ChannelScale, nil, []*engine.Tensor{leaves[0], s})
}

// writeResidual computes y = x + relu(w x) + x: x has three readers, one of them in the middle.
func writeResidual(b *engine.Builder, leaves []*engine.Tensor) *engine.Tensor {
	x := leaves[0]
	y := b.Apply(engine.PointwiseConv2d, nil, leaves)[0]
	y = b.Apply(engine.ReLU, nil, []*engine.Tensor{y})[0]
	y = b.Apply(engine.Add, nil, []*engine.Tensor{x, y})[0]
	return b.Apply(engine.Add, nil, []*engine.Tensor{y, x})[0]
}

// writeGated computes y = silu(x) + w silu(x) + x, which needs x after its other readers.
func writeGated(b *engine.Builder, leaves []*engine.Tensor) *engine.Tensor {
	x := leaves[:1]
	first, second := b.Apply1(engine.SiLU, nil, x), b.Apply1(engine.SiLU, nil, x)
	second = b.Apply1(engine.PointwiseConv2d, nil, []*engine.Tensor{second, leaves[1]})
	y := b.Apply1(engine.Add, nil, []*engine.Tensor{first, second})
	return b.Apply1(engine.Add, nil, []*engine.Tensor{y, leaves[0]})
}

// writeThrice computes y = w w w x.
func writeThrice(b *engine.Builder, leaves []*engine.Tensor) *engine.Tensor {
	y := leaves[0]
	for range 3 {
		y = b.Apply(engine.PointwiseConv2d, nil, []*engine.Tensor{y, leaves[1]})[0]
	}
	return y
}

// wave gives numbers that are all different and nowhere near a kink: the fractional parts of multiples of
// the golden ratio, in (-1, 1).
func wave(n, seed int) []float64 {
	out := make([]float64, n)
	for i := range out {
		_, fraction := math.Modf(float64(i+1+100*seed) * math.Phi)
		out[i] = 2*fraction - 1
	}
	return out
}

// newSession opens a session for one program on the reference.
func newSession(t *testing.T, p *engine.Program) engine.Session {
	t.Helper()
	s, err := cpu.New().NewSession(t.Context(), p.Layout, []*engine.Program{p}, engine.PlanOptions{KeepAll: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// must fails the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// read is Session.Read that cannot fail.
func read(t *testing.T, s engine.Session, p *engine.Program, tensor *engine.Tensor) []float64 {
	t.Helper()
	data, err := s.Read(p, tensor)
	must(t, err)
	return data
}

// noLayout is the layout of programs without state.
func noLayout(t *testing.T) *engine.Layout {
	t.Helper()
	l, err := engine.NewLayout(nil, 1)
	must(t, err)
	return l
}

// TestGradients holds the gradient of Σ y dy by every leaf against central differences.
func TestGradients(t *testing.T) {
	for _, f := range forwards {
		t.Run(f.name, func(t *testing.T) {
			b := engine.NewBuilder(f.name, noLayout(t), 1)
			var leaves []*engine.Tensor
			for _, l := range f.leaves {
				leaves = append(leaves, b.Tensor(l.tensor()))
			}
			y := f.write(b, leaves)
			dy := b.Tensor(engine.Tensor{Name: "dy", Shape: y.Shape, Batched: true})
			grads := b.Backward(y, dy, leaves...)
			p, err := b.Program()
			must(t, err)
			s, r := newSession(t, p), engine.NewStepInputs(p)
			for i, l := range leaves {
				must(t, s.Write(p, l, wave(l.Shape.Elements(), i)))
			}
			weights := wave(y.Shape.Elements(), 7)
			must(t, s.Write(p, dy, weights))
			for i, l := range leaves {
				must(t, s.Run(p, r))
				got := read(t, s, p, grads[i])
				compareDifferences(t, s, p, r, l, got, func() float64 {
					sum := 0.0
					for i, v := range read(t, s, p, y) {
						sum += v * weights[i]
					}
					return sum
				})
			}
		})
	}
}

// compareDifferences moves each element of the tensor at both sides of its place, and demands that the value
// changes as got says.
func compareDifferences(t *testing.T, s engine.Session, p *engine.Program, r *engine.StepInputs, at *engine.Tensor, got []float64, value func() float64) {
	t.Helper()
	const step = 1e-5
	place := read(t, s, p, at)
	moved := func(i int, by float64) float64 {
		data := append([]float64(nil), place...)
		data[i] += by
		must(t, s.Write(p, at, data))
		must(t, s.Run(p, r))
		return value()
	}
	for i := range place {
		want := (moved(i, step) - moved(i, -step)) / (2 * step)
		if math.Abs(got[i]-want) > 1e-7*max(1, math.Abs(want)) {
			t.Errorf("gradient by %s[%d] is %.10g, differences say %.10g", at.Name, i, got[i], want)
		}
	}
	must(t, s.Write(p, at, place))
}

// TestCrossEntropyGradient holds dlogits against differences of the mean loss.
func TestCrossEntropyGradient(t *testing.T) {
	const n, classes = 5, 7
	for _, smoothing := range []float64{0, 0.1, 0.6} {
		b := engine.NewBuilder("cross_entropy", noLayout(t), n)
		logits := b.Tensor(engine.Tensor{Name: "logits", Shape: engine.Shape{n, classes, 1, 1}, Batched: true})
		out := b.Apply(engine.CrossEntropy, engine.CrossEntropyAttr{Smoothing: smoothing}, []*engine.Tensor{logits, b.Input("labels", engine.Uint32, n)})
		p, err := b.Program()
		must(t, err)
		s, r := newSession(t, p), engine.NewStepInputs(p)
		copy(r.Uints("labels"), []uint32{3, 0, 6, 6, 1})
		must(t, s.Write(p, logits, wave(n*classes, 0)))
		must(t, s.Run(p, r))
		compareDifferences(t, s, p, r, logits, read(t, s, p, out[1]), func() float64 {
			return read(t, s, p, out[0])[engine.MetricLoss] / n
		})
	}
}
