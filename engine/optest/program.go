package optest

import (
	"fmt"

	"cnnvk/engine"
)

// Program is the case as a program of one op. Its operands are tensors that the host writes, step
// inputs and residents; of an update op, and of a Placed case, they are parts of the arenas.
func (c Case) Program() (*engine.Program, error) {
	layout, err := engine.NewLayout(c.segments(), c.momentSets())
	if err != nil {
		return nil, err
	}
	b := engine.NewBuilder(c.String(), layout, c.N)
	inputs, into := c.update(b, layout)
	if inputs == nil {
		inputs, into = c.operands(b), c.gradientSegments(b)
	}
	b.Apply(c.Kind, c.Attr, inputs, into...)
	return b.Program()
}

// momentSets is what the optimiser of the case needs.
func (c Case) momentSets() int {
	if c.Kind == engine.SGD {
		return 1
	}
	return 2
}

// segments is the network that the case's arenas belong to: a matrix, a vector per row and per column,
// two statistics; of sizes that leave gaps.
func (c Case) segments() []engine.Segment {
	rows, columns := max(c.M, 1), max(c.C, 1)
	return []engine.Segment{
		{Name: "running_mean", Shape: engine.Shape{columns}},
		{Name: "w", Shape: c.weight(), Trained: true},
		{Name: "b", Shape: engine.Shape{rows}, Trained: true},
		{Name: "weight", Shape: engine.Shape{columns}, Trained: true},
		{Name: "bias", Shape: engine.Shape{columns}, Trained: true},
		{Name: "running_var", Shape: engine.Shape{columns}},
	}
}

// weight is the shape of a product's or a convolution's weight.
func (c Case) weight() engine.Shape {
	rows, columns := max(c.M, 1), max(c.C, 1)
	switch c.Kind {
	case engine.Conv2d, engine.Conv2dBackwardData, engine.Conv2dBackwardWeight, engine.Conv2dBackwardBias:
		return engine.Shape{rows, columns, c.Attr.Kernel, c.Attr.Kernel}
	case engine.DepthwiseConv2d, engine.DepthwiseConv2dBackwardData, engine.DepthwiseConv2dBackwardWeight:
		return engine.Shape{columns, 1, 3, 3}
	case engine.PointwiseConv2d, engine.PointwiseConv2dBackwardData, engine.PointwiseConv2dBackwardWeight:
		return engine.Shape{rows, columns, 1, 1}
	}
	return engine.Shape{rows, columns}
}

// shapes lists the shapes of the operands, in the order of the op table; nil for the ops of the update.
func (c Case) shapes() []engine.Shape {
	type list = []engine.Shape
	x, y, w, perChannel := engine.Shape{c.N, c.C, c.H, c.W}, engine.Shape{c.N, c.M, c.H, c.W}, c.weight(), engine.Shape{c.C}
	if a := c.Attr; a.Kernel > 0 { // a convolution's output
		slides := func(size int) int { return (size+2*a.Padding-a.Kernel)/a.Stride + 1 }
		y = engine.Shape{c.N, c.M, slides(c.H), slides(c.W)}
	}
	switch c.Kind {
	case engine.Conv2d, engine.Linear:
		if c.NoBias {
			return list{x, w}
		}
		return list{x, w, {c.M}}
	case engine.DepthwiseConv2d, engine.DepthwiseConv2dBackwardData, engine.PointwiseConv2d:
		return list{x, w}
	case engine.Conv2dBackwardData:
		return list{y, w, x}
	case engine.PointwiseConv2dBackwardData, engine.LinearBackwardData:
		return list{y, w}
	case engine.Conv2dBackwardWeight, engine.PointwiseConv2dBackwardWeight, engine.LinearBackwardWeight:
		return list{y, x}
	case engine.Conv2dBackwardBias, engine.LinearBackwardBias:
		return list{y}
	case engine.Flatten, engine.ReLU, engine.MaxPool2d, engine.GlobalAvgPool:
		return list{x}
	case engine.DepthwiseConv2dBackwardWeight, engine.ReLUBackward:
		return list{x, x}
	case engine.FlattenBackward:
		return list{{c.N, c.C * c.H * c.W, 1, 1}, x}
	case engine.MaxPool2dBackward:
		return list{{c.N, c.C, c.H / 2, c.W / 2}, x}
	case engine.GlobalAvgPoolBackward:
		return list{{c.N, c.C, 1, 1}, x}
	case engine.GatherNormalize:
		return list{{c.M, c.C, c.H, c.W}, {c.C, 256}, {c.N}}
	case engine.Augment:
		return list{{c.M, 3, c.H, c.W}, {3, 256}, {c.N, engine.DrawElements}}
	case engine.BatchNorm2d, engine.BatchNorm2dEval:
		return list{x, perChannel, perChannel, perChannel, perChannel}
	case engine.BatchNorm2dBackward:
		return list{x, x, perChannel, {2, c.C}}
	case engine.Dropout2dMask:
		return list{x, {engine.RandomElements}}
	case engine.Dropout2d:
		return list{x, {c.N, c.C}}
	case engine.CrossEntropy:
		return list{y, {c.N}}
	case engine.Add:
		if c.H == 0 { // two contributions to the gradient of a parameter
			return list{w, w}
		}
		return list{x, x}
	}
	return nil
}

// operands declares the inputs of an op that is no update op.
func (c Case) operands(b *engine.Builder) []*engine.Tensor {
	var out []*engine.Tensor
	shapes, names := c.shapes(), engine.Operands(c.Kind)
	if c.NoBias {
		names = names[:len(names)-1]
	}
	if len(shapes) != len(names) {
		b.Fail(fmt.Errorf("optest does not know the operands of %q", c.Kind))
		return nil
	}
	for i, name := range names {
		switch {
		case name == "images":
			out = append(out, b.Resident(name, engine.Uint8, shapes[i]...))
		case name == "table":
			out = append(out, b.Resident(name, engine.Float, shapes[i]...))
		case name == "indices" || name == "draws" || name == "labels" || name == "random":
			out = append(out, b.Input(name, engine.Uint32, shapes[i]...))
		case c.Placed && c.isSegment(name):
			out = append(out, b.State(engine.Model, name))
		default:
			batched := len(shapes[i]) == 4 && !c.isSegment(name)
			out = append(out, b.Tensor(engine.Tensor{Name: name, Shape: shapes[i], Batched: batched}))
		}
	}
	return out
}

// isSegment reports whether the operand of that name is a parameter or a statistic in a network.
func (c Case) isSegment(name string) bool {
	switch name {
	case "w", "weight", "bias", "running_mean", "running_var":
		return true
	}
	return name == "b" && (c.Kind == engine.Linear || c.Kind == engine.Conv2d)
}

// gradientSegments says where a placed op writes, nil for a tensor of its own.
func (c Case) gradientSegments(b *engine.Builder) []*engine.Tensor {
	if !c.Placed {
		return nil
	}
	names := map[engine.Kind][]string{
		engine.Conv2dBackwardWeight:          {"w"},
		engine.Conv2dBackwardBias:            {"b"},
		engine.DepthwiseConv2dBackwardWeight: {"w"},
		engine.PointwiseConv2dBackwardWeight: {"w"},
		engine.BatchNorm2d:                   {"", "", "running_mean", "running_var"},
		engine.BatchNorm2dBackward:           {"", "weight", "bias"},
		engine.LinearBackwardWeight:          {"w"},
		engine.LinearBackwardBias:            {"b"},
		engine.Add:                           {"w"},
	}[c.Kind]
	out := make([]*engine.Tensor, len(names))
	for i, name := range names {
		if name != "" {
			out[i] = b.State(engine.Gradient, name)
		}
	}
	return out
}

// update declares the operands of an update op, and what it replaces; nil for any other.
func (c Case) update(b *engine.Builder, l *engine.Layout) (inputs, into []*engine.Tensor) {
	status := func() *engine.Tensor { return b.Flat(engine.Status, 0, engine.StatusElements) }
	switch c.Kind {
	case engine.GradientNorm:
		return []*engine.Tensor{b.Flat(engine.Gradient, 0, l.Parameters), status()}, []*engine.Tensor{status(), nil}
	case engine.AdamW, engine.SGD:
		parameters := b.Flat(engine.Model, 0, l.Parameters)
		moments := b.Flat(engine.Moments, 0, l.MomentSets*l.Parameters)
		gradients, rates := b.Flat(engine.Gradient, 0, l.Parameters), b.Input("rates", engine.Float, engine.RateElements)
		return []*engine.Tensor{gradients, status(), rates, parameters, moments}, []*engine.Tensor{parameters, moments}
	case engine.RunningStatistics:
		statistics := b.Flat(engine.Model, l.Parameters, l.Elements-l.Parameters)
		candidates := b.Flat(engine.Gradient, l.Parameters, l.Elements-l.Parameters)
		return []*engine.Tensor{candidates, status(), statistics}, []*engine.Tensor{statistics}
	case engine.ExponentialMean:
		model, average := b.Flat(engine.Model, 0, l.Elements), b.Flat(engine.EMA, 0, l.Elements)
		return []*engine.Tensor{model, status(), average}, []*engine.Tensor{average}
	}
	return nil, nil
}
