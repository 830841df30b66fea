package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// 3x3 convolutions at stride 1 and padding 1 by Winograd's F(4x4, 3x3), and their gradients: shaders/winograd.glsl says how. Tiles of 4 x 4
// outputs are transformed, 36 matrix products over the tiles stand for the convolution, and their results are transformed back. That is a
// quarter of the multiplications, for 2.25 times the values to store on either side of the products.

var (
	winogradWeight = kernel{
		name: "winograd_weight", storage: []vk.Access{in, out}, spec: []string{"M", "K", "TURNED", "R", "COLUMNS"},
	}
	winogradInput = kernel{
		name: "winograd_input", storage: []vk.Access{out, in},
		spec: []string{"C", "H", "WIDTH", "G", "PLANE"}, push: []string{"count", "first", "tiles"},
	}.orTexel("winograd_input_texel", 1).orAny("winograd_input_any")
	winogradGradient = kernel{
		name: "winograd_gradient", storage: []vk.Access{out, in},
		spec: []string{"C", "H", "WIDTH", "G", "PLANE"}, push: []string{"count", "first", "tiles"},
	}.orTexel("winograd_gradient_texel", 1).orAny("winograd_gradient_any")
	winogradOutput = kernel{
		name: "winograd_output", storage: []vk.Access{out, in, in, in},
		spec: []string{"C", "H", "WIDTH", "G", "PLANE", "BIASED", "FUNCTION", "ADD", "GS"}, push: []string{"count", "first", "tiles"},
	}.orTexel("winograd_output_texel", 1).orAny("winograd_output_any")
	winogradWeightGradient = kernel{
		name: "winograd_weight_gradient", storage: []vk.Access{out, in}, push: []string{"count", "S"},
	}.orTexel("winograd_weight_gradient_texel", 1).orAny("winograd_weight_gradient_any")
)

// What the products by a weight have in common with those of variants_gemm_weight.go, but for the part that a piece of the tiles begins at.
var (
	winogradWeightLanes  = kernel{storage: []vk.Access{out}, texel: 2, spec: []string{"M", "K", "PLANE", "GD", "GX"}, push: []string{"pairs", "run", "from"}}
	winogradWeightShared = kernel{storage: []vk.Access{in, in, out}, spec: []string{"M", "K", "PLANE", "GD", "GX"}, push: []string{"slices", "run", "from"}}
)

var (
	winogradShuffle16x8   = tile{kernel: productTexels.by(shuffle, "winograd_product_shuffle_16x8"), rows: 16, columns: 8, depth: 8}
	winogradShuffle32x4   = tile{kernel: productTexels.by(shuffle, "winograd_product_shuffle_32x4"), rows: 32, columns: 4, depth: 8}
	winogradBroadcast16x8 = tile{kernel: productTexels.by(broadcast, "winograd_product_broadcast_16x8"), rows: 16, columns: 8, depth: 8}
	winogradBroadcast32x4 = tile{kernel: productTexels.by(broadcast, "winograd_product_broadcast_32x4"), rows: 32, columns: 4, depth: 8}
	winogradSharedTile    = tile{kernel: productShared.inGroups("winograd_product_shared"), rows: 64, columns: 64, depth: 8, shared: true}

	winogradWeightShuffle32x4   = tile{kernel: winogradWeightLanes.by(shuffle, "winograd_weight_product_shuffle_32x4"), rows: 32, columns: 4, depth: 8}
	winogradWeightShuffle16x4   = tile{kernel: winogradWeightLanes.by(shuffle, "winograd_weight_product_shuffle_16x4"), rows: 16, columns: 4, depth: 8}
	winogradWeightBroadcast32x4 = tile{kernel: winogradWeightLanes.by(broadcast, "winograd_weight_product_broadcast_32x4"), rows: 32, columns: 4, depth: 8}
	winogradWeightBroadcast16x4 = tile{kernel: winogradWeightLanes.by(broadcast, "winograd_weight_product_broadcast_16x4"), rows: 16, columns: 4, depth: 8}
	winogradWeightSharedTile    = tile{kernel: winogradWeightShared.inGroups("winograd_weight_product_shared"), rows: 64, columns: 64, depth: 8, shared: true}
)

var (
	winogradTiles = []tiled{
		{"conv2d_winograd_shuffle_32x4", winogradShuffle32x4},
		{"conv2d_winograd_shuffle_16x8", winogradShuffle16x8},
		{"conv2d_winograd_broadcast_32x4", winogradBroadcast32x4},
		{"conv2d_winograd_broadcast_16x8", winogradBroadcast16x8},
		{"conv2d_winograd_shared", winogradSharedTile},
	}
	winogradTurnedTiles = []tiled{
		{"conv2d_backward_data_winograd_shuffle_32x4", winogradShuffle32x4},
		{"conv2d_backward_data_winograd_shuffle_16x8", winogradShuffle16x8},
		{"conv2d_backward_data_winograd_broadcast_32x4", winogradBroadcast32x4},
		{"conv2d_backward_data_winograd_broadcast_16x8", winogradBroadcast16x8},
		{"conv2d_backward_data_winograd_shared", winogradSharedTile},
	}
	winogradWeightTiles = []tiled{
		{"conv2d_backward_weight_winograd_shuffle_32x4", winogradWeightShuffle32x4},
		{"conv2d_backward_weight_winograd_shuffle_16x4", winogradWeightShuffle16x4},
		{"conv2d_backward_weight_winograd_broadcast_32x4", winogradWeightBroadcast32x4},
		{"conv2d_backward_weight_winograd_broadcast_16x4", winogradWeightBroadcast16x4},
		{"conv2d_backward_weight_winograd_shared", winogradWeightSharedTile},
	}
)

// The variants of each op, of which none is the built-in choice: how dear a store is decides, and that differs between drivers.
var (
	winogradVariants       = adding(ofTiles(engine.Conv2d, winogradTiles, (*call).winogradFits, func(c *call, t tile) { c.winograd(t, false) }))
	winogradTurnedVariants = adding(ofTiles(engine.Conv2dBackwardData, winogradTurnedTiles, (*call).winogradFits, func(c *call, t tile) { c.winograd(t, true) }))
	winogradWeightVariants = ofTiles(engine.Conv2dBackwardWeight, winogradWeightTiles, (*call).winogradWeightFits, (*call).winogradWeight)
)

const (
	winogradSide     = 4  // of a tile of outputs
	winogradElements = 36 // of a transformed tile, and so matrices
	winogradSaved    = 4  // of as many multiplications one is left: 36 of 4*4*9
	// winogradChannels are the fewest, in or out, that are worth the transforms.
	winogradChannels = 8
	// winogradScratch is how many transformed values a piece of the batch may have, in and out together, if it has more than one panel: scratch
	// does not grow with the batch. On CPUs a piece stays in a cache, GPUs want more at a time.
	winogradScratch    = 16 << 20
	winogradScratchCPU = 512 << 10
)

// winogradCut is how the tiles of a batch are cut: panels of so many tiles, of which a piece is transformed and multiplied at a time.
type winogradCut struct {
	tiles  int // of all images
	plane  int // tiles of a panel, those behind the last one zero
	panels int // of a piece
	pieces int
}

func (c *call) winogradFits(t tile) bool {
	k, m := c.in(0).C(), c.out(0).C()
	if !c.winogradWindow() || min(k, m) < winogradChannels {
		return false
	}
	cut := c.winogradCut(c.in(0), k+m, t.columns)
	return t.runs(c, winogradElements*t.packedElements(c)+t.overshoot(c), cut.values(k), cut.values(m)) &&
		c.fitsStorage(cut.values(max(k, m)), winogradElements*t.packedElements(c)) && c.covers(c.winogradGroups(t, cut))
}

// winograd is y = A x over the pixels that 3x3 windows see, A being the weight, or, for the gradient by the input, the weight turned around.
func (c *call) winograd(t tile, turned bool) {
	x, y := c.in(0), c.out(0)
	k, m := x.C(), y.C()
	cut := c.winogradCut(x, k+m, t.columns)
	packed := c.winogradPack(t, turned)
	v, products := c.scratch("winograd inputs", cut.values(k)), c.scratch("winograd products", cut.values(m))
	bias, biased := c.of(x), false
	if !turned {
		bias, biased = c.bias()
	}
	skip, added := c.shortcut(c.images(c.around()...), bias)
	for piece := range cut.pieces {
		c.winogradTransform(winogradInput, cut, piece, x, v)
		operands := []operand{packed, v, products}
		if t.kernel.texel > 0 {
			operands = []operand{products, packed, v}
		}
		push := words(cut.panels * cut.plane / t.columns)
		if t.shared {
			push = nil
		}
		c.runGroups(t.kernel.on(t.subgroup(c)), c.winogradGroups(t, cut), words(m, k, cut.plane/4, 1, 1), push, operands...)
		chunk := c.winogradChunk(y)
		kernel, count := c.readingChunk(winogradOutput, chunk, cut.values(m)), cut.values(m)/winogradElements/chunk
		constants := slices.Concat(c.winogradConstants(cut, y, chunk), []uint32{flag(biased), c.activation()}, added)
		buffers := []operand{c.of(y), bias, skip, products}
		c.run(kernel, count, constants, cut.push(piece, count), buffers...)
	}
}

// winogradPack brings the weight to the points, in slivers, a tile's rows each.
func (c *call) winogradPack(t tile, turned bool) operand {
	m, k, elements := c.out(0).C(), c.in(0).C(), t.packedElements(c)
	packed := c.scratch("winograd weight", winogradElements*elements+t.overshoot(c))
	c.run(winogradWeight.rounding(c.in(0).DType), elements/4, words(m, k, int(flag(turned)), t.rows, roundUp(k, t.depth)), nil, c.weight(), packed)
	return packed
}

// winogradGroups is the workgroups of the products of a piece: slivers and tiles on two axes, matrices on the last.
func (c *call) winogradGroups(t tile, cut winogradCut) [3]uint32 {
	tiles, slivers := cut.panels*cut.plane/t.columns, uint32(ceilDiv(c.out(0).C(), t.rows))
	if t.shared {
		return [3]uint32{uint32(tiles), slivers, winogradElements}
	}
	return [3]uint32{slivers, uint32(ceilDiv(tiles, max(t.subgroup(c), 1))), winogradElements}
}

func (c *call) winogradWeightFits(t tile) bool {
	dy, x := c.in(0), c.in(1)
	m, k := dy.C(), x.C()
	if !c.winogradWindow() || min(k, m) < winogradChannels {
		return false
	}
	cut := c.winogradCut(x, k+m, t.depth)
	_, parts := c.winogradParts(t, cut)
	return t.runs(c, cut.values(k), cut.values(m)) && c.fitsStorage(cut.values(max(k, m)), winogradElements*parts*cut.pieces*m*k) &&
		c.covers([3]uint32{uint32(c.winogradWeightGroups(t) * parts), 1, 1})
}

// fitsStorage reports whether scratch of so many values can be bound.
func (c *call) fitsStorage(elements ...int) bool {
	return int64(slices.Max(elements))*4 <= c.plan.target.limits.StorageBufferRange
}

// winogradWindow reports whether a convolution is one that tiles know, worth transforming.
func (c *call) winogradWindow() bool {
	a := c.attr().(engine.ConvAttr)
	return a.Kernel == 3 && a.Stride == 1 && a.Padding == 1
}

// winogradWeight is the gradient by the weight: 36 products over all tiles, in pieces, and the taps of their sum.
func (c *call) winogradWeight(t tile) {
	dy, x, dw := c.in(0), c.in(1), c.out(0)
	m, k := dy.C(), x.C()
	cut := c.winogradCut(x, k+m, t.depth)
	run, parts := c.winogradParts(t, cut)
	d, v := c.scratch("winograd gradients", cut.values(m)), c.scratch("winograd inputs", cut.values(k))
	elements := winogradElements * parts * cut.pieces * m * k
	sums := c.scratch("winograd weight parts", elements)
	for piece := range cut.pieces {
		c.winogradTransform(winogradGradient, cut, piece, dy, d)
		c.winogradTransform(winogradInput, cut, piece, x, v)
		operands := []operand{d, v, sums}
		if t.kernel.texel > 0 {
			operands = []operand{sums, d, v}
		}
		kernel := t.kernel
		if !t.shared {
			kernel = kernel.on(t.subgroup(c))
		}
		groups := [3]uint32{uint32(c.winogradWeightGroups(t) * parts), 1, winogradElements}
		c.runGroups(kernel, groups, words(m, k, cut.plane/4, 1, 1), words(cut.panels*cut.plane/t.depth, run, piece*parts), operands...)
	}
	chunk := chunkOf(m * k)
	c.run(c.readingChunk(winogradWeightGradient, chunk, elements), m*k/chunk, nil, words(m*k/chunk, parts*cut.pieces), c.of(dw), sums)
}

// winogradParts cuts the tiles of a piece into runs of steps of the summed dimension.
func (c *call) winogradParts(t tile, cut winogradCut) (run, parts int) {
	size := workgroup
	if !t.shared {
		size = max(t.subgroup(c), 1)
	}
	return c.pieces(cut.panels*cut.plane/t.depth, winogradElements*c.winogradWeightGroups(t)*size)
}

// winogradWeightGroups is the workgroups for a part of one matrix.
func (c *call) winogradWeightGroups(t tile) int {
	columns := t.columns
	if !t.shared {
		columns *= max(t.subgroup(c), 1)
	}
	return ceilDiv(c.in(0).C(), t.rows) * ceilDiv(c.in(1).C(), columns)
}

// winogradTransform brings the tiles of a piece of x to the points.
func (c *call) winogradTransform(f forms, cut winogradCut, piece int, x *engine.Tensor, v operand) {
	chunk := c.winogradChunk(x)
	count := cut.values(x.C()) / winogradElements / chunk
	c.run(c.readingChunk(f, chunk, x.Shape.Elements()), count, c.winogradConstants(cut, x, chunk), cut.push(piece, count), v, c.of(x))
}

func (w winogradCut) push(piece, count int) []uint32 {
	return words(count, piece*w.panels*w.plane, w.tiles)
}

func (c *call) winogradConstants(cut winogradCut, t *engine.Tensor, chunk int) []uint32 {
	return words(t.C(), t.H(), t.W()/chunk, c.images(t).g[0], cut.plane/chunk)
}

// winogradChunk is how many tiles an invocation transforms: four on CPUs, which want vec4s, where rows are whole texels. GPUs have no
// registers for four.
func (c *call) winogradChunk(t *engine.Tensor) int {
	if c.plan.target.kind == vk.CPU {
		return chunkOf(t.W())
	}
	return 1
}

// values is how many transformed values a piece has of so many channels.
func (w winogradCut) values(channels int) int {
	return winogradElements * w.panels * w.plane * channels
}

// winogradCut cuts the images of t for transformed values of so many channels together; a panel is a multiple of unit.
func (c *call) winogradCut(t *engine.Tensor, channels, unit int) winogradCut {
	tiles := t.N() * ceilDiv(t.H(), winogradSide) * ceilDiv(t.W(), winogradSide)
	all := ceilDiv(tiles, panelPixels)
	plane := roundUp(ceilDiv(tiles, all), unit)
	all = ceilDiv(tiles, plane)
	scratch := winogradScratch
	if c.plan.target.kind == vk.CPU {
		scratch = winogradScratchCPU
	}
	pieces := ceilDiv(all, max(scratch/(winogradElements*plane*channels), 1))
	panels := ceilDiv(all, pieces)
	return winogradCut{tiles: tiles, plane: plane, panels: panels, pieces: ceilDiv(all, panels)}
}
