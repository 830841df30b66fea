package gpu

import (
	"slices"

	"cnnvk/engine"
)

// In an evaluation BatchNorm2d is the same affine map for every image: it is folded into the weight and the bias of the convolution
// before it; the Add of a shortcut and the activation are done where the sums are stored. The block's activation is then written once. The
// convolution runs as it would by itself, on other operands; where its kernel has no binding left for a shortcut, what follows BatchNorm2d
// is left out.

// foldedVariants are those with a sum, those with ReLU or another activation, then those without.
var foldedVariants = slices.Concat(
	foldedSums("pointwise_conv2d_norm_add_activation_eval", "pointwise_conv2d_norm_add_eval", line{engine.PointwiseConv2d, "input w", "x"}),
	foldedSums("conv2d_norm_add_activation_eval", "conv2d_norm_add_eval", line{engine.Conv2d, "input w", "x"}),
	foldedSums("conv2d_bias_norm_add_activation_eval", "conv2d_bias_norm_add_eval", line{engine.Conv2d, "input w b", "x"}),
	folded("pointwise_conv2d_norm_relu_eval", "pointwise_conv2d_norm_activation_eval", "pointwise_conv2d_norm_eval", line{engine.PointwiseConv2d, "input w", "x"}),
	folded("conv2d_norm_relu_eval", "conv2d_norm_activation_eval", "conv2d_norm_eval", line{engine.Conv2d, "input w", "x"}),
	folded("conv2d_bias_norm_relu_eval", "conv2d_bias_norm_activation_eval", "conv2d_bias_norm_eval", line{engine.Conv2d, "input w b", "x"}),
	folded("depthwise_conv2d_norm_relu_eval", "depthwise_conv2d_norm_activation_eval", "depthwise_conv2d_norm_eval", line{engine.DepthwiseConv2d, "input w", "x"}),
	folded("depthwise_conv2d_bias_norm_relu_eval", "depthwise_conv2d_bias_norm_activation_eval", "depthwise_conv2d_bias_norm_eval", line{engine.DepthwiseConv2d, "input w b", "x"}),
)

// otherActivations are those besides ReLU that are fused with what stands before them, be it BatchNorm2d or a sum. Sigmoid stands behind neither, but in
// a squeeze-and-excitation.
var otherActivations = []engine.Kind{engine.SiLU, engine.ReLU6, engine.GELU, engine.Hardswish}

// folded are the fusions of a convolution and BatchNorm2d: with ReLU behind them, with another activation, and with none.
func folded(relu, activation, none string, conv line) []variant {
	fold := func(name string, covers ...line) variant {
		return fused(name, fusion{covers: append([]line{conv, lineNormEval}, covers...)}, (*call).folds, foldConvolution)
	}
	list := []variant{fold(relu, lineReLU)}
	for _, k := range otherActivations {
		list = append(list, fold(activation, line{k, "n", "r"}))
	}
	return append(list, fold(none))
}

// foldedSums are those of a convolution, BatchNorm2d and the Add of a shortcut: with an activation behind them, and with none.
func foldedSums(activation, none string, conv line) []variant {
	fold := func(name string, covers ...line) []variant {
		return shortcuts(name, (*call).folds, foldConvolution, func(sum line) fusion {
			return fusion{covers: append([]line{conv, lineNormEval, sum}, covers...)}
		})
	}
	var list []variant
	for _, k := range append([]engine.Kind{engine.ReLU}, otherActivations...) {
		list = append(list, fold(activation, line{k, "s", "r"})...)
	}
	return append(list, fold(none)...)
}

// folds reports whether the convolution's variant takes what is folded into it.
func (c *call) folds() bool { _, ok := c.asConvolution(); return ok }

// affine is what is folded into a convolution, and the number of the activation that is done on its sums.
type affine struct {
	norm     engine.Op // batch_norm2d_eval
	function int
}

// weight is the second operand of a convolution, or what stands for it.
func (c *call) weight() operand {
	if c.affine == nil {
		return c.of(c.in(1))
	}
	if f, made := c.plan.folded[c.at]; made {
		return f.weight
	}
	w := c.in(1)
	return c.packed(weightJob{rows: w.Shape[0], columns: 1, taps: w.Shape.Elements() / w.Shape[0], plain: true})
}

// bias is the third operand of a convolution, or any other where it has none, or what stands for it, once its weight is there.
func (c *call) bias() (b operand, biased bool) {
	if c.affine != nil {
		return c.plan.folded[c.at].bias, true
	}
	last := c.ops[0].Inputs[len(c.ops[0].Inputs)-1]
	return c.of(last), len(c.ops[0].Inputs) > 2
}

// activation is the number of what is done where a convolution's sums are stored.
func (c *call) activation() uint32 {
	if c.affine == nil {
		return noFunction
	}
	return uint32(c.affine.function)
}

// shortcut is what is added to a convolution's sums and the constants ADD and GS for it, p being how those around it are walked; or any
// other operand.
func (c *call) shortcut(p planes, other operand) (skip operand, added []uint32) {
	if c.skip != nil {
		return c.of(c.skip), words(1, p.g[2])
	}
	return other, words(0, 1)
}

// around are the activations that a convolution reads and writes: its input, its output, and what is added to its sums, if anything.
func (c *call) around() []*engine.Tensor {
	ts := []*engine.Tensor{c.in(0), c.out(0)}
	if c.skip != nil {
		ts = append(ts, c.skip)
	}
	return ts
}

// adds reports whether a kernel can add to a convolution's sums.
func (k kernel) adds() bool { return slices.Contains(k.spec, "ADD") }

// own reports whether a convolution runs on its own weight and bias, which is all that the kernels for any shape know.
func (c *call) own() bool { return c.affine == nil }

// addsShortcuts reports whether there are registers for a shortcut where a tile's sums are stored. The compiler for Adreno fetches all its
// values before the first is added.
func (t target) addsShortcuts() bool { return t.hardware != qualcomm }

// convolutions are the variants that may have folded operands.
var convolutions = slices.Concat(conv2dVariants, depthwiseVariants, productVariants)

func foldConvolution(c *call) {
	alone, _ := c.asConvolution()
	alone.variant.emit(alone.call)
}

// asConvolution is the variant that the convolution by itself would have, at work on what is folded into it, or added to its sums, and on the last
// output, if it can be.
func (c *call) asConvolution() (*work, bool) {
	last := c.ops[len(c.ops)-1]
	alone := &call{plan: c.plan, ops: slices.Clone(c.ops[:1]), at: c.at, skip: c.named("skip")}
	alone.ops[0].Outputs = last.Outputs
	if norm := c.ops[1]; norm.Kind == engine.BatchNorm2dEval {
		alone.affine = &affine{norm, functionOf(last.Kind)}
	}
	takes := func(w *work) bool { return alone.skip == nil || w.variant.adds && c.plan.target.addsShortcuts() }
	preferred := c.plan.opt.Choices[opKey(c.ops[0])]
	var first *work
	for _, v := range convolutions {
		w := &work{&v, alone}
		switch {
		case v.covers[0] != c.ops[0].Kind || v.runs != nil && !v.runs(alone) || c.plan.switchedOff(&v, alone):
		case v.name == preferred:
			return w, takes(w)
		case first == nil || v.suits != nil && v.suits(alone) && takes(w):
			first = w
		}
	}
	return first, first != nil && takes(first)
}
