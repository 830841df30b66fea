package net

import (
	"math"

	"cnnvk/engine"
)

// activation is a function of each value.
type activation struct {
	unparameterised
	name  string
	op    engine.Kind
	nodes onnxNodes
}

// onnxNodes writes a function of each value by ONNX's operators.
type onnxNodes func(g *onnxGraph, name string, x edge) edge

// activations are the layers that may stand after a Residual's sum.
var activations = []*layerKind{reluKind, relu6Kind, siluKind, geluKind, hardswishKind}

var (
	reluKind      = activationKind("ReLU", engine.ReLU, oneNode("Relu"), "inplace")
	relu6Kind     = activationKind("ReLU6", engine.ReLU6, relu6Nodes, "inplace")
	siluKind      = activationKind("SiLU", engine.SiLU, siluNodes, "inplace")
	geluKind      = activationKind("GELU", engine.GELU, geluNodes)
	hardswishKind = activationKind("Hardswish", engine.Hardswish, oneNode("HardSwish"), "inplace")
)

func activationKind(name string, op engine.Kind, nodes onnxNodes, ignored ...string) *layerKind {
	return &layerKind{
		name:    name,
		ignored: ignored,
		build:   func(_ *arguments, in shape) (layer, shape) { return activation{name: name, op: op, nodes: nodes}, in },
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

func (a activation) onnx(g *onnxGraph, name string, x edge) edge { return a.nodes(g, name, x) }

func oneNode(op string) onnxNodes {
	return func(g *onnxGraph, name string, x edge) edge { return g.node(name, op, []edge{x}) }
}

func relu6Nodes(g *onnxGraph, name string, x edge) edge {
	return g.node(name, "Clip", []edge{x, g.constant(0), g.constant(6)})
}

// siluNodes are x sigmoid(x).
func siluNodes(g *onnxGraph, name string, x edge) edge {
	return g.node(name, "Mul", []edge{x, g.node(name, "Sigmoid", []edge{x})})
}

// geluNodes are x (1 + erf(x/sqrt(2))) / 2 in PyTorch's order, in which runtimes know it. ONNX has Gelu from opset 20 on.
func geluNodes(g *onnxGraph, name string, x edge) edge {
	y := g.node(name, "Erf", []edge{g.node(name, "Div", []edge{x, g.constant(math.Sqrt2)})})
	y = g.node(name, "Mul", []edge{x, g.node(name, "Add", []edge{y, g.constant(1)})})
	return g.node(name, "Mul", []edge{y, g.constant(0.5)})
}
