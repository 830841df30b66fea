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
		spec: []string{"C", "PLANE", "GD", "GX", "RUN", "DROPOUT", "TEAM", "ACROSS"}, push: []string{"N", "per", "S", "mask"},
	}.orTexel("norm_relu_dropout_backward_reduce_texel", 2).orAny("norm_relu_dropout_backward_reduce_any")
	normReLUDropoutPoolBackwardReduce = kernel{
		name: "norm_relu_dropout_pool_backward_reduce", storage: []vk.Access{in, out, in, in},
		spec: []string{"C", "H", "W", "GD", "GX", "RUN", "DROPOUT", "TEAM", "ACROSS"}, push: []string{"N", "per", "S", "mask"},
	}.orTexel("norm_relu_dropout_pool_backward_reduce_texel", 2)
	normReLUDropoutBackward = kernel{
		name: "norm_relu_dropout_backward", storage: []vk.Access{in, out, in, in},
		spec: []string{"C", "PLANE", "GD", "GX", "GY", "RUN", "DROPOUT"}, push: []string{"count", "mask"},
	}.orTexel("norm_relu_dropout_backward_texel", 2).orAny("norm_relu_dropout_backward_any")
	normReLUDropoutPoolBackward = kernel{
		name: "norm_relu_dropout_pool_backward", storage: []vk.Access{in, out, in, in},
		spec: []string{"C", "H", "W", "GD", "GX", "GY", "RUN", "DROPOUT"}, push: []string{"count", "mask"},
	}.orTexel("norm_relu_dropout_pool_backward_texel", 2)
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
	c.activate(c.batchStatistics(chunkOf(c.planes(c.named("x")).size)))
}

// activateEval is a block in an evaluation.
func activateEval(c *call) { c.activate(c.runningStatistics(c.ops[0])) }

// pools reports whether a block has pooling, or its gradient.
func (c *call) pools() bool { return slices.ContainsFunc(c.ops, isPooling) }

// fusedRows says whether the rows are those that a block with pooling takes: they pool to vec4s by 2 x 2. A block without takes any. A mask
// must lie with the numbers of the channels.
func fusedRows(c *call) bool {
	if mask := c.named("mask"); mask != nil && c.plan.within[mask].slab == nil {
		return false
	}
	return !c.pools() || poolRows(c.named("x")) && !slices.ContainsFunc(c.ops, func(op engine.Op) bool { return isPooling(op) && op.Attr != engine.Attr(halvingPool) })
}

func isPooling(op engine.Op) bool {
	return op.Kind == engine.MaxPool2d || op.Kind == engine.MaxPool2dBackward
}

// activate runs normalising, ReLU or another activation, and dropout and pooling if the run has them.
func (c *call) activate(vectors operand) {
	x, y := c.named("x"), c.ops[len(c.ops)-1].Outputs[0]
	mask, masked := vectors, words(0)
	if m := c.named("mask"); m != nil {
		mask, masked = c.of(m), words(1)
	}
	p, chunk := c.walk(x, y)
	outputs := p.size / chunk
	if c.pools() {
		outputs = y.H() * y.W() / chunk
	}
	run := c.runOf(outputs)
	k, constants := normReLUDropout, words(p.c, outputs, p.g[0], p.g[1], run)
	function := c.function()
	switch {
	case function != nil:
		k = normActivation
	case c.pools():
		k, constants = normReLUDropoutPool, words(p.c, x.H(), x.W(), p.g[0], p.g[1], run)
	}
	count := p.n * p.c * outputs / run
	c.run(c.readingChunk(k, chunk, x.Shape.Elements()), count, slices.Concat(constants, masked, function), words(count), vectors, mask, c.of(y), c.of(x))
}

// activateBackward runs the gradients of a fused block: what pooling, dropout and the activation let through is found again from
// x in both passes, so that none of it is stored.
func activateBackward(c *call) {
	dy, x, dx := c.in(0), c.named("x"), c.named("dx")
	backward := c.ops[len(c.ops)-1]
	vectors, masked := c.vectors(backward.Inputs[3], x.C()), words(0)
	window, maskAt := vectors, 0
	if m := c.named("mask"); m != nil {
		window, maskAt = withMask(vectors, c.of(m))
		masked = words(1)
	}

	p, chunk := c.walk(x, dy, dx)
	if !c.pools() {
		chunk = c.chunkOf(p.size, x.Shape.Elements(), 2)
	}
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

	r := c.reduction(p.n, channels, chunks, p.size/chunks, 4)
	parts := c.scratch("norm_relu backward parts", r.s*2*channels)
	c.reduce(c.readingChunk(reduce, chunk, dy.Shape.Elements(), x.Shape.Elements()), r, channels, slices.Concat(geometry, words(p.g[1], p.g[0], r.run), masked, function),
		words(p.n, r.per, r.s, maskAt), window, parts, c.of(dy), c.of(x))

	c.finishBackward(backward, vectors, parts, r.s)
	run := c.runOf(chunks)
	count := p.n * channels * chunks / run
	c.run(c.readingChunk(apply, chunk, dy.Shape.Elements(), x.Shape.Elements()), count, slices.Concat(geometry, words(p.g[1], p.g[0], p.g[2], run), masked, function), words(count, maskAt),
		window, c.of(dx), c.of(dy), c.of(x))
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
