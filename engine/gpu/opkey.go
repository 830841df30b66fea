package gpu

import (
	"fmt"
	"slices"
	"strings"

	"cnnvk/engine"
)

// opKey is what a choice depends on: the op and the sizes of its tensors, the batch apart.
func opKey(op engine.Op) string {
	var sizes []string
	for _, t := range slices.Concat(op.Inputs, op.Outputs) {
		if t.Batched {
			sizes = append(sizes, fmt.Sprintf("%dx%dx%d", t.C(), t.H(), t.W()))
		}
	}
	if a, ok := op.Attr.(engine.ConvAttr); ok { // one that the sizes do not tell from another
		sizes = append(sizes, fmt.Sprintf("%dx%d/%d", a.Kernel, a.Kernel, a.Stride))
	}
	if d := stored(op); d.Half() {
		sizes = append(sizes, d.String())
	}
	return string(op.Kind) + " " + strings.Join(sizes, " ")
}

// stored is the type of 16 bits that an activation of an op has, Float where none has one.
func stored(op engine.Op) engine.DType {
	for _, t := range slices.Concat(op.Inputs, op.Outputs) {
		if t.DType.Half() {
			return t.DType
		}
	}
	return engine.Float
}
