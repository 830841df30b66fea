package gpu

import (
	"cnnvk/engine"
	"cnnvk/vk"
)

// One of the two takes any op augment that there is: see engine.Augmentable.
var augmentVariants = []variant{
	one(engine.Augment, "augment", func(c *call) bool {
		x := c.out(0)
		return engine.AugmentsWhole(x.C(), x.H(), x.W())
	}, augment),
	one(engine.Augment, "augment_any", func(c *call) bool { return augmentedKinds(c)&^engine.OfPixels == 0 }, augmentAny),
}

var augmentKernel = kernel{
	name: "augment", storage: []vk.Access{in, in, in, out},
	spec: []string{"H", "W", "PIXELS", "G", "KINDS"}, push: []string{"first", "held", "count"},
}

var augmentAnyKernel = kernel{
	name: "augment_any", storage: []vk.Access{in, in, in, out},
	spec: []string{"C", "H", "W", "PIXELS", "G", "KINDS"}, push: []string{"first", "held", "count"},
}

func augmentedKinds(c *call) uint32 { return c.attr().(engine.AugmentAttr).Kinds }

func augment(c *call) {
	x := c.out(0)
	c.augmentBy(augmentKernel, words(x.H(), x.W(), x.H()*x.W(), c.images(x).g[0], int(augmentedKinds(c))))
}

func augmentAny(c *call) {
	x := c.out(0)
	c.augmentBy(augmentAnyKernel, words(x.C(), x.H(), x.W(), x.H()*x.W(), c.images(x).g[0], int(augmentedKinds(c))))
}

// augmentBy runs a workgroup for every image, once for each window of the data set.
func (c *call) augmentBy(k kernel, constants []uint32) {
	images, table, draws, x := c.in(0), c.in(1), c.in(2), c.out(0)
	for _, w := range c.plan.slices(images) {
		c.runGroups(k, cover(x.N()*workgroup), constants, words(w.first, w.held, x.N()), w.operand, c.of(table), c.of(draws), c.of(x))
	}
}
