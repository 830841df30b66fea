package engine_test

import (
	"testing"

	"cnnvk/engine"
)

type shapes = []engine.Shape

// conv is the constants of a convolution.
func conv(kernel, stride, padding int) engine.Attr {
	return engine.ConvAttr{Kernel: kernel, Stride: stride, Padding: padding}
}

// pool is the constants of a pooling.
func pool(kernel, stride, padding int) engine.Attr {
	return engine.PoolAttr{Kernel: kernel, Stride: stride, Padding: padding}
}

// TestInfer checks the outputs of each op whose outputs do not look like its first input.
func TestInfer(t *testing.T) {
	for _, row := range []struct {
		kind    engine.Kind
		attr    engine.Attr
		inputs  shapes
		outputs shapes
	}{
		{engine.Conv2d, conv(3, 1, 1), shapes{{4, 3, 8, 6}, {5, 3, 3, 3}, {5}}, shapes{{4, 5, 8, 6}}},
		{engine.Conv2d, conv(3, 2, 1), shapes{{4, 3, 7, 6}, {5, 3, 3, 3}}, shapes{{4, 5, 4, 3}}},
		{engine.Conv2d, conv(1, 2, 0), shapes{{4, 3, 7, 6}, {5, 3, 1, 1}}, shapes{{4, 5, 4, 3}}},
		{engine.Conv2d, conv(5, 1, 0), shapes{{4, 3, 5, 6}, {5, 3, 5, 5}}, shapes{{4, 5, 1, 2}}},
		{engine.Conv2dBackwardData, conv(3, 2, 1), shapes{{4, 5, 4, 3}, {5, 3, 3, 3}, {4, 3, 8, 6}}, shapes{{4, 3, 8, 6}}},
		{engine.Conv2dBackwardWeight, conv(3, 2, 1), shapes{{4, 5, 4, 3}, {4, 3, 7, 5}}, shapes{{5, 3, 3, 3}}},
		{engine.Conv2dBackwardBias, nil, shapes{{4, 5, 4, 3}}, shapes{{5}}},
		{engine.Flatten, nil, shapes{{4, 3, 8, 6}}, shapes{{4, 144, 1, 1}}},
		{engine.FlattenBackward, nil, shapes{{4, 144, 1, 1}, {4, 3, 8, 6}}, shapes{{4, 3, 8, 6}}},
		{engine.DepthwiseConv2d, conv(3, 1, 1), shapes{{4, 3, 8, 6}, {3, 1, 3, 3}}, shapes{{4, 3, 8, 6}}},
		{engine.DepthwiseConv2d, conv(5, 2, 2), shapes{{4, 3, 7, 6}, {3, 1, 5, 5}, {3}}, shapes{{4, 3, 4, 3}}},
		{engine.DepthwiseConv2dBackwardData, conv(3, 2, 1), shapes{{4, 3, 4, 3}, {3, 1, 3, 3}, {4, 3, 7, 6}}, shapes{{4, 3, 7, 6}}},
		{engine.DepthwiseConv2dBackwardWeight, conv(3, 2, 1), shapes{{4, 3, 4, 3}, {4, 3, 8, 6}}, shapes{{3, 1, 3, 3}}},
		{engine.PointwiseConv2d, nil, shapes{{4, 3, 8, 6}, {5, 3, 1, 1}}, shapes{{4, 5, 8, 6}}},
		{engine.PointwiseConv2dBackwardData, nil, shapes{{4, 5, 8, 6}, {5, 3, 1, 1}}, shapes{{4, 3, 8, 6}}},
		{engine.PointwiseConv2dBackwardWeight, nil, shapes{{4, 5, 8, 6}, {4, 3, 8, 6}}, shapes{{5, 3, 1, 1}}},
		{engine.BatchNorm2d, engine.BatchNormAttr{}, shapes{{4, 3, 8, 6}, {3}, {3}, {3}, {3}}, shapes{{4, 3, 8, 6}, {2, 3}, {3}, {3}}},
		{engine.BatchNorm2dEval, engine.BatchNormAttr{}, shapes{{1, 3, 1, 1}, {3}, {3}, {3}, {3}}, shapes{{1, 3, 1, 1}}},
		{engine.BatchNorm2dBackward, engine.BatchNormAttr{}, shapes{{4, 3, 8, 6}, {4, 3, 8, 6}, {3}, {2, 3}}, shapes{{4, 3, 8, 6}, {3}, {3}}},
		{engine.MaxPool2d, pool(2, 2, 0), shapes{{4, 3, 9, 7}}, shapes{{4, 3, 4, 3}}},
		{engine.MaxPool2d, pool(3, 2, 1), shapes{{4, 3, 9, 8}}, shapes{{4, 3, 5, 4}}},
		{engine.MaxPool2d, pool(3, 2, 1), shapes{{4, 3, 1, 2}}, shapes{{4, 3, 1, 1}}},
		{engine.MaxPool2dBackward, pool(2, 2, 0), shapes{{4, 3, 4, 3}, {4, 3, 9, 7}}, shapes{{4, 3, 9, 7}}},
		{engine.AvgPool2d, pool(2, 2, 0), shapes{{4, 3, 9, 7}}, shapes{{4, 3, 4, 3}}},
		{engine.AvgPool2d, pool(3, 2, 1), shapes{{4, 3, 9, 8}}, shapes{{4, 3, 5, 4}}},
		{engine.AvgPool2dBackward, pool(3, 2, 1), shapes{{4, 3, 5, 4}, {4, 3, 9, 7}}, shapes{{4, 3, 9, 7}}},
		{engine.ChannelScale, nil, shapes{{4, 3, 9, 7}, {4, 3, 1, 1}}, shapes{{4, 3, 9, 7}}},
		{engine.ChannelScaleBackwardScale, nil, shapes{{4, 3, 9, 7}, {4, 3, 9, 7}}, shapes{{4, 3, 1, 1}}},
		{engine.GlobalAvgPool, nil, shapes{{4, 3, 9, 7}}, shapes{{4, 3, 1, 1}}},
		{engine.GlobalAvgPoolBackward, nil, shapes{{4, 3, 1, 1}, {4, 3, 9, 7}}, shapes{{4, 3, 9, 7}}},
		{engine.Linear, nil, shapes{{4, 3, 1, 1}, {5, 3}, {5}}, shapes{{4, 5, 1, 1}}},
		{engine.Linear, nil, shapes{{4, 3, 1, 1}, {5, 3}}, shapes{{4, 5, 1, 1}}},
		{engine.LinearBackwardData, nil, shapes{{4, 5, 1, 1}, {5, 3}}, shapes{{4, 3, 1, 1}}},
		{engine.LinearBackwardWeight, nil, shapes{{4, 5, 1, 1}, {4, 3, 1, 1}}, shapes{{5, 3}}},
		{engine.LinearBackwardBias, nil, shapes{{4, 5, 1, 1}}, shapes{{5}}},
		{engine.Add, nil, shapes{{5, 3}, {5, 3}}, shapes{{5, 3}}},
	} {
		b := builder(t)
		outputs := b.Apply(row.kind, row.attr, free(b, row.inputs...))
		program(t, b)
		if len(outputs) != len(row.outputs) {
			t.Errorf("%s has %d outputs, want %d", row.kind, len(outputs), len(row.outputs))
			continue
		}
		for i, want := range row.outputs {
			if !outputs[i].Shape.Equal(want) || outputs[i].Batched != (len(want) == 4 && want[0] == 4 || row.kind == engine.BatchNorm2dEval) {
				t.Errorf("%s: output %d is %v (batched: %v), want %v", row.kind, i, outputs[i], outputs[i].Batched, want)
			}
		}
	}
}

// TestInferErrors gives each op operands that do not go together.
func TestInferErrors(t *testing.T) {
	x := engine.Shape{4, 3, 8, 6}
	for _, row := range []struct {
		kind   engine.Kind
		attr   engine.Attr
		inputs shapes
		words  string
	}{
		{engine.Conv2d, engine.ConvAttr{}, shapes{x, {5, 3, 0, 0}}, "w is (5, 3, 0, 0)"},
		{engine.Conv2d, conv(3, 0, 1), shapes{x, {5, 3, 3, 3}}, "a kernel of 3, stride 0 and padding 1 make no convolution"},
		{engine.Conv2d, conv(9, 1, 1), shapes{x, {5, 3, 9, 9}}, "a 8 x 6 image with padding 1 has no 9 x 9 window"},
		{engine.Conv2d, conv(3, 1, 1), shapes{x, {5, 4, 3, 3}}, "w is (5, 4, 3, 3), want (5, 3, 3, 3)"},
		{engine.Conv2d, conv(3, 1, 1), shapes{x, {5, 3, 3, 3}, {4}}, "b is (4), want (5)"},
		{engine.Conv2d, conv(3, 1, 1), shapes{x}, "has 1 inputs, not 3"},
		{engine.Conv2d, nil, shapes{x, {5, 3, 3, 3}}, "has attributes of type <nil>, want engine.ConvAttr"},
		{engine.Conv2d, engine.BatchNormAttr{}, shapes{x, {5, 3, 3, 3}}, "has attributes of type engine.BatchNormAttr, want engine.ConvAttr"},
		{engine.ReLU, engine.DropoutAttr{}, shapes{x}, "has attributes of type engine.DropoutAttr, want <nil>"},
		{engine.Conv2dBackwardData, conv(3, 2, 1), shapes{{4, 5, 4, 4}, {5, 3, 3, 3}, x}, "dy is (4, 5, 4, 4), want (4, 5, 4, 3)"},
		{engine.Conv2dBackwardData, conv(3, 2, 1), shapes{{4, 5, 4, 3}, {6, 3, 3, 3}, x}, "w is (6, 3, 3, 3), want (5, 3, 3, 3)"},
		{engine.Conv2dBackwardWeight, conv(3, 1, 1), shapes{{3, 5, 8, 6}, x}, "x is (4, 3, 8, 6), want (3, 3, 8, 6)"},
		{engine.Conv2dBackwardBias, nil, shapes{{5}}, "dy is (5)"},
		{engine.FlattenBackward, nil, shapes{{4, 143, 1, 1}, x}, "dy is (4, 143, 1, 1), want (4, 144, 1, 1)"},
		{engine.DepthwiseConv2d, conv(3, 1, 1), shapes{x, {4, 1, 3, 3}}, "w is (4, 1, 3, 3), want (3, 1, 3, 3)"},
		{engine.DepthwiseConv2d, conv(5, 1, 2), shapes{x, {3, 1, 3, 3}}, "w is (3, 1, 3, 3), want (3, 1, 5, 5)"},
		{engine.DepthwiseConv2d, conv(3, 1, 1), shapes{x, {3, 1, 3, 3}, {4}}, "b is (4), want (3)"},
		{engine.DepthwiseConv2d, nil, shapes{x, {3, 1, 3, 3}}, "has attributes of type <nil>, want engine.ConvAttr"},
		{engine.DepthwiseConv2d, conv(3, 1, 1), shapes{{4}, {4, 1, 3, 3}}, "x is (4), want (N, C, H, W)"},
		{engine.DepthwiseConv2d, conv(3, 1, 1), shapes{{0, 3, 8, 6}, {3, 1, 3, 3}}, "x is (0, 3, 8, 6)"},
		{engine.DepthwiseConv2dBackwardWeight, conv(3, 1, 1), shapes{x, {4, 3, 8, 5}}, "dy is (4, 3, 8, 6), want (4, 3, 8, 5)"},
		{engine.PointwiseConv2d, nil, shapes{x, {5, 4, 1, 1}}, "w is (5, 4, 1, 1), want (5, 3, 1, 1)"},
		{engine.PointwiseConv2d, nil, shapes{{}, {}}, "x is ()"},
		{engine.PointwiseConv2dBackwardData, nil, shapes{x, {5, 3, 1, 1}}, "w is (5, 3, 1, 1), want (3, 3, 1, 1)"},
		{engine.PointwiseConv2dBackwardWeight, nil, shapes{x, {5, 3, 8, 6}}, "x is (5, 3, 8, 6), want (4, 3, 8, 6)"},
		{engine.BatchNorm2d, engine.BatchNormAttr{}, shapes{{1, 3, 1, 1}, {3}, {3}, {3}, {3}}, "more than one value per channel"},
		{engine.BatchNorm2d, engine.BatchNormAttr{}, shapes{x, {3}, {3}, {4}, {3}}, "running_mean is (4), want (3)"},
		{engine.BatchNorm2dBackward, engine.BatchNormAttr{}, shapes{x, x, {3}, {3, 2}}, "saved is (3, 2), want (2, 3)"},
		{engine.ReLUBackward, nil, shapes{x, {4, 3, 6, 8}}, "y is (4, 3, 6, 8)"},
		{engine.Dropout2d, nil, shapes{x, {3, 4}}, "mask is (3, 4), want (4, 3)"},
		{engine.Dropout, nil, shapes{x, {4, 3, 1, 1}}, "mask is (4, 3, 1, 1), want (4, 3, 8, 6)"},
		{engine.MaxPool2d, pool(2, 2, 0), shapes{{4, 3, 8, 1}}, "no 2 x 2 window"},
		{engine.MaxPool2d, nil, shapes{x}, "has attributes of type <nil>, want engine.PoolAttr"},
		{engine.MaxPool2d, conv(2, 2, 0), shapes{x}, "has attributes of type engine.ConvAttr, want engine.PoolAttr"},
		{engine.MaxPool2d, pool(2, 0, 0), shapes{x}, "a window of 2, stride 0 and padding 0 make no pooling"},
		{engine.MaxPool2d, pool(3, 2, 2), shapes{x}, "the padding is at most half a window"},
		{engine.MaxPool2dBackward, pool(2, 2, 0), shapes{x, x}, "dy is (4, 3, 8, 6), want (4, 3, 4, 3)"},
		{engine.AvgPool2d, pool(5, 2, 1), shapes{{4, 3, 8, 2}}, "no 5 x 5 window"},
		{engine.AvgPool2d, pool(1, 1, 1), shapes{x}, "the padding is at most half a window"},
		{engine.AvgPool2dBackward, pool(3, 2, 1), shapes{x, x}, "dy is (4, 3, 8, 6), want (4, 3, 4, 3)"},
		{engine.ChannelScale, nil, shapes{x, {4, 4, 1, 1}}, "s is (4, 4, 1, 1), want (4, 3, 1, 1)"},
		{engine.ChannelScaleBackwardScale, nil, shapes{x, {4, 3, 1, 1}}, "x is (4, 3, 1, 1), want (4, 3, 8, 6)"},
		{engine.GlobalAvgPoolBackward, nil, shapes{{4, 3, 2, 1}, x}, "dy is (4, 3, 2, 1), want (4, 3, 1, 1)"},
		{engine.Linear, nil, shapes{x, {5, 3}, {5}}, "x is (4, 3, 8, 6), want (4, 3, 1, 1)"},
		{engine.Linear, nil, shapes{{4, 3, 1, 1}, {5, 3}, {4}}, "b is (4), want (5)"},
		{engine.LinearBackwardData, nil, shapes{{4, 5, 1, 1}, {3, 5}}, "w is (3, 5), want (5, 5)"},
		{engine.LinearBackwardWeight, nil, shapes{{4, 5, 1, 1}, {3, 5, 1, 1}}, "x is (3, 5, 1, 1), want (4, 5, 1, 1)"},
		{engine.Add, nil, shapes{x, {4, 3, 6, 8}}, "differ"},
		{engine.GradientNorm, engine.GradientNormAttr{}, shapes{{9}, {9}}, "status is (9), want (64)"},
		{engine.AdamW, engine.AdamWAttr{}, shapes{{9}, {64}, {4}, {9}, {9}}, "moments is (9), want (18)"},
		{engine.SGD, engine.SGDAttr{}, shapes{{9}, {64}, {4}, {8}, {9}}, "parameters is (8), want (9)"},
		{engine.ExponentialMean, engine.ExponentialMeanAttr{}, shapes{{9}, {64}, {8}}, "average is (8), want (9)"},
	} {
		b := builder(t)
		b.Apply(row.kind, row.attr, free(b, row.inputs...))
		wantError(t, b, row.words)
	}
}

// TestAttributeErrors: probabilities that are none.
func TestAttributeErrors(t *testing.T) {
	for _, bad := range []float64{-0.1, 1, 1.5} {
		b := builder(t)
		like := free(b, engine.Shape{4, 3, 1, 1})[0]
		b.Apply(engine.Dropout2dMask, engine.DropoutAttr{P: bad}, []*engine.Tensor{like, b.Input("random", engine.Uint32, engine.RandomElements)})
		wantError(t, b, "dropout probability")
		b = builder(t)
		logits := free(b, engine.Shape{4, 3, 1, 1})[0]
		b.Apply(engine.CrossEntropy, engine.CrossEntropyAttr{Smoothing: bad}, []*engine.Tensor{logits, b.Input("labels", engine.Uint32, 4)})
		wantError(t, b, "label smoothing")
	}
}

// TestTypeErrors: activations of a type that the op, or the program, does not have there.
func TestTypeErrors(t *testing.T) {
	shape := engine.Shape{4, 3, 1, 1}
	of := func(b *engine.Builder, d engine.DType) *engine.Tensor {
		return b.Tensor(engine.Tensor{Name: d.String(), Shape: shape, DType: d, Batched: true})
	}
	for _, row := range []struct {
		stored engine.DType
		words  string
		write  func(b *engine.Builder)
	}{
		{engine.Uint8, "activations are stored as float, float16 or bfloat16, not as uint8", func(*engine.Builder) {}},
		{engine.Float16, "dy is of type float16, y of type float", func(b *engine.Builder) {
			b.Apply(engine.ReLUBackward, nil, []*engine.Tensor{of(b, engine.Float16), of(b, engine.Float)})
		}},
		{engine.Float16, "a is of type float16, b of type bfloat16", func(b *engine.Builder) {
			b.Apply(engine.Add, nil, []*engine.Tensor{of(b, engine.Float16), of(b, engine.BFloat16)})
		}},
		{engine.Float16, "the program stores activations as float16", func(b *engine.Builder) {
			b.Apply(engine.ReLU, nil, []*engine.Tensor{of(b, engine.BFloat16)})
		}},
		{engine.Float, "the program stores activations as float", func(b *engine.Builder) {
			b.Apply(engine.ReLU, nil, []*engine.Tensor{of(b, engine.BFloat16)})
		}},
		{engine.Float, "the program stores no activation in 16 bits", func(b *engine.Builder) {
			b.Apply(engine.Cast, nil, []*engine.Tensor{of(b, engine.Float)})
		}},
		{engine.BFloat16, "logits is of type bfloat16, want float", func(b *engine.Builder) {
			b.Apply(engine.CrossEntropy, engine.CrossEntropyAttr{}, []*engine.Tensor{of(b, engine.BFloat16), b.Input("labels", engine.Uint32, 4)})
		}},
		{engine.BFloat16, "w is of type bfloat16, want float", func(b *engine.Builder) {
			w := b.Tensor(engine.Tensor{Name: "w", Shape: engine.Shape{3, 3, 1, 1}, DType: engine.BFloat16})
			b.Apply(engine.PointwiseConv2d, nil, []*engine.Tensor{of(b, engine.BFloat16), w})
		}},
		{engine.BFloat16, "relu writes bfloat16, not float", func(b *engine.Builder) {
			b.Apply(engine.ReLU, nil, []*engine.Tensor{of(b, engine.BFloat16)}, of(b, engine.Float))
		}},
	} {
		b := builder(t)
		b.Store(row.stored)
		row.write(b)
		wantError(t, b, row.words)
	}
}

// A cast leads from the program's type to Float and back, and so does its gradient.
func TestCast(t *testing.T) {
	b := builder(t)
	b.Store(engine.BFloat16)
	x := b.Activation("x", 4, 3, 1, 1)
	y := b.Apply1(engine.Cast, nil, []*engine.Tensor{x})
	if x.DType != engine.BFloat16 || y.DType != engine.Float {
		t.Errorf("a cast of %v is of type %v", x.DType, y.DType)
	}
	dy := b.Tensor(engine.Tensor{Name: "dy", Shape: y.Shape, Batched: true})
	dx := b.Backward(y, dy, x)[0]
	if program(t, b); dx.DType != engine.BFloat16 {
		t.Errorf("its gradient is of type %v", dx.DType)
	}
}

// TestGatherErrors: operands of other types than float.
func TestGatherErrors(t *testing.T) {
	b := builder(t)
	b.Apply(engine.GatherNormalize, nil, []*engine.Tensor{
		b.Resident("images", engine.Uint8, 9, 3, 8, 8), b.Resident("table", engine.Float, 1, 256), b.Input("indices", engine.Uint32, 4)})
	wantError(t, b, "table is (1, 256), want (3, 256)")
	b = builder(t)
	b.Apply(engine.GatherNormalize, nil, []*engine.Tensor{
		b.Resident("images", engine.Float, 9, 3, 8, 8), b.Resident("table", engine.Float, 3, 256), b.Input("indices", engine.Uint32, 4)})
	wantError(t, b, "images is of type float, want uint8")
}

// A draw that no executor can follow is refused before a step runs.
func TestCheckInputDraws(t *testing.T) {
	b := engine.NewBuilder("augment", &engine.Layout{}, 1)
	draws := b.Input("draws", engine.Uint32, 1, engine.DrawElements)
	b.Apply(engine.Augment, engine.AugmentAttr{Kinds: engine.Hue.Bit()}, []*engine.Tensor{b.Resident("images", engine.Uint8, 5, 3, 8, 8), b.Resident("table", engine.Float, 3, 256), draws})
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		draw engine.Draw
		says string
	}{
		{engine.Draw{Image: 4, Ops: []engine.AugmentOp{{Kind: engine.Hue}}}, ""},
		{engine.Draw{Image: 5}, "augment: draws[0]: image 5, but there are only 5"},
		{engine.Draw{Ops: make([]engine.AugmentOp, engine.MaxAugmentOps+1)}, "augment: draws[0]: 7 operations, but at most 6 are possible"},
		{engine.Draw{Ops: []engine.AugmentOp{{Kind: engine.Contrast}}}, "augment: draws[0]: operation 0 is of kind 1, for which the op was not written"},
	} {
		words := make([]uint32, engine.DrawElements)
		c.draw.Put(words)
		got := ""
		if err := engine.CheckInput(p, draws, words); err != nil {
			got = err.Error()
		}
		if got != c.says {
			t.Errorf("got %q, want %q", got, c.says)
		}
	}
}
