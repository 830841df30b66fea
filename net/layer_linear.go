package net

import (
	"cnnvk/engine"
	"cnnvk/net/onnx"
)

// linear is Linear(in, out), on features or on images of one pixel.
type linear struct {
	in, out int
	bias    bool
}

var linearKind = &layerKind{
	name:       "Linear",
	params:     []string{"out_features", "bias"},
	positional: 1,
	build: func(a *arguments, in shape) (layer, shape) {
		l := linear{in.c, a.count("out_features", 0, 1, MaxWidth), a.flag("bias", true)}
		if in.h*in.w != 1 {
			a.failf("%v come in: Flatten or AdaptiveAvgPool2d(1) before it makes features of images", in)
		}
		return l, shape{l.out, 1, 1, true}
	},
}

func (linear) kind() string { return linearKind.name }

func (l linear) parameters(name string) []parameter {
	out := []parameter{{name: name + ".weight", shape: engine.Shape{l.out, l.in}, trained: true, fanIn: l.in}}
	if l.bias {
		out = append(out, parameter{name: name + ".bias", shape: engine.Shape{l.out}, trained: true, fanIn: l.in})
	}
	return out
}

func (l linear) forward(f *forward, name string, x *engine.Tensor) *engine.Tensor {
	inputs := []*engine.Tensor{x, f.weight(name + ".weight")}
	if l.bias {
		inputs = append(inputs, f.weight(name+".bias"))
	}
	return f.apply(engine.Linear, nil, inputs...)
}

func (l linear) onnx(g *onnxGraph, name string, x edge) edge {
	inputs := []edge{g.flatten(name, x), g.weight(name + ".weight")}
	if l.bias {
		inputs = append(inputs, g.weight(name+".bias"))
	}
	return g.node(name, "Gemm", inputs, onnx.Attribute{Name: "transB", Value: 1})
}

// flatten is Flatten: an image's channels, rows and columns become features, in that order.
type flatten struct{ unparameterised }

var flattenKind = &layerKind{
	name: "Flatten",
	build: func(_ *arguments, in shape) (layer, shape) {
		return flatten{}, shape{in.c * in.h * in.w, 1, 1, true}
	},
}

func (flatten) kind() string { return flattenKind.name }

func (flatten) forward(f *forward, _ string, x *engine.Tensor) *engine.Tensor {
	if x.H()*x.W() == 1 {
		return x
	}
	return f.apply(engine.Flatten, nil, x)
}

func (flatten) onnx(g *onnxGraph, name string, x edge) edge { return g.flatten(name, x) }

// identity is Identity: it takes a place, and does nothing.
type identity struct{ unparameterised }

var identityKind = &layerKind{
	name:  "Identity",
	build: func(_ *arguments, in shape) (layer, shape) { return identity{}, in },
}

func (identity) kind() string { return identityKind.name }

func (identity) pixelwise() {}

func (identity) forward(_ *forward, _ string, x *engine.Tensor) *engine.Tensor { return x }

func (identity) onnx(_ *onnxGraph, _ string, x edge) edge { return x }
