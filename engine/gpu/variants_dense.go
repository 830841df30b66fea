package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// Dense convolutions, and flatten, which brings their result before a Linear.

var denseVariants = slices.Concat(
	[]variant{
		one(engine.Conv2d, "conv2d_any", nil, conv2dAny),
		one(engine.Conv2dBackwardData, "conv2d_backward_data_any", nil, conv2dDataAny),
		one(engine.Conv2dBackwardWeight, "conv2d_backward_weight_any", nil, conv2dWeightAny),
	},
	byLanes(engine.Conv2dBackwardBias, func(c *call) bool { return c.planes(c.in(0)).size%4 == 0 }, conv2dBias),
	flattens(engine.Flatten, false),
	flattens(engine.FlattenBackward, true),
)

// window is the constants that all direct kernels of a convolution begin with, from the larger side x to the smaller y.
func (c *call) window(x, y *engine.Tensor) []uint32 {
	a := c.attr()
	return words(y.C(), x.C(), x.H(), x.W(), y.H(), y.W(), a.Kernel, a.Stride, a.Padding)
}

// bias is the third operand of a convolution, or any other where it has none.
func (c *call) bias() (b operand, biased bool) {
	last := c.ops[0].Inputs[len(c.ops[0].Inputs)-1]
	return c.of(last), len(c.ops[0].Inputs) > 2
}

func conv2dAny(c *call) {
	k := kernel{shader: "conv2d_any", storage: []vk.Access{in, in, in, out}, constants: 12, push: 1}
	x, y := c.in(0), c.out(0)
	g, count := c.images(x, y).g, y.Shape.Elements()
	bias, biased := c.bias()
	c.run(k, count, append(c.window(x, y), uint32(g[0]), uint32(g[1]), flag(biased)), words(count), c.of(x), c.of(c.in(1)), bias, c.of(y))
}

func conv2dDataAny(c *call) {
	k := kernel{shader: "conv2d_backward_data_any", storage: []vk.Access{in, in, out}, constants: 11, push: 1}
	dy, dx := c.in(0), c.out(0)
	g, count := c.images(dy, dx).g, dx.Shape.Elements()
	c.run(k, count, append(c.window(dx, dy), words(g...)...), words(count), c.of(dy), c.of(c.in(1)), c.of(dx))
}

func conv2dWeightAny(c *call) {
	k := kernel{shader: "conv2d_backward_weight_any", storage: []vk.Access{in, in, out}, constants: 11, push: 3}
	dy, x, dw := c.in(0), c.in(1), c.out(0)
	p, elements := c.images(dy, x), dw.Shape.Elements()
	per, s := c.pieces(p.n, elements)
	parts := c.scratch("conv2d weight parts", s*elements)
	c.run(k, s*elements, append(c.window(x, dy), words(p.g...)...), words(p.n, per, s), c.of(dy), c.of(x), parts)
	c.sumPartials(parts, c.of(dw), elements, s)
}

func conv2dBias(c *call, suffix string, lanes int) {
	k := kernel{shader: "conv2d_backward_bias", storage: []vk.Access{out, in}, constants: 4, push: 3}
	dy := c.in(0)
	p := c.planes(dy)
	per, s := c.pieces(p.n, p.c)
	parts := c.scratch("conv2d bias parts", s*p.c)
	if suffix == "" {
		k = c.reading(k, dy.Shape.Elements())
	} else {
		k.shader += suffix
	}
	c.run(k, p.c*s, words(p.c, p.size/lanes, p.g[0], runOf(p.size/lanes)), words(p.n, per, s), parts, c.of(dy))
	c.sumPartials(parts, c.of(c.out(0)), p.c, s)
}

// flattens moves an activation between its panels and those of one feature a pixel; reversed is the way back.
func flattens(k engine.Kind, reversed bool) []variant {
	sides := func(c *call) (x, y *engine.Tensor) {
		if reversed {
			return c.out(0), c.in(0)
		}
		return c.in(0), c.out(0)
	}
	move := func(c *call, shader string, lanes int) {
		moving := kernel{shader: shader, storage: []vk.Access{in, out}, constants: 5, push: 1}
		p := c.images(sides(c))
		count := p.values() / (lanes * lanes)
		c.run(moving, count, append(words(p.c, p.size/lanes, p.g[0], p.g[1]), flag(reversed)), words(count), c.of(c.in(0)), c.of(c.out(0)))
	}
	return []variant{
		one(k, string(k), func(c *call) bool {
			p := c.images(sides(c))
			return p.size%4 == 0 && p.g[1]%4 == 0
		}, func(c *call) { move(c, "flatten", 4) }),
		one(k, string(k)+"_any", nil, func(c *call) { move(c, "flatten_any", 1) }),
	}
}
