package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// Pointwise convolutions and Linear over pixels, which are matrix products y = A x: A is the weight (M,K), or its transpose for the
// gradient by the input. Linear adds a bias, and its pixels are the images of a panel. Which of the many ways is the fastest
// differs between devices and shapes. The gradients by the weight stand in variants_gemm_weight.go.

// What the kernels of a product have in common: without a bias, and with one and an activation or none after it, for Linear and folded weights. Those
// that read texels have a storage buffer left for what is added before the activation.
var (
	productBuffers = kernel{storage: []vk.Access{in, in, out}, spec: []string{"M", "K", "PLANE", "GX", "GY"}, push: []string{"tiles"}}
	productTexels  = kernel{storage: []vk.Access{out}, texel: 2, spec: []string{"M", "K", "PLANE", "GX", "GY"}, push: []string{"tiles"}}
	productShared  = kernel{storage: []vk.Access{in, in, out}, spec: []string{"M", "K", "PLANE", "GX", "GY"}}
	splitShared    = kernel{storage: []vk.Access{in, in, out}, spec: []string{"M", "K", "PLANE", "GX", "GY"}, push: []string{"run"}}
	splitTexels    = kernel{storage: []vk.Access{out}, texel: 2, spec: []string{"M", "K", "PLANE", "GX", "GY"}, push: []string{"run"}}
	matrixProduct  = kernel{storage: []vk.Access{in, in, out}, spec: []string{"M", "K", "PLANE", "GX", "GY"}}
	biasedBuffers  = kernel{storage: []vk.Access{in, in, out, in}, spec: []string{"M", "K", "PLANE", "GX", "GY", "FUNCTION"}, push: []string{"tiles"}}
	biasedTexels   = kernel{storage: []vk.Access{out, in, in}, texel: 2, spec: []string{"M", "K", "PLANE", "GX", "GY", "FUNCTION", "ADD", "GS"}, push: []string{"tiles"}}
	biasedShared   = kernel{storage: []vk.Access{in, in, out, in}, spec: []string{"M", "K", "PLANE", "GX", "GY", "FUNCTION"}}
	biasedFetched  = kernel{storage: []vk.Access{out, in, in}, texel: 2, spec: []string{"M", "K", "PLANE", "GX", "GY", "FUNCTION", "ADD", "GS"}}
)

// The tiled kernels.
var (
	shuffle16x8 = tile{rows: 16, columns: 8, depth: 8,
		kernel: productTexels.by(shuffle, "pointwise_conv2d_shuffle_16x8"), biased: biasedTexels.by(shuffle, "linear_shuffle_16x8")}
	shuffle32x4 = tile{rows: 32, columns: 4, depth: 8,
		kernel: productTexels.by(shuffle, "pointwise_conv2d_shuffle_32x4"), biased: biasedTexels.by(shuffle, "linear_shuffle_32x4")}
	shuffle64x4 = tile{rows: 64, columns: 4, depth: 4,
		kernel: productTexels.by(shuffle, "pointwise_conv2d_shuffle_64x4"), biased: biasedTexels.by(shuffle, "linear_shuffle_64x4")}
	shuffle16x4 = tile{rows: 16, columns: 4, depth: 4,
		kernel: productTexels.by(shuffle, "pointwise_conv2d_shuffle_16x4"), biased: biasedTexels.by(shuffle, "linear_shuffle_16x4")}
	broadcast16x8 = tile{rows: 16, columns: 8, depth: 8,
		kernel: productTexels.by(broadcast, "pointwise_conv2d_broadcast_16x8"), biased: biasedTexels.by(broadcast, "linear_broadcast_16x8")}
	broadcast32x4 = tile{rows: 32, columns: 4, depth: 8,
		kernel: productTexels.by(broadcast, "pointwise_conv2d_broadcast_32x4"), biased: biasedTexels.by(broadcast, "linear_broadcast_32x4")}
	broadcast64x4 = tile{rows: 64, columns: 4, depth: 4,
		kernel: productTexels.by(broadcast, "pointwise_conv2d_broadcast_64x4"), biased: biasedTexels.by(broadcast, "linear_broadcast_64x4")}
	broadcast16x4 = tile{rows: 16, columns: 4, depth: 4,
		kernel: productTexels.by(broadcast, "pointwise_conv2d_broadcast_16x4"), biased: biasedTexels.by(broadcast, "linear_broadcast_16x4")}
	texelTile = tile{rows: 16, columns: 8, depth: 1,
		kernel: productTexels.as("pointwise_conv2d_texel"), biased: biasedTexels.as("linear_texel")}
	sharedTile = tile{rows: 64, columns: 64, depth: 8, shared: true,
		kernel: splitShared.inGroups("pointwise_conv2d_shared"), biased: biasedShared.inGroups("linear_shared")}
	sharedTallTile = tile{rows: 128, columns: 64, depth: 8, shared: true,
		kernel: splitShared.inGroups("pointwise_conv2d_shared_128x64"), biased: biasedShared.inGroups("linear_shared_128x64")}
	sharedTexelTile = tile{rows: 64, columns: 64, depth: 8, shared: true,
		kernel: splitTexels.inGroups("pointwise_conv2d_shared_texel"), biased: biasedFetched.inGroups("linear_shared_texel")}
	sharedTallTexelTile = tile{rows: 128, columns: 64, depth: 8, shared: true,
		kernel: splitTexels.inGroups("pointwise_conv2d_shared_128x64_texel"), biased: biasedFetched.inGroups("linear_shared_128x64_texel")}
	cooperativeTile = tile{rows: 64, columns: 64, depth: 32,
		kernel: matrixProduct.byMatrices("pointwise_conv2d_cooperative"), biased: biasedShared.byMatrices("linear_cooperative")}
	bufferTile = tile{rows: 8, columns: 8, depth: 1,
		kernel: productBuffers.as("pointwise_conv2d"), biased: biasedBuffers.as("linear")}
)

// The kernels for any shape.
var (
	pointwiseConv2dAny = kernel{
		name: "pointwise_conv2d_any", storage: []vk.Access{in, in, out},
		spec: []string{"M", "K", "PLANE", "GX", "GY", "STRIDE_M", "STRIDE_K"}, push: []string{"count"},
	}
	linearAny = kernel{
		name: "linear_any", storage: []vk.Access{in, in, out, in},
		spec: []string{"M", "K", "PLANE", "GX", "GY", "STRIDE_M", "STRIDE_K"}, push: []string{"count"},
	}
)

// tiled is a variant's name and the tile that it runs.
type tiled struct {
	name string
	tile tile
}

// Of each list the first that runs is the built-in choice.
var (
	pointwiseTiles = []tiled{
		{"pointwise_conv2d_shuffle_16x8", shuffle16x8},
		{"pointwise_conv2d_shuffle_32x4", shuffle32x4},
		{"pointwise_conv2d_shuffle_64x4", shuffle64x4},
		{"pointwise_conv2d_shuffle_16x4", shuffle16x4},
		{"pointwise_conv2d_broadcast_16x8", broadcast16x8},
		{"pointwise_conv2d_broadcast_32x4", broadcast32x4},
		{"pointwise_conv2d_broadcast_64x4", broadcast64x4},
		{"pointwise_conv2d_broadcast_16x4", broadcast16x4},
		{"pointwise_conv2d_texel", texelTile},
		{"pointwise_conv2d_shared", sharedTile},
		{"pointwise_conv2d_shared_128x64", sharedTallTile},
		{"pointwise_conv2d_shared_texel", sharedTexelTile},
		{"pointwise_conv2d_shared_128x64_texel", sharedTallTexelTile},
		{"pointwise_conv2d_cooperative", cooperativeTile},
		{"pointwise_conv2d", bufferTile},
	}
	pointwiseDataTiles = []tiled{
		{"pointwise_conv2d_backward_data_shuffle_16x8", shuffle16x8},
		{"pointwise_conv2d_backward_data_shuffle_32x4", shuffle32x4},
		{"pointwise_conv2d_backward_data_shuffle_64x4", shuffle64x4},
		{"pointwise_conv2d_backward_data_shuffle_16x4", shuffle16x4},
		{"pointwise_conv2d_backward_data_broadcast_16x8", broadcast16x8},
		{"pointwise_conv2d_backward_data_broadcast_32x4", broadcast32x4},
		{"pointwise_conv2d_backward_data_broadcast_64x4", broadcast64x4},
		{"pointwise_conv2d_backward_data_broadcast_16x4", broadcast16x4},
		{"pointwise_conv2d_backward_data_texel", texelTile},
		{"pointwise_conv2d_backward_data_shared", sharedTile},
		{"pointwise_conv2d_backward_data_shared_128x64", sharedTallTile},
		{"pointwise_conv2d_backward_data_shared_texel", sharedTexelTile},
		{"pointwise_conv2d_backward_data_shared_128x64_texel", sharedTallTexelTile},
		{"pointwise_conv2d_backward_data_cooperative", cooperativeTile},
		{"pointwise_conv2d_backward_data", bufferTile},
	}
	linearTiles = []tiled{
		{"linear_shuffle_16x8", shuffle16x8},
		{"linear_shuffle_32x4", shuffle32x4},
		{"linear_shuffle_64x4", shuffle64x4},
		{"linear_shuffle_16x4", shuffle16x4},
		{"linear_broadcast_16x8", broadcast16x8},
		{"linear_broadcast_32x4", broadcast32x4},
		{"linear_broadcast_64x4", broadcast64x4},
		{"linear_broadcast_16x4", broadcast16x4},
		{"linear_texel", texelTile},
		{"linear_shared", sharedTile},
		{"linear_shared_128x64", sharedTallTile},
		{"linear_shared_texel", sharedTexelTile},
		{"linear_shared_128x64_texel", sharedTallTexelTile},
		{"linear_cooperative", cooperativeTile},
		{"linear", bufferTile},
	}
	linearDataTiles = []tiled{
		{"linear_backward_data_shuffle_16x8", shuffle16x8},
		{"linear_backward_data_shuffle_32x4", shuffle32x4},
		{"linear_backward_data_shuffle_64x4", shuffle64x4},
		{"linear_backward_data_shuffle_16x4", shuffle16x4},
		{"linear_backward_data_broadcast_16x8", broadcast16x8},
		{"linear_backward_data_broadcast_32x4", broadcast32x4},
		{"linear_backward_data_broadcast_64x4", broadcast64x4},
		{"linear_backward_data_broadcast_16x4", broadcast16x4},
		{"linear_backward_data_texel", texelTile},
		{"linear_backward_data_shared", sharedTile},
		{"linear_backward_data_shared_128x64", sharedTallTile},
		{"linear_backward_data_shared_texel", sharedTexelTile},
		{"linear_backward_data_shared_128x64_texel", sharedTallTexelTile},
		{"linear_backward_data_cooperative", cooperativeTile},
		{"linear_backward_data", bufferTile},
	}
)

var productVariants = slices.Concat(
	overPixels(engine.PointwiseConv2d, pointwiseTiles, pointwiseWindows, "pointwise_conv2d_any", false),
	overPixels(engine.PointwiseConv2dBackwardData, pointwiseDataTiles, pointwiseDataWindows, "pointwise_conv2d_backward_data_any", true),
	overPixels(engine.Linear, linearTiles, nil, "linear_any", false),
	overPixels(engine.LinearBackwardData, linearDataTiles, nil, "linear_backward_data_any", true),
)

// overPixels are the variants of an op that is a product over pixels, by A or, transposed, by its transpose: tiles, others that take what
// those leave, and one for any shape.
func overPixels(k engine.Kind, tiles []tiled, others []variant, any string, transposed bool) []variant {
	list := ofTiles(k, tiles, (*call).multiplies, func(c *call, t tile) {
		r := product{x: c.in(0), y: c.out(0), packed: c.pack(t, transposed)}
		r.bias, r.biased = c.bias()
		c.gemm(t, r)
	})
	list = suited(list, (*call).suitsProduct)
	for i, v := range list {
		list[i].adds = !transposed && v.tile.biased.adds()
	}
	return append(append(list, others...), one(k, any, (*call).own, func(c *call) { c.multiplyAny(transposed) }))
}

// ofTiles are the variants of an op that run these tiles, at every size of subgroups.
func ofTiles(k engine.Kind, tiles []tiled, runs func(c *call, t tile) bool, emit func(c *call, t tile)) []variant {
	var list []variant
	for _, v := range inSizes(inMatrices(tiles)) {
		list = append(list, variant{
			name: v.name, covers: []engine.Kind{k}, tile: v.tile,
			runs: func(c *call) bool { return runs(c, v.tile) },
			emit: func(c *call) { emit(c, v.tile) },
		})
	}
	return list
}

// biased reports whether an op has a bias: only linear can.
func (c *call) biased() bool { return len(c.ops[0].Inputs) > 2 }

// multiplyAny runs a product of any shape.
func (c *call) multiplyAny(transposed bool) {
	k, operands := pointwiseConv2dAny, []operand{c.of(c.in(1)), c.of(c.in(0)), c.of(c.out(0))}
	if c.biased() {
		k, operands = linearAny, append(operands, c.of(c.in(2)))
	}
	p, m := c.planes(c.in(0), c.out(0)), c.out(0).C()
	stride := strides(m, p.c, transposed)
	count := p.n * m * p.size
	c.run(k, count, words(m, p.c, p.size, p.g[0], p.g[1], stride[0], stride[1]), words(count), operands...)
}

// tile is how a tiled kernel cuts a product.
type tile struct {
	kernel     kernel
	biased     kernel   // of products over pixels: the kernel that adds a bias for every row
	rows       int      // of the result, made by one invocation
	columns    int      // of the result: pixels, or for a weight gradient input channels
	multiplied int      // values that an invocation holds to multiply the rows by; 0 for depth x columns
	depth      int      // the summed dimension is walked in steps of that many, the rest packed as zeros
	shared     bool     // a workgroup makes rows x columns in shared memory
	matrix     matrices // by those: a workgroup makes rows x columns; none without
	lanes      int      // of the subgroups that its kernel runs with; 0 for what suits the device
}

// multiplies reports whether the tile's kernel can run a product over pixels.
func (c *call) multiplies(t tile) bool {
	return c.planes(c.around()...).size%t.columns == 0 && c.in(0).C() >= min(t.depth, 8) &&
		t.runs(c, c.in(0).Shape.Elements(), t.packedElements(c)+t.overshoot(c))
}

// runs reports whether the device has what the tile's kernel needs for operands of so many values.
func (t tile) runs(c *call, operands ...int) bool {
	if by := t.kernel.subgroup; by != noExchange {
		if !c.subgroups(by) || !c.cooperates(t) || t.subgroup(c) == 0 {
			return false
		}
	} else if least := max(int(c.plan.target.limits.MinSubgroupSize), 1); t.holds(c, least) > c.plan.target.room(least) {
		return false // a driver takes small subgroups where there is no room in large ones
	}
	if c.plan.target.spills(t.kernel) {
		return false
	}
	for _, elements := range operands {
		if t.kernel.texel > 0 && !c.fitsTexels(elements) {
			return false
		}
	}
	return true
}

// product is y = A x, with a bias for every row and what is folded behind it, or not.
type product struct {
	x, y         *engine.Tensor
	packed, bias operand
	biased       bool
}

// gemm runs a tiled kernel: blocks of rows of A on one axis, tiles of pixels on the other.
func (c *call) gemm(t tile, r product) {
	if t.shared {
		c.sharedGemm(t, r)
		return
	}
	p := c.planes(c.around()...)
	k, constants, operands := c.multiplied(t, r, p, c.of(r.y))
	k = t.on(c, k)
	tiles, blocks, size := p.n*p.size/t.columns, ceilDiv(r.y.C(), t.rows), workgroup
	switch k.subgroup {
	case noExchange:
	case cooperative: // a workgroup makes a tile
		c.runGroups(k, [3]uint32{uint32(tiles), uint32(blocks), 1}, constants, nil, operands...)
		return
	default:
		size = k.lanes
	}
	c.runGroups(k, sideBySide(blocks, ceilDiv(tiles, size)), constants, words(tiles), operands...)
}

// multiplied is the kernel of a tile for a product, over planes p, that is stored there, with its constants and operands.
func (c *call) multiplied(t tile, r product, p planes, y operand) (k kernel, constants []uint32, operands []operand) {
	k, constants = t.kernel, words(r.y.C(), p.c, p.size/4, p.g[0], p.g[1])
	operands = []operand{r.packed, c.of(r.x), y}
	if k.texel > 0 {
		operands = []operand{y, r.packed, c.of(r.x)}
	}
	if r.biased {
		behind := []operand{r.bias}
		constants = append(constants, c.activation())
		if t.biased.adds() {
			skip, added := c.shortcut(p, r.bias)
			behind, constants = append(behind, skip), append(constants, added...)
		}
		operands = slices.Insert(operands, len(k.storage), behind...)
		k = t.biased
	}
	return k, constants, operands
}

// pack brings the weight into slivers of a tile's rows of A.
func (c *call) pack(t tile, transposed bool) operand {
	m, k := c.out(0).C(), c.in(0).C()
	return c.packed(weightJob{rows: m, columns: k, taps: 1, sliver: t.rows, padded: roundUp(k, t.depth), turned: transposed, room: t.overshoot(c)})
}

func (t tile) packedElements(c *call) int {
	return roundUp(c.out(0).C(), t.rows) * roundUp(c.in(0).C(), t.depth)
}

// overshoot is how far behind a packed weight the lanes may reach: they fetch depth steps of a sliver together, a texel each, and
// those beyond are fetched too where there are more lanes than texels. Nobody takes them.
func (t tile) overshoot(c *call) int {
	lanes := t.subgroup(c)
	if t.kernel.subgroup == noExchange || t.kernel.subgroup == cooperative || lanes == 0 {
		return 0
	}
	texels := t.rows / 4 * t.depth
	return 4 * (roundUp(texels, lanes) - texels)
}

// strides says where A[m,k] stands in the weight: a row after the other, or, transposed, a column.
func strides(m, k int, transposed bool) [2]int {
	if transposed {
		return [2]int{1, m}
	}
	return [2]int{k, 1}
}
