package net

import (
	"cnnvk/engine"
)

// layer is a part of a network.
type layer interface {
	// parameters lists what the layer owns under that name, in the order in which PyTorch draws it.
	parameters(name string) []parameter
	// kind names the layer as PyTorch or the recipe does.
	kind() string
	// forward writes the layer down; x is (N,C,H,W).
	forward(f *forward, name string, x *engine.Tensor) *engine.Tensor
}

// parameter is an entry of the state_dict that lives on the device.
type parameter struct {
	name    string
	shape   engine.Shape
	trained bool
	fanIn   int     // drawn from U(-1/sqrt(fanIn), 1/sqrt(fanIn)) if set
	value   float32 // else this everywhere
}

// forward is the context in which layers write themselves down.
type forward struct {
	b       *engine.Builder
	weights engine.Arena   // engine.Model, or engine.EMA for an evaluation of the average
	random  *engine.Tensor // step input; nil in an evaluation
	layers  int            // dropouts so far: each has its own stream of draws
}

func (f *forward) weight(name string) *engine.Tensor { return f.b.State(f.weights, name) }

// dsConv is a depthwise separable block: depthwise 3x3, pointwise 1x1, BatchNorm2d, ReLU, Dropout2d.
type dsConv struct {
	in, out int
	dropout float64
}

// PyTorch's defaults of BatchNorm2d.
const (
	batchNormEpsilon  = 1e-5
	batchNormMomentum = 0.1
)

func (d dsConv) kind() string { return "DSConv" }

func (d dsConv) parameters(name string) []parameter {
	c := engine.Shape{d.out}
	return []parameter{
		{name: name + ".depthwise.weight", shape: engine.Shape{d.in, 1, 3, 3}, trained: true, fanIn: 9},
		{name: name + ".pointwise.weight", shape: engine.Shape{d.out, d.in, 1, 1}, trained: true, fanIn: d.in},
		{name: name + ".bn.weight", shape: c, trained: true, value: 1},
		{name: name + ".bn.bias", shape: c, trained: true},
		{name: name + ".bn.running_mean", shape: c},
		{name: name + ".bn.running_var", shape: c, value: 1},
	}
}

func (d dsConv) forward(f *forward, name string, x *engine.Tensor) *engine.Tensor {
	b := f.b
	x = b.Apply1(engine.DepthwiseConv2d, engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1}, []*engine.Tensor{x, f.weight(name + ".depthwise.weight")})
	x = b.Apply1(engine.PointwiseConv2d, nil, []*engine.Tensor{x, f.weight(name + ".pointwise.weight")})

	attr := engine.BatchNormAttr{Epsilon: batchNormEpsilon, Momentum: batchNormMomentum}
	mean, variance := name+".bn.running_mean", name+".bn.running_var"
	operands := []*engine.Tensor{x, f.weight(name + ".bn.weight"), f.weight(name + ".bn.bias"), f.weight(mean), f.weight(variance)}
	if f.random == nil {
		x = b.Apply1(engine.BatchNorm2dEval, attr, operands)
		return b.Apply1(engine.ReLU, nil, []*engine.Tensor{x})
	}
	mask := f.dropoutMask(x, d.dropout)
	x = b.Apply1(engine.BatchNorm2d, attr, operands, nil, nil, b.State(engine.Gradient, mean), b.State(engine.Gradient, variance))
	x = b.Apply1(engine.ReLU, nil, []*engine.Tensor{x})
	if mask == nil {
		return x
	}
	return b.Apply1(engine.Dropout2d, nil, []*engine.Tensor{x, mask})
}

// dropoutMask draws a Dropout2d's mask (N,C) for x; nil if p is 0. Its op stands before those that a fused kernel runs together with
// the dropout.
func (f *forward) dropoutMask(x *engine.Tensor, p float64) *engine.Tensor {
	layer := f.layers
	f.layers++
	if p == 0 {
		return nil
	}
	return f.b.Apply1(engine.Dropout2dMask, engine.DropoutAttr{P: p, Layer: layer}, []*engine.Tensor{x, f.random})
}

// conv2d is Conv2d(in, out) with bias; attr holds kernel, stride and padding.
type conv2d struct {
	in, out int
	attr    engine.ConvAttr
}

func (c conv2d) kind() string { return "Conv2d" }

func (c conv2d) parameters(name string) []parameter {
	r := c.attr.Kernel
	return []parameter{
		{name: name + ".weight", shape: engine.Shape{c.out, c.in, r, r}, trained: true, fanIn: c.in * r * r},
		{name: name + ".bias", shape: engine.Shape{c.out}, trained: true, fanIn: c.in * r * r},
	}
}

func (c conv2d) forward(f *forward, name string, x *engine.Tensor) *engine.Tensor {
	return f.b.Apply1(engine.Conv2d, c.attr, []*engine.Tensor{x, f.weight(name + ".weight"), f.weight(name + ".bias")})
}

// stateless is a layer without parameters; one op computes it.
type stateless struct {
	name string
	op   engine.Kind
	attr engine.Attr
}

var (
	relu          = stateless{"ReLU", engine.ReLU, nil}
	maxPool       = stateless{"MaxPool2d", engine.MaxPool2d, engine.PoolAttr{Kernel: 2, Stride: 2}}
	globalAvgPool = stateless{"AdaptiveAvgPool2d", engine.GlobalAvgPool, nil}
	flatten       = stateless{"Flatten", engine.Flatten, nil} // channels, rows and columns become features, in that order
)

func (s stateless) kind() string { return s.name }

func (stateless) parameters(string) []parameter { return nil }

func (s stateless) forward(f *forward, _ string, x *engine.Tensor) *engine.Tensor {
	return f.b.Apply1(s.op, s.attr, []*engine.Tensor{x})
}

// linear is Linear(in, out) with bias, on images of one pixel.
type linear struct{ in, out int }

func (l linear) kind() string { return "Linear" }

func (l linear) parameters(name string) []parameter {
	return []parameter{
		{name: name + ".weight", shape: engine.Shape{l.out, l.in}, trained: true, fanIn: l.in},
		{name: name + ".bias", shape: engine.Shape{l.out}, trained: true, fanIn: l.in},
	}
}

func (l linear) forward(f *forward, name string, x *engine.Tensor) *engine.Tensor {
	return f.b.Apply1(engine.Linear, nil, []*engine.Tensor{x, f.weight(name + ".weight"), f.weight(name + ".bias")})
}
