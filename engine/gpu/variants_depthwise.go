package gpu

import (
	"slices"

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
	depthwiseConv2dAdd = kernel{
		name: "depthwise_conv2d_add", storage: []vk.Access{in, out, in, in},
		spec: []string{"C", "H", "W", "GX", "GY", "ROWS", "COLS", "FLIP", "GS"}, push: []string{"count"},
	}.orTexel("depthwise_conv2d_add_texel", 2)
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
		spec: []string{"C", "H", "W", "GD", "GX", "ROWS", "COLS", "BAND", "TEAM"}, push: []string{"N", "splits"},
	}.orTexel("depthwise_conv2d_backward_weight_texel", 2)
	depthwiseConv2dWeightStrip = kernel{
		name: "depthwise_conv2d_backward_weight_strip", storage: []vk.Access{out, in, in},
		spec: []string{"C", "H", "W", "HO", "WO", "R", "STRIDE", "PADDING", "GD", "GX", "TEAM"}, push: []string{"N", "splits"},
	}.orTexel("depthwise_conv2d_backward_weight_strip_texel", 2)
)

var depthwiseVariants = []variant{
	one(engine.DepthwiseConv2d, "depthwise_conv2d", (*call).rowsOfThree, func(c *call) { c.depthwiseRows(false) }),
	one(engine.DepthwiseConv2d, "depthwise_conv2d_strip", nil, depthwiseStrip),
	{
		name: "depthwise_conv2d_backward_data", covers: []engine.Kind{engine.DepthwiseConv2dBackwardData}, adds: true,
		runs: (*call).rowsOfThree, emit: func(c *call) { c.depthwiseRows(true) },
	},
	one(engine.DepthwiseConv2dBackwardData, "depthwise_conv2d_backward_data_strip", nil, depthwiseDataStrip),
	one(engine.DepthwiseConv2dBackwardWeight, "depthwise_conv2d_backward_weight", (*call).rowsOfThree, depthwiseBackwardWeight),
	one(engine.DepthwiseConv2dBackwardWeight, "depthwise_conv2d_backward_weight_strip", nil, depthwiseWeightStrip),
}

// rowsOfThree reports whether the window is 3x3 at stride 1 with padding 1, over rows of vec4s.
func (c *call) rowsOfThree() bool {
	return c.attr() == engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1} && c.in(0).W()%4 == 0
}

// depthwiseRows is the forward convolution and, with the taps flipped, its gradient by the input, which may be added to another.
func (c *call) depthwiseRows(flip bool) {
	x, y := c.in(0), c.out(0)
	weight := c.weight()
	bias, biased := weight, false
	if !flip {
		bias, biased = c.bias()
	}
	p := c.images(c.around()...)
	rows, columns := c.strip(p, x.H(), x.W()/4)
	count := p.n * p.c * (x.H() / rows) * (x.W() / 4 / columns)
	constants := append(words(p.c, x.H(), x.W(), p.g[0], p.g[1], rows, columns), flag(flip))
	if c.skip != nil {
		c.run(c.reading(depthwiseConv2dAdd, x.Shape.Elements()), count, append(constants, uint32(p.g[2])), words(count), weight, c.of(y), c.of(c.skip), c.of(x))
		return
	}
	constants = append(constants, flag(biased), c.activation())
	c.run(c.reading(depthwiseConv2d, x.Shape.Elements()), count, constants, words(count), weight, bias, c.of(y), c.of(x))
}

// strip is how many of so many rows and vec4s of each an invocation of depthwise_conv2d takes. A GPU wants many invocations, and compilers for them unroll no more than two
// vec4s of a row.
func (c *call) strip(p planes, height, width int) (rows, columns int) {
	rows, columns = runOf(height), runOf(width)
	if c.plan.target.teams() {
		columns = min(columns, 2)
		for rows > 1 && p.n*p.c*(height/rows)*(width/columns) < lanesWanted {
			rows /= 2
		}
	}
	return rows, columns
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
	p := c.images(dy, x)
	k := c.reading(depthwiseConv2dBackwardWeight, dy.Shape.Elements(), x.Shape.Elements())
	columns, band := runOf(x.W()/4), x.H()
	strips := x.W() / 4 / columns // each with parts of its own
	r := reduction{team: 1}
	if c.plan.target.teams() {
		columns, strips = 1, 1
		band = bandOf(x.H(), p.n*p.c*x.W()/4)
		r = c.reduction(p.n, p.c, x.H()/band*x.W()/4, 4*band, 1)
	} else {
		r.per, r.s = c.pieces(p.n, p.c*strips)
	}
	parts := c.partsOf(c.out(0), r.s*strips)
	constants := words(p.c, x.H(), x.W(), p.g[0], p.g[1], runOf(band), columns, band, r.team)
	c.runTeams(k, r.team, p.c*strips*r.s, constants, words(p.n, r.s), parts, c.of(dy), c.of(x))
	c.sumPartials(parts, c.out(0), r.s*strips)
}

// bandOf is how many of so many rows an invocation of a team takes, of which there are that many where it takes all: as many as leave a GPU busy,
// since with each band two rows more are read.
func bandOf(rows, invocations int) int {
	for band := min(rows, addedMost/4); band > 1; band-- {
		if rows%band == 0 && invocations*rows/band >= lanesWanted {
			return band
		}
	}
	return 1
}

func depthwiseWeightStrip(c *call) {
	dy, x, dw := c.in(0), c.in(1), c.out(0)
	p, elements := c.images(dy, x), dw.Shape.Elements()
	lines := elements / dw.Shape[3] // rows of taps
	r := c.reduction(p.n, lines, dy.H(), dy.W(), 1)
	parts := c.partsOf(dw, r.s)
	c.runTeams(c.strips(depthwiseConv2dWeightStrip, x, dy), r.team, lines*r.s, slices.Concat(c.depthwiseWindow(x, dy), words(p.g...), words(r.team)), words(p.n, r.s),
		parts, c.of(dy), c.of(x))
	c.sumPartials(parts, dw, r.s)
}

// depthwiseWindow is the constants that the strips begin with, from the larger side x to the smaller y.
func (c *call) depthwiseWindow(x, y *engine.Tensor) []uint32 { return c.window(x, y)[1:] }
