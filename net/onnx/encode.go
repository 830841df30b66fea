package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"cnnvk/internal/files"
)

// The numbers of onnx.proto's fields, by message.
const (
	modelIRVersion       = 1
	modelProducer        = 2
	modelProducerVersion = 3
	modelGraph           = 7
	modelOpset           = 8
	modelMetadata        = 14

	opsetDomain  = 1
	opsetVersion = 2

	entryKey   = 1
	entryValue = 2

	graphNode        = 1
	graphName        = 2
	graphInitializer = 5
	graphInput       = 11
	graphOutput      = 12

	nodeInput     = 1
	nodeOutput    = 2
	nodeName      = 3
	nodeOp        = 4
	nodeAttribute = 5

	attributeName  = 1
	attributeFloat = 2
	attributeInt   = 3
	attributeInts  = 8
	attributeType  = 20

	tensorDims = 1
	tensorType = 2
	tensorName = 8
	tensorRaw  = 9

	valueName     = 1
	valueType     = 2
	typeTensor    = 1
	tensorElement = 1
	tensorShape   = 2
	shapeDim      = 1
	dimValue      = 1
	dimParameter  = 2
)

// The numbers of AttributeProto.AttributeType.
const (
	typeFloat = 1
	typeInt   = 2
	typeInts  = 7
)

// Write makes a file of the model, whole or not at all: see files.WriteAtomically. It refuses what Encode refuses.
func (m *Model) Write(path string) error {
	data, err := m.Encode()
	if err == nil {
		err = files.WriteAtomically(path, files.Bytes(data))
	}
	if err != nil {
		return fmt.Errorf("net: writing %s: %w", path, files.Reason(err))
	}
	return nil
}

// message is a protocol buffer's message under construction. Repeated numbers are not packed, as in the schema.
type message []byte

// Encode is the model as a file has it. The error is for an attribute of another type, and for more than 2 GiB.
func (m *Model) Encode() ([]byte, error) {
	graph, err := m.Graph.encode()
	if err != nil {
		return nil, err
	}
	var out, opset message
	opset.text(opsetDomain, "") // ONNX's own operators
	opset.number(opsetVersion, Opset)

	out.number(modelIRVersion, IRVersion)
	out.text(modelProducer, m.Producer)
	out.text(modelProducerVersion, m.ProducerVersion)
	out.bytes(modelGraph, graph)
	out.bytes(modelOpset, opset)
	for _, e := range m.Metadata {
		var entry message
		entry.text(entryKey, e.Key)
		entry.text(entryValue, e.Value)
		out.bytes(modelMetadata, entry)
	}
	if len(out) > math.MaxInt32 {
		return nil, fmt.Errorf("%d bytes, of which a protocol buffer has at most %d", len(out), math.MaxInt32)
	}
	return out, nil
}

func (g *Graph) encode() (out message, err error) {
	for _, n := range g.Nodes {
		node, err := n.encode()
		if err != nil {
			return nil, err
		}
		out.bytes(graphNode, node)
	}
	out.text(graphName, g.Name)
	for _, t := range g.Initializers {
		out.bytes(graphInitializer, t.encode())
	}
	for _, v := range g.Inputs {
		out.bytes(graphInput, v.encode())
	}
	for _, v := range g.Outputs {
		out.bytes(graphOutput, v.encode())
	}
	return out, nil
}

func (n *Node) encode() (out message, err error) {
	for _, name := range n.Inputs {
		out.text(nodeInput, name)
	}
	for _, name := range n.Outputs {
		out.text(nodeOutput, name)
	}
	out.text(nodeName, n.Name)
	out.text(nodeOp, n.Op)
	for _, a := range n.Attributes {
		attribute, err := a.encode()
		if err != nil {
			return nil, fmt.Errorf("node %s: %w", n.Name, err)
		}
		out.bytes(nodeAttribute, attribute)
	}
	return out, nil
}

func (a *Attribute) encode() (out message, err error) {
	out.text(attributeName, a.Name)
	kind := 0
	switch v := a.Value.(type) {
	case float32:
		out.float(attributeFloat, v)
		kind = typeFloat
	case int:
		out.number(attributeInt, v)
		kind = typeInt
	case []int:
		for _, i := range v {
			out.number(attributeInts, i)
		}
		kind = typeInts
	default:
		return nil, fmt.Errorf("attribute %s is a %T", a.Name, a.Value)
	}
	out.number(attributeType, kind)
	return out, nil
}

func (m *message) float(field protowire.Number, v float32) {
	*m = protowire.AppendFixed32(protowire.AppendTag(*m, field, protowire.Fixed32Type), math.Float32bits(v))
}

func (t *Tensor) encode() (out message) {
	for _, n := range t.Shape {
		out.number(tensorDims, n)
	}
	out.number(tensorType, int(Float))
	out.text(tensorName, t.Name)
	raw := make([]byte, 0, 4*len(t.Data)) // little-endian
	for _, v := range t.Data {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	out.bytes(tensorRaw, raw)
	return out
}

func (v *Value) encode() (out message) {
	var shape, tensor, kind message
	var dim message
	dim.text(dimParameter, Batch)
	shape.bytes(shapeDim, dim)
	for _, n := range v.Item {
		dim = nil
		dim.number(dimValue, n)
		shape.bytes(shapeDim, dim)
	}
	tensor.number(tensorElement, int(v.Type))
	tensor.bytes(tensorShape, shape)
	kind.bytes(typeTensor, tensor)
	out.text(valueName, v.Name)
	out.bytes(valueType, kind)
	return out
}

// text writes a string, which a protocol buffer has in UTF-8.
func (m *message) text(field protowire.Number, v string) {
	m.bytes(field, []byte(strings.ToValidUTF8(v, "\uFFFD")))
}

func (m *message) bytes(field protowire.Number, v []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), v)
}

func (m *message) number(field protowire.Number, v int) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), uint64(v))
}
