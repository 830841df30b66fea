package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

var (
	maxPool2d = kernel{
		name: "max_pool2d", storage: []vk.Access{out, in},
		spec: []string{"C", "H", "W", "GX", "GY"}, push: []string{"count"},
	}.orTexel("max_pool2d_texel", 1).orAny("max_pool2d_any")
	maxPool2dBackward = kernel{
		name: "max_pool2d_backward", storage: []vk.Access{in, in, out},
		spec: []string{"C", "H", "W", "GD", "GX", "GY"}, push: []string{"count"},
	}.orAny("max_pool2d_backward_any")
	globalAvgPool = kernel{
		name: "global_avg_pool", storage: []vk.Access{in, out},
		spec: []string{"C", "PLANE", "GX", "GY"}, push: []string{"count"},
	}.orAny("global_avg_pool_any")
	globalAvgPoolBackward = kernel{
		name: "global_avg_pool_backward", storage: []vk.Access{in, out},
		spec: []string{"C", "PLANE", "GD", "GY"}, push: []string{"count"},
	}.orAny("global_avg_pool_backward_any")
)

var poolVariants = slices.Concat(
	[]variant{
		one(engine.MaxPool2d, "max_pool2d", func(c *call) bool { return poolRows(c.in(0)) }, func(c *call) { maxPool(c, 4) }),
		one(engine.MaxPool2d, "max_pool2d_any", nil, func(c *call) { maxPool(c, 1) }),
		one(engine.MaxPool2dBackward, "max_pool2d_backward", func(c *call) bool { return poolRows(c.in(1)) }, func(c *call) {
			maxPoolBackward(c, maxPool2dBackward.vec4, c.in(0).Shape.Elements()/4)
		}),
		one(engine.MaxPool2dBackward, "max_pool2d_backward_any", nil, func(c *call) {
			maxPoolBackward(c, maxPool2dBackward.any, c.in(1).Shape.Elements())
		}),
	},
	byLanes(engine.GlobalAvgPool, "global_avg_pool", "global_avg_pool_any", wholeRows, func(c *call, lanes int) {
		x, y := c.in(0), c.out(0)
		p := c.images(x, y)
		c.run(globalAvgPool.of(lanes), p.n*p.c, words(p.c, p.size/lanes, p.g[0], p.g[1]), words(p.n*p.c), c.of(x), c.of(y))
	}),
	byLanes(engine.GlobalAvgPoolBackward, "global_avg_pool_backward", "global_avg_pool_backward_any",
		func(c *call) bool { return c.out(0).H()*c.out(0).W()%4 == 0 },
		func(c *call, lanes int) {
			dy, dx := c.in(0), c.out(0)
			p := c.images(dx, dy)
			count := p.values() / lanes
			c.run(globalAvgPoolBackward.of(lanes), count, words(p.c, p.size/lanes, p.g[1], p.g[0]), words(count), c.of(dy), c.of(dx))
		}),
)

// poolRows says whether an image's rows are whole vec4s before and after pooling.
func poolRows(x *engine.Tensor) bool { return x.W()%8 == 0 && x.H()%2 == 0 }

func maxPool(c *call, lanes int) {
	x, y := c.in(0), c.out(0)
	p := c.images(x, y)
	count := y.Shape.Elements() / lanes
	c.run(c.readingLanes(maxPool2d, lanes, x.Shape.Elements()), count, words(p.c, x.H(), x.W(), p.g[0], p.g[1]), words(count), c.of(y), c.of(x))
}

func maxPoolBackward(c *call, k kernel, count int) {
	dy, x, dx := c.in(0), c.in(1), c.out(0)
	p := c.images(dy, x, dx)
	c.run(k, count, words(p.c, x.H(), x.W(), p.g[0], p.g[1], p.g[2]), words(count), c.of(dy), c.of(x), c.of(dx))
}
