package gpu

import (
	"cnnvk/engine"
	"cnnvk/vk"
)

var augmentVariants = []variant{one(engine.Augment, "augment", nil, augment)}

var augmentKernel = kernel{
	name: "augment", storage: []vk.Access{in, in, in, out},
	spec: []string{"H", "W", "PIXELS", "G", "KINDS"}, push: []string{"first", "held", "count"},
}

// augment runs a workgroup for every image, once for each window of the data set.
func augment(c *call) {
	images, table, draws, x := c.in(0), c.in(1), c.in(2), c.out(0)
	constants := words(x.H(), x.W(), x.H()*x.W(), c.images(x).g[0], int(c.attr().(engine.AugmentAttr).Kinds))
	for _, w := range c.plan.slices(images) {
		c.runGroups(augmentKernel, cover(x.N()*workgroup), constants, words(w.first, w.held, x.N()), w.operand, c.of(table), c.of(draws), c.of(x))
	}
}
