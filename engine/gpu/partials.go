package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

var sumPartials = kernel{name: "sum_partials", storage: []vk.Access{in, out, in}, spec: []string{"TEAM"}, push: []string{"groups"}}.
	orTexel("sum_partials_texel", 1).orAny("sum_partials_any")

// partials are gradients whose pieces wait to be added up, all of them in one dispatch: when an op asks for one of them, or at the end.
type partials struct {
	parts *slab // of all
	sums  []partialSum
}

// partialSum is a gradient, and s pieces of it.
type partialSum struct {
	parts operand
	y     *engine.Tensor
	s     int
}

// mostPartials is how many bytes of pieces may wait: they are memory that nothing else has meanwhile, and one kernel reads them.
func (pl *plan) mostPartials() int64 { return min(32<<20, pl.target.limits.StorageBufferRange) }

// partsOf is memory for s pieces of a gradient, which sumPartials adds up.
func (c *call) partsOf(y *engine.Tensor, s int) operand {
	pl, bytes := c.plan, int64(s*y.Shape.Elements())*4
	w := &pl.partials
	if y.Role != engine.State || w.parts != nil && alignUp(w.parts.bytes, windowAlign)+alignUp(bytes, 16) > pl.mostPartials() || len(w.sums) > 0 && w.sums[0].y.Arena != y.Arena {
		pl.addUp()
	}
	if w.parts == nil {
		w.parts = c.scratch("partial sums", 0).slab
	}
	o := operand{slab: w.parts, offset: alignUp(w.parts.bytes, windowAlign), bytes: bytes}
	w.parts.bytes = alignUp(o.offset+bytes, 16) // whole texels
	return o
}

// sumPartials leaves parts of a gradient to be added up, y[i] = sum over s of parts[s,i]: addUp does it, for all that wait in one dispatch.
// What is no gradient of a parameter is added up at once.
func (c *call) sumPartials(parts operand, y *engine.Tensor, s int) {
	pl := c.plan
	if len(pl.partials.sums) == 0 {
		pl.partialsAt = c.at
	}
	pl.partials.sums = append(pl.partials.sums, partialSum{parts, y, s})
	if y.Role != engine.State {
		pl.addUp()
	}
}

// addUpFor adds up what waits if an op reads or writes any of it.
func (pl *plan) addUpFor(ops []engine.Op) {
	for _, op := range ops {
		for _, t := range slices.Concat(op.Inputs, op.Outputs) {
			if slices.ContainsFunc(pl.partials.sums, func(p partialSum) bool { return overlap(p.y, t) }) {
				pl.addUp()
				return
			}
		}
	}
}

// addUp adds up what waits: gradients of whole vec4s in one dispatch, others in a second one.
func (pl *plan) addUp() {
	w := pl.partials
	pl.partials = partials{}
	c := &call{plan: pl, at: pl.partialsAt}
	for _, chunk := range []int{4, 1} {
		var sums []partialSum
		var ys []*engine.Tensor
		for _, p := range w.sums {
			if chunkOf(p.y.Shape.Elements()) == chunk {
				sums, ys = append(sums, p), append(ys, p.y)
			}
		}
		if len(sums) > 0 {
			c.addUp(w.parts, sums, ys, chunk)
		}
	}
}

func (c *call) addUp(parts *slab, sums []partialSum, ys []*engine.Tensor, chunk int) {
	y, at, ok := c.span(ys)
	if !ok { // one tensor that is no part of an arena
		y, at = c.of(ys[0]), words(0)
	}
	var records []uint32
	var used int64
	all, most := 0, 0
	for _, p := range sums {
		used += p.parts.bytes
		all += p.y.Shape.Elements() / chunk
		most = max(most, p.s)
	}
	team := c.sharers(all, most)
	width := workgroup / team
	for i, p := range sums {
		from, to, count := int(p.parts.offset/4)/chunk, int(at[i])/chunk, p.y.Shape.Elements()/chunk
		for first := 0; first < count; first += width {
			records = append(records, words(from+first, to+first, count, p.s*128+min(count-first, width))...)
		}
	}
	groups := len(records) / 4
	k := c.readingChunk(sumPartials, chunk, int(parts.bytes/4))
	c.runGroups(k, spread(groups), words(team), words(groups), c.plan.table(records), y, operand{slab: parts, used: used})
}
