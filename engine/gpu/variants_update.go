package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// The update: passes over flat memory.

var (
	adamwEMA = kernel{
		name: "adamw_ema", storage: []vk.Access{inOut, inOut, inOut}, uniform: true, texel: 2,
		spec: []string{"COUNT", "ALL", "DECAYED", "BETA1", "BETA2", "EPSILON", "DECAY", "GAIN1", "GAIN2", "GAIN"},
	}
	adamwEMACounted = adamwEMA.as("adamw_ema_counted")
	gradientNorm    = kernel{name: "gradient_norm", storage: []vk.Access{out, in}, spec: []string{"TEAM"}, push: []string{"count", "run", "S"}}.
			orTexel("gradient_norm_texel", 1).orAny("gradient_norm_any")
	gradientNormFinish = kernel{
		name: "gradient_norm_finish", storage: []vk.Access{in, inOut, out},
		spec: []string{"CLIP", "TEAM"}, push: []string{"S"},
	}
	gradientNormScaled = kernel{name: "gradient_norm_scaled", storage: []vk.Access{out, in, in}, spec: []string{"TEAM"}, push: []string{"count", "run", "S"}}.
				orTexel("gradient_norm_scaled_texel", 1).orAny("gradient_norm_scaled_any")
	gradientNormFinishScaled = kernel{
		name: "gradient_norm_finish_scaled", storage: []vk.Access{in, inOut, out, in},
		spec: []string{"CLIP", "TEAM"}, push: []string{"S", "T"},
	}
	adamw = kernel{
		name: "adamw", storage: []vk.Access{in, in, inOut, inOut}, uniform: true,
		spec: []string{"COUNT", "DECAYED", "BETA1", "BETA2", "EPSILON", "DECAY", "GAIN1", "GAIN2"},
	}.orAny("adamw_any")
	adamwCounted = adamw.vec4.as("adamw_counted").orAny("adamw_counted_any")
	sgd          = kernel{
		name: "sgd", storage: []vk.Access{in, in, inOut, inOut}, uniform: true,
		spec: []string{"COUNT", "DECAYED", "MOMENTUM", "DECAY", "NESTEROV"},
	}.orAny("sgd_any")
	runningStatistics = kernel{
		name: "running_statistics", storage: []vk.Access{in, in, out}, spec: []string{"COUNT"},
	}.orAny("running_statistics_any")
	ema = kernel{name: "ema", storage: []vk.Access{in, in, inOut}, spec: []string{"COUNT", "GAIN"}}.orAny("ema_any")
)

var updateVariants = slices.Concat([]variant{
	fused("adamw_ema", fusion{covers: []line{
		{engine.AdamW, "gradients status rates parameters moments", "parameters moments"},
		{engine.RunningStatistics, "candidates status statistics", "statistics"},
		{engine.ExponentialMean, "model status average", "average"},
	}}, wholeUpdate, updateAtOnce),
},
	byChunk(engine.GradientNorm, "gradient_norm", "gradient_norm_any", flatRows, func(c *call, chunk int) {
		gradients, status, norm := c.in(0), c.in(1), c.out(1)
		count := gradients.Shape.Elements() / chunk
		r := c.reduction(count, 1, 1, chunk, 1)
		parts := c.scratch("gradient_norm parts", r.s)
		sum, finish, sizes := gradientNorm, gradientNormFinish, words(r.s)
		read, decide := []operand{parts}, []operand{parts, c.of(status), c.of(norm)}
		if len(c.ops[0].Inputs) > 2 {
			corrections := c.in(2)
			sum, finish, sizes = gradientNormScaled, gradientNormFinishScaled, words(r.s, corrections.Shape[0])
			read, decide = append(read, c.of(status)), append(decide, c.of(corrections))
		}
		c.runTeams(c.readingChunk(sum, chunk, gradients.Shape.Elements()), r.team, r.s, words(r.team), words(count, r.per, r.s), append(read, c.of(gradients))...)
		c.runTeams(finish, r.team, 1, append([]uint32{word(c.attr().(engine.GradientNormAttr).ClipNorm)}, words(r.team)...), sizes, decide...)
	}),
	byChunk(engine.AdamW, "adamw", "adamw_any", decayRows, func(c *call, chunk int) {
		a := c.attr().(engine.AdamWAttr)
		kernels := adamw
		if a.Counted {
			kernels = adamwCounted
		}
		c.optimizer(kernels, chunk, word(a.Beta1), word(a.Beta2), word(a.Epsilon), word(a.WeightDecay),
			word(1-a.Beta1), word(1-a.Beta2))
	}),
	byChunk(engine.SGD, "sgd", "sgd_any", decayRows, func(c *call, chunk int) {
		a := c.attr().(engine.SGDAttr)
		c.optimizer(sgd, chunk, word(a.Momentum), word(a.WeightDecay), flag(a.Nesterov))
	}),
	byChunk(engine.RunningStatistics, "running_statistics", "running_statistics_any", flatRows, func(c *call, chunk int) {
		c.commit(runningStatistics, chunk)
	}),
	byChunk(engine.ExponentialMean, "ema", "ema_any", flatRows, func(c *call, chunk int) {
		c.commit(ema, chunk, word(1-c.attr().(engine.ExponentialMeanAttr).Decay))
	}),
)

func flatRows(c *call) bool { return c.in(0).Shape.Elements()%4 == 0 }

// decayRows is flatRows of both the parameters that decay and the rest.
func decayRows(c *call) bool { return flatRows(c) && c.undecayed()%4 == 0 }

// optimizer replaces parameters and moments from gradients, status and rates.
func (c *call) optimizer(f forms, chunk int, constants ...uint32) {
	count := c.in(0).Shape.Elements() / chunk
	c.runUniform(f.of(chunk), count, append(words(count, count-c.undecayed()/chunk), constants...), nil, c.in(2),
		c.of(c.in(0)), c.of(c.in(1)), c.of(c.in(3)), c.of(c.in(4)))
}

// commit replaces the third input from the first, unless status forbids.
func (c *call) commit(f forms, chunk int, constants ...uint32) {
	count := c.in(0).Shape.Elements() / chunk
	c.run(f.of(chunk), count, append(words(count), constants...), nil, c.of(c.in(0)), c.of(c.in(1)), c.of(c.in(2)))
}

// wholeUpdate reports whether an optimiser, the statistics and the average behind it go over the same memory: parameters, then
// statistics.
func wholeUpdate(c *call) bool {
	parameters, statistics, model := c.named("parameters"), c.named("statistics"), c.named("model")
	gradients, candidates := c.named("gradients"), c.named("candidates")
	count, all := parameters.Shape.Elements(), model.Shape.Elements()
	follows := func(a, b *engine.Tensor) bool { return a.Arena == b.Arena && a.Offset == 0 && b.Offset == count }
	return follows(parameters, statistics) && follows(gradients, candidates) && model.Arena == parameters.Arena && model.Offset == 0 &&
		count+statistics.Shape.Elements() == all && count%4 == 0 && all%4 == 0 && c.undecayed()%4 == 0 && c.fitsTexels(all)
}

// undecayed is how many of the last parameters an optimiser leaves free of weight decay.
func (c *call) undecayed() int {
	if a, ok := c.attr().(engine.SGDAttr); ok {
		return a.Undecayed
	}
	return c.attr().(engine.AdamWAttr).Undecayed
}

// updateAtOnce is adamw, running_statistics and ema in one pass.
func updateAtOnce(c *call) {
	gradients, status, rates, moments := c.named("gradients"), c.named("status"), c.named("rates"), c.named("moments")
	model, average, a := c.named("model"), c.named("average"), c.attr().(engine.AdamWAttr)
	count, all := gradients.Shape.Elements()/4, model.Shape.Elements()/4
	candidates := *c.plan.slabs[gradients] // and the gradients before them
	candidates.name, candidates.bytes = "gradients and candidates", int64(all)*16
	k := adamwEMA
	if a.Counted {
		k = adamwEMACounted
	}
	c.runUniform(k, all, append(words(count, all, count-a.Undecayed/4), word(a.Beta1), word(a.Beta2), word(a.Epsilon), word(a.WeightDecay),
		word(1-a.Beta1), word(1-a.Beta2), word(1-c.ops[2].Attr.(engine.ExponentialMeanAttr).Decay)), nil, rates,
		c.of(model), c.of(moments), c.of(average), c.of(status), operand{slab: &candidates})
}
