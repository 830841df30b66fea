package engine

import (
	"fmt"
	"slices"
	"strings"
)

// gradients is the state of a backward pass: which tensors need a gradient, and the contributions so far.
type gradients struct {
	b       *Builder
	wanted  map[*Tensor]bool
	readers map[*Tensor]int       // forward ops that read such a tensor and pass a gradient on
	parts   map[*Tensor][]*Tensor // contributions, last reader first
}

// Backward appends the ops that bring dy, the gradient of the loss by y, back to every trained parameter,
// whose gradient is written to its segment of the Gradient arena, and to the leaves, whose gradients
// it returns. A tensor with several readers gets the sum of their contributions, in the readers' order.
func (b *Builder) Backward(y, dy *Tensor, leaves ...*Tensor) []*Tensor {
	if b.err != nil {
		return b.unusable()
	}
	g := &gradients{b: b, wanted: map[*Tensor]bool{}, readers: map[*Tensor]int{}, parts: map[*Tensor][]*Tensor{}}
	for _, t := range leaves {
		g.wanted[t] = true
	}
	forward := b.p.Ops
	g.mark(forward, y)
	if !g.wanted[y] {
		b.Fail(fmt.Errorf("nothing that leads to %v is trained", y))
		return b.unusable()
	}
	g.parts[y] = []*Tensor{dy}
	for i := len(forward) - 1; i >= 0; i-- {
		op := forward[i]
		if table[op.Kind].gradient != nil && len(g.parts[op.Outputs[0]]) > 0 {
			g.back(op)
		}
	}
	out := make([]*Tensor, len(leaves))
	for i, t := range leaves {
		out[i] = g.of(t)
	}
	for _, t := range b.p.Tensors {
		if b.trained(t) && len(g.parts[t]) > 0 && g.of(t) != g.segment(t) {
			b.Fail(fmt.Errorf("the gradient of %v is that of a sum: no op writes it to its segment", t))
		}
	}
	return out
}

// mark finds the tensors through which a gradient must flow and counts their readers. Ops that do not lead to y
// pass nothing on and do not count.
func (g *gradients) mark(forward []Op, y *Tensor) {
	leads := map[*Tensor]bool{y: true}
	for i := len(forward) - 1; i >= 0; i-- {
		if op := forward[i]; table[op.Kind].gradient != nil && leads[op.Outputs[0]] {
			for _, in := range op.Inputs {
				leads[in] = true
			}
		}
	}
	for _, op := range forward {
		if table[op.Kind].gradient == nil || !leads[op.Outputs[0]] {
			continue
		}
		for _, in := range op.Inputs {
			if g.wanted[in] || g.b.trained(in) {
				g.wanted[in] = true
				g.wanted[op.Outputs[0]] = true
				g.readers[in]++
			}
		}
	}
}

// back brings the gradient of an op's first output to its inputs, as the op's row says.
func (g *gradients) back(op Op) {
	r := table[op.Kind]
	named := map[string]*Tensor{"dy": g.of(op.Outputs[0])}
	for i, t := range op.Inputs {
		named[r.in[i].Name] = t
	}
	for i, t := range op.Outputs {
		named[r.out[i].Name] = t
	}
	find := func(names string) (out []*Tensor) {
		for _, name := range strings.Fields(names) {
			out = append(out, named[name])
		}
		return out
	}
	for _, rule := range r.gradient {
		g.give(find(rule.of), rule.by, op.Attr, find(rule.from))
	}
}

// of is the gradient of t: the sum of its contributions, first reader first.
func (g *gradients) of(t *Tensor) *Tensor {
	parts := g.parts[t]
	if len(parts) == 0 {
		g.b.Fail(fmt.Errorf("no gradient reaches %v", t))
		return g.b.unusable()[0]
	}
	sum := parts[len(parts)-1]
	for i := len(parts) - 2; i >= 0; i-- {
		var into *Tensor
		if i == 0 {
			into = g.segment(t)
		}
		sum = g.b.Apply(Add, nil, []*Tensor{sum, parts[i]}, into)[0]
	}
	g.parts[t] = []*Tensor{sum}
	return sum
}

// give emits the op that computes one reader's contribution to the gradients of some tensors, if any of these needs a gradient. A tensor
// is nil where the reader has no such operand.
func (g *gradients) give(of []*Tensor, by Kind, a Attr, from []*Tensor) {
	if !slices.ContainsFunc(of, func(t *Tensor) bool { return g.wanted[t] }) {
		return
	}
	grads := from // only read, so several tensors may share them
	if by != pass {
		var into []*Tensor
		for _, t := range of {
			into = append(into, g.target(t))
		}
		if table[by].attr == nil {
			a = nil
		}
		grads = g.b.Apply(by, a, from, into...)
	}
	for i, t := range of {
		if g.wanted[t] {
			g.parts[t] = append(g.parts[t], grads[i])
		}
	}
}

// target is where an op may write its contribution to the gradient of t: the segment itself, if it is the
// only one.
func (g *gradients) target(t *Tensor) *Tensor {
	if g.readers[t] > 1 {
		return nil
	}
	return g.segment(t)
}

// segment is where the gradient of a parameter belongs, nil for any other tensor.
func (g *gradients) segment(t *Tensor) *Tensor {
	if !g.b.trained(t) {
		return nil
	}
	return g.b.stateTensor(Gradient, t.Name[len(Model.String())+1:], t.Offset, t.Shape)
}

// trained reports whether t is a parameter of the Model arena.
func (b *Builder) trained(t *Tensor) bool {
	return t.Role == State && t.Arena == Model && t.Offset < b.p.Layout.Parameters
}
