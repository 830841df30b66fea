package engine

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// infer checks an op against its row and says what the outputs look like in a program that stores activations as that type.
func (r row) infer(op Op, stored DType) ([]Tensor, error) {
	if err := r.wantOperands(op); err != nil {
		return nil, err
	}
	activations, err := r.activations(op, stored)
	if err != nil {
		return nil, err
	}
	d, err := r.solve(op)
	if err != nil {
		return nil, err
	}
	var out []Tensor
	for i, o := range r.out {
		t := Tensor{Name: string(op.Kind) + "." + o.Name, Batched: o.Batched}
		switch {
		case o.Role == Result:
			t.Name, t.Role = o.Name, Result
		case i == 0:
			t.Name = string(op.Kind)
		}
		if o.Shape == AnyShape {
			t.Shape, t.Batched = op.Inputs[0].Shape, op.Inputs[0].Batched
		} else {
			t.Shape = d.Shape(o.Shape)
		}
		if t.Batched && !o.Single {
			t.DType = activations
		}
		out = append(out, t)
	}
	return out, nil
}

// wantOperands checks what comes before shapes: the number of operands, their element types, and the type of the attributes.
func (r row) wantOperands(op Op) error {
	required := 0
	for _, o := range r.in {
		if !o.Optional {
			required++
		}
	}
	if n := len(op.Inputs); n > len(r.in) || n < required {
		return fmt.Errorf("has %d inputs, not %d", n, len(r.in))
	}
	for i, t := range op.Inputs {
		o := r.in[i]
		if t == nil {
			return fmt.Errorf("%s is missing", o.Name)
		}
		if t.DType != o.DType && !(t.Batched && t.DType.Half() && o.varies()) {
			return fmt.Errorf("%s is of type %v, want %v", o.Name, t.DType, o.DType)
		}
	}
	if reflect.TypeOf(op.Attr) != reflect.TypeOf(r.attr) {
		return fmt.Errorf("has attributes of type %T, want %T", op.Attr, r.attr)
	}
	return nil
}

// activations is the type of an op's activations: one for all that are read, and what it writes is of that type, too. An op that reads none
// writes what the program stores.
func (r row) activations(op Op, stored DType) (DType, error) {
	first := -1
	for i, t := range op.Inputs {
		switch {
		case !t.Batched || !r.in[i].varies():
		case first < 0:
			first = i
		case t.DType != op.Inputs[first].DType:
			return 0, fmt.Errorf("%s is of type %v, %s of type %v", r.in[first].Name, op.Inputs[first].DType, r.in[i].Name, t.DType)
		}
	}
	read := stored
	if first >= 0 {
		read = op.Inputs[first].DType
	}
	switch {
	case read.Half() && read != stored:
		return 0, fmt.Errorf("%v is of type %v, but the program stores activations as %v", op.Inputs[first], read, stored)
	case !r.casts:
		return read, nil
	case !stored.Half():
		return 0, fmt.Errorf("the program stores no activation in 16 bits")
	case read == stored:
		return Float, nil
	}
	return stored, nil
}

// MultiplyAdds is the sum over the ops written so far.
func (b *Builder) MultiplyAdds() int64 {
	var sum int64
	for _, op := range b.p.Ops {
		sum += op.MultiplyAdds()
	}
	return sum
}

// MultiplyAdds is the number of multiply-adds of a convolution or a matrix product, forward or backward; 0 for every other op,
// whose cost is moving memory.
func (op Op) MultiplyAdds() int64 {
	r := table[op.Kind]
	if r.multiplyAdds == "" {
		return 0
	}
	d, err := r.solve(op)
	if err != nil {
		return 0
	}
	return d.product(r.multiplyAdds)
}

// solve finds the dimensions of an op. It is an error if its operands and attributes contradict each other.
func (r row) solve(op Op) (Dims, error) {
	found := Dims{}
	for i, t := range op.Inputs {
		o := r.in[i]
		if o.Shape == AnyShape {
			if first := op.Inputs[0]; !t.Shape.Equal(first.Shape) || t.Batched != first.Batched {
				return nil, fmt.Errorf("%v and %v differ", first, t)
			}
			continue
		}
		terms := strings.Fields(o.Shape)
		if len(terms) != len(t.Shape) || slices.Min(t.Shape) < 1 {
			return nil, fmt.Errorf("%s is %v, want (%s)", o.Name, t.Shape, strings.Join(terms, ", "))
		}
		found.bind(o.Shape, t.Shape)
	}
	d := found.With(op.Attr)
	if r.check != nil {
		if err := r.check(op.Attr, d); err != nil {
			return nil, err
		}
	}
	for i, t := range op.Inputs {
		o := r.in[i]
		if want := d.Shape(o.Shape); o.Shape != AnyShape && !t.Shape.Equal(want) {
			return nil, fmt.Errorf("%s is %v, want %v", o.Name, t.Shape, want)
		}
	}
	return d, nil
}
