package engine

import (
	"fmt"
	"strconv"
)

// row declares an op: all but how it is computed.
type row struct {
	in, out operands
	// attr is the zero value of the op's attributes.
	attr Attr
	// check refuses attributes and dimensions with which the op is not defined.
	check func(a Attr, d Dims) error
	// gradient says how the gradients of the inputs follow from that of the first output; nil if there are none.
	gradient rules
	// multiplyAdds is the arithmetic of a matrix product or a convolution.
	multiplyAdds string
	// casts says that the op writes the other one of the two types of a mixed program's activations.
	casts bool
}

// rule says which op computes the gradients of some operands.
type rule struct {
	of   string // operands of the forward op, in the order of the outputs of by
	by   Kind   // pass: they get the output's gradient unchanged
	from string // the inputs of by: dy, the gradient of the forward op's first output, or operands of the forward op
}

// pass, in place of an op: the gradient goes through unchanged.
const pass = Kind("")

type rules []rule

// table is the op table.
var table = map[Kind]row{
	GatherNormalize: {
		in:  operands{resident("images", Uint8, "D C H W"), resident("table", Float, "C 256"), input("indices", Uint32, "N").below("D")},
		out: operands{activation("x", "N C H W")},
	},
	Augment: {
		in:    operands{resident("images", Uint8, "D C H W"), resident("table", Float, "C 256"), input("draws", Uint32, drawsShape).checked(checkDraws)},
		out:   operands{activation("x", "N C H W")},
		attr:  AugmentAttr{},
		check: augmentable,
	},
	Resize: { // of images before the network
		in:    operands{activation("x", "N C H W")},
		out:   operands{activation("y", "N C HO WO")},
		attr:  ResizeAttr{},
		check: hasSize,
	},
	MixImages: { // of the batch with one another, before the network
		in:  operands{activation("x", "N C H W"), input("mixes", Uint32, mixesShape).checked(checkMixes)},
		out: operands{activation("y", "N C H W")},
	},

	Conv2d: {
		in:           operands{activation("x", "N K H W"), factor("w", "M K R R"), segment("b", "M").optional()},
		out:          operands{activation("y", "N M HO WO")},
		attr:         ConvAttr{},
		check:        hasWindow,
		gradient:     rules{{"b", Conv2dBackwardBias, "dy"}, {"w", Conv2dBackwardWeight, "dy x"}, {"x", Conv2dBackwardData, "dy w x"}},
		multiplyAdds: "N*M*K*R*R*HO*WO",
	},
	Conv2dBackwardData: { // like is x, for its shape alone
		in:           operands{activation("dy", "N M HO WO"), factor("w", "M K R R"), activation("like", "N K H W")},
		out:          operands{activation("dx", "N K H W")},
		attr:         ConvAttr{},
		check:        hasWindow,
		multiplyAdds: "N*M*K*R*R*HO*WO",
	},
	Conv2dBackwardWeight: {
		in:           operands{activation("dy", "N M HO WO"), activation("x", "N K H W")},
		out:          operands{gradientOf("dw", "w", "M K R R")},
		attr:         ConvAttr{},
		check:        hasWindow,
		multiplyAdds: "N*M*K*R*R*HO*WO",
	},
	Conv2dBackwardBias: {
		in:  operands{activation("dy", "N M H W")},
		out: operands{gradientOf("db", "b", "M")},
	},

	DepthwiseConv2d: {
		in:           operands{activation("x", "N C H W"), segment("w", "C 1 R R"), segment("b", "C").optional()},
		out:          operands{activation("y", "N C HO WO")},
		attr:         ConvAttr{},
		check:        hasWindow,
		gradient:     rules{{"b", Conv2dBackwardBias, "dy"}, {"w", DepthwiseConv2dBackwardWeight, "dy x"}, {"x", DepthwiseConv2dBackwardData, "dy w x"}},
		multiplyAdds: "N*C*R*R*HO*WO",
	},
	DepthwiseConv2dBackwardData: { // like is x, for its shape alone
		in:           operands{activation("dy", "N C HO WO"), segment("w", "C 1 R R"), activation("like", "N C H W")},
		out:          operands{activation("dx", "N C H W")},
		attr:         ConvAttr{},
		check:        hasWindow,
		multiplyAdds: "N*C*R*R*HO*WO",
	},
	DepthwiseConv2dBackwardWeight: {
		in:           operands{activation("dy", "N C HO WO"), activation("x", "N C H W")},
		out:          operands{gradientOf("dw", "w", "C 1 R R")},
		attr:         ConvAttr{},
		check:        hasWindow,
		multiplyAdds: "N*C*R*R*HO*WO",
	},

	PointwiseConv2d: {
		in:           operands{activation("x", "N K H W"), factor("w", "M K 1 1")},
		out:          operands{activation("y", "N M H W")},
		gradient:     rules{{"w", PointwiseConv2dBackwardWeight, "dy x"}, {"x", PointwiseConv2dBackwardData, "dy w"}},
		multiplyAdds: "N*M*K*H*W",
	},
	PointwiseConv2dBackwardData: {
		in:           operands{activation("dy", "N M H W"), factor("w", "M K 1 1")},
		out:          operands{activation("dx", "N K H W")},
		multiplyAdds: "N*M*K*H*W",
	},
	PointwiseConv2dBackwardWeight: {
		in:           operands{activation("dy", "N M H W"), activation("x", "N K H W")},
		out:          operands{gradientOf("dw", "w", "M K 1 1")},
		multiplyAdds: "N*M*K*H*W",
	},

	BatchNorm2d: { // saved is the mean and 1/sqrt(var + eps)
		in: normOperands,
		out: operands{
			activation("y", "N C H W"), value("saved", "2 C"),
			gradientOf("next_mean", "running_mean", "C"), gradientOf("next_var", "running_var", "C"),
		},
		attr:     BatchNormAttr{},
		check:    hasVariance,
		gradient: rules{{"x weight bias", BatchNorm2dBackward, "dy x weight saved"}},
	},
	BatchNorm2dEval: {
		in:   normOperands,
		out:  operands{activation("y", "N C H W")},
		attr: BatchNormAttr{},
	},
	BatchNorm2dBackward: {
		in:   operands{activation("dy", "N C H W"), activation("x", "N C H W"), segment("weight", "C"), value("saved", "2 C")},
		out:  operands{activation("dx", "N C H W"), gradientOf("dweight", "weight", "C"), gradientOf("dbias", "bias", "C")},
		attr: BatchNormAttr{},
	},

	ReLU: {
		in:       operands{activation("x", "N C H W")},
		out:      operands{activation("y", "N C H W")},
		gradient: rules{{"x", ReLUBackward, "dy y"}},
	},
	ReLUBackward: {
		in:  operands{activation("dy", "N C H W"), activation("y", "N C H W")},
		out: operands{activation("dx", "N C H W")},
	},

	SiLU: {
		in:       operands{activation("x", "N C H W")},
		out:      operands{activation("y", "N C H W")},
		gradient: rules{{"x", SiLUBackward, "dy x"}},
	},
	SiLUBackward: {
		in:  operands{activation("dy", "N C H W"), activation("x", "N C H W")},
		out: operands{activation("dx", "N C H W")},
	},

	ReLU6: {
		in:       operands{activation("x", "N C H W")},
		out:      operands{activation("y", "N C H W")},
		gradient: rules{{"x", ReLU6Backward, "dy x"}},
	},
	ReLU6Backward: {
		in:  operands{activation("dy", "N C H W"), activation("x", "N C H W")},
		out: operands{activation("dx", "N C H W")},
	},

	GELU: {
		in:       operands{activation("x", "N C H W")},
		out:      operands{activation("y", "N C H W")},
		gradient: rules{{"x", GELUBackward, "dy x"}},
	},
	GELUBackward: {
		in:  operands{activation("dy", "N C H W"), activation("x", "N C H W")},
		out: operands{activation("dx", "N C H W")},
	},

	Hardswish: {
		in:       operands{activation("x", "N C H W")},
		out:      operands{activation("y", "N C H W")},
		gradient: rules{{"x", HardswishBackward, "dy x"}},
	},
	HardswishBackward: {
		in:  operands{activation("dy", "N C H W"), activation("x", "N C H W")},
		out: operands{activation("dx", "N C H W")},
	},

	Sigmoid: {
		in:       operands{activation("x", "N C H W")},
		out:      operands{activation("y", "N C H W")},
		gradient: rules{{"x", SigmoidBackward, "dy y"}},
	},
	SigmoidBackward: {
		in:  operands{activation("dy", "N C H W"), activation("y", "N C H W")},
		out: operands{activation("dx", "N C H W")},
	},

	Dropout2dMask: { // 0 or 1/(1-p); like is what will be masked, for its shape alone
		in:    operands{activation("like", "N C H W"), input("random", Uint32, strconv.Itoa(RandomElements))},
		out:   operands{value("mask", "N C")},
		attr:  DropoutAttr{},
		check: isProbability,
	},
	Dropout2d: { // its own backward
		in:       operands{activation("x", "N C H W"), value("mask", "N C")},
		out:      operands{activation("y", "N C H W")},
		gradient: rules{{"x", Dropout2d, "dy mask"}},
	},

	DropoutMask: { // 0 or 1/(1-p); like is what will be masked, for its shape alone
		in:    operands{activation("like", "N C H W"), input("random", Uint32, strconv.Itoa(RandomElements))},
		out:   operands{activation("mask", "N C H W")},
		attr:  DropoutAttr{},
		check: isProbability,
	},
	Dropout: { // its own backward
		in:       operands{activation("x", "N C H W"), activation("mask", "N C H W")},
		out:      operands{activation("y", "N C H W")},
		gradient: rules{{"x", Dropout, "dy mask"}},
	},

	MaxPool2d: {
		in:       operands{activation("x", "N C H W")},
		out:      operands{activation("y", "N C HO WO")},
		attr:     PoolAttr{},
		check:    hasPool,
		gradient: rules{{"x", MaxPool2dBackward, "dy x"}},
	},
	MaxPool2dBackward: {
		in:    operands{activation("dy", "N C HO WO"), activation("x", "N C H W")},
		out:   operands{activation("dx", "N C H W")},
		attr:  PoolAttr{},
		check: hasPool,
	},

	AvgPool2d: {
		in:       operands{activation("x", "N C H W")},
		out:      operands{activation("y", "N C HO WO")},
		attr:     PoolAttr{},
		check:    hasPool,
		gradient: rules{{"x", AvgPool2dBackward, "dy x"}},
	},
	AvgPool2dBackward: { // like is x, for its shape alone
		in:    operands{activation("dy", "N C HO WO"), activation("like", "N C H W")},
		out:   operands{activation("dx", "N C H W")},
		attr:  PoolAttr{},
		check: hasPool,
	},

	GlobalAvgPool: {
		in:       operands{activation("x", "N C H W")},
		out:      operands{activation("y", "N C 1 1")},
		gradient: rules{{"x", GlobalAvgPoolBackward, "dy x"}},
	},
	GlobalAvgPoolBackward: { // like is x, for its shape alone
		in:  operands{activation("dy", "N C 1 1"), activation("like", "N C H W")},
		out: operands{activation("dx", "N C H W")},
	},

	ChannelScale: { // its own backward by x
		in:       operands{activation("x", "N C H W"), activation("s", "N C 1 1")},
		out:      operands{activation("y", "N C H W")},
		gradient: rules{{"s", ChannelScaleBackwardScale, "dy x"}, {"x", ChannelScale, "dy s"}},
	},
	ChannelScaleBackwardScale: {
		in:  operands{activation("dy", "N C H W"), activation("x", "N C H W")},
		out: operands{activation("ds", "N C 1 1")},
	},

	Cast: { // from the 16-bit type that the program stores to Float, or back; its own backward
		in:       operands{activation("x", "N C H W")},
		out:      operands{activation("y", "N C H W")},
		gradient: rules{{"x", Cast, "dy"}},
		casts:    true,
	},

	Flatten: {
		in:       operands{activation("x", "N C H W")},
		out:      operands{activation("y", "N C*H*W 1 1")},
		gradient: rules{{"x", FlattenBackward, "dy x"}},
	},
	FlattenBackward: { // like is x, for its shape alone
		in:  operands{activation("dy", "N C*H*W 1 1"), activation("like", "N C H W")},
		out: operands{activation("dx", "N C H W")},
	},

	Linear: {
		in:           operands{activation("x", "N K 1 1"), factor("w", "M K"), segment("b", "M").optional()},
		out:          operands{activation("y", "N M 1 1")},
		gradient:     rules{{"b", LinearBackwardBias, "dy"}, {"w", LinearBackwardWeight, "dy x"}, {"x", LinearBackwardData, "dy w"}},
		multiplyAdds: "N*M*K",
	},
	LinearBackwardData: {
		in:           operands{activation("dy", "N M 1 1"), factor("w", "M K")},
		out:          operands{activation("dx", "N K 1 1")},
		multiplyAdds: "N*M*K",
	},
	LinearBackwardWeight: {
		in:           operands{activation("dy", "N M 1 1"), activation("x", "N K 1 1")},
		out:          operands{gradientOf("dw", "w", "M K")},
		multiplyAdds: "N*M*K",
	},
	LinearBackwardBias: {
		in:  operands{activation("dy", "N M 1 1")},
		out: operands{gradientOf("db", "b", "M")},
	},

	CrossEntropy: { // dlogits is the gradient of the mean loss, times the loss scale where there is a status
		in:    operands{activation("logits", "N M 1 1").single(), input("labels", Uint32, "N").below("M"), status.optional()},
		out:   operands{result("metrics", MetricElements), activation("dlogits", "N M 1 1").single()},
		attr:  CrossEntropyAttr{},
		check: isSmoothing,
	},

	CrossEntropyMixed: { // metrics count the first label
		in:    operands{activation("logits", "N M 1 1").single(), input("targets", Uint32, targetsShape).checked(checkTargets), status.optional()},
		out:   operands{result("metrics", MetricElements), activation("dlogits", "N M 1 1").single()},
		attr:  CrossEntropyAttr{},
		check: isSmoothing,
	},

	Add: { // of activations, and of contributions to the gradient of a parameter
		in:       operands{value("a", AnyShape), value("b", AnyShape)},
		out:      operands{value("y", AnyShape)},
		gradient: rules{{"a", pass, "dy"}, {"b", pass, "dy"}},
	},

	// The update. Outputs replace the inputs of the same name.
	GradientNorm: { // the loss is scaled where there is a table of corrections
		in:   operands{flat("gradients", Gradient, AllParameters, "P"), status, resident("corrections", Float, "T 2").optional()},
		out:  operands{status, result("norm", NormElements)},
		attr: GradientNormAttr{},
	},
	AdamW: {
		in:    operands{flat("gradients", Gradient, AllParameters, "P"), status, rates, parameters, flat("moments", Moments, WholeArena, "2*P")},
		out:   operands{parameters, flat("moments", Moments, WholeArena, "2*P")},
		attr:  AdamWAttr{},
		check: func(a Attr, d Dims) error { return decays(d["P"], a.(AdamWAttr).Undecayed) },
	},
	SGD: {
		in:    operands{flat("gradients", Gradient, AllParameters, "P"), status, rates, parameters, flat("moments", Moments, WholeArena, "P")},
		out:   operands{parameters, flat("moments", Moments, WholeArena, "P")},
		attr:  SGDAttr{},
		check: func(a Attr, d Dims) error { return decays(d["P"], a.(SGDAttr).Undecayed) },
	},
	Muon: { // of the matrices alone that the attributes name; all else stays
		in:    operands{flat("gradients", Gradient, AllParameters, "P"), status, rates, parameters, flat("moments", Moments, WholeArena, "P")},
		out:   operands{parameters, flat("moments", Moments, WholeArena, "P")},
		attr:  MuonAttr{},
		check: areMatrices,
	},
	RunningStatistics: {
		in:  operands{flat("candidates", Gradient, AllStatistics, "S"), status, flat("statistics", Model, AllStatistics, "S")},
		out: operands{flat("statistics", Model, AllStatistics, "S")},
	},
	ExponentialMean: {
		in:   operands{flat("model", Model, WholeArena, "E"), status, flat("average", EMA, WholeArena, "E")},
		out:  operands{flat("average", EMA, WholeArena, "E")},
		attr: ExponentialMeanAttr{},
	},
}

// Operands that several rows have.
var (
	normOperands = operands{
		activation("x", "N C H W"), segment("weight", "C"), segment("bias", "C"), segment("running_mean", "C"), segment("running_var", "C"),
	}
	status     = flat("status", Status, WholeArena, strconv.Itoa(StatusElements))
	parameters = flat("parameters", Model, AllParameters, "P")
	rates      = input("rates", Float, strconv.Itoa(RateElements))
	drawsShape = fmt.Sprintf("N %d", DrawElements)

	mixesShape   = fmt.Sprintf("N %d", MixElements)
	targetsShape = fmt.Sprintf("N %d", TargetElements)
)

// Kinds lists the ops of the table; every executor must run each.
func Kinds() []Kind {
	out := make([]Kind, 0, len(table))
	for k := range table {
		out = append(out, k)
	}
	return out
}

// Operands are the inputs of an op kind, in order.
func Operands(k Kind) []Operand { return table[k].in }

// Outputs are what an op kind writes, in order.
func Outputs(k Kind) []Operand { return table[k].out }

// MomentSets is the number of values that an optimiser keeps per parameter.
func MomentSets(optimizer Kind) int {
	for _, o := range table[optimizer].in {
		if o.Arena == Moments {
			return Dims{"P": 1}.Shape(o.Shape)[0]
		}
	}
	return 0
}

func augmentable(a Attr, d Dims) error {
	return Augmentable(a.(AugmentAttr).Kinds, d["C"], d["H"], d["W"])
}

func hasSize(a Attr, _ Dims) error {
	if s := a.(ResizeAttr); s.Height < 1 || s.Width < 1 {
		return fmt.Errorf("an image of %d x %d has no pixel", s.Height, s.Width)
	}
	return nil
}

func hasVariance(_ Attr, d Dims) error {
	if d["N"]*d["H"]*d["W"] < 2 {
		return fmt.Errorf("BatchNorm in training needs more than one value per channel, got input %v: use a larger batch", d.Shape("N C H W"))
	}
	return nil
}

// hasPool demands windows of which each has a pixel of the image.
func hasPool(a Attr, d Dims) error {
	p := a.(PoolAttr)
	if p.Kernel < 1 || p.Stride < 1 || p.Padding < 0 || p.Padding > p.Kernel/2 {
		return fmt.Errorf("a window of %d, stride %d and padding %d make no pooling: the padding is at most half a window", p.Kernel, p.Stride, p.Padding)
	}
	return hasWindow(ConvAttr(p), d)
}

// hasWindow demands a convolution that has an output.
func hasWindow(a Attr, d Dims) error {
	c, h, w := a.(ConvAttr), d["H"], d["W"]
	switch {
	case c.Kernel < 1 || c.Stride < 1 || c.Padding < 0:
		return fmt.Errorf("a kernel of %d, stride %d and padding %d make no convolution", c.Kernel, c.Stride, c.Padding)
	case min(h, w)+2*c.Padding < c.Kernel:
		return fmt.Errorf("a %d x %d image with padding %d has no %d x %d window", h, w, c.Padding, c.Kernel, c.Kernel)
	}
	return nil
}

func isProbability(a Attr, _ Dims) error {
	if p := a.(DropoutAttr).P; p < 0 || p >= 1 {
		return fmt.Errorf("dropout probability %g is not in [0, 1)", p)
	}
	return nil
}

func isSmoothing(a Attr, _ Dims) error {
	if s := a.(CrossEntropyAttr).Smoothing; s < 0 || s >= 1 {
		return fmt.Errorf("label smoothing %g is not in [0, 1)", s)
	}
	return nil
}

func areMatrices(a Attr, d Dims) error {
	for _, m := range a.(MuonAttr).Matrices {
		if m.Rows < 1 || m.Columns < 1 || m.Offset < 0 || m.Offset%segmentAlign != 0 || m.Offset+m.Rows*m.Columns > d["P"] {
			return fmt.Errorf("no matrix of %d x %d begins at element %d of %d", m.Rows, m.Columns, m.Offset, d["P"])
		}
	}
	return nil
}

func decays(parameters, undecayed int) error {
	if undecayed < 0 || undecayed > parameters {
		return fmt.Errorf("weight decay leaves out %d of %d parameters", undecayed, parameters)
	}
	return nil
}
