package optest

import (
	"slices"

	"cnnvk/engine"
)

// Program is the case as a program of one op, with operands as its row in the op table has them: tensors that the host writes,
// step inputs and residents. What an update op goes over, and what a Placed case's layer owns, are parts of the arenas.
func (c Case) Program() (*engine.Program, error) {
	layout, err := engine.NewLayout(c.segments(), max(engine.MomentSets(c.Kind), 1))
	if err != nil {
		return nil, err
	}
	b := engine.NewBuilder(c.String(), layout, c.N)
	b.Store(c.Type)
	b.Apply(c.Kind, c.Attr, c.inputs(b), c.into(b)...)
	return b.Program()
}

// corrected is how many updates the case's table of bias corrections has.
const corrected = 9

// dims are the case's sizes by the letters of the op table.
func (c Case) dims() engine.Dims {
	return engine.Dims{"T": corrected, "N": c.N, "C": c.C, "K": c.C, "M": c.M, "D": c.M, "H": c.H, "W": c.W}.With(c.Attr)
}

// shape is that of an operand.
func (c Case) shape(o engine.Operand) engine.Shape {
	switch {
	case o.Shape != engine.AnyShape:
		return c.dims().Shape(o.Shape)
	case c.H == 0: // a contribution to the gradient of a parameter
		return c.weight()
	}
	return engine.Shape{c.N, c.C, c.H, c.W}
}

// segments is the network that the case's arenas belong to: a matrix, a vector per row and per column,
// two statistics; of sizes that leave gaps.
func (c Case) segments() []engine.Segment {
	rows, columns := max(c.M, 1), max(c.C, 1)
	return []engine.Segment{
		{Name: "running_mean", Shape: engine.Shape{columns}},
		{Name: "w", Shape: c.weight(), Trained: true},
		{Name: "b", Shape: c.ofSegment("b", engine.Shape{rows}), Trained: true},
		{Name: "weight", Shape: engine.Shape{columns}, Trained: true},
		{Name: "bias", Shape: engine.Shape{columns}, Trained: true},
		{Name: "running_var", Shape: engine.Shape{columns}},
	}
}

// weight is the shape of the matrix: that of the op's weight, if it has one.
func (c Case) weight() engine.Shape { return c.ofSegment("w", engine.Shape{max(c.M, 1), max(c.C, 1)}) }

// ofSegment is the shape of the op's operand that is that segment, or another where it has none.
func (c Case) ofSegment(name string, otherwise engine.Shape) engine.Shape {
	for _, o := range slices.Concat(engine.Operands(c.Kind), engine.Outputs(c.Kind)) {
		if o.Segment == name {
			return c.shape(o)
		}
	}
	return otherwise
}

// inputs declares the operands.
func (c Case) inputs(b *engine.Builder) []*engine.Tensor {
	var out []*engine.Tensor
	for _, o := range engine.Operands(c.Kind) {
		switch {
		case o.Optional && o.Segment != "" && c.NoBias:
		case o.Optional && o.Segment == "" && !c.Scaled:
		case o.Role == engine.Resident:
			out = append(out, b.Resident(o.Name, o.DType, c.shape(o)...))
		case o.Role == engine.Input:
			out = append(out, b.Input(o.Name, o.DType, c.shape(o)...))
		case o.Part != engine.OneSegment:
			out = append(out, b.Part(o.Arena, o.Part))
		case o.Role == engine.State && c.Placed:
			out = append(out, b.State(o.Arena, o.Segment))
		default:
			batched := o.Batched || o.Shape == engine.AnyShape && c.H > 0
			stored := engine.Float
			if batched && !o.Single && c.Fill != Unrounded {
				stored = c.Type
			}
			out = append(out, b.Tensor(engine.Tensor{Name: o.Name, Shape: c.shape(o), DType: stored, Batched: batched}))
		}
	}
	return out
}

// into says where the op writes, nil for a tensor of its own.
func (c Case) into(b *engine.Builder) []*engine.Tensor {
	var out []*engine.Tensor
	for _, o := range engine.Outputs(c.Kind) {
		var t *engine.Tensor
		switch {
		case o.Part != engine.OneSegment:
			t = b.Part(o.Arena, o.Part)
		case o.Role == engine.State && c.Placed:
			t = b.State(o.Arena, o.Segment)
		case o.Shape == engine.AnyShape && c.Placed:
			t = b.State(engine.Gradient, "w")
		}
		out = append(out, t)
	}
	return out
}
