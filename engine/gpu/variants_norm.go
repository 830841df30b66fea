package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// BatchNorm2d. Its operands are more than the four windows that every device has, so small kernels first bring a
// channel's numbers together in one window; the passes over activations read that. Those that write an activation are the ones of
// variants_fused_activation.go, with no activation.

var (
	batchNormStatistics = kernel{
		name: "batch_norm2d_statistics", storage: []vk.Access{out, in},
		spec: []string{"C", "PLANE", "G", "RUN", "TEAM", "ACROSS"}, push: []string{"N", "per", "S"},
	}.orTexel("batch_norm2d_statistics_texel", 1).orAny("batch_norm2d_statistics_any")
	inputCovariance = kernel{
		name: "input_covariance", storage: []vk.Access{out, in},
		spec: []string{"K", "PLANE", "G", "TEAM", "ACROSS"}, push: []string{"N", "per", "S"},
	}.orTexel("input_covariance_texel", 1).orAny("input_covariance_any")
	batchNormFinish = kernel{
		name: "batch_norm2d_finish", storage: []vk.Access{in, in, out, out}, spec: []string{"C", "EPSILON", "MOMENTUM", "TEAM"},
		push: []string{"piece", "count", "S", "weight", "bias", "mean", "var", "next_mean", "next_var"},
	}
	batchNormFinishCovariance = kernel{
		name: "batch_norm2d_finish_covariance", storage: []vk.Access{in, in, out, out}, spec: []string{"C", "EPSILON", "MOMENTUM", "K", "TEAM"},
		push: []string{"piece", "count", "S", "weight", "bias", "mean", "var", "next_mean", "next_var", "conv"},
	}
	batchNormEvalStatistics = kernel{
		name: "batch_norm2d_eval_statistics", storage: []vk.Access{in, out}, spec: []string{"C", "EPSILON"}, push: []string{"weight", "bias", "mean", "var"},
	}
	batchNormCoefficients = kernel{
		name: "batch_norm2d_coefficients", storage: []vk.Access{in, in, out}, spec: []string{"C"},
	}
	batchNormBackwardFinish = kernel{
		name: "batch_norm2d_backward_finish", storage: []vk.Access{in, inOut, out, out}, spec: []string{"C", "TEAM"}, push: []string{"S", "count"},
	}
)

var batchNormVariants = slices.Concat(
	byChunk(engine.BatchNorm2d, "batch_norm2d", "batch_norm2d_any", foldedRows, batchNorm),
	byChunk(engine.BatchNorm2dEval, "batch_norm2d_eval", "batch_norm2d_eval_any", foldedRows, batchNormEval),
	byChunk(engine.BatchNorm2dBackward, "batch_norm2d_backward", "batch_norm2d_backward_any", foldedRows, batchNormBackward),
)

// foldedRows says whether planes of the first input and output divide by 4.
func foldedRows(c *call) bool {
	ts := []*engine.Tensor{c.out(0)}
	for _, t := range c.ops[0].Inputs {
		if t.Batched {
			ts = append(ts, t)
		}
	}
	return c.planes(ts...).size%4 == 0
}

func batchNorm(c *call, chunk int) {
	c.normalize(chunk, c.batchStatistics(chunk))
}

// batchStatistics computes the vectors of a batch_norm2d, saved among them, and the candidates of its running statistics.
func (c *call) batchStatistics(chunk int) (vectors operand) {
	op, a, p := c.ops[0], c.attr().(engine.BatchNormAttr), c.planes(c.in(0))
	vectors = c.vectors(op.Outputs[1], p.c)
	next, at, settle := c.apart(op.Outputs[2], op.Outputs[3])
	constants := append(words(p.c), word(a.Epsilon), word(a.Momentum))
	if conv, ok := c.covaries(); ok {
		parts, each, s := c.covariance(conv)
		segments, from := c.together(append(op.Inputs[1:5:5], conv.Inputs[1])...)
		c.runSums(batchNormFinishCovariance, p.c, s, append(constants, uint32(conv.Inputs[0].C())),
			slices.Concat(words(each, p.n*p.size, s), from[:4], at, from[4:]), parts, segments, vectors, next)
	} else {
		parts, each, s := c.statisticsOf(chunk)
		segments, from := c.together(op.Inputs[1:5]...)
		c.runSums(batchNormFinish, p.c, s, constants, slices.Concat(words(each, p.n*p.size, s), from, at), parts, segments, vectors, next)
	}
	settle()
	return vectors
}

// statisticsOf reads the input of a batch_norm2d: mean and squared deviation of every channel in s pieces of each values.
func (c *call) statisticsOf(chunk int) (parts operand, each, s int) {
	x := c.in(0)
	p := c.planes(x)
	r := c.reduction(p.n, p.c, p.size/chunk, chunk, 4)
	parts = c.scratch("batch_norm2d parts", r.s*2*p.c)
	c.reduce(c.readingChunk(batchNormStatistics, chunk, x.Shape.Elements()), r, p.c, words(p.c, p.size/chunk, p.g[0], r.run), words(p.n, r.per, r.s), parts, c.of(x))
	return parts, r.per * p.size, r.s
}

// covaries says whether the input of a batch_norm2d is the result of a pointwise convolution of at most four channels, whose covariance gives
// the statistics without reading it: of SmallCIFARNet's first block it is the largest activation by far. Not where the kernel would spill, nor
// where the result is stored rounded: they would be those of another.
func (c *call) covaries() (conv engine.Op, ok bool) {
	conv, ok = c.plan.origin(c.in(0), c.at)
	if !ok || c.plan.opt.NoCovariance || c.plan.target.spills(inputCovariance.texel) || conv.Kind != engine.PointwiseConv2d || conv.Inputs[0].C() > 4 || c.plan.skipped[conv.Inputs[0]] || c.in(0).DType.Half() {
		return conv, false
	}
	return conv, c.planes(conv.Inputs[0]).size%4 == 0
}

// covariance reads the input of such a convolution: its means and co-moments in s pieces of each values.
func (c *call) covariance(conv engine.Op) (parts operand, each, s int) {
	x := conv.Inputs[0]
	p := c.planes(x)
	chunk := 4
	if c.tooFew(p.n*p.size/4, x.Shape.Elements()*4) { // an invocation takes all channels
		chunk = 1
	}
	r := c.reduction(p.n, 1, p.size/chunk, chunk, 1)
	parts = c.scratch("input covariance parts", r.s*20)
	c.reduce(c.readingChunk(inputCovariance, chunk, x.Shape.Elements()), r, 1, words(p.c, p.size/chunk, p.g[0]), words(p.n, r.per, r.s), parts, c.of(x))
	return parts, r.per * p.size, r.s
}

func batchNormEval(c *call, chunk int) { c.normalize(chunk, c.runningStatistics(c.ops[0])) }

// normalize is the last stage of batch_norm2d and batch_norm2d_eval.
func (c *call) normalize(chunk int, vectors operand) {
	x, y := c.in(0), c.out(0)
	p := c.planes(x, y)
	chunks := p.size / chunk
	run := c.runOf(chunks)
	count := p.n * p.c * chunks / run
	c.run(c.readingChunk(normActivation, chunk, x.Shape.Elements()), count, words(p.c, chunks, p.g[0], p.g[1], run, unmasked, noFunction), words(count),
		vectors, vectors, c.of(y), c.of(x))
}

// runningStatistics is the vectors of a batch_norm2d_eval op: those of the running statistics.
func (c *call) runningStatistics(op engine.Op) (vectors operand) {
	channels := op.Inputs[0].C()
	vectors = c.scratch("batch_norm2d vectors", normalizing*channels)
	segments, from := c.together(op.Inputs[1:5]...)
	c.run(batchNormEvalStatistics, channels, append(words(channels), word(op.Attr.(engine.BatchNormAttr).Epsilon)), from, segments, vectors)
	return vectors
}

func batchNormBackward(c *call, chunk int) {
	dy, x, vectors := c.in(0), c.in(1), c.knownVectors(c.ops[0])
	p := c.planes(dy, x)
	if p.size%chunk != 0 {
		p = c.images(dy, x)
	}
	r := c.reduction(p.n, p.c, p.size/chunk, chunk, 4)
	parts := c.scratch("batch_norm2d backward parts", r.s*2*p.c)
	c.reduce(c.readingChunk(normActivationBackwardReduce, chunk, dy.Shape.Elements(), x.Shape.Elements()), r, p.c,
		words(p.c, p.size/chunk, p.g[0], p.g[1], r.run, unmasked, noFunction), words(p.n, r.per, r.s, 0), vectors, parts, c.of(dy), c.of(x))
	c.normBackward(c.ops[0], vectors, chunk, parts, r.s)
}

// normBackward is the last stages of a batch_norm2d_backward op: of what its gradient sums over s pieces of the batch the gradients by
// weight and bias, and with them that by x.
func (c *call) normBackward(op engine.Op, vectors operand, chunk int, parts operand, s int) {
	dy, x, dx := op.Inputs[0], op.Inputs[1], op.Outputs[0]
	c.finishBackward(op, vectors, parts, s)
	q := c.planes(dy, x, dx)
	chunks := q.size / chunk
	run := c.runOf(chunks)
	count := q.n * q.c * chunks / run
	c.run(c.readingChunk(normActivationBackward, chunk, dy.Shape.Elements(), x.Shape.Elements()), count,
		words(q.c, chunks, q.g[0], q.g[1], q.g[2], run, unmasked, noFunction), words(count, 0), vectors, c.of(dx), c.of(dy), c.of(x))
}

// finishBackward turns the reduced pieces of a batch_norm2d_backward op into the gradients of weight and bias and into what the gradient by
// x needs of a channel.
func (c *call) finishBackward(op engine.Op, vectors, parts operand, s int) {
	x := op.Inputs[1]
	count := word(float64(x.N() * x.H() * x.W()))
	c.runSums(batchNormBackwardFinish, x.C(), s, words(x.C()), append(words(s), count), parts, vectors, c.of(op.Outputs[1]), c.of(op.Outputs[2]))
}
