// Package onnx writes networks in the Open Neural Network Exchange's form, https://onnx.ai: a protocol buffer, of whose schema (onnx.proto)
// it knows what a network for images needs. It knows no layers: which nodes they become is package net's matter. Errors
// begin with "net: ", as those of package net do.
package onnx

// The versions that a file names: of its form and of its operators. onnx 1.12 and later read them, as does onnxruntime from 1.12 on.
const (
	IRVersion = 8
	Opset     = 17
)

// Model is what a file holds. Equal models are equal files, byte for byte.
type Model struct {
	Producer, ProducerVersion string
	Graph                     Graph
	Metadata                  []Entry
}

// Entry is a key of the metadata with its value.
type Entry struct{ Key, Value string }

// Graph is a list of nodes, each of which stands behind those whose outputs it takes. What it computes goes by names.
type Graph struct {
	Name            string
	Inputs, Outputs []Value
	Nodes           []Node
	Initializers    []Tensor // what nodes take beside the inputs
}

// Batch is the name of the first axis of inputs and outputs, which may have any length.
const Batch = "batch"

// Value is an input or an output of a graph, (batch, Item...).
type Value struct {
	Name string
	Type Type
	Item []int
}

// Type is that of a tensor's elements, by the numbers of TensorProto.DataType.
type Type int

// The types of inputs and outputs. Weights are Float.
const (
	Float Type = 1
	Uint8 Type = 2
)

// Node is the application of an operator. An input left out is "".
type Node struct {
	Name, Op        string
	Inputs, Outputs []string
	Attributes      []Attribute
}

// Attribute is an operator's setting: an int, []int or float32.
type Attribute struct {
	Name  string
	Value any
}

// Tensor is a constant of a graph; no shape is that of a single value.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}
