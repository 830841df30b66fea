package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// The depthwise 3x3 convolution as a direct kernel.

var (
	depthwiseConv2d = kernel{
		name: "depthwise_conv2d", storage: []vk.Access{in, out, in},
		spec: []string{"C", "H", "W", "GX", "GY", "ROWS", "COLS", "FLIP"}, push: []string{"count"},
	}.orTexel("depthwise_conv2d_texel", 1)
	depthwiseConv2dAny = kernel{
		name: "depthwise_conv2d_any", storage: []vk.Access{in, in, out},
		spec: []string{"C", "H", "W", "GX", "GY", "FLIP"}, push: []string{"count"},
	}
	depthwiseConv2dBackwardWeight = kernel{
		name: "depthwise_conv2d_backward_weight", storage: []vk.Access{out, in, in},
		spec: []string{"C", "H", "W", "GD", "GX", "ROWS", "COLS"}, push: []string{"N", "splits"},
	}.orTexel("depthwise_conv2d_backward_weight_texel", 2)
	depthwiseConv2dBackwardWeightAny = kernel{
		name: "depthwise_conv2d_backward_weight_any", storage: []vk.Access{in, in, out},
		spec: []string{"C", "H", "W", "GD", "GX"}, push: []string{"N", "splits"},
	}
)

var depthwiseVariants = slices.Concat(
	depthwise(engine.DepthwiseConv2d, "depthwise_conv2d", "depthwise_conv2d_any", false),
	depthwise(engine.DepthwiseConv2dBackwardData, "depthwise_conv2d_backward_data", "depthwise_conv2d_backward_data_any", true),
	[]variant{
		one(engine.DepthwiseConv2dBackwardWeight, "depthwise_conv2d_backward_weight", rowsOfFour, depthwiseBackwardWeight),
		one(engine.DepthwiseConv2dBackwardWeight, "depthwise_conv2d_backward_weight_any", nil, depthwiseBackwardWeightAny),
	})

func rowsOfFour(c *call) bool { return c.in(0).W()%4 == 0 }

// depthwise is the forward convolution and, with the taps flipped, its gradient by the input.
func depthwise(k engine.Kind, strips, any string, flip bool) []variant {
	return []variant{
		one(k, strips, rowsOfFour, func(c *call) {
			x, w, y := c.in(0), c.in(1), c.out(0)
			p, rows, columns := c.images(x, y), runOf(x.H()), runOf(x.W()/4)
			count := p.n * p.c * (x.H() / rows) * (x.W() / 4 / columns)
			c.run(c.reading(depthwiseConv2d, x.Shape.Elements()), count, append(words(p.c, x.H(), x.W(), p.g[0], p.g[1], rows, columns), flag(flip)), words(count),
				c.of(w), c.of(y), c.of(x))
		}),
		one(k, any, nil, func(c *call) {
			x, w, y := c.in(0), c.in(1), c.out(0)
			p := c.images(x, y)
			c.run(depthwiseConv2dAny, p.values(), append(words(p.c, x.H(), x.W(), p.g[0], p.g[1]), flag(flip)), words(p.values()),
				c.of(x), c.of(w), c.of(y))
		}),
	}
}

func depthwiseBackwardWeight(c *call) {
	dy, x := c.in(0), c.in(1)
	rows, columns := runOf(x.H()), runOf(x.W()/4)
	p, strips := c.images(dy, x), x.W()/4/columns
	_, splits := c.pieces(p.n, p.c*strips)
	parts := c.scratch("depthwise weight parts", splits*strips*p.c*9)
	c.run(c.reading(depthwiseConv2dBackwardWeight, dy.Shape.Elements(), x.Shape.Elements()), p.c*strips*splits, words(p.c, x.H(), x.W(), p.g[0], p.g[1], rows, columns), words(p.n, splits),
		parts, c.of(dy), c.of(x))
	c.sumPartials(parts, c.of(c.out(0)), p.c*9, splits*strips)
}

func depthwiseBackwardWeightAny(c *call) {
	dy, x := c.in(0), c.in(1)
	p := c.images(dy, x)
	_, splits := c.pieces(p.n, p.c*9)
	parts := c.scratch("depthwise weight parts", splits*p.c*9)
	c.run(depthwiseConv2dBackwardWeightAny, p.c*9*splits, words(p.c, x.H(), x.W(), p.g[0], p.g[1]), words(p.n, splits), c.of(dy), c.of(x), parts)
	c.sumPartials(parts, c.of(c.out(0)), p.c*9, splits)
}
