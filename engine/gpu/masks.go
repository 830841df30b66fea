package gpu

import (
	"math"
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// The masks of Dropout2d depend on no tensor, so those that are drawn by the same random counter are drawn at once, before all else.

var dropout2dMask = kernel{
	name: "dropout2d_mask", storage: []vk.Access{in, out}, uniform: true, spec: []string{"IMAGES"}, push: []string{"N", "groups"},
}

// imagesOfMask is how many images an invocation draws a channel of.
const imagesOfMask = 8

// maskJobs are the masks of one dispatch.
type maskJobs struct {
	ops []engine.Op
	at  int // of the first
}

// drawChannels draws a mask of channels, with the others of its step.
func drawChannels(c *call) {
	pl := c.plan
	if pl.within[c.out(0)].slab == nil { // a part of an arena, which may have been read before
		c.draw(c.ops)
		return
	}
	if len(pl.masks.ops) == 0 {
		pl.masks.at = c.at
	}
	pl.masks.ops = append(pl.masks.ops, c.ops[0])
}

// drawFirst draws the masks before all other dispatches, those of each random counter and batch in one.
func (pl *plan) drawFirst() {
	others, ops := pl.dispatches, pl.masks.ops
	pl.dispatches, pl.masks.ops = nil, nil
	for len(ops) > 0 {
		like := func(op engine.Op) bool {
			return op.Inputs[1] == ops[0].Inputs[1] && op.Outputs[0].N() == ops[0].Outputs[0].N()
		}
		var together, rest []engine.Op
		for _, op := range ops {
			if like(op) {
				together = append(together, op)
			} else {
				rest = append(rest, op)
			}
		}
		(&call{plan: pl, at: pl.masks.at}).draw(together)
		ops = rest
	}
	pl.dispatches = append(pl.dispatches, others...)
}

// draw is the dispatch for masks of one batch, which lie in one slab.
func (c *call) draw(ops []engine.Op) {
	window := c.of(ops[0].Outputs[0])
	end := window.offset
	for _, op := range ops {
		o := c.of(op.Outputs[0])
		window.offset, end = min(window.offset, o.offset), max(end, o.offset+o.size())
	}
	window.bytes = end - window.offset
	n := ops[0].Outputs[0].N()
	all := 0
	for _, op := range ops {
		all += ceilDiv(n, imagesOfMask) * ceilDiv(op.Outputs[0].C(), workgroup)
	}
	var groups, masks []uint32
	for _, op := range ops {
		mask, a := op.Outputs[0], drawn(op.Attr.(engine.DropoutAttr)) // layer, threshold, scale
		first := all + len(masks)/4
		masks = slices.Concat(masks, words(mask.C(), int(c.of(mask).offset-window.offset)/4), a, words(0, 0, 0))
		for image := 0; image < n; image += imagesOfMask {
			for channel := 0; channel < mask.C(); channel += workgroup {
				groups = append(groups, words(first, image, channel, 0)...)
			}
		}
	}
	c.runGroups(dropout2dMask, spread(all), words(imagesOfMask), words(n, all), c.plan.table(append(groups, masks...)), window)
	c.plan.dispatches[len(c.plan.dispatches)-1].uniform = c.plan.slabs[ops[0].Inputs[1]]
}

// drawn are the constants of a mask's draws.
func drawn(a engine.DropoutAttr) []uint32 {
	return append(words(a.Layer, int(math.Floor(a.P*(1<<24)))), word(1/(1-a.P)))
}
