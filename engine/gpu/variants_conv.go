package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// The convolutions: depthwise 3x3 as a direct kernel, pointwise and Linear as GEMM.

var depthwiseVariants = slices.Concat(
	depthwise(engine.DepthwiseConv2d, false),
	depthwise(engine.DepthwiseConv2dBackwardData, true),
	[]variant{
		one(engine.DepthwiseConv2dBackwardWeight, "depthwise_conv2d_backward_weight", rowsOfFour, depthwiseBackwardWeight),
		one(engine.DepthwiseConv2dBackwardWeight, "depthwise_conv2d_backward_weight_any", nil, depthwiseBackwardWeightAny),
	})

func rowsOfFour(c *call) bool { return c.in(0).W()%4 == 0 }

// depthwise is the forward convolution and, with the taps flipped, its gradient by the input.
func depthwise(k engine.Kind, flip bool) []variant {
	strips := kernel{shader: "depthwise_conv2d", storage: []vk.Access{in, in, out}, constants: 7, push: 1}
	any := kernel{shader: "depthwise_conv2d_any", storage: []vk.Access{in, in, out}, constants: 6, push: 1}
	return []variant{
		one(k, string(k), rowsOfFour, func(c *call) {
			x, w, y := c.in(0), c.in(1), c.out(0)
			p, rows := c.images(x, y), stripRows(x.H())
			count := p.n * p.c * (x.H() / rows) * (x.W() / 4)
			c.run(strips, count, append(words(p.c, x.H(), x.W(), p.g[0], p.g[1], rows), flag(flip)), words(count),
				c.of(x), c.of(w), c.of(y))
		}),
		one(k, string(k)+"_any", nil, func(c *call) {
			x, w, y := c.in(0), c.in(1), c.out(0)
			p := c.images(x, y)
			c.run(any, p.values(), append(words(p.c, x.H(), x.W(), p.g[0], p.g[1]), flag(flip)), words(p.values()),
				c.of(x), c.of(w), c.of(y))
		}),
	}
}

// stripRows is how many rows of outputs an invocation of depthwise_conv2d makes: more rows share their loads.
func stripRows(h int) int {
	for _, rows := range []int{4, 2} {
		if h%rows == 0 {
			return rows
		}
	}
	return 1
}

func depthwiseBackwardWeight(c *call) {
	k := kernel{shader: "depthwise_conv2d_backward_weight", storage: []vk.Access{in, in, out}, constants: 5, push: 2}
	dy, x := c.in(0), c.in(1)
	p, strips := c.images(dy, x), x.W()/4
	_, splits := pieces(p.n, p.c*strips)
	parts := c.scratch("depthwise weight parts", splits*strips*p.c*9)
	c.run(k, p.c*strips*splits, words(p.c, x.H(), x.W(), p.g[0], p.g[1]), words(p.n, splits), c.of(dy), c.of(x), parts)
	c.sumPartials(parts, c.of(c.out(0)), p.c*9, splits*strips)
}

func depthwiseBackwardWeightAny(c *call) {
	k := kernel{shader: "depthwise_conv2d_backward_weight_any", storage: []vk.Access{in, in, out}, constants: 5, push: 2}
	dy, x := c.in(0), c.in(1)
	p := c.images(dy, x)
	_, splits := pieces(p.n, p.c*9)
	parts := c.scratch("depthwise weight parts", splits*p.c*9)
	c.run(k, p.c*9*splits, words(p.c, x.H(), x.W(), p.g[0], p.g[1]), words(p.n, splits), c.of(dy), c.of(x), parts)
	c.sumPartials(parts, c.of(c.out(0)), p.c*9, splits)
}

var pointwiseVariants = slices.Concat(
	pointwise(engine.PointwiseConv2d, false),
	pointwise(engine.PointwiseConv2dBackwardData, true),
	pointwiseWeight(engine.PointwiseConv2dBackwardWeight),
	pointwise(engine.Linear, false),
	pointwise(engine.LinearBackwardData, true),
	pointwiseWeight(engine.LinearBackwardWeight),
	[]variant{one(engine.LinearBackwardBias, "linear_backward_bias", nil, linearBackwardBias)},
)

// pointwise is y = A x over pixels, A being the weight (M,K), or its transpose for the gradient by the input. Linear
// adds a bias, and its pixels are the images of a panel.
func pointwise(k engine.Kind, transposed bool) []variant {
	shader, bias := "pointwise_conv2d", []vk.Access(nil)
	if k == engine.Linear {
		shader, bias = "linear", []vk.Access{in}
	}
	texel := kernel{shader: shader + "_texel", storage: append([]vk.Access{out}, bias...), texel: 2, constants: 5, push: 1}
	storage := kernel{shader: shader, storage: append([]vk.Access{in, in, out}, bias...), constants: 5, push: 1}
	direct := kernel{shader: shader + "_any", storage: storage.storage, constants: 7, push: 1}

	withBias := func(c *call, o ...operand) []operand {
		if k == engine.Linear {
			o = append(o, c.of(c.in(2)))
		}
		return o
	}
	eights := func(c *call) bool { return c.planes(c.in(0), c.out(0)).size%8 == 0 }
	return []variant{
		one(k, string(k)+"_texel", func(c *call) bool {
			return eights(c) && c.fitsTexels(c.in(0).Shape.Elements()) && c.fitsTexels(packedElements(c, 16))
		}, func(c *call) {
			packed := c.pack(16, transposed)
			c.gemm(texel, 16, append(withBias(c, c.of(c.out(0))), packed, c.of(c.in(0))))
		}),
		one(k, string(k), eights, func(c *call) {
			c.gemm(storage, 8, withBias(c, c.pack(8, transposed), c.of(c.in(0)), c.of(c.out(0))))
		}),
		one(k, string(k)+"_any", nil, func(c *call) {
			p, m := c.planes(c.in(0), c.out(0)), c.out(0).C()
			stride := strides(m, p.c, transposed)
			count := p.n * m * p.size
			c.run(direct, count, words(m, p.c, p.size, p.g[0], p.g[1], stride[0], stride[1]), words(count),
				withBias(c, c.of(c.in(1)), c.of(c.in(0)), c.of(c.out(0)))...)
		}),
	}
}

// gemm runs a tiled kernel: blocks of rows of A on one axis, tiles of 8 pixels on the other.
func (c *call) gemm(k kernel, rows int, operands []operand) {
	p, m := c.planes(c.in(0), c.out(0)), c.out(0).C()
	tiles := p.n * p.size / 8
	c.runGroups(k, [3]uint32{uint32(ceilDiv(tiles, workgroup)), uint32(ceilDiv(m, rows)), 1},
		words(m, p.c, p.size/4, p.g[0], p.g[1]), words(tiles), operands...)
}

// pack brings the weight into blocks of that many rows of A.
func (c *call) pack(rows int, transposed bool) operand {
	k := kernel{shader: "pack_matrix", storage: []vk.Access{in, out}, constants: 5}
	m, kk, elements := c.out(0).C(), c.in(0).C(), packedElements(c, rows)
	stride := strides(m, kk, transposed)
	packed := c.scratch("packed weight", elements)
	c.run(k, elements, words(m, kk, stride[0], stride[1], rows), nil, c.of(c.in(1)), packed)
	return packed
}

func packedElements(c *call, rows int) int { return ceilDiv(c.out(0).C(), rows) * rows * c.in(0).C() }

// strides says where A[m,k] stands in the weight: a row after the other, or, transposed, a column.
func strides(m, k int, transposed bool) [2]int {
	if transposed {
		return [2]int{1, m}
	}
	return [2]int{k, 1}
}

// pointwiseWeight is dW[m,k] = sum over pixels of dy[m] x[k], in two stages.
func pointwiseWeight(kind engine.Kind) []variant {
	storage := kernel{shader: "pointwise_conv2d_backward_weight", storage: []vk.Access{in, in, out}, constants: 5, push: 3}
	direct := storage
	direct.shader += "_any"
	texel := kernel{shader: storage.shader + "_texel", storage: []vk.Access{out}, texel: 2, constants: 5, push: 3}
	emit := func(k kernel, lanes, rows, columns int) func(c *call) {
		return func(c *call) {
			dy, x := c.in(0), c.in(1)
			p, m, kk := c.planes(dy, x), dy.C(), x.C()
			tiles, pixels := ceilDiv(m, rows)*ceilDiv(kk, columns), p.n*p.size/lanes
			run, s := pieces(pixels, tiles)
			parts := c.scratch("pointwise weight parts", s*m*kk)
			operands := []operand{c.of(dy), c.of(x), parts}
			if k.texel > 0 {
				operands = []operand{parts, c.of(dy), c.of(x)}
			}
			c.run(k, tiles*s, words(m, kk, p.size/lanes, p.g[0], p.g[1]), words(pixels, run, s), operands...)
			c.sumPartials(parts, c.of(c.out(0)), m*kk, s)
		}
	}
	fours := func(c *call) bool { return c.planes(c.in(0), c.in(1)).size%4 == 0 }
	return []variant{
		one(kind, string(kind)+"_texel", func(c *call) bool {
			return fours(c) && c.fitsTexels(c.in(0).Shape.Elements()) && c.fitsTexels(c.in(1).Shape.Elements())
		}, emit(texel, 4, 16, 8)),
		one(kind, string(kind), fours, emit(storage, 4, 8, 8)),
		one(kind, string(kind)+"_any", nil, emit(direct, 1, 1, 1)),
	}
}

func linearBackwardBias(c *call) {
	k := kernel{shader: "linear_backward_bias", storage: []vk.Access{in, out}, constants: 2, push: 1}
	dy := c.in(0)
	p := c.images(dy)
	c.run(k, p.c, words(p.c, p.g[0]), words(p.n), c.of(dy), c.of(c.out(0)))
}
