package net

import (
	"cnnvk/engine"
	"cnnvk/net/onnx"
)

// batchNorm is BatchNorm2d.
type batchNorm struct {
	channels int
	attr     engine.BatchNormAttr
}

var batchNormKind = &layerKind{
	name:   "BatchNorm2d",
	params: []string{"eps", "momentum"},
	images: true,
	build:  buildBatchNorm,
}

func buildBatchNorm(a *arguments, in shape) (layer, shape) {
	attr := engine.BatchNormAttr{Epsilon: a.number("eps", 1e-5), Momentum: a.number("momentum", 0.1)}
	if attr.Epsilon <= 0 || attr.Epsilon > 1 {
		a.failf("eps %g: use a number above 0, to 1", attr.Epsilon)
	}
	if attr.Momentum <= 0 || attr.Momentum > 1 {
		a.failf("momentum %g: use a number above 0, to 1", attr.Momentum)
	}
	return batchNorm{in.c, attr}, in
}

func (batchNorm) pixelwise() {}

func (batchNorm) kind() string { return batchNormKind.name }

func (n batchNorm) forward(f *forward, name string, x *engine.Tensor) *engine.Tensor {
	b, mean, variance := f.b, name+".running_mean", name+".running_var"
	operands := []*engine.Tensor{x, f.weight(name + ".weight"), f.weight(name + ".bias"), f.weight(mean), f.weight(variance)}
	if f.random == nil {
		return b.Apply1(engine.BatchNorm2dEval, n.attr, operands)
	}
	return b.Apply1(engine.BatchNorm2d, n.attr, operands, nil, nil, b.State(engine.Gradient, mean), b.State(engine.Gradient, variance))
}

func (n batchNorm) onnx(g *onnxGraph, name string, x edge) edge {
	inputs := []edge{x}
	for _, p := range n.parameters(name) { // in the operator's order
		inputs = append(inputs, g.weight(p.name))
	}
	// ONNX's momentum is the share that stays.
	return g.node(name, "BatchNormalization", inputs,
		onnx.Attribute{Name: "epsilon", Value: float32(n.attr.Epsilon)}, onnx.Attribute{Name: "momentum", Value: float32(1 - n.attr.Momentum)})
}

func (n batchNorm) parameters(name string) []parameter {
	c := engine.Shape{n.channels}
	return []parameter{
		{name: name + ".weight", shape: c, trained: true, value: 1},
		{name: name + ".bias", shape: c, trained: true},
		{name: name + ".running_mean", shape: c},
		{name: name + ".running_var", shape: c, value: 1},
	}
}
