package gpu

import (
	"cnnvk/engine"
	"cnnvk/vk"
)

// Depthwise convolutions as direct kernels: those of 3x3 windows at stride 1 over rows of vec4s, and strips, which take every window, and of single
// floats every width.

var (
	depthwiseConv2d = kernel{
		name: "depthwise_conv2d", storage: []vk.Access{in, in, out, in},
		spec: []string{"C", "H", "W", "GX", "GY", "ROWS", "COLS", "FLIP", "BIASED", "FUNCTION"}, push: []string{"count"},
	}.orTexel("depthwise_conv2d_texel", 1)
	depthwiseConv2dStrip = kernel{
		name: "depthwise_conv2d_strip", storage: []vk.Access{in, in, out, in},
		spec: []string{"C", "H", "W", "HO", "WO", "R", "STRIDE", "PADDING", "GX", "GY", "BIASED", "FUNCTION"}, push: []string{"count"},
	}.orTexel("depthwise_conv2d_strip_texel", 1)
	depthwiseConv2dDataStrip = kernel{
		name: "depthwise_conv2d_backward_data_strip", storage: []vk.Access{in, out, in},
		spec: []string{"C", "H", "W", "HO", "WO", "R", "STRIDE", "PADDING", "GD", "GX", "STRIP"}, push: []string{"count"},
	}.orTexel("depthwise_conv2d_backward_data_strip_texel", 1)
	depthwiseConv2dBackwardWeight = kernel{
		name: "depthwise_conv2d_backward_weight", storage: []vk.Access{out, in, in},
		spec: []string{"C", "H", "W", "GD", "GX", "ROWS", "COLS"}, push: []string{"N", "splits"},
	}.orTexel("depthwise_conv2d_backward_weight_texel", 2)
	depthwiseConv2dWeightStrip = kernel{
		name: "depthwise_conv2d_backward_weight_strip", storage: []vk.Access{out, in, in},
		spec: []string{"C", "H", "W", "HO", "WO", "R", "STRIDE", "PADDING", "GD", "GX"}, push: []string{"N", "splits"},
	}.orTexel("depthwise_conv2d_backward_weight_strip_texel", 2)
)

var depthwiseVariants = []variant{
	one(engine.DepthwiseConv2d, "depthwise_conv2d", (*call).rowsOfThree, func(c *call) { c.depthwiseRows(false) }),
	one(engine.DepthwiseConv2d, "depthwise_conv2d_strip", nil, depthwiseStrip),
	one(engine.DepthwiseConv2dBackwardData, "depthwise_conv2d_backward_data", (*call).rowsOfThree, func(c *call) { c.depthwiseRows(true) }),
	one(engine.DepthwiseConv2dBackwardData, "depthwise_conv2d_backward_data_strip", nil, depthwiseDataStrip),
	one(engine.DepthwiseConv2dBackwardWeight, "depthwise_conv2d_backward_weight", (*call).rowsOfThree, depthwiseBackwardWeight),
	one(engine.DepthwiseConv2dBackwardWeight, "depthwise_conv2d_backward_weight_strip", nil, depthwiseWeightStrip),
}

// rowsOfThree reports whether the window is 3x3 at stride 1 with padding 1, over rows of vec4s.
func (c *call) rowsOfThree() bool {
	return c.attr() == engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1} && c.in(0).W()%4 == 0
}

// depthwiseRows is the forward convolution and, with the taps flipped, its gradient by the input.
func (c *call) depthwiseRows(flip bool) {
	x, y := c.in(0), c.out(0)
	weight := c.weight()
	bias, biased := weight, false
	if !flip {
		bias, biased = c.bias()
	}
	p, rows, columns := c.images(x, y), runOf(x.H()), runOf(x.W()/4)
	count := p.n * p.c * (x.H() / rows) * (x.W() / 4 / columns)
	constants := append(words(p.c, x.H(), x.W(), p.g[0], p.g[1], rows, columns), flag(flip), flag(biased), c.activation())
	c.run(c.reading(depthwiseConv2d, x.Shape.Elements()), count, constants, words(count), weight, bias, c.of(y), c.of(x))
}

func depthwiseStrip(c *call) {
	x, y := c.in(0), c.out(0)
	g, count := c.images(x, y).g, y.N()*y.C()*y.H()*ceilDiv(y.W(), 4)
	weight := c.weight()
	bias, biased := c.bias()
	c.run(c.strips(depthwiseConv2dStrip, x, y), count, append(c.depthwiseWindow(x, y), uint32(g[0]), uint32(g[1]), flag(biased), c.activation()), words(count),
		weight, bias, c.of(y), c.of(x))
}

// strips is the form of a kernel of strips that moves whole texels, where the rows are that, and a strip of x is as many as the stride; of a window
// that has a tap on every image.
func (c *call) strips(f forms, x, y *engine.Tensor) kernel {
	a := c.attr().(engine.ConvAttr)
	if x.W()%(4*a.Stride) != 0 || y.W()%4 != 0 || a.Padding >= a.Kernel {
		return f.vec4
	}
	return c.reading(f, x.Shape.Elements(), y.Shape.Elements())
}

func depthwiseDataStrip(c *call) {
	dy, dx := c.in(0), c.out(0)
	k, stride := c.strips(depthwiseConv2dDataStrip, dx, dy), c.attr().(engine.ConvAttr).Stride
	strip := stride * max(4/stride, 1) // four places where they can be
	if k.texel > 0 {
		strip = stride * 4
	}
	g, count := c.images(dy, dx).g, dx.N()*dx.C()*ceilDiv(dx.H(), stride)*ceilDiv(dx.W(), strip)
	c.run(k, count, append(c.depthwiseWindow(dx, dy), words(g[0], g[1], strip)...), words(count), c.of(c.in(1)), c.of(dx), c.of(dy))
}

func depthwiseBackwardWeight(c *call) {
	dy, x := c.in(0), c.in(1)
	rows, columns := runOf(x.H()), runOf(x.W()/4)
	p, strips := c.images(dy, x), x.W()/4/columns
	_, splits := c.pieces(p.n, p.c*strips)
	parts := c.partsOf(c.out(0), splits*strips)
	c.run(c.reading(depthwiseConv2dBackwardWeight, dy.Shape.Elements(), x.Shape.Elements()), p.c*strips*splits, words(p.c, x.H(), x.W(), p.g[0], p.g[1], rows, columns), words(p.n, splits),
		parts, c.of(dy), c.of(x))
	c.sumPartials(parts, c.out(0), splits*strips)
}

func depthwiseWeightStrip(c *call) {
	dy, x, dw := c.in(0), c.in(1), c.out(0)
	p, elements := c.images(dy, x), dw.Shape.Elements()
	lines := elements / dw.Shape[3] // rows of taps
	_, splits := c.pieces(p.n, lines)
	parts := c.partsOf(dw, splits)
	c.run(c.strips(depthwiseConv2dWeightStrip, x, dy), lines*splits, append(c.depthwiseWindow(x, dy), words(p.g...)...), words(p.n, splits), parts, c.of(dy), c.of(x))
	c.sumPartials(parts, dw, splits)
}

// depthwiseWindow is the constants that the strips begin with, from the larger side x to the smaller y.
func (c *call) depthwiseWindow(x, y *engine.Tensor) []uint32 { return c.window(x, y)[1:] }
