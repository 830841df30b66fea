package engine_test

import (
	"fmt"
	"slices"
	"testing"

	"cnnvk/engine"
)

// listing writes a program's ops as text: outputs = kind(inputs).
func listing(p *engine.Program) []string {
	var out []string
	names := func(tensors []*engine.Tensor) (out []string) {
		for _, t := range tensors {
			out = append(out, t.Name)
		}
		return out
	}
	for _, op := range p.Ops {
		out = append(out, fmt.Sprintf("%v = %s%v", names(op.Outputs), op.Kind, names(op.Inputs)))
	}
	return out
}

// pointwise writes y = w x with a square matrix from a layout that has one, "w".
func pointwise(b *engine.Builder, x *engine.Tensor) *engine.Tensor {
	return b.Apply(engine.PointwiseConv2d, nil, []*engine.Tensor{x, b.State(engine.Model, "w")})[0]
}

// square starts a program whose only parameter is a 3 x 3 matrix "w".
func square(t *testing.T) (b *engine.Builder, x, dy *engine.Tensor) {
	t.Helper()
	l, err := engine.NewLayout([]engine.Segment{{Name: "w", Shape: engine.Shape{3, 3, 1, 1}, Trained: true}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	b = engine.NewBuilder("test", l, 2)
	shape := engine.Shape{2, 3, 4, 4}
	return b, b.Tensor(engine.Tensor{Name: "x", Shape: shape, Batched: true}), b.Tensor(engine.Tensor{Name: "dy", Shape: shape, Batched: true})
}

// wantTail demands the last lines of a program.
func wantTail(t *testing.T, p *engine.Program, want ...string) {
	t.Helper()
	got := listing(p)
	got = got[max(0, len(got)-len(want)):]
	if !slices.Equal(got, want) {
		t.Errorf("the program ends in\n%q\nwant\n%q", got, want)
	}
}

// TestBackwardOnce: the only reader writes straight to the segment, and nothing is computed for x.
func TestBackwardOnce(t *testing.T) {
	b, x, dy := square(t)
	b.Backward(pointwise(b, x), dy)
	wantTail(t, program(t, b),
		"[pointwise_conv2d] = pointwise_conv2d[x model.w]",
		"[gradient.w] = pointwise_conv2d_backward_weight[dy x]")
}

// TestBackwardTwice: a parameter that is read twice gets the sum, first reader first, in its segment.
func TestBackwardTwice(t *testing.T) {
	b, x, dy := square(t)
	b.Backward(pointwise(b, pointwise(b, x)), dy)
	wantTail(t, program(t, b),
		"[pointwise_conv2d_backward_weight] = pointwise_conv2d_backward_weight[dy pointwise_conv2d]",
		"[pointwise_conv2d_backward_data] = pointwise_conv2d_backward_data[dy model.w]",
		"[pointwise_conv2d_backward_weight.2] = pointwise_conv2d_backward_weight[pointwise_conv2d_backward_data x]",
		"[gradient.w] = add[pointwise_conv2d_backward_weight.2 pointwise_conv2d_backward_weight]")
}

// TestBackwardThreeReaders: y = ((relu x + x) + relu x): the gradient of x is (first + second) + third.
func TestBackwardThreeReaders(t *testing.T) {
	b, x, dy := square(t)
	in := []*engine.Tensor{x}
	first := b.Apply(engine.ReLU, nil, in)[0]
	sum := b.Apply(engine.Add, nil, []*engine.Tensor{first, x})[0]
	third := b.Apply(engine.ReLU, nil, in)[0]
	y := b.Apply(engine.Add, nil, []*engine.Tensor{sum, third})[0]
	dx := b.Backward(y, dy, x)[0]
	p := program(t, b)
	wantTail(t, p,
		"[relu_backward] = relu_backward[dy relu.2]",
		"[relu_backward.2] = relu_backward[dy relu]",
		"[add.3] = add[relu_backward.2 dy]",
		"[add.4] = add[add.3 relu_backward]")
	if dx != p.Tensor("add.4") {
		t.Errorf("the gradient of x is %v", dx)
	}
}

// TestBackwardSideBranch: a reader whose output leads nowhere has no gradient, and the other one still writes to
// the segment.
func TestBackwardSideBranch(t *testing.T) {
	b, x, dy := square(t)
	y := pointwise(b, x)
	pointwise(b, y)
	b.Backward(y, dy)
	wantTail(t, program(t, b), "[gradient.w] = pointwise_conv2d_backward_weight[dy x]")
}

// TestBackwardOverMask: a tensor that a mask is drawn for, but not computed from, gets no gradient that way.
func TestBackwardOverMask(t *testing.T) {
	b, x, dy := square(t)
	y := pointwise(b, x)
	mask := b.Apply(engine.Dropout2dMask, engine.DropoutAttr{P: 0.5}, []*engine.Tensor{y, b.Input("random", engine.Uint32, engine.RandomElements)})[0]
	z := b.Apply(engine.Dropout2d, nil, []*engine.Tensor{y, mask})[0]
	b.Backward(z, dy)
	wantTail(t, program(t, b),
		"[dropout2d.2] = dropout2d[dy dropout2d_mask]",
		"[gradient.w] = pointwise_conv2d_backward_weight[dropout2d.2 x]")
}

// TestBackwardBatchNorm: both vectors' gradients go to their segments, statistics have none.
func TestBackwardBatchNorm(t *testing.T) {
	var list []engine.Segment
	for _, name := range []string{"weight", "bias", "running_mean", "running_var"} {
		list = append(list, engine.Segment{Name: name, Shape: engine.Shape{3}, Trained: name[0] != 'r'})
	}
	l, err := engine.NewLayout(list, 1)
	if err != nil {
		t.Fatal(err)
	}
	b := engine.NewBuilder("test", l, 2)
	inputs := free(b, engine.Shape{2, 3, 4, 4})
	for _, s := range list {
		inputs = append(inputs, b.State(engine.Model, s.Name))
	}
	y := b.Apply(engine.BatchNorm2d, engine.BatchNormAttr{Epsilon: 1}, inputs)[0]
	b.Backward(y, y)
	p := program(t, b)
	wantTail(t, p, "[batch_norm2d_backward gradient.weight gradient.bias] = batch_norm2d_backward[batch_norm2d t model.weight batch_norm2d.saved]")
	if p.Ops[1].Attr != p.Ops[0].Attr {
		t.Error("the backward op lost the constants of the forward one")
	}
}
