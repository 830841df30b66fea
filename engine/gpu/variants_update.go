package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// The update: passes over flat memory.
var updateVariants = slices.Concat([]variant{{
	name:   "adamw_ema",
	covers: []engine.Kind{engine.AdamW, engine.RunningStatistics, engine.ExponentialMean},
	apart:  true,
	runs:   wholeUpdate,
	emit:   updateAtOnce,
}},
	byLanes(engine.GradientNorm, flatRows, func(c *call, _ string, lanes int) {
		parted := kernel{shader: "gradient_norm", storage: []vk.Access{out, in}, push: 3}
		finish := kernel{shader: "gradient_norm_finish", storage: []vk.Access{in, inOut, out}, constants: 1, push: 1}
		gradients, status := c.in(0), c.in(1)
		count := gradients.Shape.Elements() / lanes
		run, s := c.pieces(count, 1)
		parts := c.scratch("gradient_norm parts", s)
		c.run(c.readingLanes(parted, lanes, gradients.Shape.Elements()), s, nil, words(count, run, s), parts, c.of(gradients))
		c.run(finish, 1, []uint32{word(c.attr().(engine.GradientNormAttr).ClipNorm)}, words(s), parts, c.of(status), c.of(c.out(1)))
	}),
	byLanes(engine.AdamW, decayRows, func(c *call, suffix string, lanes int) {
		a := c.attr().(engine.AdamWAttr)
		c.optimizer("adamw"+suffix, lanes, word(a.Beta1), word(a.Beta2), word(a.Epsilon), word(a.WeightDecay),
			word(1-a.Beta1), word(1-a.Beta2))
	}),
	byLanes(engine.SGD, decayRows, func(c *call, suffix string, lanes int) {
		a := c.attr().(engine.SGDAttr)
		c.optimizer("sgd"+suffix, lanes, word(a.Momentum), word(a.WeightDecay), flag(a.Nesterov))
	}),
	byLanes(engine.RunningStatistics, flatRows, func(c *call, suffix string, lanes int) {
		k := kernel{shader: "running_statistics" + suffix, storage: []vk.Access{in, in, out}, constants: 1}
		c.commit(k, lanes)
	}),
	byLanes(engine.ExponentialMean, flatRows, func(c *call, suffix string, lanes int) {
		k := kernel{shader: "ema" + suffix, storage: []vk.Access{in, in, inOut}, constants: 2}
		c.commit(k, lanes, word(1-c.attr().(engine.ExponentialMeanAttr).Decay))
	}),
)

func flatRows(c *call) bool { return c.in(0).Shape.Elements()%4 == 0 }

// decayRows is flatRows of both the parameters that decay and the rest.
func decayRows(c *call) bool { return flatRows(c) && c.undecayed()%4 == 0 }

// undecayed is how many of the last parameters an optimiser leaves free of weight decay.
func (c *call) undecayed() int {
	if a, ok := c.attr().(engine.SGDAttr); ok {
		return a.Undecayed
	}
	return c.attr().(engine.AdamWAttr).Undecayed
}

// optimizer replaces parameters and moments from gradients, status and rates.
func (c *call) optimizer(shader string, lanes int, constants ...uint32) {
	k := kernel{shader: shader, storage: []vk.Access{in, in, inOut, inOut}, uniform: true, constants: 2 + len(constants)}
	count := c.in(0).Shape.Elements() / lanes
	c.runUniform(k, count, append(words(count, count-c.undecayed()/lanes), constants...), nil, c.in(2),
		c.of(c.in(0)), c.of(c.in(1)), c.of(c.in(3)), c.of(c.in(4)))
}

// commit replaces the third input from the first, unless status forbids.
func (c *call) commit(k kernel, lanes int, constants ...uint32) {
	count := c.in(0).Shape.Elements() / lanes
	c.run(k, count, append(words(count), constants...), nil, c.of(c.in(0)), c.of(c.in(1)), c.of(c.in(2)))
}

// wholeUpdate reports whether an optimiser, the statistics and the average behind it go over the same memory: parameters, then
// statistics.
func wholeUpdate(c *call) bool {
	parameters, statistics, model := c.in(3), c.ops[1].Inputs[2], c.ops[2].Inputs[0]
	gradients, candidates := c.in(0), c.ops[1].Inputs[0]
	count, all := parameters.Shape.Elements(), model.Shape.Elements()
	follows := func(a, b *engine.Tensor) bool { return a.Arena == b.Arena && a.Offset == 0 && b.Offset == count }
	return follows(parameters, statistics) && follows(gradients, candidates) && model.Arena == parameters.Arena && model.Offset == 0 &&
		count+statistics.Shape.Elements() == all && count%4 == 0 && all%4 == 0 && c.undecayed()%4 == 0 && c.fitsTexels(all)
}

// updateAtOnce is adamw, running_statistics and ema in one pass.
func updateAtOnce(c *call) {
	k := kernel{shader: "adamw_ema", storage: []vk.Access{inOut, inOut, inOut}, uniform: true, texel: 2, constants: 10}
	gradients, status, rates, moments := c.in(0), c.in(1), c.in(2), c.in(4)
	model, average, a := c.ops[2].Inputs[0], c.ops[2].Inputs[2], c.attr().(engine.AdamWAttr)
	count, all := gradients.Shape.Elements()/4, model.Shape.Elements()/4
	candidates := *c.plan.slabs[gradients] // and the gradients before them
	candidates.name, candidates.bytes = "gradients and candidates", int64(all)*16
	c.runUniform(k, all, append(words(count, all, count-a.Undecayed/4), word(a.Beta1), word(a.Beta2), word(a.Epsilon), word(a.WeightDecay),
		word(1-a.Beta1), word(1-a.Beta2), word(1-c.ops[2].Attr.(engine.ExponentialMeanAttr).Decay)), nil, rates,
		c.of(model), c.of(moments), c.of(average), c.of(status), operand{slab: &candidates})
}
