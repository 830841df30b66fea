package engine

import (
	"reflect"
	"strings"
	"testing"
)

// someAttr are attributes for the ops to which zeros are none.
var someAttr = map[Attr]Attr{
	ConvAttr{}: ConvAttr{Kernel: 3, Stride: 2, Padding: 1}, PoolAttr{}: PoolAttr{Kernel: 3, Stride: 2, Padding: 1},
	ResizeAttr{}: ResizeAttr{Height: 5, Width: 6},
}

// applied writes an op of the row down, on tensors of different sizes.
func (r row) applied(t *testing.T, k Kind, stored DType) (b *Builder, inputs, outputs []*Tensor) {
	t.Helper()
	l, err := NewLayout(nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	b, a := NewBuilder(string(k), l, 2), r.attr
	b.Store(stored)
	if a != nil && reflect.TypeOf(a).Comparable() {
		if some, ok := someAttr[a]; ok {
			a = some
		}
	}
	d := Dims{"N": 2, "C": 3, "K": 5, "M": 7, "D": 11, "H": 8, "W": 10, "P": 64, "S": 128, "E": 192, "T": 5}.With(a)
	for _, o := range r.in {
		shape := d.Shape(o.Shape)
		if o.Shape == AnyShape {
			shape = Shape{2, 3}
		}
		dtype := o.DType
		if o.Batched && !o.Single {
			dtype = stored
		}
		inputs = append(inputs, b.Tensor(Tensor{Name: o.Name, Shape: shape, DType: dtype, Batched: o.Batched}))
	}
	outputs = b.Apply(k, a, inputs)
	if _, err := b.Program(); err != nil {
		t.Fatal(err)
	}
	return b, inputs, outputs
}

// storedBy is the type that a program with an op of that kind stores: nothing can be cast where it is Float.
func storedBy(k Kind) DType {
	if table[k].casts {
		return Float16
	}
	return Float
}

// In a program of 16 bits what an op writes is an activation of that type, or a Float: a parameter's gradient, a statistic, a mask of channels,
// logits and what belongs to the loss.
func TestTypes(t *testing.T) {
	for _, stored := range halves {
		for k, r := range table {
			_, _, outputs := r.applied(t, k, stored)
			for i, o := range outputs {
				want := Float
				if o.Batched && !r.out[i].Single && !r.casts {
					want = stored
				}
				if o.DType != want {
					t.Errorf("%s: %s is of type %v, want %v", k, r.out[i].Name, o.DType, want)
				}
			}
		}
	}
}

// TestTable: the letters of a row's outputs, arithmetic and bounds are letters of its inputs, or follow from its attributes.
func TestTable(t *testing.T) {
	for k, r := range table {
		b, inputs, outputs := r.applied(t, k, storedBy(k))
		for i, o := range outputs {
			if o.Shape.Elements() < 1 {
				t.Errorf("%s: the output %s is %v", k, r.out[i].Name, o.Shape)
			}
		}
		if r.multiplyAdds != "" && b.MultiplyAdds() < 1 {
			t.Errorf("%s has no multiply-adds", k)
		}
		known := Dims{}
		for i, o := range r.in {
			known.bind(o.Shape, inputs[i].Shape)
		}
		for i, o := range r.in {
			if o.Below != "" && known[o.Below] == 0 {
				t.Errorf("%s: nothing says what %s is, which %s stays below", k, o.Below, o.Name)
			}
			if o.Optional && i != len(r.in)-1 {
				t.Errorf("%s: %s may be left out, but is not the last", k, o.Name)
			}
		}
	}
}

// TestGradientRules: every gradient has the shape of what it is the gradient of, and every operand that a rule names is there.
func TestGradientRules(t *testing.T) {
	for k, r := range table {
		if r.gradient == nil {
			continue
		}
		b, inputs, outputs := r.applied(t, k, storedBy(k))
		var leaves []*Tensor
		for _, rule := range r.gradient {
			for _, name := range strings.Fields(rule.of) {
				for i, o := range r.in {
					if o.Name == name {
						leaves = append(leaves, inputs[i])
					}
				}
			}
		}
		y := outputs[0]
		grads := b.Backward(y, b.Tensor(Tensor{Name: "dy", Shape: y.Shape, DType: y.DType, Batched: y.Batched}), leaves...)
		if _, err := b.Program(); err != nil {
			t.Errorf("%s: %v", k, err)
			continue
		}
		for i, leaf := range leaves {
			if !grads[i].Shape.Equal(leaf.Shape) || grads[i].Batched != leaf.Batched || grads[i].DType != leaf.DType {
				t.Errorf("%s: the gradient of %v is %v", k, leaf, grads[i])
			}
		}
	}
}

// TestUpdateRows: what replaces parameters and moments has their shapes and places.
func TestUpdateRows(t *testing.T) {
	for k, r := range table {
		for _, o := range r.out {
			if o.Part == OneSegment {
				continue
			}
			found := false
			for _, in := range r.in {
				found = found || in.Name == o.Name && in.Shape == o.Shape && in.Arena == o.Arena && in.Part == o.Part
			}
			if !found {
				t.Errorf("%s replaces %s, which it does not read", k, o.Name)
			}
		}
	}
}
