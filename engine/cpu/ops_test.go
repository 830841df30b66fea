package cpu_test

import (
	"math"
	"testing"

	"cnnvk/engine"
)

// one is a single op on free tensors, to be run on literal values.
type one struct {
	t       *testing.T
	program *engine.Program
	session engine.Session
	in      *engine.StepInputs
	op      engine.Op
}

// newOne makes a program of one op on free tensors of these shapes, but for the last operands where shapes are fewer; what is an input of
// a step stays one.
func newOne(t *testing.T, k engine.Kind, attr engine.Attr, shapes ...engine.Shape) *one {
	t.Helper()
	b := engine.NewBuilder(string(k), noLayout(t), 1)
	var inputs []*engine.Tensor
	for i, shape := range shapes {
		o := engine.Operands(k)[i]
		if o.Role == engine.Input {
			inputs = append(inputs, b.Input(o.Name, o.DType, shape...))
			continue
		}
		inputs = append(inputs, b.Tensor(engine.Tensor{Name: o.Name, Shape: shape, Batched: o.Batched}))
	}
	b.Apply(k, attr, inputs)
	p, err := b.Program()
	must(t, err)
	return &one{t, p, newSession(t, p), engine.NewStepInputs(p), p.Ops[0]}
}

// set fills the free operand of that place.
func (o *one) set(operand int, values ...float64) *one {
	o.t.Helper()
	must(o.t, o.session.Write(o.program, o.op.Inputs[operand], values))
	return o
}

// run computes the op.
func (o *one) run() *one {
	o.t.Helper()
	must(o.t, o.session.Run(o.program, o.in))
	return o
}

// output reads one output.
func (o *one) output(i int) []float64 {
	o.t.Helper()
	return read(o.t, o.session, o.program, o.op.Outputs[i])
}

// want demands that an output be near these values.
func (o *one) want(output int, values ...float64) {
	o.t.Helper()
	near(o.t, o.op.Outputs[output].Name, o.output(output), values, 1e-12)
}

// near demands a relative distance per element.
func near(t *testing.T, name string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s has %d values, want %d", name, len(got), len(want))
		return
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance*math.Abs(want[i])) {
			t.Errorf("%s[%d] is %.12g, want %.12g", name, i, got[i], want[i])
		}
	}
}

func TestGatherNormalize(t *testing.T) {
	b := engine.NewBuilder("gather", noLayout(t), 3)
	x := b.Apply(engine.GatherNormalize, nil, []*engine.Tensor{
		b.Resident("images", engine.Uint8, 2, 2, 1, 2), b.Resident("table", engine.Float, 2, 256), b.Input("indices", engine.Uint32, 3)})[0]
	p, err := b.Program()
	must(t, err)
	s, r := newSession(t, p), engine.NewStepInputs(p)
	table := make([]float32, 512)
	for i := range table {
		table[i] = float32(i) + 0.5
	}
	must(t, s.SetResident("table", table))
	must(t, s.SetResident("images", []byte{0, 1, 2, 3, 4, 5, 6, 255}))
	copy(r.Uints("indices"), []uint32{1, 0, 1})
	must(t, s.Run(p, r))
	near(t, "x", read(t, s, p, x), []float64{4.5, 5.5, 262.5, 511.5, 0.5, 1.5, 258.5, 259.5, 4.5, 5.5, 262.5, 511.5}, 0)
}

// TestDepthwiseConv2d multiplies by hand: without and with a bias, at stride 1 and 2.
func TestDepthwiseConv2d(t *testing.T) {
	shapes := []engine.Shape{{1, 2, 2, 3}, {2, 1, 3, 3}, {2}}
	fill := func(o *one) *one {
		o.set(0, 1, 2, 3, 4, 5, 6, 0, 0, 1, 0, 0, 0) // the second channel: one pixel, which shows the taps turned around
		return o.set(1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	}
	want := []float64{
		5*1 + 6*2 + 8*4 + 9*5, 4*1 + 5*2 + 6*3 + 7*4 + 8*5 + 9*6, 4*2 + 5*3 + 7*5 + 8*6,
		2*1 + 3*2 + 5*4 + 6*5, 1*1 + 2*2 + 3*3 + 4*4 + 5*5 + 6*6, 1*2 + 2*3 + 4*5 + 5*6,
		0, 6, 5, 0, 3, 2,
	}
	same, half := engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1}, engine.ConvAttr{Kernel: 3, Stride: 2, Padding: 1}
	fill(newOne(t, engine.DepthwiseConv2d, same, shapes[:2]...)).run().want(0, want...)
	fill(newOne(t, engine.DepthwiseConv2d, half, shapes...)).set(2, 0.5, -7).run().want(0, 0.5+want[0], 0.5+want[2], want[6]-7, want[8]-7)
}

// TestConv2d multiplies by hand: two input channels, one output, at stride 1 and 2.
func TestConv2d(t *testing.T) {
	shapes := []engine.Shape{{1, 2, 2, 3}, {1, 2, 3, 3}, {1}}
	fill := func(o *one) *one {
		o.set(0, 1, 2, 3, 4, 5, 6, 0, 0, 1, 0, 0, 0) // the second channel: one pixel, which shows the taps turned around
		o.set(1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 40, 50, 60, 70, 80, 90)
		return o.set(2, 0.5).run()
	}
	want := []float64{
		0.5 + 5*1 + 6*2 + 8*4 + 9*5, 0.5 + 4*1 + 5*2 + 6*3 + 7*4 + 8*5 + 9*6 + 60, 0.5 + 4*2 + 5*3 + 7*5 + 8*6 + 50,
		0.5 + 2*1 + 3*2 + 5*4 + 6*5, 0.5 + 1*1 + 2*2 + 3*3 + 4*4 + 5*5 + 6*6 + 30, 0.5 + 1*2 + 2*3 + 4*5 + 5*6 + 20,
	}
	fill(newOne(t, engine.Conv2d, engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1}, shapes...)).want(0, want...)
	fill(newOne(t, engine.Conv2d, engine.ConvAttr{Kernel: 3, Stride: 2, Padding: 1}, shapes...)).want(0, want[0], want[2])
}

func TestFlatten(t *testing.T) {
	o := newOne(t, engine.Flatten, nil, engine.Shape{2, 2, 1, 2})
	o.set(0, 1, 2, 3, 4, 5, 6, 7, 8).run().want(0, 1, 2, 3, 4, 5, 6, 7, 8)
	if y := o.op.Outputs[0]; !y.Shape.Equal(engine.Shape{2, 4, 1, 1}) {
		t.Errorf("the output is %v", y)
	}
}

func TestPointwiseConv2d(t *testing.T) {
	o := newOne(t, engine.PointwiseConv2d, nil, engine.Shape{2, 2, 1, 2}, engine.Shape{3, 2, 1, 1})
	o.set(0, 1, 2, 3, 4, 5, 6, 7, 8).set(1, 1, 10, 2, 20, 3, -1)
	o.run().want(0, 31, 42, 62, 84, 0, 2, 75, 86, 150, 172, 8, 10)
}

func TestLinear(t *testing.T) {
	o := newOne(t, engine.Linear, nil, engine.Shape{2, 3, 1, 1}, engine.Shape{2, 3}, engine.Shape{2})
	o.set(0, 1, 2, 3, 4, 5, 6).set(1, 1, 10, 100, -1, 0, 1).set(2, 0.5, -0.5)
	o.run().want(0, 321.5, 1.5, 654.5, 1.5)
	newOne(t, engine.Linear, nil, engine.Shape{2, 3, 1, 1}, engine.Shape{2, 3}).
		set(0, 1, 2, 3, 4, 5, 6).set(1, 1, 10, 100, -1, 0, 1).run().want(0, 321, 2, 654, 2)
}

func TestBatchNorm2d(t *testing.T) {
	o := newOne(t, engine.BatchNorm2d, engine.BatchNormAttr{Epsilon: 0.5, Momentum: 0.1},
		engine.Shape{2, 1, 1, 2}, engine.Shape{1}, engine.Shape{1}, engine.Shape{1}, engine.Shape{1})
	o.set(0, 1, 2, 3, 6).set(1, 2).set(2, 10).set(3, 5).set(4, 7).run()
	// mean 3, squared deviations 4+1+0+9 = 14: biased 3.5, unbiased 14/3; 1/sqrt(3.5 + 0.5) = 1/2
	o.want(0, 8, 9, 10, 13)
	o.want(1, 3, 0.5)
	o.want(2, 0.9*5+0.1*3)
	o.want(3, 0.9*7+0.1*14/3)
}

func TestBatchNorm2dEval(t *testing.T) {
	o := newOne(t, engine.BatchNorm2dEval, engine.BatchNormAttr{Epsilon: 0.25, Momentum: 0.1},
		engine.Shape{1, 2, 1, 1}, engine.Shape{2}, engine.Shape{2}, engine.Shape{2}, engine.Shape{2})
	o.set(0, 3, 5).set(1, 2, 1).set(2, 10, 20).set(3, 1, 6).set(4, 3.75, 0.75).run().want(0, 12, 19)
}

func TestReLU(t *testing.T) {
	newOne(t, engine.ReLU, nil, engine.Shape{1, 1, 1, 3}).set(0, -1, 0, 2).run().want(0, 0, 0, 2)
	o := newOne(t, engine.ReLUBackward, nil, engine.Shape{1, 1, 1, 3}, engine.Shape{1, 1, 1, 3})
	o.set(0, 5, 6, 7).set(1, 0, 0, 2).run().want(0, 0, 0, 7)
}

// TestSiLU: σ(ln 3) = 3/4. A large x goes through as it is, one far below zero becomes zero.
func TestSiLU(t *testing.T) {
	ln3 := math.Log(3)
	x := []float64{0, ln3, -ln3, 1000, -1000}
	newOne(t, engine.SiLU, nil, engine.Shape{1, 1, 1, 5}).set(0, x...).run().want(0, 0, ln3*3/4, -ln3/4, 1000, 0)
	o := newOne(t, engine.SiLUBackward, nil, engine.Shape{1, 1, 1, 5}, engine.Shape{1, 1, 1, 5})
	o.set(0, 2, 4, 4, 7, 7).set(1, x...).run().want(0, 1, 3*(1+ln3/4), 1-ln3*3/4, 7, 0)
}

func TestReLU6(t *testing.T) {
	x := []float64{-1, 0, 2, 5.5, 6, 7}
	newOne(t, engine.ReLU6, nil, engine.Shape{1, 1, 1, 6}).set(0, x...).run().want(0, 0, 0, 2, 5.5, 6, 6)
	o := newOne(t, engine.ReLU6Backward, nil, engine.Shape{1, 1, 1, 6}, engine.Shape{1, 1, 1, 6})
	o.set(0, 1, 2, 3, 4, 5, 6).set(1, x...).run().want(0, 0, 0, 3, 4, 0, 0)
}

// TestGELU: values of the normal distribution from tables.
func TestGELU(t *testing.T) {
	const one, two = 0.841344746068542948585, 0.977249868051820792800 // Φ(1), Φ(2)
	const density = 0.241970724519143349798                           // φ(1)
	x := []float64{0, 1, -1, 2, -2, 1000, -1000}
	newOne(t, engine.GELU, nil, engine.Shape{1, 1, 1, 7}).set(0, x...).run().want(0, 0, one, one-1, 2*two, 2*(two-1), 1000, 0)
	o := newOne(t, engine.GELUBackward, nil, engine.Shape{1, 1, 1, 5}, engine.Shape{1, 1, 1, 5})
	o.set(0, 2, 3, 3, 7, 7).set(1, 0, 1, -1, 1000, -1000).run().want(0, 1, 3*(one+density), 3*(1-one-density), 7, 0)
}

func TestHardswish(t *testing.T) {
	x := []float64{-4, -3, -1, 0, 1, 3, 4}
	newOne(t, engine.Hardswish, nil, engine.Shape{1, 1, 1, 7}).set(0, x...).run().want(0, 0, 0, -1./3, 0, 2./3, 3, 4)
	o := newOne(t, engine.HardswishBackward, nil, engine.Shape{1, 1, 1, 7}, engine.Shape{1, 1, 1, 7})
	o.set(0, 6, 6, 6, 6, 6, 6, 6).set(1, x...).run().want(0, 0, -3, 1, 3, 5, 9, 6)
}

// TestSigmoid: σ(ln 3) = 3/4, with the slope 3/16.
func TestSigmoid(t *testing.T) {
	newOne(t, engine.Sigmoid, nil, engine.Shape{1, 1, 1, 5}).set(0, 0, math.Log(3), -math.Log(3), 1000, -1000).run().want(0, 0.5, 0.75, 0.25, 1, 0)
	o := newOne(t, engine.SigmoidBackward, nil, engine.Shape{1, 1, 1, 4}, engine.Shape{1, 1, 1, 4})
	o.set(0, 4, 16, 5, 5).set(1, 0.5, 0.75, 1, 0).run().want(0, 1, 3, 0, 0)
}

func TestChannelScale(t *testing.T) {
	shape, scale := engine.Shape{1, 2, 1, 2}, engine.Shape{1, 2, 1, 1}
	newOne(t, engine.ChannelScale, nil, shape, scale).set(0, 1, 2, 3, 4).set(1, 10, -1).run().want(0, 10, 20, -3, -4)
	o := newOne(t, engine.ChannelScaleBackwardScale, nil, shape, shape)
	o.set(0, 10, 20, 30, 40).set(1, 1, 2, 3, 4).run().want(0, 50, 250)
}

// TestMaxPool2d has a window of equal values, a maximum in each other place, and a last column in no window.
func TestMaxPool2d(t *testing.T) {
	x := []float64{
		3, 3, 0, 1, 9,
		3, 3, 2, 0, 9,
		0, 0, 5, 0, 9,
		0, 7, 0, 0, 9,
	}
	shape := engine.Shape{1, 1, 4, 5}
	pairs := engine.PoolAttr{Kernel: 2, Stride: 2}
	newOne(t, engine.MaxPool2d, pairs, shape).set(0, x...).run().want(0, 3, 2, 7, 5)
	o := newOne(t, engine.MaxPool2dBackward, pairs, engine.Shape{1, 1, 2, 2}, shape)
	o.set(0, 10, 20, 30, 40).set(1, x...).run().want(0,
		10, 0, 0, 0, 0,
		0, 0, 20, 0, 0,
		0, 0, 40, 0, 0,
		0, 30, 0, 0, 0,
	)
}

// TestPoolOverlap has windows of 3 x 3 that share rows and columns, and padding: one more in size than the image's in the corners. All
// are negative, so zeros around the image would be the largest.
func TestPoolOverlap(t *testing.T) {
	x := []float64{
		-9, -1, -8, -2,
		-7, -6, -5, -4,
		-3, -9, -9, -9,
	}
	shape, pooled, attr := engine.Shape{1, 1, 3, 4}, engine.Shape{1, 1, 2, 2}, engine.PoolAttr{Kernel: 3, Stride: 2, Padding: 1}
	newOne(t, engine.MaxPool2d, attr, shape).set(0, x...).run().want(0, -1, -1, -3, -4)
	newOne(t, engine.AvgPool2d, attr, shape).set(0, x...).run().want(0, -23./9, -26./9, -25./9, -42./9)
	o := newOne(t, engine.MaxPool2dBackward, attr, pooled, shape)
	o.set(0, 10, 20, 30, 40).set(1, x...).run().want(0,
		0, 30, 0, 0,
		0, 0, 0, 40,
		30, 0, 0, 0,
	)
	o = newOne(t, engine.AvgPool2dBackward, attr, pooled, shape)
	o.set(0, 9, 18, 27, 36).set(1, x...).run().want(0,
		1, 3, 2, 2,
		4, 10, 6, 6,
		3, 7, 4, 4,
	)
}

func TestAvgPool2d(t *testing.T) {
	x := []float64{
		1, 2, 3, 4, 100,
		5, 6, 7, 9, 100,
	}
	shape, pairs := engine.Shape{1, 1, 2, 5}, engine.PoolAttr{Kernel: 2, Stride: 2}
	newOne(t, engine.AvgPool2d, pairs, shape).set(0, x...).run().want(0, 3.5, 5.75)
	newOne(t, engine.AvgPool2dBackward, pairs, engine.Shape{1, 1, 1, 2}, shape).set(0, 4, 8).run().want(0, 1, 1, 2, 2, 0, 1, 1, 2, 2, 0)
}

func TestGlobalAvgPool(t *testing.T) {
	newOne(t, engine.GlobalAvgPool, nil, engine.Shape{1, 2, 1, 2}).set(0, 1, 2, 5, 8).run().want(0, 1.5, 6.5)
}

// TestCrossEntropy has logits whose exponentials are whole numbers, so that the losses are short.
func TestCrossEntropy(t *testing.T) {
	o := newOne(t, engine.CrossEntropy, engine.CrossEntropyAttr{Smoothing: 0.3}, engine.Shape{2, 3, 1, 1}, engine.Shape{2})
	ln := math.Log
	o.set(0, ln(1), ln(2), ln(5), ln(4), ln(4), ln(8))
	copy(o.in.Uints("labels"), []uint32{2, 0})
	o.run()
	first := -(0.1*ln(1./8) + 0.1*ln(2./8) + 0.8*ln(5./8))
	second := -(0.8*ln(1./4) + 0.1*ln(1./4) + 0.1*ln(1./2))
	o.want(0, first+second, 1, 2, 0)
	o.want(1, (1./8-0.1)/2, (2./8-0.1)/2, (5./8-0.8)/2, (1./4-0.8)/2, (1./4-0.1)/2, (1./2-0.1)/2)
}

// TestCrossEntropyMixed: the loss of two labels is that of each, in their shares.
func TestCrossEntropyMixed(t *testing.T) {
	o := newOne(t, engine.CrossEntropyMixed, engine.CrossEntropyAttr{Smoothing: 0.3}, engine.Shape{2, 3, 1, 1}, engine.Shape{2, engine.TargetElements})
	ln := math.Log
	o.set(0, ln(1), ln(2), ln(5), ln(4), ln(4), ln(8))
	targets := o.in.Uints("targets")
	engine.Target{Label: 2, Other: 0, Share: 0.5}.Put(targets)
	engine.Target{Label: 1, Other: 1, Share: 0.25}.Put(targets[engine.TargetElements:])
	o.run()
	first := -(0.45*ln(1./8) + 0.1*ln(2./8) + 0.45*ln(5./8))
	second := -(0.1*ln(1./4) + 0.8*ln(1./4) + 0.1*ln(1./2))
	o.want(0, first+second, 1, 2, 0)
	o.want(1, (1./8-0.45)/2, (2./8-0.1)/2, (5./8-0.45)/2, (1./4-0.1)/2, (1./4-0.8)/2, (1./2-0.1)/2)
}

// TestResize holds the values of torch.nn.functional.interpolate(mode='bilinear', align_corners=False).
func TestResize(t *testing.T) {
	x := []float64{1, 2, 4, 8, 16, 3, 5, 7, 11, 13, 0, -1, -2, 6, 9}
	newOne(t, engine.Resize, engine.ResizeAttr{Height: 2, Width: 4}, engine.Shape{1, 1, 3, 5}).set(0, x...).run().
		want(0, 1.65625, 3.5, 7.25, 14.4375, 0.71875, 0.40625, 4.625, 9.65625)
	newOne(t, engine.Resize, engine.ResizeAttr{Height: 4, Width: 3}, engine.Shape{1, 1, 3, 5}).set(0, x...).run().
		want(0, 4./3, 4, 40./3, 67./24, 5.875, 305./24, 13./6, 3.625, 257./24, -1./3, -2, 8)
}

// TestMixImages blends, pastes, and does both.
func TestMixImages(t *testing.T) {
	o := newOne(t, engine.MixImages, nil, engine.Shape{3, 1, 2, 2}, engine.Shape{3, engine.MixElements})
	o.set(0, 1, 2, 3, 4, 10, 20, 30, 40, 100, 200, 300, 400)
	mixes := o.in.Uints("mixes")
	engine.Mix{Partner: 2, Share: 0.75}.Put(mixes)
	engine.Mix{Partner: 0, Share: 1, Paste: engine.Rectangle{Top: 1, Left: 0, Height: 1, Width: 1}}.Put(mixes[engine.MixElements:])
	engine.Mix{Partner: 1, Share: 0.5, Paste: engine.Rectangle{Top: 0, Left: 1, Height: 2, Width: 5}}.Put(mixes[2*engine.MixElements:])
	o.run().want(0, 25.75, 51.5, 77.25, 103, 10, 20, 3, 40, 55, 20, 165, 40)
}

// TestRank counts labels by hand where logits are equal.
func TestRank(t *testing.T) {
	o := newOne(t, engine.CrossEntropy, engine.CrossEntropyAttr{}, engine.Shape{4, 7, 1, 1}, engine.Shape{4})
	o.set(0,
		0, 0, 0, 0, 0, 0, 0, // label 4: four equal ones before it, fifth
		0, 0, 0, 0, 0, 0, 0, // label 5: sixth
		0, 9, 9, 0, 0, 0, 0, // label 1: first of the two largest
		0, 9, 9, 0, 0, 0, 0, // label 2: second
	)
	copy(o.in.Uints("labels"), []uint32{4, 5, 1, 2})
	metrics := o.run().output(0)
	if metrics[engine.MetricTop1] != 1 || metrics[engine.MetricTop5] != 3 {
		t.Errorf("top 1: %g, top 5: %g; want 1 and 3", metrics[engine.MetricTop1], metrics[engine.MetricTop5])
	}
}

// mask draws a dropout mask of the given images.
func mask(t *testing.T, p float64, layer, images, channels int, random ...uint32) []float64 {
	t.Helper()
	o := newOne(t, engine.Dropout2dMask, engine.DropoutAttr{P: p, Layer: layer}, engine.Shape{images, channels, 1, 1}, engine.Shape{engine.RandomElements})
	copy(o.in.Uints("random"), random)
	return o.run().output(0)
}

// TestDropout2dMask checks values, the share dropped, and that masks follow samples, not batches.
func TestDropout2dMask(t *testing.T) {
	whole := mask(t, 0.25, 3, 40, 100, 42, 7, 0)
	dropped := 0
	for _, v := range whole {
		switch v {
		case 0:
			dropped++
		case 1 / (1 - 0.25):
		default:
			t.Fatalf("a mask of %g", v)
		}
	}
	if dropped < 900 || dropped > 1100 { // 1000 expected, deviation 27
		t.Errorf("%d of 4000 channels dropped at p = 0.25", dropped)
	}
	near(t, "the mask from sample 16 on", mask(t, 0.25, 3, 24, 100, 42, 7, 16), whole[1600:], 0)
	for name, other := range map[string][]float64{
		"seed":  mask(t, 0.25, 3, 40, 100, 43, 7, 0),
		"step":  mask(t, 0.25, 3, 40, 100, 42, 8, 0),
		"layer": mask(t, 0.25, 4, 40, 100, 42, 7, 0),
	} {
		same := 0
		for i := range other {
			if other[i] == whole[i] {
				same++
			}
		}
		if same > 2800 { // 4000 (0.75² + 0.25²) = 2500 expected
			t.Errorf("with another %s %d of 4000 channels have the same mask", name, same)
		}
	}
	for _, v := range mask(t, 0, 0, 3, 5, 1, 1) {
		if v != 1 {
			t.Errorf("p = 0 gives a mask of %g", v)
		}
	}
}

// values draws a mask of single values.
func values(t *testing.T, p float64, layer int, shape engine.Shape, random ...uint32) []float64 {
	t.Helper()
	o := newOne(t, engine.DropoutMask, engine.DropoutAttr{P: p, Layer: layer}, shape, engine.Shape{engine.RandomElements})
	copy(o.in.Uints("random"), random)
	return o.run().output(0)
}

// TestDropoutMask: a mask follows samples, not batches, takes all four words of a draw, and is another one than of channels.
func TestDropoutMask(t *testing.T) {
	whole := values(t, 0.25, 3, engine.Shape{40, 11, 3, 3}, 42, 7, 0)
	dropped := 0
	for i, v := range whole {
		if v == 0 {
			dropped++
		} else if v != 1/(1-0.25) {
			t.Fatalf("value %d of the mask is %g", i, v)
		}
	}
	if dropped < 880 || dropped > 1100 { // 990 expected, deviation 27
		t.Errorf("%d of 3960 values dropped at p = 0.25", dropped)
	}
	near(t, "the mask from sample 16 on", values(t, 0.25, 3, engine.Shape{24, 11, 3, 3}, 42, 7, 16), whole[16*99:], 0)
	near(t, "the mask of flat images", values(t, 0.25, 3, engine.Shape{40, 99, 1, 1}, 42, 7, 0), whole, 0)
	draw := engine.Philox4x32([4]uint32{7, 1, 5, 1}, [2]uint32{42, 3})
	for k, word := range draw {
		want := 0.0
		if word>>8 >= 1<<22 {
			want = 1 / (1 - 0.25)
		}
		if got := whole[99+20+k]; got != want {
			t.Errorf("value %d of the second image is %g, draw %#x wants %g", 20+k, got, word, want)
		}
	}
	same := 0
	for i, v := range mask(t, 0.25, 3, 40, 99, 42, 7, 0) {
		if v == whole[i] {
			same++
		}
	}
	if same > 2700 { // 3960 (0.75² + 0.25²) = 2475 expected
		t.Errorf("%d of 3960 values are those of a mask of channels", same)
	}
}

// TestDropout2dMaskThreshold: the first word for counter 0 and key 0 is 0x6627e8d5, whose upper 24 bits are the edge.
func TestDropout2dMaskThreshold(t *testing.T) {
	const edge = 0x6627e8
	if got := mask(t, float64(edge)/(1<<24), 0, 1, 1)[0]; got == 0 {
		t.Error("a draw equal to the threshold is dropped")
	}
	if got := mask(t, float64(edge+1)/(1<<24), 0, 1, 1)[0]; got != 0 {
		t.Error("a draw below the threshold is kept")
	}
}
