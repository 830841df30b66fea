package gpu

import (
	"cnnvk/engine"
	"cnnvk/vk"
)

var gatherNormalize = kernel{
	name: "gather_normalize", storage: []vk.Access{in, in, in, out},
	spec: []string{"C", "HW", "G"}, push: []string{"first", "held", "count"},
}.orAny("gather_normalize_any")

var gatherVariants = byChunk(engine.GatherNormalize, "gather_normalize", "gather_normalize_any",
	func(c *call) bool { return c.out(0).H()*c.out(0).W()%4 == 0 },
	func(c *call, chunk int) {
		images, table, indices, x := c.in(0), c.in(1), c.in(2), c.out(0)
		p := c.images(x)
		for _, w := range c.plan.slices(images) {
			c.run(gatherNormalize.of(chunk), p.values()/chunk, words(p.c, p.size, p.g[0]), words(w.first, w.held, p.values()/chunk),
				w.operand, c.of(table), c.of(indices), c.of(x))
		}
	})

var mixImages = kernel{name: "mix_images", storage: []vk.Access{in, in, out}, spec: []string{"C", "H", "W", "GX", "GY"}, push: []string{"count"}}

var mixVariants = []variant{one(engine.MixImages, "mix_images", nil, func(c *call) {
	x, y := c.in(0), c.out(0)
	p := c.images(x, y)
	c.run(mixImages, p.values(), words(p.c, x.H(), x.W(), p.g[0], p.g[1]), words(p.values()), c.of(x), c.of(c.in(1)), c.of(y))
})}

var resize = kernel{name: "resize", storage: []vk.Access{in, out}, spec: []string{"C", "H", "W", "HO", "WO", "GX", "GY"}, push: []string{"count"}}

var resizeVariants = []variant{one(engine.Resize, "resize", nil, func(c *call) {
	x, y := c.in(0), c.out(0)
	count := y.Shape.Elements()
	c.run(resize, count, words(x.C(), x.H(), x.W(), y.H(), y.W(), c.plan.panel[x], c.plan.panel[y]), words(count), c.of(x), c.of(y))
})}

// slice is a run of samples of a data set that fits one storage window.
type slice struct {
	operand
	first, held int
}

// slices cuts a resident data set into windows of whole samples. Every window starts at a multiple of windowAlign
// bytes because it starts at a multiple of that many samples.
func (pl *plan) slices(t *engine.Tensor) []slice {
	sample := t.Shape.Elements() / t.N()
	per := max(int(pl.target.sliceBytes)/sample/windowAlign, 1) * windowAlign
	var out []slice
	for first := 0; first < t.N(); first += per {
		held := min(per, t.N()-first)
		o := operand{slab: pl.slabs[t], offset: int64(first * sample), bytes: alignUp(int64(held*sample), 4)}
		out = append(out, slice{o, first, held})
	}
	return out
}
