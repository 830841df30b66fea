package net

import "cnnvk/engine"

// activation is a function of each value.
type activation struct {
	unparameterised
	name string
	op   engine.Kind
}

// activations are the layers that may stand after a Residual's sum.
var activations = []*layerKind{reluKind, relu6Kind, siluKind, geluKind, hardswishKind}

var (
	reluKind      = activationKind("ReLU", engine.ReLU, "inplace")
	relu6Kind     = activationKind("ReLU6", engine.ReLU6, "inplace")
	siluKind      = activationKind("SiLU", engine.SiLU, "inplace")
	geluKind      = activationKind("GELU", engine.GELU)
	hardswishKind = activationKind("Hardswish", engine.Hardswish, "inplace")
)

func activationKind(name string, op engine.Kind, ignored ...string) *layerKind {
	return &layerKind{
		name:    name,
		ignored: ignored,
		build:   func(_ *arguments, in shape) (layer, shape) { return activation{name: name, op: op}, in },
	}
}

func activationNames() []string {
	var out []string
	for _, k := range activations {
		out = append(out, k.name)
	}
	return out
}

func (activation) pixelwise() {}

func (a activation) kind() string { return a.name }

func (a activation) forward(f *forward, _ string, x *engine.Tensor) *engine.Tensor {
	return f.apply(a.op, nil, x)
}
