package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// The gradients of pointwise convolutions and Linear by their weights: dW[m,k] = sum over pixels of dy[m] x[k], in two stages.
// linear_backward_weight runs the kernels of pointwise_conv2d_backward_weight, its pixels being the images of a panel.

// What the kernels bind and are told. The first push constant is how many steps a sum over all pixels has, of the size that the kernel walks by: a
// vec4 of pixels, a slice of a tile's depth, or a pair of texels.
var (
	weightBuffers = kernel{storage: []vk.Access{in, in, out}, spec: []string{"M", "K", "PLANE", "GD", "GX"}, push: []string{"pixels", "run", "S"}}
	weightTexels  = kernel{storage: []vk.Access{out}, texel: 2, spec: []string{"M", "K", "PLANE", "GD", "GX"}, push: []string{"pixels", "run", "S"}}
	weightShared  = kernel{storage: []vk.Access{in, in, out}, spec: []string{"M", "K", "PLANE", "GD", "GX"}, push: []string{"slices", "run", "S"}}
	weightFetched = kernel{storage: []vk.Access{out}, texel: 2, spec: []string{"M", "K", "PLANE", "GD", "GX"}, push: []string{"slices", "run", "S"}}
	weightLanes   = kernel{storage: []vk.Access{out}, texel: 2, spec: []string{"M", "K", "PLANE", "GD", "GX"}, push: []string{"pairs", "run", "S"}}
)

var (
	weightShuffle32x4   = tile{kernel: weightLanes.by(shuffle, "pointwise_conv2d_backward_weight_shuffle_32x4"), rows: 32, columns: 4, depth: 8}
	weightShuffle64x4   = tile{kernel: weightLanes.by(shuffle, "pointwise_conv2d_backward_weight_shuffle_64x4"), rows: 64, columns: 4, depth: 8}
	weightShuffle16x4   = tile{kernel: weightLanes.by(shuffle, "pointwise_conv2d_backward_weight_shuffle_16x4"), rows: 16, columns: 4, depth: 8}
	weightShuffle8x4    = tile{kernel: weightLanes.by(shuffle, "pointwise_conv2d_backward_weight_shuffle_8x4"), rows: 8, columns: 4, depth: 8}
	weightBroadcast32x4 = tile{kernel: weightLanes.by(broadcast, "pointwise_conv2d_backward_weight_broadcast_32x4"), rows: 32, columns: 4, depth: 8}
	weightBroadcast64x4 = tile{kernel: weightLanes.by(broadcast, "pointwise_conv2d_backward_weight_broadcast_64x4"), rows: 64, columns: 4, depth: 8}
	weightBroadcast16x4 = tile{kernel: weightLanes.by(broadcast, "pointwise_conv2d_backward_weight_broadcast_16x4"), rows: 16, columns: 4, depth: 8}
	weightBroadcast8x4  = tile{kernel: weightLanes.by(broadcast, "pointwise_conv2d_backward_weight_broadcast_8x4"), rows: 8, columns: 4, depth: 8}
	weightTexelTile     = tile{kernel: weightTexels.as("pointwise_conv2d_backward_weight_texel"), rows: 16, columns: 8, depth: 4}
	weightSharedTile    = tile{kernel: weightShared.inGroups("pointwise_conv2d_backward_weight_shared"), rows: 64, columns: 64, depth: 8, shared: true}
	weightTallTile      = tile{kernel: weightShared.inGroups("pointwise_conv2d_backward_weight_shared_128x64"), rows: 128, columns: 64, depth: 8, shared: true}
	weightSharedTexel   = tile{kernel: weightFetched.inGroups("pointwise_conv2d_backward_weight_shared_texel"), rows: 64, columns: 64, depth: 8, shared: true}
	weightTallTexel     = tile{kernel: weightFetched.inGroups("pointwise_conv2d_backward_weight_shared_128x64_texel"), rows: 128, columns: 64, depth: 8, shared: true}
	weightMatrixTile    = tile{kernel: weightShared.byMatrices("pointwise_conv2d_backward_weight_cooperative"), rows: 64, columns: 64, depth: 32}
	weightBufferTile    = tile{kernel: weightBuffers.as("pointwise_conv2d_backward_weight"), rows: 8, columns: 8, depth: 4}
	weightAny           = tile{kernel: weightBuffers.as("pointwise_conv2d_backward_weight_any"), rows: 1, columns: 1, depth: 1}
)

var linearBackwardBias = kernel{
	name: "linear_backward_bias", storage: []vk.Access{in, out}, spec: []string{"M", "G", "TEAM"}, push: []string{"N"},
}

// Of each list the first that runs is the built-in choice.
var (
	pointwiseWeightTiles = []tiled{
		{"pointwise_conv2d_backward_weight_shuffle_32x4", weightShuffle32x4},
		{"pointwise_conv2d_backward_weight_shuffle_64x4", weightShuffle64x4},
		{"pointwise_conv2d_backward_weight_shuffle_16x4", weightShuffle16x4},
		{"pointwise_conv2d_backward_weight_shuffle_8x4", weightShuffle8x4},
		{"pointwise_conv2d_backward_weight_broadcast_32x4", weightBroadcast32x4},
		{"pointwise_conv2d_backward_weight_broadcast_64x4", weightBroadcast64x4},
		{"pointwise_conv2d_backward_weight_broadcast_16x4", weightBroadcast16x4},
		{"pointwise_conv2d_backward_weight_broadcast_8x4", weightBroadcast8x4},
		{"pointwise_conv2d_backward_weight_texel", weightTexelTile},
		{"pointwise_conv2d_backward_weight_shared", weightSharedTile},
		{"pointwise_conv2d_backward_weight_shared_128x64", weightTallTile},
		{"pointwise_conv2d_backward_weight_shared_texel", weightSharedTexel},
		{"pointwise_conv2d_backward_weight_shared_128x64_texel", weightTallTexel},
		{"pointwise_conv2d_backward_weight_cooperative", weightMatrixTile},
		{"pointwise_conv2d_backward_weight", weightBufferTile},
	}
	pointwiseWeightAny = []tiled{{"pointwise_conv2d_backward_weight_any", weightAny}}
	linearWeightTiles  = []tiled{
		{"linear_backward_weight_shuffle_32x4", weightShuffle32x4},
		{"linear_backward_weight_shuffle_64x4", weightShuffle64x4},
		{"linear_backward_weight_shuffle_16x4", weightShuffle16x4},
		{"linear_backward_weight_shuffle_8x4", weightShuffle8x4},
		{"linear_backward_weight_broadcast_32x4", weightBroadcast32x4},
		{"linear_backward_weight_broadcast_64x4", weightBroadcast64x4},
		{"linear_backward_weight_broadcast_16x4", weightBroadcast16x4},
		{"linear_backward_weight_broadcast_8x4", weightBroadcast8x4},
		{"linear_backward_weight_texel", weightTexelTile},
		{"linear_backward_weight_shared", weightSharedTile},
		{"linear_backward_weight_shared_128x64", weightTallTile},
		{"linear_backward_weight_shared_texel", weightSharedTexel},
		{"linear_backward_weight_shared_128x64_texel", weightTallTexel},
		{"linear_backward_weight_cooperative", weightMatrixTile},
		{"linear_backward_weight", weightBufferTile},
		{"linear_backward_weight_any", weightAny},
	}
)

var weightVariants = slices.Concat(
	suited(ofTiles(engine.PointwiseConv2dBackwardWeight, pointwiseWeightTiles, (*call).weightFits, (*call).weightTiles), (*call).suitsGradient), pointwiseWeightWindows,
	ofTiles(engine.PointwiseConv2dBackwardWeight, pointwiseWeightAny, (*call).weightFits, (*call).weightTiles),
	suited(ofTiles(engine.LinearBackwardWeight, linearWeightTiles, (*call).weightFits, (*call).weightTiles), (*call).suitsGradient),
	[]variant{one(engine.LinearBackwardBias, "linear_backward_bias", nil, biasGradient)},
)

func (c *call) weightFits(t tile) bool {
	dy, x := c.in(0), c.in(1)
	return c.planes(dy, x).size%t.depth == 0 && t.runs(c, dy.Shape.Elements(), x.Shape.Elements())
}

// weightTiles runs a tiled kernel over pieces of the pixels, and adds up what they gave.
func (c *call) weightTiles(t tile) {
	dy, x := c.in(0), c.in(1)
	p, m, kk := c.planes(dy, x), dy.C(), x.C()
	k, columns, size, chunk := t.on(c, t.kernel), t.columns, 1, min(t.depth, 4)
	lanesShare := k.subgroup != noExchange && !k.shared
	if lanesShare {
		size = k.lanes
		columns *= size
	}
	tiles, steps := ceilDiv(m, t.rows)*ceilDiv(kk, columns), p.n*p.size/t.depth
	run, s := c.pieces(steps, tiles*size)
	if k.shared {
		run, s = c.weightPieces(t, steps, tiles, c.out(0))
	}
	parts := c.partsOf(c.out(0), s)

	operands := []operand{c.of(dy), c.of(x), parts}
	if t.kernel.texel > 0 {
		operands = []operand{parts, c.of(dy), c.of(x)}
	}
	constants, push := words(m, kk, p.size/chunk, p.g[0], p.g[1]), words(steps, run, s)
	if lanesShare || k.shared {
		c.runGroups(k, [3]uint32{uint32(tiles * s), 1, 1}, constants, push, operands...)
	} else {
		c.run(k, tiles*s, constants, push, operands...)
	}
	c.sumPartials(parts, c.out(0), s)
}

func biasGradient(c *call) {
	dy := c.in(0)
	p := c.images(dy)
	c.runSums(linearBackwardBias, p.c, p.n, words(p.c, p.g[0]), words(p.n), c.of(dy), c.of(c.out(0)))
}
