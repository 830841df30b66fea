package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// BatchNorm2d, ReLU, Dropout2d and MaxPool2d follow each other in every block and are each bound by memory. Fused, an
// activation is read twice forward (statistics, then everything else) and twice backward, where eight passes
// forward and twelve backward would be needed one op after the other.

var (
	normReLUDropout = kernel{
		name: "norm_relu_dropout", storage: []vk.Access{in, in, out, in},
		spec: []string{"C", "PLANE", "GX", "GY", "RUN", "DROPOUT"}, push: []string{"count"},
	}.orTexel("norm_relu_dropout_texel", 1).orAny("norm_relu_dropout_any")
	normReLUDropoutPool = kernel{
		name: "norm_relu_dropout_pool", storage: []vk.Access{in, in, out, in},
		spec: []string{"C", "H", "W", "GX", "GY", "RUN", "DROPOUT"}, push: []string{"count"},
	}.orTexel("norm_relu_dropout_pool_texel", 1)
	normReLUDropoutBackwardReduce = kernel{
		name: "norm_relu_dropout_backward_reduce", storage: []vk.Access{in, out, in, in},
		spec: []string{"C", "PLANE", "GD", "GX", "RUN", "DROPOUT"}, push: []string{"N", "per", "S"},
	}.orTexel("norm_relu_dropout_backward_reduce_texel", 2).orAny("norm_relu_dropout_backward_reduce_any")
	normReLUDropoutPoolBackwardReduce = kernel{
		name: "norm_relu_dropout_pool_backward_reduce", storage: []vk.Access{in, out, in, in},
		spec: []string{"C", "H", "W", "GD", "GX", "RUN", "DROPOUT"}, push: []string{"N", "per", "S"},
	}.orTexel("norm_relu_dropout_pool_backward_reduce_texel", 2)
	normReLUDropoutBackward = kernel{
		name: "norm_relu_dropout_backward", storage: []vk.Access{in, out, in, in},
		spec: []string{"C", "PLANE", "GD", "GX", "GY", "RUN", "DROPOUT"}, push: []string{"count"},
	}.orTexel("norm_relu_dropout_backward_texel", 2).orAny("norm_relu_dropout_backward_any")
	normReLUDropoutPoolBackward = kernel{
		name: "norm_relu_dropout_pool_backward", storage: []vk.Access{in, out, in, in},
		spec: []string{"C", "H", "W", "GD", "GX", "GY", "RUN", "DROPOUT"}, push: []string{"count"},
	}.orTexel("norm_relu_dropout_pool_backward_texel", 2)
	concat = kernel{
		name: "concat", storage: []vk.Access{in, in, in, out}, spec: []string{"COUNT_A", "COUNT_B", "COUNT_C"},
	}
)

// The lines of a block: from x the normalised n, what ReLU lets through r, what dropout lets through d, pooled p; dn is the gradient by n.
var (
	lineNorm            = line{engine.BatchNorm2d, "x weight bias mean var", "n saved next_mean next_var"}
	lineNormEval        = line{engine.BatchNorm2dEval, "x weight bias mean var", "n"}
	lineReLU            = line{engine.ReLU, "n", "r"}
	lineDropout         = line{engine.Dropout2d, "r mask", "d"}
	lineDropoutBackward = line{engine.Dropout2d, "dd mask", "dr"}
	lineReLUBackward    = line{engine.ReLUBackward, "dr r", "dn"}
	lineNormBackward    = line{engine.BatchNorm2dBackward, "dn x weight saved", "dx dweight dbias"}
)

// linePool pools what is called that, linePoolBackward brings its gradient back.
func linePool(x string) line         { return line{engine.MaxPool2d, x, "p"} }
func linePoolBackward(x string) line { return line{engine.MaxPool2dBackward, "dp " + x, "d" + x} }

// fusedVariants are the runs of ops that a block can have: with or without dropout, with or without pooling; longest first. In an
// evaluation there is no dropout.
var fusedVariants = []variant{
	fused("norm_relu_dropout_pool", fusion{covers: []line{lineNorm, lineReLU, lineDropout, linePool("d")}}, fusedRows, activateBatch),
	fused("norm_relu_dropout_pool_backward", fusion{
		covers: []line{linePoolBackward("d"), lineDropoutBackward, lineReLUBackward, lineNormBackward},
		again:  []line{lineNorm, lineReLU, lineDropout},
	}, fusedRows, activateBackward),
	fused("norm_relu_pool", fusion{covers: []line{lineNorm, lineReLU, linePool("r")}}, fusedRows, activateBatch),
	fused("norm_relu_pool_backward", fusion{
		covers: []line{linePoolBackward("r"), lineReLUBackward, lineNormBackward},
		again:  []line{lineNorm, lineReLU},
	}, fusedRows, activateBackward),
	fused("norm_relu_pool_eval", fusion{covers: []line{lineNormEval, lineReLU, linePool("r")}}, fusedRows, activateEval),
	fused("norm_relu_dropout", fusion{covers: []line{lineNorm, lineReLU, lineDropout}}, fusedRows, activateBatch),
	fused("norm_relu_dropout_backward", fusion{
		covers: []line{lineDropoutBackward, lineReLUBackward, lineNormBackward},
		again:  []line{lineNorm, lineReLU},
	}, fusedRows, activateBackward),
	fused("norm_relu", fusion{covers: []line{lineNorm, lineReLU}}, fusedRows, activateBatch),
	fused("norm_relu_backward", fusion{covers: []line{lineReLUBackward, lineNormBackward}, again: []line{lineNorm, lineReLU}}, fusedRows, activateBackward),
	fused("norm_relu_eval", fusion{covers: []line{lineNormEval, lineReLU}}, fusedRows, activateEval),
}

// activateBatch is a block in training. The statistics fold panels, as those of the op by itself do.
func activateBatch(c *call) {
	saved := c.of(c.named("saved"))
	c.batchStatistics(chunkOf(c.planes(c.named("x")).size), saved)
	c.activate(saved)
}

// activateEval is a block in an evaluation.
func activateEval(c *call) { c.activate(c.runningStatistics(c.ops[0])) }

// pools reports whether a block has pooling, or its gradient.
func (c *call) pools() bool { return slices.ContainsFunc(c.ops, isPooling) }

func isPooling(op engine.Op) bool {
	return op.Kind == engine.MaxPool2d || op.Kind == engine.MaxPool2dBackward
}

// fusedRows says whether the rows are those that a block with pooling takes: they pool to vec4s by 2 x 2. A block without takes any.
func fusedRows(c *call) bool {
	return !c.pools() || poolRows(c.named("x")) && !slices.ContainsFunc(c.ops, func(op engine.Op) bool { return isPooling(op) && op.Attr != engine.Attr(halvingPool) })
}

// walk is how a fused block goes through activations of one shape: by vec4s of images, or, where 4 does not divide those, of whole panels
// if there is no mask, which has a value for each image; else by single floats.
func (c *call) walk(ts ...*engine.Tensor) (p planes, chunk int) {
	p = c.images(ts...)
	if p.size%4 != 0 && c.named("mask") == nil {
		p = c.planes(ts...)
	}
	return p, chunkOf(p.size)
}

// activate runs normalising, ReLU or another activation, and dropout and pooling if the run has them.
func (c *call) activate(saved operand) {
	x, y := c.named("x"), c.ops[len(c.ops)-1].Outputs[0]
	coef := c.coefficients(saved, c.named("weight"), c.named("bias"))
	mask, masked := coef, words(0)
	if m := c.named("mask"); m != nil {
		mask, masked = c.of(m), words(1)
	}
	p, chunk := c.walk(x, y)
	outputs := p.size / chunk
	if c.pools() {
		outputs = y.H() * y.W() / chunk
	}
	run := runOf(outputs)
	k, constants := normReLUDropout, words(p.c, outputs, p.g[0], p.g[1], run)
	function := c.function()
	switch {
	case function != nil:
		k = normActivation
	case c.pools():
		k, constants = normReLUDropoutPool, words(p.c, x.H(), x.W(), p.g[0], p.g[1], run)
	}
	count := p.n * p.c * outputs / run
	c.run(c.readingChunk(k, chunk, x.Shape.Elements()), count, slices.Concat(constants, masked, function), words(count), coef, mask, c.of(y), c.of(x))
}

// activateBackward runs the gradients of a fused block: what pooling, dropout and the activation let through is found again from
// x in both passes, so that none of it is stored.
func activateBackward(c *call) {
	dy, x, saved, dx := c.in(0), c.named("x"), c.of(c.named("saved")), c.named("dx")
	coef := c.coefficients(saved, c.named("weight"), c.named("bias"))
	mask, masked, masks := coef, words(0), 0
	if m := c.named("mask"); m != nil {
		mask, masked, masks = c.of(m), words(1), m.Shape.Elements()
	}

	p, chunk := c.walk(x, dy, dx)
	channels, chunks := p.c, p.size/chunk
	reduce, apply, geometry := normReLUDropoutBackwardReduce, normReLUDropoutBackward, words(channels, chunks)
	function := c.function()
	switch {
	case function != nil:
		reduce, apply = normActivationBackwardReduce, normActivationBackward
	case c.pools():
		reduce, apply, geometry = normReLUDropoutPoolBackwardReduce, normReLUDropoutPoolBackward, words(channels, x.H(), x.W())
		chunks = dy.H() * dy.W() / chunk
	}

	per, s := c.pieces(p.n, channels)
	parts := c.scratch("norm_relu backward parts", s*2*channels)
	first := c.concat(saved, 2*channels, coef, 3*channels, mask, masks)
	run := runOf(chunks)
	c.run(c.readingChunk(reduce, chunk, dy.Shape.Elements(), x.Shape.Elements()), channels*s, slices.Concat(geometry, words(p.g[1], p.g[0], run), masked, function), words(p.n, per, s),
		first, parts, c.of(dy), c.of(x))

	second := c.concat(c.backwardCoefficients(c.ops[len(c.ops)-1], parts, s), 4*channels, coef, 3*channels, mask, masks)
	count := p.n * channels * chunks / run
	c.run(c.readingChunk(apply, chunk, dy.Shape.Elements(), x.Shape.Elements()), count, slices.Concat(geometry, words(p.g[1], p.g[0], p.g[2], run), masked, function), words(count),
		second, c.of(dx), c.of(dy), c.of(x))
}

// concat brings three vectors into one window.
func (c *call) concat(a operand, countA int, b operand, countB int, d operand, countD int) operand {
	y := c.scratch("vectors", countA+countB+countD)
	c.run(concat, countA+countB+countD, words(countA, countB, countD), nil, a, b, d, y)
	return y
}
