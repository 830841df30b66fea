package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// Convolutions of any window, stride and width as products in shared memory, which gather what the windows see. They take what the
// tiles of variants_conv2d.go and variants_gemm.go leave: strides over rows that are no whole texels, windows of 5 or 1, devices
// without subgroups or texels.

var (
	windowsTile = tile{rows: 64, columns: 64, depth: 16, shared: true, kernel: kernel{
		name: "conv2d_shared", storage: []vk.Access{in, in, in, out},
		spec: []string{"M", "K", "H", "W", "HO", "WO", "R", "STRIDE", "PADDING", "GX", "GY", "BIASED", "FUNCTION"}, push: []string{"count"},
	}}
	windowsDataTile = tile{rows: 64, columns: 64, depth: 16, shared: true, kernel: kernel{
		name: "conv2d_backward_data_shared", storage: []vk.Access{in, in, out},
		spec: []string{"M", "K", "H", "W", "HO", "WO", "R", "STRIDE", "PADDING", "GD", "GX"}, push: []string{"count"},
	}}
	windowsWeightTile = tile{rows: 64, columns: 64, depth: 16, shared: true, kernel: kernel{
		name: "conv2d_backward_weight_shared", storage: []vk.Access{in, in, out},
		spec: []string{"M", "K", "H", "W", "HO", "WO", "R", "STRIDE", "PADDING", "GD", "GX"}, push: []string{"count", "run", "S"},
	}}
)

// Of each list there is one, behind the tiles of the op.
var (
	conv2dWindows    = windowed(engine.Conv2d, "conv2d_shared", windowsTile, (*call).windows)
	pointwiseWindows = windowed(engine.PointwiseConv2d, "pointwise_conv2d_windows", windowsTile, (*call).windows)

	conv2dDataWindows    = windowed(engine.Conv2dBackwardData, "conv2d_backward_data_shared", windowsDataTile, (*call).windowsData)
	pointwiseDataWindows = windowed(engine.PointwiseConv2dBackwardData, "pointwise_conv2d_backward_data_windows", windowsDataTile, (*call).windowsData)

	conv2dWeightWindows    = windowed(engine.Conv2dBackwardWeight, "conv2d_backward_weight_shared", windowsWeightTile, (*call).windowsWeight)
	pointwiseWeightWindows = windowed(engine.PointwiseConv2dBackwardWeight, "pointwise_conv2d_backward_weight_windows", windowsWeightTile, (*call).windowsWeight)
)

// windowed is the variant of an op that gathers what its windows see.
func windowed(k engine.Kind, name string, t tile, emit func(c *call, t tile)) []variant {
	return ofTiles(k, []tiled{{name, t}}, func(c *call, t tile) bool { return t.runs(c) }, emit)
}

func (c *call) windows(t tile) {
	x, y := c.in(0), c.out(0)
	g, count := c.images(x, y).g, y.N()*y.H()*y.W()
	packed := c.packWindows(t, false)
	bias, biased := c.bias()
	constants := slices.Concat(c.window(x, y), words(g...), []uint32{flag(biased), c.activation()})
	c.runGroups(t.kernel, spread(ceilDiv(count, t.columns)*ceilDiv(y.C(), t.rows)), constants, words(count), packed, c.of(x), bias, c.of(y))
}

func (c *call) windowsData(t tile) {
	dy, dx, stride := c.in(0), c.out(0), c.convolution().Stride
	count := dx.N() * ceilDiv(dx.H(), stride) * ceilDiv(dx.W(), stride)
	groups := ceilDiv(count, t.columns) * ceilDiv(dx.C(), t.rows) * stride * stride
	c.runGroups(t.kernel, spread(groups), append(c.window(dx, dy), words(c.images(dy, dx).g...)...), words(count), c.packWindows(t, true), c.of(dy), c.of(dx))
}

func (c *call) windowsWeight(t tile) {
	dy, x, dw := c.in(0), c.in(1), c.out(0)
	elements, count := dw.Shape.Elements(), dy.N()*dy.H()*dy.W()
	tiles := ceilDiv(dy.C(), t.rows) * ceilDiv(elements/dy.C(), t.columns)
	run, s := c.pieces(ceilDiv(count, t.depth), tiles*workgroup)
	parts := c.partsOf(dw, s)
	c.runGroups(t.kernel, spread(tiles*s), append(c.window(x, dy), words(c.images(dy, x).g...)...), words(count, run, s), c.of(dy), c.of(x), parts)
	c.sumPartials(parts, dw, s)
}

// packWindows brings the weight into slivers, a tile's rows each, turned around or not.
func (c *call) packWindows(t tile, turned bool) operand {
	kernel := c.convolution().Kernel
	return c.packTaps(t.rows, kernel*kernel, 0, turned)
}
