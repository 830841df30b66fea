package gpu

import (
	"cnnvk/engine"
	"cnnvk/vk"
)

// Convolutions of any window, stride and width as products in shared memory, which gather what the windows see. They take what the
// tiles of variants_conv2d.go and variants_gemm.go leave: strides over rows that are no whole texels, windows of 5 or 1, devices
// without subgroups or texels.

// The kernels, in tiles of 64 rows and of 128.
var (
	windowsKernel = kernel{
		storage: []vk.Access{in, in, in, out},
		spec:    []string{"M", "K", "H", "W", "HO", "WO", "R", "STRIDE", "PADDING", "GX", "GY", "BIASED", "FUNCTION"}, push: []string{"count", "run", "S"},
	}
	windowsGradientKernel = kernel{
		storage: []vk.Access{in, in, out},
		spec:    []string{"M", "K", "H", "W", "HO", "WO", "R", "STRIDE", "PADDING", "GD", "GX"}, push: []string{"count", "run", "S"},
	}

	windowsMatrixKernel = kernel{
		storage: []vk.Access{in, in, in, out},
		spec:    []string{"M", "K", "H", "W", "HO", "WO", "R", "STRIDE", "PADDING", "GX", "GY", "BIASED", "FUNCTION"}, push: []string{"count"},
	}

	windowsMatrixTile       = tile{rows: 64, columns: 64, depth: 32, kernel: windowsMatrixKernel.byMatrices("conv2d_cooperative")}
	windowsTile             = tile{rows: 64, columns: 64, depth: 8, shared: true, kernel: windowsKernel.inGroups("conv2d_shared")}
	windowsTallTile         = tile{rows: 128, columns: 64, depth: 8, shared: true, kernel: windowsKernel.inGroups("conv2d_shared_128x64")}
	windowsDataTile         = tile{rows: 64, columns: 64, depth: 8, shared: true, kernel: windowsGradientKernel.inGroups("conv2d_backward_data_shared")}
	windowsDataTallTile     = tile{rows: 128, columns: 64, depth: 8, shared: true, kernel: windowsGradientKernel.inGroups("conv2d_backward_data_shared_128x64")}
	windowsWeightTile       = tile{rows: 64, columns: 64, depth: 8, shared: true, kernel: windowsGradientKernel.inGroups("conv2d_backward_weight_shared")}
	windowsWeightMatrixTile = tile{rows: 64, columns: 64, depth: 32, kernel: windowsGradientKernel.byMatrices("conv2d_backward_weight_cooperative")}
	windowsWeightTallTile   = tile{rows: 128, columns: 64, depth: 8, shared: true, kernel: windowsGradientKernel.inGroups("conv2d_backward_weight_shared_128x64")}
)

// The variants of each op, behind its tiles.
var (
	conv2dWindows = windowed(engine.Conv2d, (*call).windows,
		tiled{"conv2d_shared", windowsTile}, tiled{"conv2d_shared_128x64", windowsTallTile})
	pointwiseWindows = windowed(engine.PointwiseConv2d, (*call).windows,
		tiled{"pointwise_conv2d_windows", windowsTile}, tiled{"pointwise_conv2d_windows_128x64", windowsTallTile})

	conv2dDataWindows = windowed(engine.Conv2dBackwardData, (*call).windowsData,
		tiled{"conv2d_backward_data_shared", windowsDataTile}, tiled{"conv2d_backward_data_shared_128x64", windowsDataTallTile})
	pointwiseDataWindows = windowed(engine.PointwiseConv2dBackwardData, (*call).windowsData,
		tiled{"pointwise_conv2d_backward_data_windows", windowsDataTile}, tiled{"pointwise_conv2d_backward_data_windows_128x64", windowsDataTallTile})

	conv2dWeightWindows = windowed(engine.Conv2dBackwardWeight, (*call).windowsWeight,
		tiled{"conv2d_backward_weight_shared", windowsWeightTile}, tiled{"conv2d_backward_weight_shared_128x64", windowsWeightTallTile})
	pointwiseWeightWindows = windowed(engine.PointwiseConv2dBackwardWeight, (*call).windowsWeight,
		tiled{"pointwise_conv2d_backward_weight_windows", windowsWeightTile}, tiled{"pointwise_conv2d_backward_weight_windows_128x64", windowsWeightTallTile})
)

// Those by cooperative matrices. A gradient by the input is a product of the same kind at stride 1 alone.
var (
	conv2dMatrices = ofTiles(engine.Conv2d, []tiled{{"conv2d_cooperative", windowsMatrixTile}},
		(*call).windowsFitMatrices, func(c *call, t tile) { c.windowsByMatrices(t, c.convolution(), false) })
	conv2dDataMatrices = ofTiles(engine.Conv2dBackwardData, []tiled{{"conv2d_backward_data_cooperative", windowsMatrixTile}},
		func(c *call, t tile) bool {
			a := c.convolution()
			return a.Stride == 1 && a.Padding < a.Kernel && c.windowsFitMatrices(t)
		}, func(c *call, t tile) {
			a := c.convolution()
			a.Padding = a.Kernel - 1 - a.Padding
			c.windowsByMatrices(t, a, true)
		})
	conv2dWeightMatrices = ofTiles(engine.Conv2dBackwardWeight, []tiled{{"conv2d_backward_weight_cooperative", windowsWeightMatrixTile}},
		func(c *call, t tile) bool {
			dy := c.in(0)
			return c.convolution().Kernel <= largestWindow && dy.H()*dy.W()%4 == 0 && t.runs(c)
		}, (*call).windowsWeight)
)

// largestWindow is what the shaders have bits for.
const largestWindow = 15

// windowed are the variants of an op that gather what its windows see.
func windowed(k engine.Kind, emit func(c *call, t tile), tiles ...tiled) []variant {
	return ofTiles(k, tiles, func(c *call, t tile) bool { return c.convolution().Kernel <= largestWindow && t.runs(c) }, emit)
}

func (c *call) windows(t tile) {
	x, y, window := c.in(0), c.out(0), c.convolution().Kernel
	g, count := c.images(x, y).g, y.N()*y.H()*y.W()
	packed := c.packWindows(t, false)
	bias, biased := c.bias()
	tiles, slices := ceilDiv(count, t.columns)*ceilDiv(y.C(), t.rows), ceilDiv(x.C()*window*window, t.depth)
	run, s := slices, 1
	if !biased && c.activation() == noFunction {
		run, s = c.parts(t, slices, tiles, fewestParts, y)
	}
	parts := c.partsInto(y, s)
	constants := append(append(c.window(x, y), words(g...)...), flag(biased), c.activation())
	c.runGroups(t.kernel, spread(tiles*s), constants, words(count, run, s), packed, c.of(x), bias, parts)
	c.addParts(parts, y, s)
}

// windowsFitMatrices reports whether four neighbouring results are of one image.
func (c *call) windowsFitMatrices(t tile) bool {
	y := c.out(0)
	return c.convolution().Kernel <= largestWindow && y.H()*y.W()%4 == 0 && t.runs(c)
}

// windowsByMatrices runs a convolution by that window, of the weight or of the weight turned around.
func (c *call) windowsByMatrices(t tile, a engine.ConvAttr, turned bool) {
	x, y := c.in(0), c.out(0)
	count, packed := y.N()*y.H()*y.W(), c.packWindows(t, turned)
	bias, biased := packed, false // any other operand
	if !turned {
		bias, biased = c.bias()
	}
	constants := words(y.C(), x.C(), x.H(), x.W(), y.H(), y.W(), a.Kernel, a.Stride, a.Padding)
	constants = append(append(constants, words(c.images(x, y).g...)...), flag(biased), c.activation())
	groups := spread(ceilDiv(count, t.columns) * ceilDiv(y.C(), t.rows))
	c.runGroups(t.on(c, t.kernel), groups, constants, words(count), packed, c.of(x), bias, c.of(y))
}

func (c *call) windowsData(t tile) {
	dy, dx, a := c.in(0), c.out(0), c.convolution()
	count := dx.N() * ceilDiv(dx.H(), a.Stride) * ceilDiv(dx.W(), a.Stride)
	meeting := ceilDiv(a.Kernel, a.Stride) // taps, at most, of a row or column of them
	tiles, slices := ceilDiv(count, t.columns)*ceilDiv(dx.C(), t.rows)*a.Stride*a.Stride, meeting*meeting*ceilDiv(dy.C(), t.depth)
	run, s := c.parts(t, slices, tiles, fewestParts, dx)
	parts := c.partsInto(dx, s)
	constants := append(c.window(dx, dy), words(c.images(dy, dx).g...)...)
	c.runGroups(t.kernel, spread(tiles*s), constants, words(count, run, s), c.packWindows(t, true), c.of(dy), parts)
	c.addParts(parts, dx, s)
}

func (c *call) windowsWeight(t tile) {
	dy, x, dw := c.in(0), c.in(1), c.out(0)
	elements, count := dw.Shape.Elements(), dy.N()*dy.H()*dy.W()
	tiles := ceilDiv(dy.C(), t.rows) * ceilDiv(elements/dy.C(), t.columns)
	run, s := c.weightPieces(t, ceilDiv(count, t.depth), tiles, dw)
	parts := c.partsOf(dw, s)
	c.runGroups(t.on(c, t.kernel), spread(tiles*s), append(c.window(x, dy), words(c.images(dy, x).g...)...), words(count, run, s), c.of(dy), c.of(x), parts)
	c.sumPartials(parts, dw, s)
}

// packWindows brings the weight into slivers, a tile's rows each, turned around or not.
func (c *call) packWindows(t tile, turned bool) operand {
	kernel := c.convolution().Kernel
	return c.packTaps(t.rows, kernel*kernel, 0, turned)
}
