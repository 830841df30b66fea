package net

import (
	"fmt"
	"strconv"

	"cnnvk/net/onnx"
	"cnnvk/net/safetensors"
)

// onnxGraph is the context in which layers write themselves down as ONNX has them in an evaluation. Nodes are called after their layer and
// operator, stem.conv/Conv, as are their outputs; weights have their names in the state_dict.
type onnxGraph struct {
	onnx.Graph
	weights *Weights
	names   map[string]bool // of nodes and initializers
	err     error           // the first one
}

// edge is what one node gives and others take.
type edge struct {
	name string
	flat bool // (N, features), not (N,C,H,W): what has passed a Flatten or a Linear
}

// weight is an entry of the state_dict.
func (g *onnxGraph) weight(name string) edge {
	s, ok := g.weights.Layout.Segment(name)
	if !ok || s.Offset+s.Shape.Elements() > len(g.weights.Arena) {
		if g.err == nil {
			g.err = fmt.Errorf("net: the arena has no place for %s", name)
		}
		return edge{}
	}
	return g.tensor(name, s.Shape, safetensors.Rounded(g.weights.Arena[s.Offset:][:s.Shape.Elements()]))
}

// constant is a single value, which many nodes may take.
func (g *onnxGraph) constant(v float32) edge {
	return g.tensor("constant."+strconv.FormatFloat(float64(v), 'g', -1, 32), nil, []float32{v})
}

// tensor adds an initializer, once.
func (g *onnxGraph) tensor(name string, shape []int, data []float32) edge {
	if !g.names[name] {
		g.names[name] = true
		g.Initializers = append(g.Initializers, onnx.Tensor{Name: name, Shape: shape, Data: data})
	}
	return edge{name: name}
}

// flatten makes features of images.
func (g *onnxGraph) flatten(layer string, x edge) edge {
	if x.flat {
		return x
	}
	x = g.node(layer, "Flatten", []edge{x}, onnx.Attribute{Name: "axis", Value: 1})
	x.flat = true
	return x
}

// node adds a node of a layer. Its output is flat where the first input is.
func (g *onnxGraph) node(layer, op string, inputs []edge, attributes ...onnx.Attribute) edge {
	name := op
	if layer != "" {
		name = layer + "/" + op
	}
	for base, n := name, 2; g.names[name]; n++ {
		name = base + "_" + strconv.Itoa(n)
	}
	g.names[name] = true
	n := onnx.Node{Name: name, Op: op, Outputs: []string{name}, Attributes: attributes}
	for _, e := range inputs {
		n.Inputs = append(n.Inputs, e.name)
	}
	g.Nodes = append(g.Nodes, n)
	return edge{name, inputs[0].flat}
}

// run writes layers down that follow one another.
func (g *onnxGraph) run(steps []step, x edge) edge {
	for _, s := range steps {
		x = s.onnx(g, s.name, x)
	}
	return x
}

// finish makes what the last node gives the graph's output, under that name.
func (g *onnxGraph) finish(name string, classes int) {
	g.Nodes[len(g.Nodes)-1].Outputs = []string{name}
	g.Outputs = []onnx.Value{{Name: name, Type: onnx.Float, Item: []int{classes}}}
}
