package gpu

import (
	"fmt"
	"slices"
)

// work is a variant chosen for some ops.
type work struct {
	variant *variant
	call    *call
}

// choose walks the program and lets a variant emit its dispatches for each op or run of ops.
func (pl *plan) choose() error {
	ops := pl.program.Ops
	for at := 0; at < len(ops); {
		w := pl.fused[at]
		if w == nil {
			w = pl.single(at)
		}
		if w == nil {
			return fmt.Errorf("engine/gpu: no kernel runs %s of %v on this device", ops[at].Kind, ops[at].Inputs)
		}
		pl.addUpFor(w.call.ops)
		w.variant.emit(w.call)
		if pl.err != nil {
			return pl.err
		}
		pl.kernels = append(pl.kernels, string(ops[at].Kind)+": "+w.variant.name)
		at += len(w.call.ops)
	}
	pl.joinRest()
	return pl.err
}

// single is the variant that runs an op by itself: the preferred one, else the last that suits it, else the first that can. It is nil where
// none can.
func (pl *plan) single(at int) *work {
	preferred := pl.preferred(at)
	if preferred == "" {
		preferred = pl.suited(at)
	}
	for i := range variants {
		v := &variants[i]
		if v.fusion != nil || preferred != "" && v.name != preferred {
			continue
		}
		if c := pl.runnable(v, at); c != nil {
			return &work{v, c}
		}
	}
	return nil
}

// preferred is the variant chosen for an op, if it can run it.
func (pl *plan) preferred(at int) string {
	op := pl.program.Ops[at]
	name := pl.opt.Choices[opKey(op)]
	for i := range variants {
		if v := &variants[i]; v.name == name && v.fusion == nil && pl.runnable(v, at) != nil {
			return name
		}
	}
	return ""
}

// suited is the last variant that suits an op, "" where none does.
func (pl *plan) suited(at int) string {
	for i := range variants {
		v := &variants[len(variants)-1-i]
		if v.suits == nil {
			continue
		}
		if c := pl.runnable(v, at); c != nil && v.suits(c) {
			return v.name
		}
	}
	return ""
}

// runnable is covering for a variant that can run on those ops, and may.
func (pl *plan) runnable(v *variant, at int) *call {
	c := pl.covering(v, at)
	if c == nil || v.runs != nil && !v.runs(c) || pl.switchedOff(v, c) {
		return nil
	}
	return c
}

// switchedOff reports whether a variant is switched off, or one of the kernels that it would dispatch.
func (pl *plan) switchedOff(v *variant, c *call) bool {
	if len(pl.opt.Without) == 0 {
		return false
	}
	trial := *c
	trial.plan = blankPlan(pl.program, pl.opt, pl.target)
	trial.plan.skipped = pl.skipped
	v.emit(&trial)
	trial.plan.joinRest()
	return pl.opt.without(v.name) || slices.ContainsFunc(trial.plan.dispatches, func(d dispatch) bool { return pl.opt.without(d.kernel.name) })
}

// covering is a variant's call on the ops from a place on, nil if they are not those that it covers.
func (pl *plan) covering(v *variant, at int) *call {
	ops := pl.program.Ops[at:]
	if len(v.covers) > len(ops) || ops[0].Kind != v.covers[0] {
		return nil
	}
	c := &call{plan: pl, ops: ops[:len(v.covers)], at: at}
	if v.fusion != nil {
		if c.match = pl.match(v.fusion, at); c.match == nil {
			return nil
		}
	}
	return c
}

// joinRest adds the dispatches that do the work of several ops.
func (pl *plan) joinRest() {
	pl.addUp()
	pl.drawFirst()
	pl.packFirst()
}
