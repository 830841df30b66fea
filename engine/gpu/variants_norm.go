package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// BatchNorm2d. Its operands are more than the four windows that every device has, so small kernels first bring a
// channel's numbers together in one window; the passes over activations read that.

var (
	batchNormStatistics = kernel{
		name: "batch_norm2d_statistics", storage: []vk.Access{out, in},
		spec: []string{"C", "PLANE", "G", "RUN"}, push: []string{"N", "per", "S"},
	}.orTexel("batch_norm2d_statistics_texel", 1).orAny("batch_norm2d_statistics_any")
	inputCovariance = kernel{
		name: "input_covariance", storage: []vk.Access{out, in},
		spec: []string{"K", "PLANE", "G"}, push: []string{"N", "per", "S"},
	}.orTexel("input_covariance_texel", 1)
	covarianceStatistics = kernel{
		name: "covariance_statistics", storage: []vk.Access{in, in, out},
		spec: []string{"M", "K"}, push: []string{"each", "total", "S"},
	}
	batchNormFinish = kernel{
		name: "batch_norm2d_finish", storage: []vk.Access{in, out, out},
		spec: []string{"C", "EPSILON"}, push: []string{"piece", "count", "S"},
	}
	batchNormRunning = kernel{
		name: "batch_norm2d_running", storage: []vk.Access{in, in, out}, spec: []string{"C", "MOMENTUM"},
	}
	batchNormEvalStatistics = kernel{
		name: "batch_norm2d_eval_statistics", storage: []vk.Access{in, in, out}, spec: []string{"C", "EPSILON"},
	}
	batchNormCoefficients = kernel{
		name: "batch_norm2d_coefficients", storage: []vk.Access{in, in, in, out}, spec: []string{"C"},
	}
	batchNormNormalize = kernel{
		name: "batch_norm2d_normalize", storage: []vk.Access{in, in, out},
		spec: []string{"C", "PLANE", "GX", "GY"}, push: []string{"count"},
	}.orAny("batch_norm2d_normalize_any")
	batchNormBackwardReduce = kernel{
		name: "batch_norm2d_backward_reduce", storage: []vk.Access{in, in, in, out},
		spec: []string{"C", "PLANE", "GD", "GX"}, push: []string{"N", "per", "S"},
	}.orAny("batch_norm2d_backward_reduce_any")
	batchNormBackwardFinish = kernel{
		name: "batch_norm2d_backward_finish", storage: []vk.Access{in, out, out, out},
		spec: []string{"C"}, push: []string{"S"},
	}
	batchNormBackwardCoefficients = kernel{
		name: "batch_norm2d_backward_coefficients", storage: []vk.Access{in, in, in, out},
		spec: []string{"C"}, push: []string{"count"},
	}
	batchNormBackwardApply = kernel{
		name: "batch_norm2d_backward", storage: []vk.Access{in, in, in, out},
		spec: []string{"C", "PLANE", "GD", "GX", "GY"}, push: []string{"count"},
	}.orAny("batch_norm2d_backward_any")
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
	saved := c.of(c.out(1))
	c.batchStatistics(chunk, saved)
	c.normalize(chunk, c.coefficients(saved, c.in(1), c.in(2)))
}

// batchStatistics computes saved and the candidates of the running statistics of a batch_norm2d.
func (c *call) batchStatistics(chunk int, saved operand) {
	a, p := c.attr().(engine.BatchNormAttr), c.planes(c.in(0))
	unbiased := c.scratch("batch_norm2d unbiased variance", p.c)
	parts, each, s := c.statisticsFromInputs()
	if s == 0 {
		parts, each, s = c.statisticsOf(chunk)
	}
	c.run(batchNormFinish, p.c, append(words(p.c), word(a.Epsilon)), words(each, p.n*p.size, s), parts, saved, unbiased)
	mean := operand{saved.slab, saved.offset, int64(p.c) * 4}
	for i, batch := range []operand{mean, unbiased} {
		c.run(batchNormRunning, p.c, append(words(p.c), word(a.Momentum)), nil, c.of(c.in(3+i)), batch, c.of(c.out(2+i)))
	}
}

// statisticsOf reads the input of a batch_norm2d: mean and squared deviation of every channel in s pieces of each values.
func (c *call) statisticsOf(chunk int) (parts operand, each, s int) {
	x := c.in(0)
	p := c.planes(x)
	per, s := c.pieces(p.n, p.c)
	parts = c.scratch("batch_norm2d parts", s*2*p.c)
	c.run(c.readingChunk(batchNormStatistics, chunk, x.Shape.Elements()), p.c*s, words(p.c, p.size/chunk, p.g[0], runOf(p.size/chunk)), words(p.n, per, s), parts, c.of(x))
	return parts, per * p.size, s
}

// statisticsFromInputs is statisticsOf for the result of a pointwise convolution of at most four channels, which it does
// not read: of SmallCIFARNet's first block it is the largest activation by far. s is 0 where that cannot be, or the kernel would spill.
func (c *call) statisticsFromInputs() (parts operand, each, s int) {
	conv, ok := c.plan.origin(c.in(0), c.at)
	if !ok || c.plan.opt.NoCovariance || c.plan.target.spills(inputCovariance.texel) || conv.Kind != engine.PointwiseConv2d || conv.Inputs[0].C() > 4 || c.plan.skipped[conv.Inputs[0]] {
		return operand{}, 0, 0
	}
	x, w := conv.Inputs[0], conv.Inputs[1]
	p := c.planes(x)
	if p.size%4 != 0 {
		return operand{}, 0, 0
	}
	per, pieces := c.pieces(p.n, 1)
	m := c.in(0).C()
	moments := c.scratch("input covariance parts", pieces*20)
	parts = c.scratch("batch_norm2d parts", 2*m)
	c.run(c.reading(inputCovariance, x.Shape.Elements()), pieces, words(p.c, p.size/4, p.g[0]), words(p.n, per, pieces), moments, c.of(x))
	c.run(covarianceStatistics, m, words(m, p.c), words(per*p.size, p.n*p.size, pieces), moments, c.of(w), parts)
	return parts, p.n * p.size, 1
}

// coefficients brings what normalising needs into one window: mean, scale, bias.
func (c *call) coefficients(saved operand, weight, bias *engine.Tensor) operand {
	channels := weight.Shape.Elements()
	coef := c.scratch("batch_norm2d coefficients", 3*channels)
	c.run(batchNormCoefficients, channels, words(channels), nil, saved, c.of(weight), c.of(bias), coef)
	return coef
}

func (c *call) normalize(chunk int, coef operand) {
	x, y := c.in(0), c.out(0)
	p := c.planes(x, y)
	count := p.values() / chunk
	c.run(batchNormNormalize.of(chunk), count, words(p.c, p.size/chunk, p.g[0], p.g[1]), words(count), c.of(x), coef, c.of(y))
}

func batchNormEval(c *call, chunk int) {
	c.normalize(chunk, c.coefficients(c.runningStatistics(c.ops[0]), c.in(1), c.in(2)))
}

// runningStatistics is saved as a batch_norm2d_eval op wants it: from the running statistics.
func (c *call) runningStatistics(op engine.Op) operand {
	channels := op.Inputs[0].C()
	saved := c.scratch("batch_norm2d saved", 2*channels)
	c.run(batchNormEvalStatistics, channels, append(words(channels), word(op.Attr.(engine.BatchNormAttr).Epsilon)), nil, c.of(op.Inputs[3]), c.of(op.Inputs[4]), saved)
	return saved
}

func batchNormBackward(c *call, chunk int) {
	dy, x, saved := c.in(0), c.in(1), c.of(c.in(3))
	p := c.planes(dy, x)
	if p.size%chunk != 0 {
		p = c.images(dy, x)
	}
	per, s := c.pieces(p.n, p.c)
	parts := c.scratch("batch_norm2d backward parts", s*2*p.c)
	c.run(batchNormBackwardReduce.of(chunk), p.c*s, words(p.c, p.size/chunk, p.g[0], p.g[1]), words(p.n, per, s), c.of(dy), c.of(x), saved, parts)
	c.normBackward(c.ops[0], chunk, parts, s)
}

// normBackward is the last stages of a batch_norm2d_backward op: of what its gradient sums over s pieces of the batch the gradients by
// weight and bias, and with them that by x.
func (c *call) normBackward(op engine.Op, chunk int, parts operand, s int) {
	dy, x, dx := op.Inputs[0], op.Inputs[1], op.Outputs[0]
	coef := c.backwardCoefficients(op, parts, s)
	q := c.planes(dy, x, dx)
	count := q.values() / chunk
	c.run(batchNormBackwardApply.of(chunk), count, words(q.c, q.size/chunk, q.g[0], q.g[1], q.g[2]), words(count), c.of(dy), c.of(x), coef, c.of(dx))
}

// backwardCoefficients turns the reduced pieces of a batch_norm2d_backward op into the gradients of weight and bias
// and into what the gradient by x needs of a channel.
func (c *call) backwardCoefficients(op engine.Op, parts operand, s int) operand {
	x, weight, saved := op.Inputs[1], op.Inputs[2], op.Inputs[3]
	channels := x.C()
	sums := c.scratch("batch_norm2d backward sums", 2*channels)
	coef := c.scratch("batch_norm2d backward coefficients", 4*channels)
	c.run(batchNormBackwardFinish, channels, words(channels), words(s), parts, sums, c.of(op.Outputs[1]), c.of(op.Outputs[2]))
	count := word(float64(x.N() * x.H() * x.W()))
	c.run(batchNormBackwardCoefficients, channels, words(channels), []uint32{count}, sums, c.of(saved), c.of(weight), coef)
	return coef
}
