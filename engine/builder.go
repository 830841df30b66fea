package engine

import (
	"errors"
	"fmt"
)

// Builder writes a program down. Its methods record the first error and do nothing after it;
// [Builder.Program] returns it.
type Builder struct {
	p     *Program
	err   error
	named map[string]int
	state map[stateKey]*Tensor
}

type stateKey struct {
	arena  Arena
	offset int
	shape  string
}

// NewBuilder starts a program for batches of that size.
func NewBuilder(name string, l *Layout, batch int) *Builder {
	return &Builder{
		p:     &Program{Name: name, Batch: batch, Layout: l},
		named: map[string]int{},
		state: map[stateKey]*Tensor{},
	}
}

// Store says what the program stores activations and their gradients as, [Float] where it is not called. It comes before any of them.
func (b *Builder) Store(activations DType) {
	if !activations.Floating() {
		b.Fail(fmt.Errorf("activations are stored as float, float16 or bfloat16, not as %v", activations))
	}
	b.p.Activations = activations
}

// Activation declares an activation that no op writes, (N,C,H,W), of the type that the program stores.
func (b *Builder) Activation(name string, shape ...int) *Tensor {
	return b.Tensor(Tensor{Name: name, Shape: shape, DType: b.p.Activations, Batched: true})
}

// Program returns the program, or the first error.
func (b *Builder) Program() (*Program, error) {
	if b.err != nil {
		return nil, fmt.Errorf("engine: program %q: %w", b.p.Name, b.err)
	}
	return b.p, nil
}

// Input declares a step input, or returns the one of that name.
func (b *Builder) Input(name string, d DType, shape ...int) *Tensor {
	if t := b.p.Tensor(name); t != nil {
		if t.Role != Input || t.DType != d || !t.Shape.Equal(shape) {
			b.Fail(fmt.Errorf("%v is declared again as an input %v", t, Shape(shape)))
		}
		return t
	}
	return b.Tensor(Tensor{Name: name, Shape: shape, DType: d, Role: Input})
}

// Resident declares a tensor that is set once per session.
func (b *Builder) Resident(name string, d DType, shape ...int) *Tensor {
	return b.Tensor(Tensor{Name: name, Shape: shape, DType: d, Role: Resident})
}

// State is the named segment in an arena of the layout's form (Model, Gradient or EMA).
func (b *Builder) State(a Arena, segment string) *Tensor {
	s, ok := b.p.Layout.Segment(segment)
	if !ok {
		b.Fail(fmt.Errorf("the layout has no segment %q", segment))
		return b.Tensor(Tensor{Name: segment, Shape: Shape{0}, Role: State})
	}
	return b.stateTensor(a, s.Name, s.Offset, s.Shape)
}

// Part is a part of an arena, flat.
func (b *Builder) Part(a Arena, p Part) *Tensor {
	offset, elements := b.p.Layout.Part(a, p)
	return b.Flat(a, offset, elements)
}

// Flat is a range of elements of an arena.
func (b *Builder) Flat(a Arena, offset, elements int) *Tensor {
	return b.stateTensor(a, "flat", offset, Shape{elements})
}

func (b *Builder) stateTensor(a Arena, name string, offset int, shape Shape) *Tensor {
	key := stateKey{a, offset, shape.String()}
	if t, ok := b.state[key]; ok {
		return t
	}
	t := b.Tensor(Tensor{Name: a.String() + "." + name, Shape: shape, Role: State, Arena: a, Offset: offset})
	b.state[key] = t
	return t
}

// Apply1 is Apply for callers that use only the first output.
func (b *Builder) Apply1(k Kind, attr Attr, inputs []*Tensor, into ...*Tensor) *Tensor {
	return b.Apply(k, attr, inputs, into...)[0]
}

// Apply appends an op, checks its inputs against the op table and returns its outputs. Outputs
// given in into (nil where none) are used in place of new tensors; they need as many elements, of the same type.
func (b *Builder) Apply(k Kind, attr Attr, inputs []*Tensor, into ...*Tensor) []*Tensor {
	if b.err != nil {
		return b.unusable()
	}
	r, ok := table[k]
	if !ok {
		b.Fail(fmt.Errorf("no op %q", k))
		return b.unusable()
	}
	op := Op{Kind: k, Attr: attr, Inputs: inputs}
	outputs, err := r.infer(op, b.p.Activations)
	if err != nil {
		b.Fail(fmt.Errorf("%s of %v: %w", k, inputs, err))
		return b.unusable()
	}
	for i, o := range outputs {
		if i < len(into) && into[i] != nil {
			if into[i].Shape.Elements() != o.Shape.Elements() {
				b.Fail(fmt.Errorf("%s writes %v, not %v", k, o.Shape, into[i]))
			}
			if into[i].DType != o.DType {
				b.Fail(fmt.Errorf("%s writes %v, not %v as %v", k, o.DType, into[i], into[i].DType))
			}
			op.Outputs = append(op.Outputs, into[i])
			continue
		}
		op.Outputs = append(op.Outputs, b.Tensor(o))
	}
	b.p.Ops = append(b.p.Ops, op)
	return op.Outputs
}

// unusable stands for the outputs of an op that was refused, so that callers may index them.
func (b *Builder) unusable() []*Tensor {
	t := &Tensor{Name: "unusable", Shape: Shape{0, 0, 0, 0}}
	return []*Tensor{t, t, t, t}
}

// Fail records an error, unless there is one already.
func (b *Builder) Fail(err error) {
	b.err = errors.Join(b.err, err)
}

// Tensor declares a tensor. Names are made unique by a suffix.
func (b *Builder) Tensor(t Tensor) *Tensor {
	t.ID = len(b.p.Tensors)
	b.named[t.Name]++
	if k := b.named[t.Name]; k > 1 {
		t.Name = fmt.Sprintf("%s.%d", t.Name, k)
	}
	b.p.Tensors = append(b.p.Tensors, &t)
	return &t
}
