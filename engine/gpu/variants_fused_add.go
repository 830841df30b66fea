package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// The end of a residual block: BatchNorm2d, Add of the shortcut, and an activation or none. Forward it is one pass over activations instead
// of three. Backward the gradient by the sum goes to the shortcut, too, so it is written; the pass that does so takes the sums that
// BatchNorm2d's gradient needs along. Where the shortcut began, both gradients are added up by the kernel that makes the second.

var (
	normAdd = kernel{
		name: "norm_add", storage: []vk.Access{in, out, in, in},
		spec: []string{"C", "PLANE", "GX", "GS", "GY", "RUN", "FUNCTION"}, push: []string{"count"},
	}.orTexel("norm_add_texel", 2).orAny("norm_add_any")
	activationNormBackwardReduce = kernel{
		name: "activation_norm_backward_reduce", storage: []vk.Access{in, out, out, in, in, in},
		spec: []string{"C", "PLANE", "GD", "GV", "GX", "GN", "RUN", "FUNCTION", "SUM", "TEAM", "ACROSS"}, push: []string{"N", "per", "S"},
	}.orTexel("activation_norm_backward_reduce_texel", 3).orAny("activation_norm_backward_reduce_any")
)

// The activations that may follow a sum.
var (
	sumReLU      = summed{engine.ReLU, engine.ReLUBackward, "norm_add_relu", "norm_add_relu_eval", "relu_norm_backward"}
	sumSiLU      = summed{engine.SiLU, engine.SiLUBackward, "norm_add_silu", "norm_add_silu_eval", "norm_add_silu_backward"}
	sumReLU6     = summed{engine.ReLU6, engine.ReLU6Backward, "norm_add_relu6", "norm_add_relu6_eval", "norm_add_relu6_backward"}
	sumGELU      = summed{engine.GELU, engine.GELUBackward, "norm_add_gelu", "norm_add_gelu_eval", "norm_add_gelu_backward"}
	sumHardswish = summed{engine.Hardswish, engine.HardswishBackward, "norm_add_hardswish", "norm_add_hardswish_eval", "norm_add_hardswish_backward"}
)

var fusedAddVariants = slices.Concat(sumReLU.variants(), sumSiLU.variants(), sumReLU6.variants(), sumGELU.variants(), sumHardswish.variants(),
	shortcuts("norm_add", nil, addBatch, func(sum line) fusion { return fusion{covers: []line{lineNorm, sum}} }),
	shortcuts("norm_add_eval", nil, addEval, func(sum line) fusion { return fusion{covers: []line{lineNormEval, sum}} }),
	gradientSums("conv2d_backward_data_add", engine.Conv2dBackwardData), gradientSums("depthwise_conv2d_backward_data_add", engine.DepthwiseConv2dBackwardData),
	addActivationVariants(),
)

// gradientSums are the gradient by a residual block's input: what its first convolution gives and what the shortcut gives, added where the
// convolution's sums are stored.
func gradientSums(name string, conv engine.Kind) []variant {
	return shortcuts(name, (*call).folds, foldConvolution, func(sum line) fusion {
		return fusion{covers: []line{{conv, "dy w like", "n"}, sum}}
	})
}

// summed is an activation after a sum, with the names of its fusions: in training, in an evaluation, and backward.
type summed struct {
	forward, backward engine.Kind
	train, eval, back string
}

// variants of a sum's activation. ReLU's gradient reads what ReLU let through, which is in memory for whatever comes after the block; the
// others read the sum, which is computed anew.
func (a summed) variants() []variant {
	activation := line{a.forward, "s", "r"}
	list := slices.Concat(
		shortcuts(a.train, nil, addBatch, func(sum line) fusion { return fusion{covers: []line{lineNorm, sum, activation}} }),
		shortcuts(a.eval, nil, addEval, func(sum line) fusion { return fusion{covers: []line{lineNormEval, sum, activation}} }),
	)
	if a.forward == engine.ReLU {
		return append(list, fused(a.back, fusion{covers: []line{lineReLUBackward, lineNormBackward}, writes: "dn"}, bindsSumBackward, sumBackward))
	}
	return append(list, shortcuts(a.back, bindsSumBackward, sumBackward, func(sum line) fusion {
		return fusion{covers: []line{{a.backward, "dr s", "dn"}, lineNormBackward}, again: []line{lineNorm, sum}, writes: "dn"}
	})...)
}

// shortcuts is a fusion with an Add of n and what is skipped to, in either order.
func shortcuts(name string, runs func(c *call) bool, emit func(c *call), with func(sum line) fusion) []variant {
	return []variant{
		fused(name, with(line{engine.Add, "n skip", "s"}), runs, emit),
		fused(name, with(line{engine.Add, "skip n", "s"}), runs, emit),
	}
}

// addActivationVariants are an Add and any activation, where there is no BatchNorm2d in front that the Add could be fused with.
func addActivationVariants() []variant {
	var list []variant
	for _, k := range append([]engine.Kind{engine.ReLU}, otherActivations...) {
		list = append(list, fused("add_activation", fusion{covers: []line{{engine.Add, "a b", "s"}, {k, "s", "r"}}}, nil, func(c *call) {
			a, b, y := c.named("a"), c.named("b"), c.named("r")
			p := c.planes(a, b, y)
			c.sum(addActivation, c.chunkOf(p.size, p.values(), 2), p, a, b, y, uint32(functionOf(k)))
		}))
	}
	return list
}

// addBatch is the end of a residual block in training.
func addBatch(c *call) {
	c.normAdd(c.batchStatistics(chunkOf(c.planes(c.named("x")).size)))
}

// addEval is that in an evaluation, where BatchNorm2d is not folded into a convolution.
func addEval(c *call) { c.normAdd(c.runningStatistics(c.ops[0])) }

func (c *call) normAdd(vectors operand) {
	last := c.ops[len(c.ops)-1]
	x, skip, y := c.named("x"), c.named("skip"), last.Outputs[0]
	p, elements := c.planes(x, skip, y), x.Shape.Elements()
	chunk := c.chunkOf(p.size, elements, 2)
	chunks := p.size / chunk
	run := c.runOf(chunks)
	count := p.n * p.c * chunks / run
	constants := append(words(p.c, chunks), words(p.g...)...)
	c.run(c.readingChunk(normAdd, chunk, elements, elements), count, append(constants, words(run, functionOf(last.Kind))...), words(count),
		vectors, c.of(y), c.of(x), c.of(skip))
}

func bindsSumBackward(c *call) bool {
	_, _, _, k := c.sumGradient()
	return c.binds(k)
}

// sumBackward runs the gradients of an activation and of the BatchNorm2d in front of it. The gradient between them is written as well.
func sumBackward(c *call) {
	ts, p, chunk, k := c.sumGradient()
	vectors, anew := c.knownVectors(c.ops[1]), c.named("skip") != nil
	chunks := p.size / chunk
	r := c.reduction(p.n, p.c, chunks, chunk, 4)
	parts := c.scratch("norm backward parts", r.s*2*p.c)
	constants := append(words(p.c, chunks), words(p.g...)...)
	constants = append(constants, words(r.run, functionOf(c.ops[0].Kind), int(flag(anew)))...)
	c.reduce(k, r, p.c, constants, words(p.n, r.per, r.s), vectors, parts, c.of(ts[3]), c.of(ts[0]), c.of(ts[1]), c.of(ts[2]))
	c.normBackward(c.ops[1], vectors, c.chunkOf(c.planes(c.named("dn"), c.named("x"), c.named("dx")).size, p.values(), 2), parts, r.s)
}

// sumGradient is what the first stage of sumBackward reads and writes, how it walks it, and the kernel that does.
func (c *call) sumGradient() (ts []*engine.Tensor, p planes, chunk int, k kernel) {
	at := c.named("r")
	if c.named("skip") != nil {
		at = c.named("skip")
	}
	ts = []*engine.Tensor{c.named("dr"), at, c.named("x"), c.named("dn")}
	p = c.planes(ts...)
	elements := at.Shape.Elements()
	chunk = c.chunkOf(p.size, elements, 3)
	return ts, p, chunk, c.readingChunk(activationNormBackwardReduce, chunk, elements, elements, elements)
}
