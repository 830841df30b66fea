package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// BatchNorm2d. Its operands are more than the four windows that every device has, so small kernels first bring a
// channel's numbers together in one window; the passes over activations read that.

var batchNormVariants = slices.Concat(
	byLanes(engine.BatchNorm2d, foldedRows, batchNorm),
	byLanes(engine.BatchNorm2dEval, foldedRows, batchNormEval),
	byLanes(engine.BatchNorm2dBackward, foldedRows, batchNormBackward),
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

func batchNorm(c *call, suffix string, lanes int) {
	saved := c.of(c.out(1))
	c.batchStatistics(lanes, saved)
	c.normalize(suffix, lanes, c.coefficients(c.ops[0], saved))
}

// batchStatistics computes saved and the candidates of the running statistics of a batch_norm2d.
func (c *call) batchStatistics(lanes int, saved operand) {
	finish := kernel{shader: "batch_norm2d_finish", storage: []vk.Access{in, out, out}, constants: 2, push: 3}
	running := kernel{shader: "batch_norm2d_running", storage: []vk.Access{in, in, out}, constants: 2}

	a, p := c.attr().(engine.BatchNormAttr), c.planes(c.in(0))
	unbiased := c.scratch("batch_norm2d unbiased variance", p.c)
	parts, each, s := c.statisticsFromInputs()
	if s == 0 {
		parts, each, s = c.statisticsOf(lanes)
	}
	c.run(finish, p.c, append(words(p.c), word(a.Epsilon)), words(each, p.n*p.size, s), parts, saved, unbiased)
	mean := operand{saved.slab, saved.offset, int64(p.c) * 4}
	for i, batch := range []operand{mean, unbiased} {
		c.run(running, p.c, append(words(p.c), word(a.Momentum)), nil, c.of(c.in(3+i)), batch, c.of(c.out(2+i)))
	}
}

// statisticsOf reads the input of a batch_norm2d: mean and squared deviation of every channel in s pieces of each values.
func (c *call) statisticsOf(lanes int) (parts operand, each, s int) {
	k := kernel{shader: "batch_norm2d_statistics", storage: []vk.Access{out, in}, constants: 4, push: 3}
	x := c.in(0)
	p := c.planes(x)
	per, s := c.pieces(p.n, p.c)
	parts = c.scratch("batch_norm2d parts", s*2*p.c)
	c.run(c.readingLanes(k, lanes, x.Shape.Elements()), p.c*s, words(p.c, p.size/lanes, p.g[0], runOf(p.size/lanes)), words(p.n, per, s), parts, c.of(x))
	return parts, per * p.size, s
}

// covariance, among the variants that PlanOptions.Without names, stands for taking the statistics of a pointwise
// convolution from the covariance of its inputs.
const covariance = "covariance"

// statisticsFromInputs is statisticsOf for the result of a pointwise convolution of at most four channels, which it does
// not read: of SmallCIFARNet's first block it is the largest activation by far. s is 0 where that cannot be.
func (c *call) statisticsFromInputs() (parts operand, each, s int) {
	producer := c.plan.program.Producer(c.in(0))
	if producer < 0 || slices.Contains(c.plan.opt.Without, covariance) {
		return operand{}, 0, 0
	}
	conv := c.plan.program.Ops[producer]
	if conv.Kind != engine.PointwiseConv2d || conv.Inputs[0].C() > 4 {
		return operand{}, 0, 0
	}
	x, w := conv.Inputs[0], conv.Inputs[1]
	p := c.planes(x)
	if p.size%4 != 0 {
		return operand{}, 0, 0
	}
	k := kernel{shader: "input_covariance", storage: []vk.Access{out, in}, constants: 3, push: 3}
	combine := kernel{shader: "covariance_statistics", storage: []vk.Access{in, in, out}, constants: 2, push: 3}
	per, pieces := c.pieces(p.n, 1)
	m := c.in(0).C()
	moments := c.scratch("input covariance parts", pieces*20)
	parts = c.scratch("batch_norm2d parts", 2*m)
	c.run(c.reading(k, x.Shape.Elements()), pieces, words(p.c, p.size/4, p.g[0]), words(p.n, per, pieces), moments, c.of(x))
	c.run(combine, m, words(m, p.c), words(per*p.size, p.n*p.size, pieces), moments, c.of(w), parts)
	return parts, p.n * p.size, 1
}

// coefficients brings what normalising by a batch_norm2d op needs into one window: mean, scale, bias.
func (c *call) coefficients(op engine.Op, saved operand) operand {
	k := kernel{shader: "batch_norm2d_coefficients", storage: []vk.Access{in, in, in, out}, constants: 1}
	channels := op.Inputs[0].C()
	coef := c.scratch("batch_norm2d coefficients", 3*channels)
	c.run(k, channels, words(channels), nil, saved, c.of(op.Inputs[1]), c.of(op.Inputs[2]), coef)
	return coef
}

func (c *call) normalize(suffix string, lanes int, coef operand) {
	k := kernel{shader: "batch_norm2d_normalize" + suffix, storage: []vk.Access{in, in, out}, constants: 4, push: 1}
	x, y := c.in(0), c.out(0)
	p := c.planes(x, y)
	count := p.values() / lanes
	c.run(k, count, words(p.c, p.size/lanes, p.g[0], p.g[1]), words(count), c.of(x), coef, c.of(y))
}

func batchNormEval(c *call, suffix string, lanes int) {
	c.normalize(suffix, lanes, c.coefficients(c.ops[0], c.runningStatistics(c.ops[0])))
}

// runningStatistics is saved as a batch_norm2d_eval op wants it: from the running statistics.
func (c *call) runningStatistics(op engine.Op) operand {
	k := kernel{shader: "batch_norm2d_eval_statistics", storage: []vk.Access{in, in, out}, constants: 2}
	channels := op.Inputs[0].C()
	saved := c.scratch("batch_norm2d saved", 2*channels)
	c.run(k, channels, append(words(channels), word(op.Attr.(engine.BatchNormAttr).Epsilon)), nil, c.of(op.Inputs[3]), c.of(op.Inputs[4]), saved)
	return saved
}

func batchNormBackward(c *call, suffix string, lanes int) {
	reduce := kernel{shader: "batch_norm2d_backward_reduce" + suffix, storage: []vk.Access{in, in, in, out}, constants: 4, push: 3}
	apply := kernel{shader: "batch_norm2d_backward" + suffix, storage: []vk.Access{in, in, in, out}, constants: 5, push: 1}
	dy, x, saved, dx := c.in(0), c.in(1), c.of(c.in(3)), c.out(0)

	p := c.planes(dy, x)
	if p.size%lanes != 0 {
		p = c.images(dy, x)
	}
	per, s := c.pieces(p.n, p.c)
	parts := c.scratch("batch_norm2d backward parts", s*2*p.c)
	c.run(reduce, p.c*s, words(p.c, p.size/lanes, p.g[0], p.g[1]), words(p.n, per, s), c.of(dy), c.of(x), saved, parts)
	coef := c.backwardCoefficients(c.ops[0], parts, s)

	q := c.planes(dy, x, dx)
	count := q.values() / lanes
	c.run(apply, count, words(q.c, q.size/lanes, q.g[0], q.g[1], q.g[2]), words(count), c.of(dy), c.of(x), coef, c.of(dx))
}

// backwardCoefficients turns the reduced pieces of a batch_norm2d_backward op into the gradients of weight and bias
// and into what the gradient by x needs of a channel.
func (c *call) backwardCoefficients(op engine.Op, parts operand, s int) operand {
	finish := kernel{shader: "batch_norm2d_backward_finish", storage: []vk.Access{in, out, out, out}, constants: 1, push: 1}
	gather := kernel{shader: "batch_norm2d_backward_coefficients", storage: []vk.Access{in, in, in, out}, constants: 1, push: 1}
	x, weight, saved := op.Inputs[1], op.Inputs[2], op.Inputs[3]
	channels := x.C()
	sums := c.scratch("batch_norm2d backward sums", 2*channels)
	coef := c.scratch("batch_norm2d backward coefficients", 4*channels)
	c.run(finish, channels, words(channels), words(s), parts, sums, c.of(op.Outputs[1]), c.of(op.Outputs[2]))
	count := word(float64(x.N() * x.H() * x.W()))
	c.run(gather, channels, words(channels), []uint32{count}, sums, c.of(saved), c.of(weight), coef)
	return coef
}
