package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// Dense convolutions, and flatten, which brings their result before a Linear.

var conv2dVariants = slices.Concat(
	conv2dTiled(engine.Conv2d, false),
	[]variant{one(engine.Conv2d, "conv2d_any", nil, conv2dAny)},
	conv2dTiled(engine.Conv2dBackwardData, true),
	conv2dDataTiled(),
	[]variant{one(engine.Conv2dBackwardData, "conv2d_backward_data_any", nil, conv2dDataAny)},
	conv2dWeightTiled(),
	[]variant{one(engine.Conv2dBackwardWeight, "conv2d_backward_weight_any", nil, conv2dWeightAny)},
	byLanes(engine.Conv2dBackwardBias, func(c *call) bool { return c.planes(c.in(0)).size%4 == 0 }, conv2dBias),
	flattens(engine.Flatten, false),
	flattens(engine.FlattenBackward, true),
)

// window is the constants that all direct kernels of a convolution begin with, from the larger side x to the smaller y.
func (c *call) window(x, y *engine.Tensor) []uint32 {
	a := c.attr().(engine.ConvAttr)
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

func conv2dBias(c *call, _ string, lanes int) {
	k := kernel{shader: "conv2d_backward_bias", storage: []vk.Access{out, in}, constants: 4, push: 3}
	dy := c.in(0)
	p := c.planes(dy)
	per, s := c.pieces(p.n, p.c)
	parts := c.scratch("conv2d bias parts", s*p.c)
	c.run(c.readingLanes(k, lanes, dy.Shape.Elements()), p.c*s, words(p.c, p.size/lanes, p.g[0], runOf(p.size/lanes)), words(p.n, per, s), parts, c.of(dy))
	c.sumPartials(parts, c.of(c.out(0)), p.c, s)
}

// rowsOfTexels reports whether a convolution from x to y is one that the tiled kernels know, with whole texels in the rows of both.
func (c *call) rowsOfTexels(x, y *engine.Tensor) bool {
	a := c.attr().(engine.ConvAttr)
	return a.Kernel == 3 && a.Padding == 1 && a.Stride <= 2 && x.W()%(4*a.Stride) == 0 &&
		c.fitsTexels(x.Shape.Elements()) && c.fitsTexels(y.Shape.Elements())
}

// texelWindow is the constants that the tiled kernels begin with, from the larger side x to the smaller y.
func (c *call) texelWindow(x, y *engine.Tensor) []uint32 {
	return words(y.C(), x.C(), x.H(), x.W()/4, y.H(), y.W()/4, c.attr().(engine.ConvAttr).Stride)
}

// conv2dTiled is y = A x over the pixels that 3x3 windows see, A being the weight, or, turned around, for the gradient by the
// input at stride 1.
func conv2dTiled(k engine.Kind, turned bool) []variant {
	var list []variant
	for _, t := range subgroupTiles([3]int{32, 4, 9}, [3]int{16, 4, 9}) {
		list = append(list, one(k, string(k)+t.name, func(c *call) bool {
			x, y := c.in(0), c.out(0)
			return c.rowsOfTexels(x, y) && !(turned && c.attr().(engine.ConvAttr).Stride != 1) && t.runs(c, packedTaps(c, t)) &&
				c.covers(conv2dGroups(c, t, y))
		}, func(c *call) { c.conv2dTiles(t, turned) }))
	}
	return list
}

func (c *call) conv2dTiles(t tile, turned bool) {
	k := kernel{shader: "conv2d" + t.name, storage: []vk.Access{out, in}, texel: 2, constants: 10, push: 1, subgroup: true}
	x, y, g := c.in(0), c.out(0), c.images(c.in(0), c.out(0)).g
	bias, biased := c.of(c.in(1)), false
	if !turned {
		bias, biased = c.bias()
	}
	constants := append(c.texelWindow(x, y), uint32(g[0]), uint32(g[1]), flag(biased))
	c.runGroups(k, conv2dGroups(c, t, y), constants, words(y.N()*y.H()*y.W()/4), c.of(y), bias, c.packTaps(t, turned), c.of(x))
}

// packTaps brings the weight into blocks of a tile's rows.
func (c *call) packTaps(t tile, turned bool) operand {
	k := kernel{shader: "pack_conv2d", storage: []vk.Access{in, out}, constants: 5}
	rows, columns := c.out(0).C(), c.in(0).C()
	elements := packedTaps(c, t)
	packed := c.scratch("packed weight", elements)
	filled := roundUp(rows, t.rows) * columns * t.depth
	c.run(k, filled, append(words(rows, columns, t.depth, t.rows), flag(turned)), nil, c.of(c.in(1)), packed)
	return packed
}

// packedTaps is the size of a packed weight, and room for the lanes' last fetch, which may reach past its end.
func packedTaps(c *call, t tile) int {
	return roundUp(c.out(0).C(), t.rows)*c.in(0).C()*t.depth + 4*c.subgroupSize()
}

// conv2dDataTiled is the gradient by the input at stride 2: every window of the output makes four pixels.
func conv2dDataTiled() []variant {
	const kind = engine.Conv2dBackwardData
	var list []variant
	for _, t := range subgroupTiles([3]int{16, 16, 9}, [3]int{8, 16, 9}) {
		k := kernel{shader: string(kind) + t.name, storage: []vk.Access{out}, texel: 2, constants: 7, push: 1, subgroup: true}
		list = append(list, one(kind, string(kind)+t.name, func(c *call) bool {
			return c.rowsOfTexels(c.out(0), c.in(0)) && c.attr().(engine.ConvAttr).Stride == 2 && t.runs(c, packedTaps(c, t)) && c.covers(conv2dGroups(c, t, c.in(0)))
		}, func(c *call) {
			dy, dx := c.in(0), c.out(0)
			g := c.images(dy, dx).g
			constants := words(dy.C(), dx.C(), dx.H(), dy.H(), dy.W()/4, g[0], g[1])
			c.runGroups(k, conv2dGroups(c, t, dy), constants, words(dy.N()*dy.H()*dy.W()/4), c.of(dx), c.packTaps(t, true), c.of(dy))
		}))
	}
	return list
}

// conv2dGroups is the workgroups of a tiled convolution: texels of y, which has a pixel for every window, on one axis, blocks of
// the result's channels on the other.
func conv2dGroups(c *call, t tile, y *engine.Tensor) [3]uint32 {
	return [3]uint32{uint32(ceilDiv(y.N()*y.H()*y.W()/4, c.subgroupSize())), uint32(ceilDiv(c.out(0).C(), t.rows)), 1}
}

// covers reports whether the device takes that many workgroups.
func (c *call) covers(groups [3]uint32) bool {
	most := c.plan.target.limits.WorkgroupCount
	return groups[0] <= most[0] && groups[1] <= most[1]
}

func conv2dWeightTiled() []variant {
	const kind = engine.Conv2dBackwardWeight
	var list []variant
	for _, t := range subgroupTiles([3]int{32, 3, 8}, [3]int{16, 3, 8}) {
		list = append(list, one(kind, string(kind)+t.name, func(c *call) bool {
			dy, x := c.in(0), c.in(1)
			tiles := ceilDiv(dy.C(), t.rows) * ceilDiv(3*x.C(), c.subgroupSize())
			return c.rowsOfTexels(x, dy) && dy.H()*dy.W()%t.depth == 0 && t.runs(c) && c.covers([3]uint32{uint32(tiles), 1, 1}) // many tiles are cut into no pieces
		}, func(c *call) { c.conv2dWeightTiles(t) }))
	}
	return list
}

func (c *call) conv2dWeightTiles(t tile) {
	k := kernel{shader: "conv2d_backward_weight" + t.name, storage: []vk.Access{out}, texel: 2, constants: 9, push: 3, subgroup: true}
	dy, x, dw := c.in(0), c.in(1), c.out(0)
	g, size, elements := c.images(dy, x).g, c.subgroupSize(), dw.Shape.Elements()
	tiles, steps := ceilDiv(dy.C(), t.rows)*ceilDiv(3*x.C(), size), dy.N()*dy.H()*dy.W()/t.depth
	run, s := c.pieces(steps, tiles*size)
	parts := c.scratch("conv2d weight parts", s*elements)
	c.runGroups(k, [3]uint32{uint32(tiles * s), 1, 1}, append(c.texelWindow(x, dy), words(g...)...), words(steps, run, s), parts, c.of(dy), c.of(x))
	c.sumPartials(parts, c.of(dw), elements, s)
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
