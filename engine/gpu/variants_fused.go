package gpu

import (
	"cnnvk/engine"
	"cnnvk/vk"
)

// BatchNorm2d, ReLU, Dropout2d and MaxPool2d follow each other in every block and are each bound by memory. Fused, an
// activation is read twice forward (statistics, then everything else) and twice backward, where eight passes
// forward and twelve backward would be needed one op after the other.

var fusedVariants = fusions()

// fusions lists the runs of ops that a block can have: with or without dropout, with or without pooling; longest first.
func fusions() []variant {
	var out []variant
	for _, pool := range []bool{true, false} {
		for _, dropout := range []bool{true, false} {
			name := "norm_relu"
			forward := []engine.Kind{engine.BatchNorm2d, engine.ReLU}
			backward := []engine.Kind{engine.ReLUBackward, engine.BatchNorm2dBackward}
			if dropout {
				name += "_dropout"
				forward = append(forward, engine.Dropout2d)
				backward = append([]engine.Kind{engine.Dropout2d}, backward...)
			}
			if pool {
				name += "_pool"
				forward = append(forward, engine.MaxPool2d)
				backward = append([]engine.Kind{engine.MaxPool2dBackward}, backward...)
			}
			out = append(out,
				variant{name: name, covers: forward, runs: fusedRows, emit: func(c *call) {
					saved := c.of(c.out(1))
					// The statistics fold panels, as those of the op by itself do.
					c.batchStatistics(lanesOf(c.planes(c.in(0)).size), saved)
					c.activate(saved)
				}},
				variant{name: name + "_backward", covers: backward, runs: fusedRows, emit: activateBackward})
			if !dropout {
				eval := append([]engine.Kind{engine.BatchNorm2dEval}, forward[1:]...)
				out = append(out, variant{name: name + "_eval", covers: eval, runs: fusedRows, emit: func(c *call) {
					c.activate(c.runningStatistics(c.ops[0]))
				}})
			}
		}
	}
	return out
}

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
	k := kernel{shader: "norm_relu_dropout", storage: []vk.Access{in, in, out, in}, constants: 6, push: 1}
	p := c.images(x, y)
	outputs := y.H() * y.W() / 4
	run := runOf(outputs)
	constants := words(p.c, outputs, p.g[0], p.g[1], run)
	if _, pools := c.find(engine.MaxPool2d); pools {
		k.shader, k.constants = "norm_relu_dropout_pool", 7
		constants = words(p.c, x.H(), x.W(), p.g[0], p.g[1], run)
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
	geometry := words(channels, x.H()*x.W()/4)
	reduce := kernel{shader: "norm_relu_dropout_backward_reduce", storage: []vk.Access{in, out, in, in}, constants: 6, push: 3}
	apply := kernel{shader: "norm_relu_dropout_backward", storage: []vk.Access{in, out, in, in}, constants: 7, push: 1}
	if pools {
		geometry = words(channels, x.H(), x.W())
		reduce.shader, reduce.constants = "norm_relu_dropout_pool_backward_reduce", 7
		apply.shader, apply.constants = "norm_relu_dropout_pool_backward", 8
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
	k := kernel{shader: "concat", storage: []vk.Access{in, in, in, out}, constants: 3}
	y := c.scratch("vectors", countA+countB+countD)
	c.run(k, countA+countB+countD, words(countA, countB, countD), nil, a, b, d, y)
	return y
}

func join(a, b []uint32, last uint32) []uint32 { return append(append(a[:len(a):len(a)], b...), last) }
