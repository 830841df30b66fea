package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// In an evaluation BatchNorm2d is the same affine map for every image: it is folded into the weight and the bias of the convolution
// before it, and ReLU is done where the sums are stored. The block's activation is then written once. The convolution runs as it would by
// itself, on other operands.

var foldNorm = kernel{
	name: "fold_norm", storage: []vk.Access{in, in, in, out}, spec: []string{"M", "ROW", "BIAS_AT", "BIASED"},
}

// foldedVariants are those with ReLU, then those without.
var foldedVariants = []variant{
	folded("pointwise_conv2d_norm_relu_eval", line{engine.PointwiseConv2d, "input w", "x"}, lineNormEval, lineReLU),
	folded("conv2d_norm_relu_eval", line{engine.Conv2d, "input w", "x"}, lineNormEval, lineReLU),
	folded("conv2d_bias_norm_relu_eval", line{engine.Conv2d, "input w b", "x"}, lineNormEval, lineReLU),
	folded("depthwise_conv2d_norm_relu_eval", line{engine.DepthwiseConv2d, "input w", "x"}, lineNormEval, lineReLU),
	folded("depthwise_conv2d_bias_norm_relu_eval", line{engine.DepthwiseConv2d, "input w b", "x"}, lineNormEval, lineReLU),
	folded("pointwise_conv2d_norm_eval", line{engine.PointwiseConv2d, "input w", "x"}, lineNormEval),
	folded("conv2d_norm_eval", line{engine.Conv2d, "input w", "x"}, lineNormEval),
	folded("conv2d_bias_norm_eval", line{engine.Conv2d, "input w b", "x"}, lineNormEval),
	folded("depthwise_conv2d_norm_eval", line{engine.DepthwiseConv2d, "input w", "x"}, lineNormEval),
	folded("depthwise_conv2d_bias_norm_eval", line{engine.DepthwiseConv2d, "input w b", "x"}, lineNormEval),
}

func folded(name string, covers ...line) variant {
	return fused(name, fusion{covers: covers}, func(c *call) bool { _, ok := c.asConvolution(c.unfolded()); return ok }, foldConvolution)
}

// affine is what a convolution has in place of its own weight and bias, and what becomes of its sums.
type affine struct {
	weight, bias operand
	relu         bool
}

// weight is the second operand of a convolution, or what stands for it.
func (c *call) weight() operand {
	if c.affine != nil {
		return c.affine.weight
	}
	return c.of(c.in(1))
}

// bias is the third operand of a convolution, or any other where it has none, or what stands for it.
func (c *call) bias() (b operand, biased bool) {
	if c.affine != nil {
		return c.affine.bias, true
	}
	last := c.ops[0].Inputs[len(c.ops[0].Inputs)-1]
	return c.of(last), len(c.ops[0].Inputs) > 2
}

// rectified reports whether the convolution's sums go through ReLU.
func (c *call) rectified() bool { return c.affine != nil && c.affine.relu }

// own reports whether a convolution runs on its own weight and bias, which is all that the kernels for any shape know.
func (c *call) own() bool { return c.affine == nil }

// foldedParts are the folded weight and bias within a slab, and the place of the bias in values.
func (c *call) foldedParts(s *slab) (a affine, biasAt int) {
	w := c.in(1)
	elements := w.Shape.Elements()
	biasAt = roundUp(elements, windowAlign/4)
	bias := operand{s, int64(biasAt) * 4, int64(w.Shape[0]) * 4}
	return affine{operand{s, 0, int64(elements) * 4}, bias, c.ops[len(c.ops)-1].Kind == engine.ReLU}, biasAt
}

// unfolded has the sizes of what is folded, before there is memory for it.
func (c *call) unfolded() affine {
	a, _ := c.foldedParts(&slab{first: -1})
	return a
}

// asConvolution is the variant that the convolution by itself would have, at work on those operands and on the last output.
func (c *call) asConvolution(a affine) (*work, bool) {
	alone := &call{plan: c.plan, ops: slices.Clone(c.ops[:1]), at: c.at, affine: &a}
	alone.ops[0].Outputs = c.ops[len(c.ops)-1].Outputs
	preferred := c.plan.opt.Choices[opKey(c.ops[0])]
	var first *work
	for _, v := range convolutions {
		switch {
		case v.covers[0] != c.ops[0].Kind || v.runs != nil && !v.runs(alone) || c.plan.switchedOff(&v, alone):
		case v.name == preferred:
			return &work{&v, alone}, true
		case first == nil:
			first = &work{&v, alone}
		}
	}
	return first, first != nil
}

// convolutions are the variants that may have folded operands.
var convolutions = slices.Concat(conv2dVariants, depthwiseVariants, productVariants)

func foldConvolution(c *call) {
	w := c.in(1)
	rows := w.Shape[0]
	_, biasAt := c.foldedParts(&slab{})
	to := c.scratch("folded weight and bias", biasAt+rows)
	a, _ := c.foldedParts(to.slab)
	b, biased := c.bias()
	coef := c.coefficients(c.runningStatistics(c.ops[1]), c.named("weight"), c.named("bias"))
	c.run(foldNorm, w.Shape.Elements(), append(words(rows, w.Shape.Elements()/rows, biasAt), flag(biased)), nil, c.of(w), b, coef, to)
	alone, _ := c.asConvolution(a)
	alone.variant.emit(alone.call)
}
