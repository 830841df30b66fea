package gpu

import (
	"slices"

	"cnnvk/engine"
)

// fuse takes the fusions that the program allows, in the order of the variants, each wherever it matches. Those that compute
// something anew come first: only then is it known that nothing wants it in memory, and the ops that made it may skip it. So no choice
// depends on a later one, and none is taken back.
func (pl *plan) fuse() {
	if pl.opt.NoFusion || pl.opt.KeepAll {
		return
	}
	for _, anew := range []bool{true, false} {
		for i := range variants {
			v := &variants[i] // a copy would go to the heap
			if v.fusion == nil || anew != (len(v.fusion.again) > 0) {
				continue
			}
			for at := range pl.program.Ops {
				if c := pl.runnable(v, at); c != nil && pl.allows(c) {
					pl.take(v, c)
				}
			}
		}
	}
}

// allows reports whether the ops of a call are free, all that it reads is in memory, and nothing else wants what it skips.
func (pl *plan) allows(c *call) bool {
	end := c.at + len(c.ops)
	for i := c.at; i < end; i++ {
		if pl.fused[i] != nil {
			return false
		}
	}
	for t := range c.match.reads {
		if pl.skipped[t] {
			return false
		}
	}
	return !slices.ContainsFunc(c.match.skipped, func(t *engine.Tensor) bool {
		return t.Role != engine.Value || pl.kept(t) || pl.wantedOutside(t, c.at, end)
	})
}

// wantedOutside reports whether an op that is not among those from at to end reads t from memory.
func (pl *plan) wantedOutside(t *engine.Tensor, at, end int) bool {
	for i, op := range pl.program.Ops {
		if i >= at && i < end {
			continue
		}
		reads := slices.Contains(op.Inputs, t)
		if w := pl.fused[i]; w != nil {
			reads = w.call.match.reads[t]
		}
		if reads {
			return true
		}
	}
	return false
}

func (pl *plan) take(v *variant, c *call) {
	for i := range c.ops {
		pl.fused[c.at+i] = &work{v, c}
	}
	for _, t := range c.match.skipped {
		pl.skipped[t] = true
	}
}
