package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

var (
	channelScale = kernel{
		name: "channel_scale", storage: []vk.Access{in, in, out},
		spec: []string{"C", "PLANE", "GX", "GY", "GS"}, push: []string{"count"},
	}.orAny("channel_scale_any")
	// The same by a mask, where activations have 16 bits.
	dropout2d                 = channelScale.vec4.as("dropout2d").orAny("dropout2d_any")
	channelScaleBackwardScale = kernel{
		name: "channel_scale_backward_scale", storage: []vk.Access{in, in, out},
		spec: []string{"C", "PLANE", "GD", "GX", "GY", "TEAM"}, push: []string{"count"},
	}.orAny("channel_scale_backward_scale_any")
	dropout = kernel{
		name: "dropout", storage: []vk.Access{in, in, out},
		spec: []string{"C", "PLANE", "GX", "GM", "GY"}, push: []string{"count"},
	}.orAny("dropout_any")
	dropoutMask = kernel{
		name: "dropout_mask", storage: []vk.Access{out}, uniform: true,
		spec: []string{"C", "PLANE", "G", "LAYER", "THRESHOLD", "SCALE"}, push: []string{"count"},
	}.orAny("dropout_mask_any")
	add = kernel{
		name: "add", storage: []vk.Access{out, in, in},
		spec: []string{"C", "PLANE", "GA", "GB", "GY"}, push: []string{"count"},
	}.orTexel("add_texel", 2).orAny("add_any")
	addActivation = kernel{
		name: "add_activation", storage: []vk.Access{out, in, in},
		spec: []string{"C", "PLANE", "GA", "GB", "GY", "FUNCTION"}, push: []string{"count"},
	}.orTexel("add_activation_texel", 2).orAny("add_activation_any")
)

// A cast to 16 bits, and one from there.
var (
	castNarrow = kernel{
		name: "cast_narrow", storage: []vk.Access{in, out}, spec: []string{"C", "PLANE", "GX", "GY"}, push: []string{"count"},
	}.orAny("cast_narrow_any")
	castWiden = castNarrow.vec4.as("cast_widen").orAny("cast_widen_any")
)

var elementwiseVariants = slices.Concat(
	byChunk(engine.Cast, "cast", "cast_any", foldedRows, func(c *call, chunk int) {
		f, x, y := castWiden, c.in(0), c.out(0)
		if y.DType.Half() {
			f = castNarrow
		}
		c.elementwise(f, chunk, c.planes(x, y), []operand{c.of(x), c.of(y)})
	}),
	byChunk(engine.Dropout2d, "dropout2d", "dropout2d_any", wholeRows, func(c *call, chunk int) {
		c.scaleChannels(chunk, 1) // a mask has no panels
	}),
	[]variant{one(engine.Dropout2dMask, "dropout2d_mask", nil, drawChannels)},
	byChunk(engine.Dropout, "dropout", "dropout_any", foldedRows, func(c *call, chunk int) {
		x, mask, y := c.in(0), c.in(1), c.out(0)
		c.elementwise(dropout, chunk, c.planes(x, mask, y), []operand{c.of(x), c.of(mask), c.of(y)})
	}),
	byChunk(engine.DropoutMask, "dropout_mask", "dropout_mask_any", wholeRows, drawValues),
	byChunk(engine.ChannelScale, "channel_scale", "channel_scale_any", wholeRows, func(c *call, chunk int) {
		c.scaleChannels(chunk, c.images(c.in(1)).g[0])
	}),
	byChunk(engine.ChannelScaleBackwardScale, "channel_scale_backward_scale", "channel_scale_backward_scale_any", wholeRows, func(c *call, chunk int) {
		dy, x, ds := c.in(0), c.in(1), c.out(0)
		p := c.images(x, dy, ds)
		c.runSums(channelScaleBackwardScale.of(chunk), p.n*p.c, p.size/chunk, words(p.c, p.size/chunk, p.g[1], p.g[0], p.g[2]), words(p.n*p.c), c.of(dy), c.of(x), c.of(ds))
	}),
	byChunk(engine.Add, "add", "add_any", addRows, func(c *call, chunk int) {
		c.sum(add, chunk, c.addPlanes(), c.in(0), c.in(1), c.out(0))
	}),
)

// wholeRows says whether the images of the first input divide by 4.
func wholeRows(c *call) bool { return c.in(0).H()*c.in(0).W()%4 == 0 }

// scaleChannels multiplies the first input by the second, which has a value for every image's channel, in panels of so many images.
func (c *call) scaleChannels(chunk, panel int) {
	f, x, s, y := channelScale, c.in(0), c.in(1), c.out(0)
	if x.DType != s.DType {
		f = dropout2d
	}
	c.elementwise(f, chunk, c.images(x, y), []operand{c.of(x), c.of(s), c.of(y)}, uint32(panel))
}

// elementwise runs a kernel of constants C, PLANE, the panels of its operands, and others.
func (c *call) elementwise(f forms, chunk int, p planes, operands []operand, others ...uint32) {
	c.elementwiseBy(f.of(chunk), chunk, p, operands, others)
}

func (c *call) elementwiseBy(k kernel, chunk int, p planes, operands []operand, others []uint32) {
	count := p.values() / chunk
	c.run(k, count, slices.Concat(words(p.c, p.size/chunk), words(p.g...), others), words(count), operands...)
}

// sum runs a kernel of y = a + b and others of its constants.
func (c *call) sum(f forms, chunk int, p planes, a, b, y *engine.Tensor, others ...uint32) {
	c.elementwiseBy(c.readingChunk(f, chunk, p.values(), p.values()), chunk, p, []operand{c.of(y), c.of(a), c.of(b)}, others)
}

// drawValues draws a mask of values, four of an image at a time.
func drawValues(c *call, chunk int) {
	mask := c.out(0)
	p := c.images(mask)
	count := p.n * ceilDiv(p.c*p.size, 4)
	c.runUniform(dropoutMask.of(chunk), count, append(words(p.c, p.size/chunk, p.g[0]), drawn(c.attr().(engine.DropoutAttr))...), words(count), c.in(1), c.of(mask))
}

func addRows(c *call) bool { return c.addPlanes().size%4 == 0 }

// addPlanes walks activations in their panels, and other tensors as one plane.
func (c *call) addPlanes() planes {
	a, b, y := c.in(0), c.in(1), c.out(0)
	if a.Batched {
		return c.planes(a, b, y)
	}
	return planes{n: 1, c: 1, size: a.Shape.Elements(), g: []int{1, 1, 1}}
}
