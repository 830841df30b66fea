package gpu

import (
	"cnnvk/engine"
	"cnnvk/vk"
)

var lossVariants = []variant{one(engine.CrossEntropy, "cross_entropy", nil, func(c *call) {
	softmax := kernel{shader: "cross_entropy", storage: []vk.Access{in, in, out, out}, constants: 4, push: 1}
	metrics := kernel{shader: "cross_entropy_metrics", storage: []vk.Access{in, out}, push: 1}
	logits, labels, dlogits := c.in(0), c.in(1), c.out(1)
	p := c.images(logits, dlogits)
	samples := c.scratch("cross_entropy samples", 3*p.n)
	c.run(softmax, p.n, append(words(p.c, p.g[0], p.g[1]), word(c.attr().(engine.CrossEntropyAttr).Smoothing)), words(p.n),
		c.of(logits), c.of(labels), c.of(dlogits), samples)
	c.run(metrics, engine.MetricElements, nil, words(p.n), samples, c.of(c.out(0)))
})}
