package engine

import "fmt"

// The functions below check an op's inputs and describe its outputs; the signatures stand in the op table.

func inferGather(op Op) ([]Tensor, error) {
	if err := want(op, images, Shape{-1, 256}, Shape{-1}); err != nil {
		return nil, err
	}
	img, tab, idx := op.Inputs[0], op.Inputs[1], op.Inputs[2]
	if tab.Shape[0] != img.C() {
		return nil, fmt.Errorf("the table has %d channels, the images %d", tab.Shape[0], img.C())
	}
	return []Tensor{batched("", idx.Shape[0], img.C(), img.H(), img.W())}, nil
}

func inferAugment(op Op) ([]Tensor, error) {
	if err := want(op, Shape{-1, 3, -1, -1}, Shape{3, 256}, Shape{-1, DrawElements}); err != nil {
		return nil, err
	}
	img, draws := op.Inputs[0], op.Inputs[2]
	if img.H()*img.W() > augmentPixels {
		return nil, fmt.Errorf("images of %d x %d pixels, at most %d pixels can be augmented", img.H(), img.W(), augmentPixels)
	}
	return []Tensor{batched("", draws.Shape[0], 3, img.H(), img.W())}, nil
}

// slides is the number of places at which a convolution's kernel stands along an image of that size.
func (a Attr) slides(size int) int { return (size+2*a.Padding-a.Kernel)/a.Stride + 1 }

// wantKernel checks the constants of a convolution of images of that size.
func wantKernel(a Attr, h, w int) error {
	switch {
	case a.Kernel < 1 || a.Stride < 1 || a.Padding < 0:
		return fmt.Errorf("a kernel of %d, stride %d and padding %d make no convolution", a.Kernel, a.Stride, a.Padding)
	case min(h, w)+2*a.Padding < a.Kernel:
		return fmt.Errorf("a %d x %d image with padding %d has no %d x %d window", h, w, a.Padding, a.Kernel, a.Kernel)
	}
	return nil
}

func inferConv2d(op Op) ([]Tensor, error) {
	x, w, r := op.Inputs[0], op.Inputs[1], op.Attr.Kernel
	shapes := []Shape{images, {-1, x.C(), r, r}, {w.dim(0)}}
	if err := want(op, shapes[:len(op.Inputs)]...); err != nil {
		return nil, err
	}
	if err := wantKernel(op.Attr, x.H(), x.W()); err != nil {
		return nil, err
	}
	return []Tensor{batched("", x.N(), w.Shape[0], op.Attr.slides(x.H()), op.Attr.slides(x.W()))}, nil
}

func inferConv2dData(op Op) ([]Tensor, error) {
	dy, x, r := op.Inputs[0], op.Inputs[2], op.Attr.Kernel
	if err := wantKernel(op.Attr, x.H(), x.W()); err != nil {
		return nil, err
	}
	y := Shape{x.N(), -1, op.Attr.slides(x.H()), op.Attr.slides(x.W())}
	if err := want(op, y, Shape{dy.C(), x.C(), r, r}, images); err != nil {
		return nil, err
	}
	return []Tensor{batched("", x.N(), x.C(), x.H(), x.W())}, nil
}

func inferConv2dWeight(op Op) ([]Tensor, error) {
	dy, x, r := op.Inputs[0], op.Inputs[1], op.Attr.Kernel
	if err := wantKernel(op.Attr, x.H(), x.W()); err != nil {
		return nil, err
	}
	if err := want(op, Shape{x.N(), -1, op.Attr.slides(x.H()), op.Attr.slides(x.W())}, images); err != nil {
		return nil, err
	}
	return []Tensor{value("", dy.C(), x.C(), r, r)}, nil
}

func inferConv2dBias(op Op) ([]Tensor, error) {
	if err := want(op, images); err != nil {
		return nil, err
	}
	return []Tensor{value("", op.Inputs[0].C())}, nil
}

func inferDepthwise(op Op) ([]Tensor, error) {
	if err := want(op, images, Shape{op.Inputs[0].C(), 1, 3, 3}); err != nil {
		return nil, err
	}
	x := op.Inputs[0]
	return []Tensor{batched("", x.N(), x.C(), x.H(), x.W())}, nil
}

func inferDepthwiseWeight(op Op) ([]Tensor, error) {
	if err := want(op, images, op.Inputs[0].Shape); err != nil {
		return nil, err
	}
	return []Tensor{value("", op.Inputs[0].C(), 1, 3, 3)}, nil
}

func inferPointwise(op Op) ([]Tensor, error) {
	if err := want(op, images, Shape{-1, op.Inputs[0].C(), 1, 1}); err != nil {
		return nil, err
	}
	x, w := op.Inputs[0], op.Inputs[1]
	return []Tensor{batched("", x.N(), w.Shape[0], x.H(), x.W())}, nil
}

// inferPointwiseData serves the data gradients of pointwise convolution and Linear: w is (M,K,...).
func inferPointwiseData(op Op) ([]Tensor, error) {
	dy, w := op.Inputs[0], op.Inputs[1]
	wantW := Shape{dy.C(), -1, 1, 1}
	if op.Kind == LinearBackwardData {
		wantW = Shape{dy.C(), -1}
	}
	if err := want(op, images, wantW); err != nil {
		return nil, err
	}
	return []Tensor{batched("", dy.N(), w.Shape[1], dy.H(), dy.W())}, nil
}

func inferPointwiseWeight(op Op) ([]Tensor, error) {
	dy := op.Inputs[0]
	if err := want(op, images, Shape{dy.N(), -1, dy.H(), dy.W()}); err != nil {
		return nil, err
	}
	return []Tensor{value("", dy.C(), op.Inputs[1].C(), 1, 1)}, nil
}

func inferBatchNorm(op Op) ([]Tensor, error) {
	x := op.Inputs[0]
	y, err := inferBatchNormEval(op)
	if err != nil {
		return nil, err
	}
	if x.N()*x.H()*x.W() < 2 {
		return nil, fmt.Errorf("BatchNorm in training needs more than one value per channel, got input %v: use a larger batch", x.Shape)
	}
	c := x.C()
	return append(y, value("batch_norm2d.saved", 2, c), value("batch_norm2d.next_mean", c), value("batch_norm2d.next_var", c)), nil
}

func inferBatchNormEval(op Op) ([]Tensor, error) {
	x := op.Inputs[0]
	c := Shape{x.C()}
	if err := want(op, images, c, c, c, c); err != nil {
		return nil, err
	}
	return []Tensor{batched("", x.N(), x.C(), x.H(), x.W())}, nil
}

func inferBatchNormBackward(op Op) ([]Tensor, error) {
	x := op.Inputs[1]
	c := x.C()
	if err := want(op, x.Shape, images, Shape{c}, Shape{2, c}); err != nil {
		return nil, err
	}
	return []Tensor{batched("", x.N(), c, x.H(), x.W()), value("batch_norm2d.dweight", c), value("batch_norm2d.dbias", c)}, nil
}

func inferSame(op Op) ([]Tensor, error) {
	shapes := []Shape{images, op.Inputs[0].Shape}
	if err := want(op, shapes[:len(table[op.Kind].inputs)]...); err != nil {
		return nil, err
	}
	x := op.Inputs[0]
	return []Tensor{batched("", x.N(), x.C(), x.H(), x.W())}, nil
}

// inferSameTwo serves add, which sums activations and parameter gradients alike.
func inferSameTwo(op Op) ([]Tensor, error) {
	a, b := op.Inputs[0], op.Inputs[1]
	if !a.Shape.Equal(b.Shape) || a.Batched != b.Batched {
		return nil, fmt.Errorf("%v and %v differ", a, b)
	}
	return []Tensor{{Shape: a.Shape, Batched: a.Batched}}, nil
}

func inferMask(op Op) ([]Tensor, error) {
	if err := want(op, images, Shape{RandomElements}); err != nil {
		return nil, err
	}
	if p := op.Attr.P; p < 0 || p >= 1 {
		return nil, fmt.Errorf("dropout probability %g is not in [0, 1)", p)
	}
	return []Tensor{value("", op.Inputs[0].N(), op.Inputs[0].C())}, nil
}

func inferDropout(op Op) ([]Tensor, error) {
	x := op.Inputs[0]
	if err := want(op, images, Shape{x.N(), x.C()}); err != nil {
		return nil, err
	}
	return []Tensor{batched("", x.N(), x.C(), x.H(), x.W())}, nil
}

func inferPool(op Op) ([]Tensor, error) {
	if err := want(op, images); err != nil {
		return nil, err
	}
	x := op.Inputs[0]
	if x.H() < 2 || x.W() < 2 {
		return nil, fmt.Errorf("a %d x %d image has no 2 x 2 window", x.H(), x.W())
	}
	return []Tensor{batched("", x.N(), x.C(), x.H()/2, x.W()/2)}, nil
}

func inferPoolBackward(op Op) ([]Tensor, error) {
	x := op.Inputs[1]
	if err := want(op, Shape{x.N(), x.C(), x.H() / 2, x.W() / 2}, images); err != nil {
		return nil, err
	}
	return []Tensor{batched("", x.N(), x.C(), x.H(), x.W())}, nil
}

func inferGlobal(op Op) ([]Tensor, error) {
	if err := want(op, images); err != nil {
		return nil, err
	}
	return []Tensor{batched("", op.Inputs[0].N(), op.Inputs[0].C(), 1, 1)}, nil
}

func inferLikeSecond(op Op) ([]Tensor, error) {
	x := op.Inputs[1]
	if err := want(op, Shape{x.N(), x.C(), 1, 1}, images); err != nil {
		return nil, err
	}
	return []Tensor{batched("", x.N(), x.C(), x.H(), x.W())}, nil
}

func inferFlatten(op Op) ([]Tensor, error) {
	if err := want(op, images); err != nil {
		return nil, err
	}
	x := op.Inputs[0]
	return []Tensor{batched("", x.N(), x.C()*x.H()*x.W(), 1, 1)}, nil
}

func inferFlattenBackward(op Op) ([]Tensor, error) {
	x := op.Inputs[1]
	if err := want(op, Shape{x.N(), x.C() * x.H() * x.W(), 1, 1}, images); err != nil {
		return nil, err
	}
	return []Tensor{batched("", x.N(), x.C(), x.H(), x.W())}, nil
}

func inferLinear(op Op) ([]Tensor, error) {
	x := op.Inputs[0]
	if err := want(op, Shape{-1, -1, 1, 1}, Shape{-1, x.C()}, Shape{-1}); err != nil {
		return nil, err
	}
	m := op.Inputs[1].Shape[0]
	if op.Inputs[2].Shape[0] != m {
		return nil, fmt.Errorf("%d biases for %d outputs", op.Inputs[2].Shape[0], m)
	}
	return []Tensor{batched("", x.N(), m, 1, 1)}, nil
}

func inferLinearWeight(op Op) ([]Tensor, error) {
	dy := op.Inputs[0]
	if err := want(op, Shape{-1, -1, 1, 1}, Shape{dy.N(), -1, 1, 1}); err != nil {
		return nil, err
	}
	return []Tensor{value("", dy.C(), op.Inputs[1].C())}, nil
}

func inferLinearBias(op Op) ([]Tensor, error) {
	if err := want(op, Shape{-1, -1, 1, 1}); err != nil {
		return nil, err
	}
	return []Tensor{value("", op.Inputs[0].C())}, nil
}

func inferCrossEntropy(op Op) ([]Tensor, error) {
	x := op.Inputs[0]
	if err := want(op, Shape{-1, -1, 1, 1}, Shape{x.N()}); err != nil {
		return nil, err
	}
	if s := op.Attr.Smoothing; s < 0 || s >= 1 {
		return nil, fmt.Errorf("label smoothing %g is not in [0, 1)", s)
	}
	return []Tensor{
		{Name: "metrics", Shape: Shape{MetricElements}, Role: Result},
		batched("cross_entropy.dlogits", x.N(), x.C(), 1, 1),
	}, nil
}

func inferNorm(op Op) ([]Tensor, error) {
	if err := want(op, Shape{-1}, Shape{StatusElements}); err != nil {
		return nil, err
	}
	return []Tensor{value("status", StatusElements), {Name: "norm", Shape: Shape{normElements}, Role: Result}}, nil
}

// inferOptimizer serves the optimisers, which replace parameters and moments.
func inferOptimizer(momentSets int) func(op Op) ([]Tensor, error) {
	return func(op Op) ([]Tensor, error) {
		p := op.Inputs[0].Shape.Elements()
		if err := want(op, Shape{-1}, Shape{StatusElements}, Shape{RateElements}, Shape{p}, Shape{momentSets * p}); err != nil {
			return nil, err
		}
		if n := op.Attr.Undecayed; n < 0 || n > p {
			return nil, fmt.Errorf("weight decay leaves out %d of %d parameters", n, p)
		}
		return []Tensor{value("parameters", p), value("moments", momentSets*p)}, nil
	}
}

// inferCommit serves running_statistics and ema, which replace their third input.
func inferCommit(op Op) ([]Tensor, error) {
	n := op.Inputs[0].Shape.Elements()
	if err := want(op, Shape{-1}, Shape{StatusElements}, Shape{n}); err != nil {
		return nil, err
	}
	return []Tensor{value("", n)}, nil
}
