package engine

import "fmt"

// gradients is the state of a backward pass: which tensors want a gradient, and what has come in so far.
type gradients struct {
	b       *Builder
	wanted  map[*Tensor]bool
	readers map[*Tensor]int       // forward ops that read a wanted tensor and pass a gradient on
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
		if rule := table[op.Kind]; rule.gradient != nil && len(g.parts[op.Outputs[0]]) > 0 {
			rule.gradient(g, op)
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

// trained reports whether t is a parameter of the Model arena.
func (b *Builder) trained(t *Tensor) bool {
	return t.Role == State && t.Arena == Model && t.Offset < b.p.Layout.Parameters
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
		sum = g.b.Apply(Add, Attr{}, []*Tensor{sum, parts[i]}, into)[0]
	}
	g.parts[t] = []*Tensor{sum}
	return sum
}

// segment is where the gradient of a parameter belongs, nil for any other tensor.
func (g *gradients) segment(t *Tensor) *Tensor {
	if !g.b.trained(t) {
		return nil
	}
	return g.b.stateTensor(Gradient, t.Name[len(Model.String())+1:], t.Offset, t.Shape)
}

// target is where an op may write its contribution to the gradient of t: the segment itself, if it is the
// only one.
func (g *gradients) target(t *Tensor) *Tensor {
	if g.readers[t] > 1 {
		return nil
	}
	return g.segment(t)
}

// give emits an op that computes the contribution of one reader to the gradient of t, if t wants one.
func (g *gradients) give(t *Tensor, k Kind, attr Attr, inputs ...*Tensor) {
	if g.wanted[t] {
		dt := g.b.Apply(k, attr, inputs, g.target(t))[0]
		g.parts[t] = append(g.parts[t], dt)
	}
}

func gradConv2d(g *gradients, op Op) {
	x, w, dy := op.Inputs[0], op.Inputs[1], g.of(op.Outputs[0])
	if len(op.Inputs) > 2 {
		g.give(op.Inputs[2], Conv2dBackwardBias, Attr{}, dy)
	}
	g.give(w, Conv2dBackwardWeight, op.Attr, dy, x)
	g.give(x, Conv2dBackwardData, op.Attr, dy, w, x)
}

func gradDepthwise(g *gradients, op Op) {
	x, w, dy := op.Inputs[0], op.Inputs[1], g.of(op.Outputs[0])
	g.give(w, DepthwiseConv2dBackwardWeight, Attr{}, dy, x)
	g.give(x, DepthwiseConv2dBackwardData, Attr{}, dy, w)
}

func gradPointwise(g *gradients, op Op) {
	x, w, dy := op.Inputs[0], op.Inputs[1], g.of(op.Outputs[0])
	g.give(w, PointwiseConv2dBackwardWeight, Attr{}, dy, x)
	g.give(x, PointwiseConv2dBackwardData, Attr{}, dy, w)
}

func gradBatchNorm(g *gradients, op Op) {
	x, weight, bias, dy := op.Inputs[0], op.Inputs[1], op.Inputs[2], g.of(op.Outputs[0])
	grads := g.b.Apply(BatchNorm2dBackward, op.Attr, []*Tensor{dy, x, weight, op.Outputs[1]}, nil, g.target(weight), g.target(bias))
	for i, t := range []*Tensor{x, weight, bias} {
		if g.wanted[t] {
			g.parts[t] = append(g.parts[t], grads[i])
		}
	}
}

func gradReLU(g *gradients, op Op) {
	g.give(op.Inputs[0], ReLUBackward, Attr{}, g.of(op.Outputs[0]), op.Outputs[0])
}

func gradDropout(g *gradients, op Op) {
	g.give(op.Inputs[0], Dropout2d, Attr{}, g.of(op.Outputs[0]), op.Inputs[1])
}

func gradPool(g *gradients, op Op) {
	g.give(op.Inputs[0], MaxPool2dBackward, Attr{}, g.of(op.Outputs[0]), op.Inputs[0])
}

func gradGlobal(g *gradients, op Op) {
	g.give(op.Inputs[0], GlobalAvgPoolBackward, Attr{}, g.of(op.Outputs[0]), op.Inputs[0])
}

func gradFlatten(g *gradients, op Op) {
	g.give(op.Inputs[0], FlattenBackward, Attr{}, g.of(op.Outputs[0]), op.Inputs[0])
}

func gradLinear(g *gradients, op Op) {
	x, w, bias, dy := op.Inputs[0], op.Inputs[1], op.Inputs[2], g.of(op.Outputs[0])
	g.give(bias, LinearBackwardBias, Attr{}, dy)
	g.give(w, LinearBackwardWeight, Attr{}, dy, x)
	g.give(x, LinearBackwardData, Attr{}, dy, w)
}

// gradAdd hands the same gradient to both sides; it is read, never changed, so both may hold it.
func gradAdd(g *gradients, op Op) {
	dy := g.of(op.Outputs[0])
	for _, t := range op.Inputs {
		if g.wanted[t] {
			g.parts[t] = append(g.parts[t], dy)
		}
	}
}
