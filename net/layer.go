package net

import (
	"cnnvk/engine"
)

// layer is a part of a network.
type layer interface {
	// parameters lists what the layer owns under that name, in the order in which PyTorch draws it.
	parameters(name string) []parameter
	// kind names the layer as PyTorch does.
	kind() string
	// forward writes the layer down; x is (N,C,H,W).
	forward(f *forward, name string, x *engine.Tensor) *engine.Tensor
	// onnx writes the layer down as an evaluation runs it, by ONNX's operators: x and what it returns are (N,C,H,W), or flat (N,C).
	onnx(g *onnxGraph, name string, x edge) edge
}

// parameter is an entry of the state_dict that lives on the device.
type parameter struct {
	name    string
	shape   engine.Shape
	trained bool
	fanIn   int     // drawn from U(-1/sqrt(fanIn), 1/sqrt(fanIn)) if set
	value   float32 // else this everywhere
}

// unparameterised is for layers that own nothing.
type unparameterised struct{}

func (unparameterised) parameters(string) []parameter { return nil }

// forward is the context in which layers write themselves down.
type forward struct {
	b        *engine.Builder
	weights  engine.Arena   // engine.Model, or engine.EMA for an evaluation of the average
	random   *engine.Tensor // step input; nil in an evaluation
	dropouts int            // so far: each has its own stream of draws
	observe  func(s step, y *engine.Tensor)
}

func (f *forward) weight(name string) *engine.Tensor { return f.b.State(f.weights, name) }

// apply writes an op of one output down.
func (f *forward) apply(k engine.Kind, a engine.Attr, inputs ...*engine.Tensor) *engine.Tensor {
	return f.b.Apply1(k, a, inputs)
}

// layerKinds lists the layers that a file can have.
func layerKinds() []*layerKind {
	return append([]*layerKind{
		conv2dKind, batchNormKind, maxPoolKind, avgPoolKind, globalAvgPoolKind, dropoutKind, dropout2dKind,
		linearKind, flattenKind, identityKind, squeezeExcitationKind,
	}, activations...)
}
