package gpu

import (
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
	}.orTexel("norm_relu_dropout_texel", 1)
	normReLUDropoutPool = kernel{
		name: "norm_relu_dropout_pool", storage: []vk.Access{in, in, out, in},
		spec: []string{"C", "H", "W", "GX", "GY", "RUN", "DROPOUT"}, push: []string{"count"},
	}.orTexel("norm_relu_dropout_pool_texel", 1)
	normReLUDropoutBackwardReduce = kernel{
		name: "norm_relu_dropout_backward_reduce", storage: []vk.Access{in, out, in, in},
		spec: []string{"C", "PLANE", "GD", "GX", "RUN", "DROPOUT"}, push: []string{"N", "per", "S"},
	}.orTexel("norm_relu_dropout_backward_reduce_texel", 2)
	normReLUDropoutPoolBackwardReduce = kernel{
		name: "norm_relu_dropout_pool_backward_reduce", storage: []vk.Access{in, out, in, in},
		spec: []string{"C", "H", "W", "GD", "GX", "RUN", "DROPOUT"}, push: []string{"N", "per", "S"},
	}.orTexel("norm_relu_dropout_pool_backward_reduce_texel", 2)
	normReLUDropoutBackward = kernel{
		name: "norm_relu_dropout_backward", storage: []vk.Access{in, out, in, in},
		spec: []string{"C", "PLANE", "GD", "GX", "GY", "RUN", "DROPOUT"}, push: []string{"count"},
	}.orTexel("norm_relu_dropout_backward_texel", 2)
	normReLUDropoutPoolBackward = kernel{
		name: "norm_relu_dropout_pool_backward", storage: []vk.Access{in, out, in, in},
		spec: []string{"C", "H", "W", "GD", "GX", "GY", "RUN", "DROPOUT"}, push: []string{"count"},
	}.orTexel("norm_relu_dropout_pool_backward_texel", 2)
	concat = kernel{
		name: "concat", storage: []vk.Access{in, in, in, out}, spec: []string{"COUNT_A", "COUNT_B", "COUNT_C"},
	}
)

// fusedVariants are the runs of ops that a block can have: with or without dropout, with or without pooling; longest first. In an
// evaluation there is no dropout.
var fusedVariants = []variant{
	fused("norm_relu_dropout_pool", activateBatch, engine.BatchNorm2d, engine.ReLU, engine.Dropout2d, engine.MaxPool2d),
	fused("norm_relu_dropout_pool_backward", activateBackward, engine.MaxPool2dBackward, engine.Dropout2d, engine.ReLUBackward, engine.BatchNorm2dBackward),
	fused("norm_relu_pool", activateBatch, engine.BatchNorm2d, engine.ReLU, engine.MaxPool2d),
	fused("norm_relu_pool_backward", activateBackward, engine.MaxPool2dBackward, engine.ReLUBackward, engine.BatchNorm2dBackward),
	fused("norm_relu_pool_eval", activateEval, engine.BatchNorm2dEval, engine.ReLU, engine.MaxPool2d),
	fused("norm_relu_dropout", activateBatch, engine.BatchNorm2d, engine.ReLU, engine.Dropout2d),
	fused("norm_relu_dropout_backward", activateBackward, engine.Dropout2d, engine.ReLUBackward, engine.BatchNorm2dBackward),
	fused("norm_relu", activateBatch, engine.BatchNorm2d, engine.ReLU),
	fused("norm_relu_backward", activateBackward, engine.ReLUBackward, engine.BatchNorm2dBackward),
	fused("norm_relu_eval", activateEval, engine.BatchNorm2dEval, engine.ReLU),
}

func fused(name string, emit func(c *call), covers ...engine.Kind) variant {
	return variant{name: name, covers: covers, runs: fusedRows, emit: emit}
}

// activateBatch is a block in training. The statistics fold panels, as those of the op by itself do.
func activateBatch(c *call) {
	saved := c.of(c.out(1))
	c.batchStatistics(lanesOf(c.planes(c.in(0)).size), saved)
	c.activate(saved)
}

// activateEval is a block in an evaluation.
func activateEval(c *call) { c.activate(c.runningStatistics(c.ops[0])) }

// find is the op of that kind in the run that a fused variant covers.
func (c *call) find(k engine.Kind) (engine.Op, bool) {
	for _, op := range c.ops {
		if op.Kind == k {
			return op, true
		}
	}
	return engine.Op{}, false
}

// fusedRows says whether whole vec4s can be walked: images of a multiple of 4 pixels, or rows that pool to vec4s.
func fusedRows(c *call) bool {
	if _, pools := c.find(engine.MaxPool2d); pools {
		return poolRows(c.in(0))
	}
	if op, pools := c.find(engine.MaxPool2dBackward); pools {
		return poolRows(op.Inputs[1])
	}
	return wholeRows(c)
}

// runOf is how many of so many neighbours, vec4s or rows, one invocation or one piece of unrolled code takes.
func runOf(n int) int {
	for _, run := range []int{4, 2} {
		if n%run == 0 {
			return run
		}
	}
	return 1
}

// activate runs normalising, ReLU, and dropout and pooling if the run has them.
func (c *call) activate(saved operand) {
	x, y := c.in(0), c.ops[len(c.ops)-1].Outputs[0]
	coef := c.coefficients(c.ops[0], saved)
	mask, dropout := coef, false
	if op, ok := c.find(engine.Dropout2d); ok {
		mask, dropout = c.of(op.Inputs[1]), true
	}
	p := c.images(x, y)
	outputs := y.H() * y.W() / 4
	run := runOf(outputs)
	k, constants := normReLUDropout, words(p.c, outputs, p.g[0], p.g[1], run)
	if _, pools := c.find(engine.MaxPool2d); pools {
		k, constants = normReLUDropoutPool, words(p.c, x.H(), x.W(), p.g[0], p.g[1], run)
	}
	count := p.n * p.c * outputs / run
	c.run(c.reading(k, x.Shape.Elements()), count, append(constants, flag(dropout)), words(count), coef, mask, c.of(y), c.of(x))
}

// activateBackward runs the gradients of a fused block: what pooling, dropout and ReLU let through is found again from
// x in both passes, so that none of it is stored.
func activateBackward(c *call) {
	norm, _ := c.find(engine.BatchNorm2dBackward)
	dy, x, saved, dx := c.in(0), norm.Inputs[1], c.of(norm.Inputs[3]), norm.Outputs[0]
	forward := c.plan.program.Ops[c.plan.program.Producer(norm.Inputs[3])]
	coef := c.coefficients(forward, saved)
	mask, dropout, masks := coef, false, 0
	if op, ok := c.find(engine.Dropout2d); ok {
		mask, dropout, masks = c.of(op.Inputs[1]), true, op.Inputs[1].Shape.Elements()
	}
	_, pools := c.find(engine.MaxPool2dBackward)

	p, channels := c.images(x, dy, dx), x.C()
	reduce, apply, geometry := normReLUDropoutBackwardReduce, normReLUDropoutBackward, words(channels, x.H()*x.W()/4)
	if pools {
		reduce, apply, geometry = normReLUDropoutPoolBackwardReduce, normReLUDropoutPoolBackward, words(channels, x.H(), x.W())
	}

	per, s := c.pieces(p.n, channels)
	parts := c.scratch("norm_relu backward parts", s*2*channels)
	first := c.concat(saved, 2*channels, coef, 3*channels, mask, masks)
	units := dy.H() * dy.W() / 4
	run := runOf(units)
	c.run(c.reading(reduce, dy.Shape.Elements(), x.Shape.Elements()), channels*s, join(geometry, words(p.g[1], p.g[0], run), flag(dropout)), words(p.n, per, s),
		first, parts, c.of(dy), c.of(x))

	second := c.concat(c.backwardCoefficients(norm, parts, s), 4*channels, coef, 3*channels, mask, masks)
	count := p.n * channels * units / run
	c.run(c.reading(apply, dy.Shape.Elements(), x.Shape.Elements()), count, join(geometry, words(p.g[1], p.g[0], p.g[2], run), flag(dropout)), words(count),
		second, c.of(dx), c.of(dy), c.of(x))
}

// concat brings three vectors into one window.
func (c *call) concat(a operand, countA int, b operand, countB int, d operand, countD int) operand {
	y := c.scratch("vectors", countA+countB+countD)
	c.run(concat, countA+countB+countD, words(countA, countB, countD), nil, a, b, d, y)
	return y
}

func join(a, b []uint32, last uint32) []uint32 { return append(append(a[:len(a):len(a)], b...), last) }
