package gpu

import (
	"cnnvk/engine"
	"cnnvk/vk"
)

var (
	crossEntropy = kernel{
		name: "cross_entropy", storage: []vk.Access{in, in, out, out},
		spec: []string{"M", "GX", "GY", "SMOOTHING"}, push: []string{"N"},
	}
	crossEntropyMixed       = crossEntropy.as("cross_entropy_mixed")
	crossEntropyScaled      = crossEntropy.readingStatus("cross_entropy_scaled")
	crossEntropyMixedScaled = crossEntropy.readingStatus("cross_entropy_mixed_scaled")
	crossEntropyMetrics     = kernel{name: "cross_entropy_metrics", storage: []vk.Access{in, out}, spec: []string{"TEAM"}, push: []string{"N"}}
)

var lossVariants = []variant{
	one(engine.CrossEntropy, "cross_entropy", nil, func(c *call) { c.loss(crossEntropy, crossEntropyScaled) }),
	one(engine.CrossEntropyMixed, "cross_entropy_mixed", nil, func(c *call) { c.loss(crossEntropyMixed, crossEntropyMixedScaled) }),
}

// readingStatus is a kernel that reads the status beside what this one binds, as a texel buffer.
func (k kernel) readingStatus(name string) kernel {
	k.name, k.texel = name, 1
	return k
}

// loss is the loss of each sample by that kernel, or by the other one where it is scaled, then their sum.
func (c *call) loss(k, scaled kernel) {
	logits, labels, dlogits := c.in(0), c.in(1), c.out(1)
	p := c.images(logits, dlogits)
	samples := c.scratch("cross_entropy samples", 3*p.n)
	operands := []operand{c.of(logits), c.of(labels), c.of(dlogits), samples}
	if len(c.ops[0].Inputs) > 2 {
		k, operands = scaled, append(operands, c.of(c.in(2)))
	}
	c.run(k, p.n, append(words(p.c, p.g[0], p.g[1]), word(c.attr().(engine.CrossEntropyAttr).Smoothing)), words(p.n), operands...)
	c.runSums(crossEntropyMetrics, engine.MetricElements, p.n, nil, words(p.n), samples, c.of(c.out(0)))
}
