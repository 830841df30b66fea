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
	}.orTexel("max_pool2d_texel", 1)
	maxPool2dBackward = kernel{
		name: "max_pool2d_backward", storage: []vk.Access{in, in, out},
		spec: []string{"C", "H", "W", "GD", "GX", "GY"}, push: []string{"count"},
	}
	maxPool2dOverlapped = kernel{
		name: "max_pool2d_overlapped", storage: []vk.Access{out, in},
		spec: []string{"C", "H", "W", "GX", "GY"}, push: []string{"count"},
	}.orTexel("max_pool2d_overlapped_texel", 1)
	maxPool2dBackwardOverlapped = maxPool2dBackward.as("max_pool2d_backward_overlapped")
	maxPool2dAny                = kernel{
		name: "max_pool2d_any", storage: []vk.Access{out, in},
		spec: []string{"C", "H", "W", "HO", "WO", "R", "STRIDE", "PADDING", "GX", "GY"}, push: []string{"count"},
	}
	maxPool2dBackwardAny = kernel{
		name: "max_pool2d_backward_any", storage: []vk.Access{in, in, out},
		spec: []string{"C", "H", "W", "HO", "WO", "R", "STRIDE", "PADDING", "GD", "GX", "GY"}, push: []string{"count"},
	}
	avgPool2d = kernel{
		name: "avg_pool2d", storage: []vk.Access{out, in},
		spec: []string{"C", "H", "W", "OVERLAPPED", "GX", "GY"}, push: []string{"count"},
	}.orTexel("avg_pool2d_texel", 1)
	avgPool2dBackward = kernel{
		name: "avg_pool2d_backward", storage: []vk.Access{in, out},
		spec: []string{"C", "H", "W", "OVERLAPPED", "GD", "GY"}, push: []string{"count"},
	}
	avgPool2dAny = kernel{
		name: "avg_pool2d_any", storage: []vk.Access{in, out},
		spec: []string{"C", "H", "W", "HO", "WO", "R", "STRIDE", "PADDING", "GX", "GY"}, push: []string{"count"},
	}
	avgPool2dBackwardAny = kernel{
		name: "avg_pool2d_backward_any", storage: []vk.Access{in, out},
		spec: []string{"C", "H", "W", "HO", "WO", "R", "STRIDE", "PADDING", "GD", "GY"}, push: []string{"count"},
	}
	globalAvgPool = kernel{
		name: "global_avg_pool", storage: []vk.Access{in, out},
		spec: []string{"C", "PLANE", "GX", "GY", "TEAM"}, push: []string{"count"},
	}.orAny("global_avg_pool_any")
	globalAvgPoolBackward = kernel{
		name: "global_avg_pool_backward", storage: []vk.Access{in, out},
		spec: []string{"C", "PLANE", "GD", "GY"}, push: []string{"count"},
	}.orAny("global_avg_pool_backward_any")
)

var poolVariants = slices.Concat(
	[]variant{
		one(engine.MaxPool2d, "max_pool2d", func(c *call) bool { return c.pooledBy(halvingPool) && poolRows(c.in(0)) && c.fillsPool(1) },
			func(c *call) { maxPool(c, maxPool2d) }),
		one(engine.MaxPool2d, "max_pool2d_overlapped", func(c *call) bool { return c.pooledBy(overlappingPool) && c.in(0).W()%8 == 0 && c.fillsPool(1) },
			func(c *call) { maxPool(c, maxPool2dOverlapped) }),
		one(engine.MaxPool2d, "max_pool2d_any", nil, func(c *call) {
			x, y := c.in(0), c.out(0)
			c.poolAny(maxPool2dAny, x, y, y, []*engine.Tensor{x, y}, c.of(y), c.of(x))
		}),
		one(engine.MaxPool2dBackward, "max_pool2d_backward", func(c *call) bool { return c.pooledBy(halvingPool) && poolRows(c.in(1)) && c.fillsPool(1) },
			func(c *call) { maxPoolBackward(c, maxPool2dBackward, c.in(0).Shape.Elements()/4) }),
		one(engine.MaxPool2dBackward, "max_pool2d_backward_overlapped", func(c *call) bool { return c.pooledBy(overlappingPool) && c.in(1).W()%4 == 0 && c.fillsPool(2) },
			func(c *call) { maxPoolBackward(c, maxPool2dBackwardOverlapped, c.in(0).Shape.Elements()/2) }),
		one(engine.MaxPool2dBackward, "max_pool2d_backward_any", nil, func(c *call) {
			dy, x, dx := c.in(0), c.in(1), c.out(0)
			c.poolAny(maxPool2dBackwardAny, x, dy, dx, []*engine.Tensor{dy, x, dx}, c.of(dy), c.of(x), c.of(dx))
		}),
		one(engine.AvgPool2d, "avg_pool2d", func(c *call) bool {
			return c.pooledBy(halvingPool, overlappingPool) && c.in(0).W()%8 == 0 && c.fillsPool(1)
		}, avgPool),
		one(engine.AvgPool2d, "avg_pool2d_any", nil, func(c *call) {
			x, y := c.in(0), c.out(0)
			c.poolAny(avgPool2dAny, x, y, y, []*engine.Tensor{x, y}, c.of(x), c.of(y))
		}),
		one(engine.AvgPool2dBackward, "avg_pool2d_backward", func(c *call) bool { return c.pooledBy(halvingPool, overlappingPool) && c.in(1).W()%4 == 0 },
			avgPoolBackward),
		one(engine.AvgPool2dBackward, "avg_pool2d_backward_any", nil, func(c *call) {
			dy, dx := c.in(0), c.out(0)
			c.poolAny(avgPool2dBackwardAny, dx, dy, dx, []*engine.Tensor{dy, dx}, c.of(dy), c.of(dx))
		}),
	},
	byChunk(engine.GlobalAvgPool, "global_avg_pool", "global_avg_pool_any", wholeRows, func(c *call, chunk int) {
		x, y := c.in(0), c.out(0)
		p := c.images(x, y)
		c.runSums(globalAvgPool.of(chunk), p.n*p.c, p.size/chunk, words(p.c, p.size/chunk, p.g[0], p.g[1]), words(p.n*p.c), c.of(x), c.of(y))
	}),
	byChunk(engine.GlobalAvgPoolBackward, "global_avg_pool_backward", "global_avg_pool_backward_any",
		func(c *call) bool { return c.out(0).H()*c.out(0).W()%4 == 0 },
		func(c *call, chunk int) {
			dy, dx := c.in(0), c.out(0)
			p := c.images(dx, dy)
			count := p.values() / chunk
			c.run(globalAvgPoolBackward.of(chunk), count, words(p.c, p.size/chunk, p.g[1], p.g[0]), words(count), c.of(dy), c.of(dx))
		}),
)

// fillsPool reports whether invocations that pool to vec4s, or bring so many halves of a vec4 back each, are enough to keep a GPU busy.
func (c *call) fillsPool(halves int) bool {
	pooled, bytes := c.out(0), 0
	for _, t := range c.ops[0].Inputs {
		bytes += t.Shape.Elements() * 4
		if t.Shape.Elements() < pooled.Shape.Elements() {
			pooled = t
		}
	}
	return !c.tooFew(pooled.Shape.Elements()/4*halves, bytes)
}

// poolRows says whether an image's rows are whole vec4s before and after pooling.
func poolRows(x *engine.Tensor) bool { return x.W()%8 == 0 && x.H()%2 == 0 }

// The windows that have kernels of their own: 2 x 2, side by side, and 3 x 3 at every second row and column.
var (
	halvingPool     = engine.PoolAttr{Kernel: 2, Stride: 2}
	overlappingPool = engine.PoolAttr{Kernel: 3, Stride: 2, Padding: 1}
)

func maxPool(c *call, f forms) {
	x, y := c.in(0), c.out(0)
	p := c.images(x, y)
	count := y.Shape.Elements() / 4
	c.run(c.reading(f, x.Shape.Elements()), count, words(p.c, x.H(), x.W(), p.g[0], p.g[1]), words(count), c.of(y), c.of(x))
}

func maxPoolBackward(c *call, k kernel, count int) {
	dy, x, dx := c.in(0), c.in(1), c.out(0)
	p := c.images(dy, x, dx)
	c.run(k, count, words(p.c, x.H(), x.W(), p.g[0], p.g[1], p.g[2]), words(count), c.of(dy), c.of(x), c.of(dx))
}

func avgPool(c *call) {
	x, y := c.in(0), c.out(0)
	p := c.images(x, y)
	count := y.Shape.Elements() / 4
	c.run(c.reading(avgPool2d, x.Shape.Elements()), count, append(words(p.c, x.H(), x.W()), flag(c.pooledBy(overlappingPool)), uint32(p.g[0]), uint32(p.g[1])),
		words(count), c.of(y), c.of(x))
}

func avgPoolBackward(c *call) {
	dy, dx := c.in(0), c.out(0)
	p := c.images(dy, dx)
	count := dx.Shape.Elements() / 4
	c.run(avgPool2dBackward, count, append(words(p.c, dx.H(), dx.W()), flag(c.pooledBy(overlappingPool)), uint32(p.g[0]), uint32(p.g[1])),
		words(count), c.of(dy), c.of(dx))
}

// pooledBy reports whether an op's windows are among these.
func (c *call) pooledBy(windows ...engine.PoolAttr) bool {
	return slices.Contains(windows, c.attr().(engine.PoolAttr))
}

// poolAny runs a kernel for any windows, of which an invocation makes one value of written: image has the shape of x, pooled that of y.
// Its last constants are the panels of those tensors.
func (c *call) poolAny(k kernel, image, pooled, written *engine.Tensor, panels []*engine.Tensor, operands ...operand) {
	a, count := c.attr().(engine.PoolAttr), written.Shape.Elements()
	constants := words(image.C(), image.H(), image.W(), pooled.H(), pooled.W(), a.Kernel, a.Stride, a.Padding)
	c.run(k, count, append(constants, words(c.images(panels...).g...)...), words(count), operands...)
}
