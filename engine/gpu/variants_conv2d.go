package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// Dense convolutions, and flatten, which brings their result before a Linear.

var (
	conv2dAnyKernel = kernel{
		name: "conv2d_any", storage: []vk.Access{in, in, in, out},
		spec: []string{"M", "K", "H", "W", "HO", "WO", "R", "STRIDE", "PADDING", "GX", "GY", "BIASED"}, push: []string{"count"},
	}
	conv2dDataAnyKernel = kernel{
		name: "conv2d_backward_data_any", storage: []vk.Access{in, in, out},
		spec: []string{"M", "K", "H", "W", "HO", "WO", "R", "STRIDE", "PADDING", "GD", "GX"}, push: []string{"count"},
	}
	conv2dWeightAnyKernel = kernel{
		name: "conv2d_backward_weight_any", storage: []vk.Access{in, in, out},
		spec: []string{"M", "K", "H", "W", "HO", "WO", "R", "STRIDE", "PADDING", "GD", "GX"}, push: []string{"N", "per", "S"},
	}
	conv2dBackwardBias = kernel{
		name: "conv2d_backward_bias", storage: []vk.Access{out, in},
		spec: []string{"M", "PLANE", "G", "RUN", "TEAM", "ACROSS"}, push: []string{"N", "per", "S"},
	}.orTexel("conv2d_backward_bias_texel", 1).orAny("conv2d_backward_bias_any")
	flatten = kernel{
		name: "flatten", storage: []vk.Access{in, out},
		spec: []string{"C", "PLANE", "GX", "GY", "REVERSED"}, push: []string{"count"},
	}.orAny("flatten_any")
)

// What the tiled kernels of an op have in common, whatever their size.
var (
	conv2dTile = kernel{
		storage: []vk.Access{out, in, in}, texel: 2,
		spec: []string{"M", "K", "H", "WIDTH", "HO", "WO", "STRIDE", "GX", "GY", "BIASED", "FUNCTION", "ADD", "GS"}, push: []string{"tiles"},
	}
	conv2dDataTile = kernel{
		storage: []vk.Access{out}, texel: 2,
		spec: []string{"M", "K", "H", "HO", "WO", "GD", "GX"}, push: []string{"tiles"},
	}
	conv2dWeightTile = kernel{
		storage: []vk.Access{out}, texel: 2,
		spec: []string{"M", "K", "H", "WIDTH", "HO", "WO", "STRIDE", "GD", "GX"}, push: []string{"pairs", "run", "S"},
	}
)

var (
	conv2dShuffle32x4   = tile{kernel: conv2dTile.by(shuffle, "conv2d_shuffle_32x4"), rows: 32, columns: 4, depth: 9}
	conv2dShuffle16x4   = tile{kernel: conv2dTile.by(shuffle, "conv2d_shuffle_16x4"), rows: 16, columns: 4, depth: 9}
	conv2dShuffle8x4    = tile{kernel: conv2dTile.by(shuffle, "conv2d_shuffle_8x4"), rows: 8, columns: 4, depth: 9}
	conv2dBroadcast32x4 = tile{kernel: conv2dTile.by(broadcast, "conv2d_broadcast_32x4"), rows: 32, columns: 4, depth: 9}
	conv2dBroadcast16x4 = tile{kernel: conv2dTile.by(broadcast, "conv2d_broadcast_16x4"), rows: 16, columns: 4, depth: 9}
	conv2dBroadcast8x4  = tile{kernel: conv2dTile.by(broadcast, "conv2d_broadcast_8x4"), rows: 8, columns: 4, depth: 9}

	conv2dDataShuffle16x16   = tile{kernel: conv2dDataTile.by(shuffle, "conv2d_backward_data_shuffle_16x16"), rows: 16, columns: 16, depth: 9, multiplied: 16}
	conv2dDataShuffle8x16    = tile{kernel: conv2dDataTile.by(shuffle, "conv2d_backward_data_shuffle_8x16"), rows: 8, columns: 16, depth: 9, multiplied: 16}
	conv2dDataShuffle4x16    = tile{kernel: conv2dDataTile.by(shuffle, "conv2d_backward_data_shuffle_4x16"), rows: 4, columns: 16, depth: 9, multiplied: 16}
	conv2dDataBroadcast16x16 = tile{kernel: conv2dDataTile.by(broadcast, "conv2d_backward_data_broadcast_16x16"), rows: 16, columns: 16, depth: 9, multiplied: 16}
	conv2dDataBroadcast8x16  = tile{kernel: conv2dDataTile.by(broadcast, "conv2d_backward_data_broadcast_8x16"), rows: 8, columns: 16, depth: 9, multiplied: 16}
	conv2dDataBroadcast4x16  = tile{kernel: conv2dDataTile.by(broadcast, "conv2d_backward_data_broadcast_4x16"), rows: 4, columns: 16, depth: 9, multiplied: 16}

	conv2dWeightShuffle32x3   = tile{kernel: conv2dWeightTile.by(shuffle, "conv2d_backward_weight_shuffle_32x3"), rows: 32, columns: 3, depth: 8}
	conv2dWeightShuffle16x3   = tile{kernel: conv2dWeightTile.by(shuffle, "conv2d_backward_weight_shuffle_16x3"), rows: 16, columns: 3, depth: 8}
	conv2dWeightBroadcast32x3 = tile{kernel: conv2dWeightTile.by(broadcast, "conv2d_backward_weight_broadcast_32x3"), rows: 32, columns: 3, depth: 8}
	conv2dWeightBroadcast16x3 = tile{kernel: conv2dWeightTile.by(broadcast, "conv2d_backward_weight_broadcast_16x3"), rows: 16, columns: 3, depth: 8}
)

// Of each list the first that runs is the built-in choice.
var (
	conv2dTiles = []tiled{
		{"conv2d_shuffle_32x4", conv2dShuffle32x4},
		{"conv2d_shuffle_16x4", conv2dShuffle16x4},
		{"conv2d_shuffle_8x4", conv2dShuffle8x4},
		{"conv2d_broadcast_32x4", conv2dBroadcast32x4},
		{"conv2d_broadcast_16x4", conv2dBroadcast16x4},
		{"conv2d_broadcast_8x4", conv2dBroadcast8x4},
	}
	conv2dTurnedTiles = []tiled{ // the gradient by the input at stride 1
		{"conv2d_backward_data_shuffle_32x4", conv2dShuffle32x4},
		{"conv2d_backward_data_shuffle_16x4", conv2dShuffle16x4},
		{"conv2d_backward_data_shuffle_8x4", conv2dShuffle8x4},
		{"conv2d_backward_data_broadcast_32x4", conv2dBroadcast32x4},
		{"conv2d_backward_data_broadcast_16x4", conv2dBroadcast16x4},
		{"conv2d_backward_data_broadcast_8x4", conv2dBroadcast8x4},
	}
	conv2dHalvedTiles = []tiled{ // at stride 2
		{"conv2d_backward_data_shuffle_16x16", conv2dDataShuffle16x16},
		{"conv2d_backward_data_shuffle_8x16", conv2dDataShuffle8x16},
		{"conv2d_backward_data_shuffle_4x16", conv2dDataShuffle4x16},
		{"conv2d_backward_data_broadcast_16x16", conv2dDataBroadcast16x16},
		{"conv2d_backward_data_broadcast_8x16", conv2dDataBroadcast8x16},
		{"conv2d_backward_data_broadcast_4x16", conv2dDataBroadcast4x16},
	}
	conv2dWeightTiles = []tiled{
		{"conv2d_backward_weight_shuffle_32x3", conv2dWeightShuffle32x3},
		{"conv2d_backward_weight_shuffle_16x3", conv2dWeightShuffle16x3},
		{"conv2d_backward_weight_broadcast_32x3", conv2dWeightBroadcast32x3},
		{"conv2d_backward_weight_broadcast_16x3", conv2dWeightBroadcast16x3},
	}
)

var conv2dVariants = slices.Concat(
	adding(ofTiles(engine.Conv2d, conv2dTiles, (*call).conv2dFits, func(c *call, t tile) { c.conv2dTiles(t, false) })),
	winogradVariants, conv2dWindows, conv2dMatrices, []variant{one(engine.Conv2d, "conv2d_any", (*call).own, conv2dAny)},

	adding(ofTiles(engine.Conv2dBackwardData, conv2dTurnedTiles, (*call).conv2dTurnedFits, func(c *call, t tile) { c.conv2dTiles(t, true) })),
	ofTiles(engine.Conv2dBackwardData, conv2dHalvedTiles, (*call).conv2dHalvedFits, (*call).conv2dHalvedTiles),
	winogradTurnedVariants, conv2dDataWindows, conv2dDataMatrices, []variant{one(engine.Conv2dBackwardData, "conv2d_backward_data_any", nil, conv2dDataAny)},

	ofTiles(engine.Conv2dBackwardWeight, conv2dWeightTiles, (*call).conv2dWeightFits, (*call).conv2dWeightTiles),
	winogradWeightVariants, conv2dWeightWindows, conv2dWeightMatrices, []variant{one(engine.Conv2dBackwardWeight, "conv2d_backward_weight_any", nil, conv2dWeightAny)},
	byChunk(engine.Conv2dBackwardBias, "conv2d_backward_bias", "conv2d_backward_bias_any",
		func(c *call) bool { return c.planes(c.in(0)).size%4 == 0 }, conv2dBias),
	flattens(engine.Flatten, "flatten", "flatten_any", false),
	flattens(engine.FlattenBackward, "flatten_backward", "flatten_backward_any", true),
)

func conv2dAny(c *call) {
	x, y := c.in(0), c.out(0)
	g, count := c.images(x, y).g, y.Shape.Elements()
	bias, biased := c.bias()
	c.run(conv2dAnyKernel, count, append(c.window(x, y), uint32(g[0]), uint32(g[1]), flag(biased)), words(count), c.of(x), c.of(c.in(1)), bias, c.of(y))
}

func conv2dDataAny(c *call) {
	dy, dx := c.in(0), c.out(0)
	g, count := c.images(dy, dx).g, dx.Shape.Elements()
	c.run(conv2dDataAnyKernel, count, append(c.window(dx, dy), words(g...)...), words(count), c.of(dy), c.of(c.in(1)), c.of(dx))
}

func conv2dWeightAny(c *call) {
	dy, x, dw := c.in(0), c.in(1), c.out(0)
	p, elements := c.images(dy, x), dw.Shape.Elements()
	per, s := c.pieces(p.n, elements)
	parts := c.partsOf(dw, s)
	c.run(conv2dWeightAnyKernel, s*elements, append(c.window(x, dy), words(p.g...)...), words(p.n, per, s), c.of(dy), c.of(x), parts)
	c.sumPartials(parts, dw, s)
}

// window is the constants that all direct kernels of a convolution begin with, from the larger side x to the smaller y.
func (c *call) window(x, y *engine.Tensor) []uint32 {
	a := c.convolution()
	return words(y.C(), x.C(), x.H(), x.W(), y.H(), y.W(), a.Kernel, a.Stride, a.Padding)
}

// convolution is the window of a convolution; a pointwise one has no attributes.
func (c *call) convolution() engine.ConvAttr {
	if a, ok := c.attr().(engine.ConvAttr); ok {
		return a
	}
	return engine.ConvAttr{Kernel: 1, Stride: 1}
}

func conv2dBias(c *call, chunk int) {
	dy := c.in(0)
	p := c.planes(dy)
	r := c.reduction(p.n, p.c, p.size/chunk, chunk, 4)
	parts := c.partsOf(c.out(0), r.s)
	c.reduce(c.readingChunk(conv2dBackwardBias, chunk, dy.Shape.Elements()), r, p.c, words(p.c, p.size/chunk, p.g[0], r.run), words(p.n, r.per, r.s), parts, c.of(dy))
	c.sumPartials(parts, c.out(0), r.s)
}

func (c *call) conv2dTurnedFits(t tile) bool {
	return c.attr().(engine.ConvAttr).Stride == 1 && c.conv2dFits(t)
}

func (c *call) conv2dFits(t tile) bool {
	x, y := c.in(0), c.out(0)
	return c.rowsOfTexels(x, y) && t.runs(c, packedTaps(c, t)) && c.covers(conv2dGroups(c, t, y))
}

// conv2dTiles is y = A x over the pixels that 3x3 windows see, A being the weight, or, for the gradient by the input at stride 1,
// the weight turned around.
func (c *call) conv2dTiles(t tile, turned bool) {
	x, y, p := c.in(0), c.out(0), c.images(c.around()...)
	packed := c.packTile(t, turned)
	bias, biased := c.of(c.in(1)), false
	if !turned {
		bias, biased = c.bias()
	}
	skip, added := c.shortcut(p, bias)
	constants := slices.Concat(c.texelWindow(x, y), words(p.g[0], p.g[1]), []uint32{flag(biased), c.activation()}, added)
	c.runGroups(t.kernel.on(t.subgroup(c)), conv2dGroups(c, t, y), constants, words(y.N()*y.H()*y.W()/4), c.of(y), bias, skip, packed, c.of(x))
}

// packedRoom is for the lanes' last fetch, which may reach past the packed weight's end.
func packedRoom(c *call, t tile) int { return 4 * t.subgroup(c) }

func (c *call) conv2dHalvedFits(t tile) bool {
	return c.rowsOfTexels(c.out(0), c.in(0)) && c.attr().(engine.ConvAttr).Stride == 2 && t.runs(c, packedTaps(c, t)) && c.covers(conv2dGroups(c, t, c.in(0)))
}

// packedTaps is the size of what packTile makes.
func packedTaps(c *call, t tile) int {
	return roundUp(c.out(0).C(), t.rows)*c.in(0).C()*t.depth + packedRoom(c, t)
}

// conv2dHalvedTiles is the gradient by the input at stride 2: every window of the output makes four pixels.
func (c *call) conv2dHalvedTiles(t tile) {
	dy, dx := c.in(0), c.out(0)
	g := c.images(dy, dx).g
	constants := words(dy.C(), dx.C(), dx.H(), dy.H(), dy.W()/4, g[0], g[1])
	c.runGroups(t.kernel.on(t.subgroup(c)), conv2dGroups(c, t, dy), constants, words(dy.N()*dy.H()*dy.W()/4), c.of(dx), c.packTile(t, true), c.of(dy))
}

// packTile is packTaps for a tile of subgroups.
func (c *call) packTile(t tile, turned bool) operand {
	return c.packTaps(t.rows, t.depth, packedRoom(c, t), turned)
}

// packTaps brings the weight into slivers of so many rows, with room behind them.
func (c *call) packTaps(rows, taps, room int, turned bool) operand {
	m, k := c.out(0).C(), c.in(0).C()
	return c.packed(weightJob{rows: m, columns: k, taps: taps, sliver: rows, padded: k, turned: turned, room: room})
}

// conv2dGroups is the workgroups of a tiled convolution: texels of y, which has a pixel for every window, on one axis, blocks of
// the result's channels on the other.
func conv2dGroups(c *call, t tile, y *engine.Tensor) [3]uint32 {
	return [3]uint32{uint32(ceilDiv(y.N()*y.H()*y.W()/4, t.subgroup(c))), uint32(ceilDiv(c.out(0).C(), t.rows)), 1}
}

func (c *call) conv2dWeightFits(t tile) bool {
	dy, x := c.in(0), c.in(1)
	if !c.rowsOfTexels(x, dy) || dy.H()*dy.W()%t.depth != 0 || !t.runs(c) {
		return false
	}
	tiles := ceilDiv(dy.C(), t.rows) * ceilDiv(3*x.C(), t.subgroup(c))
	return c.covers([3]uint32{uint32(tiles), 1, 1}) // many tiles are cut into no pieces
}

// covers reports whether the device takes that many workgroups.
func (c *call) covers(groups [3]uint32) bool {
	most := c.plan.target.limits.WorkgroupCount
	return groups[0] <= most[0] && groups[1] <= most[1]
}

// rowsOfTexels reports whether a convolution from x to y is one that the tiled kernels know, with whole texels in the rows of both.
func (c *call) rowsOfTexels(x, y *engine.Tensor) bool {
	a := c.attr().(engine.ConvAttr)
	return a.Kernel == 3 && a.Padding == 1 && a.Stride <= 2 && x.W()%(4*a.Stride) == 0 &&
		c.fitsTexels(x.Shape.Elements()) && c.fitsTexels(y.Shape.Elements())
}

func (c *call) conv2dWeightTiles(t tile) {
	dy, x, dw := c.in(0), c.in(1), c.out(0)
	g, size := c.images(dy, x).g, t.subgroup(c)
	tiles, steps := ceilDiv(dy.C(), t.rows)*ceilDiv(3*x.C(), size), dy.N()*dy.H()*dy.W()/t.depth
	run, s := c.pieces(steps, tiles*size)
	parts := c.partsOf(dw, s)
	c.runGroups(t.kernel.on(size), [3]uint32{uint32(tiles * s), 1, 1}, append(c.texelWindow(x, dy), words(g...)...), words(steps, run, s), parts, c.of(dy), c.of(x))
	c.sumPartials(parts, dw, s)
}

// texelWindow is the constants that the tiled kernels begin with, from the larger side x to the smaller y.
func (c *call) texelWindow(x, y *engine.Tensor) []uint32 {
	return words(y.C(), x.C(), x.H(), x.W()/4, y.H(), y.W()/4, c.attr().(engine.ConvAttr).Stride)
}

// flattens moves an activation between its panels and those of one feature a pixel; reversed is the way back.
func flattens(k engine.Kind, vec4, any string, reversed bool) []variant {
	sides := func(c *call) (x, y *engine.Tensor) {
		if reversed {
			return c.out(0), c.in(0)
		}
		return c.in(0), c.out(0)
	}
	move := func(c *call, chunk int) {
		p := c.images(sides(c))
		count := p.values() / (chunk * chunk)
		c.run(flatten.of(chunk), count, append(words(p.c, p.size/chunk, p.g[0], p.g[1]), flag(reversed)), words(count), c.of(c.in(0)), c.of(c.out(0)))
	}
	return byChunk(k, vec4, any, func(c *call) bool {
		p := c.images(sides(c))
		return p.size%4 == 0 && p.g[1]%4 == 0 && !c.tooFew(p.values()/16, p.values()*4)
	}, move)
}
