package gpu

import (
	"fmt"
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// plan is a program made ready for a device: dispatches over slabs.
type plan struct {
	program    *engine.Program
	opt        planOptions
	target     target
	panel      map[*engine.Tensor]int
	slabs      map[*engine.Tensor]*slab
	norms      *slab                      // what BatchNorm2d and Dropout2d know of channels
	within     map[*engine.Tensor]operand // tensors that are a part of it
	fused      []*work                    // by op: what covers it, nil where it is run by itself
	skipped    map[*engine.Tensor]bool    // inside a fused run of ops: never in memory
	scratch    []*slab
	partials   partials
	partialsAt int // the op that the first of them is of
	tables     []uint32
	weights    [engine.ArenaCount]*weightJobs
	masks      maskJobs
	folded     map[int]foldedOperands // by op
	dispatches []dispatch
	phases     int      // of the schedule
	kernels    []string // the choices, in order
	inputSize  int64
	reportSize int64
	workspace  int64
	err        error
}

// target is what a plan has to know of its device.
type target struct {
	limits     vk.Limits
	features   vk.Features
	kind       vk.DeviceType
	hardware   hardware
	sliceBytes int64 // longest window of a resident tensor
}

func targetOf(i vk.Info) target {
	return target{limits: i.Limits, features: i.Features, kind: i.Type, hardware: hardwareOf(i), sliceBytes: i.Limits.StorageBufferRange}
}

// newPlan fuses what it can, then chooses a variant for every other op: the first of the table that can run.
func newPlan(p *engine.Program, opt planOptions, on target) (*plan, error) {
	pl := blankPlan(p, opt, on)
	if err := pl.checkOrder(); err != nil {
		return nil, err
	}
	pl.fuse()
	if err := pl.choose(); err != nil {
		return nil, err
	}
	pl.schedule()
	pl.workspace = place(pl.workspaceSlabs(), opt.KeepAll)
	return pl, nil
}

// blankPlan has the tensors laid out, and no dispatch yet.
func blankPlan(p *engine.Program, opt planOptions, on target) *plan {
	pl := &plan{
		program: p, opt: opt, target: on,
		panel: map[*engine.Tensor]int{}, slabs: map[*engine.Tensor]*slab{}, within: map[*engine.Tensor]operand{}, folded: map[int]foldedOperands{},
		fused: make([]*work, len(p.Ops)), skipped: map[*engine.Tensor]bool{},
	}
	pl.layOut()
	return pl
}

// layOut makes a slab for every tensor and decides the panels of activations.
func (pl *plan) layOut() {
	for _, t := range pl.program.Tensors {
		s := &slab{name: t.Name, bytes: int64(t.Shape.Elements()) * 4, first: -1}
		switch t.Role {
		case engine.Value:
			s.home = workspace
			if t.Batched {
				pl.panel[t] = panelImages(t)
				if pl.opt.PanelImages != nil {
					pl.panel[t] = pl.opt.PanelImages(t)
				}
			}
		case engine.State:
			s.home, s.arena, s.offset = arenas, t.Arena, int64(t.Offset)*4
		case engine.Input:
			s.home, s.offset = stepInputs, pl.inputSize
			pl.inputSize += alignUp(s.bytes, windowAlign)
		case engine.Result:
			s.home, s.offset = reports, pl.reportSize
			pl.reportSize += alignUp(s.bytes, windowAlign)
		case engine.Resident:
			s.home = residents
			if t.DType == engine.Uint8 {
				s.bytes = alignUp(int64(t.Shape.Elements()), 4)
			}
		}
		pl.slabs[t] = s
	}
	pl.layOutNorms()
}

// of is a tensor as an operand.
func (pl *plan) of(t *engine.Tensor) operand {
	if o, ok := pl.within[t]; ok {
		return o
	}
	return operand{slab: pl.slabs[t]}
}

// checkOrder is the error of a program that reads what is written later.
func (pl *plan) checkOrder() error {
	for at, op := range pl.program.Ops {
		for _, t := range op.Inputs {
			if t.Role == engine.Value && pl.program.Producer(t) >= at {
				return fmt.Errorf("engine/gpu: %s: %s reads %v before it is written", pl.program.Name, op.Kind, t)
			}
		}
	}
	return nil
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

// joinRest adds the dispatches that do the work of several ops.
func (pl *plan) joinRest() {
	pl.addUp()
	pl.drawFirst()
	pl.packFirst()
}

// single is the variant that runs an op by itself: the preferred one, else the first that can. It is nil where none can.
func (pl *plan) single(at int) *work {
	preferred := pl.preferred(at)
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

// add appends a dispatch.
func (pl *plan) add(d dispatch) {
	k := d.kernel
	if len(d.storage) != len(k.storage) || len(d.texel) != k.texel || len(d.push) != len(k.push) || len(d.constants) != len(k.spec)+1 {
		pl.err = fmt.Errorf("engine/gpu: %s is called with %d+%d buffers, %d constants and %d push constants, declared with %d+%d, %v and %v",
			k.name, len(d.storage), len(d.texel), len(d.constants)-1, len(d.push), len(k.storage), k.texel, k.spec, k.push)
		return
	}
	if pl.err == nil {
		pl.err = d.checkLimits(pl.target.limits)
	}
	pl.dispatches = append(pl.dispatches, d)
}

// kept reports whether a tensor can be read after a step.
func (pl *plan) kept(t *engine.Tensor) bool {
	return pl.opt.KeepAll || slices.Contains(pl.opt.Keep, t.Name)
}

// workspaceSlabs are those that some dispatch uses, or that must be kept.
func (pl *plan) workspaceSlabs() []*slab {
	var out []*slab
	for _, t := range pl.program.Tensors {
		s := pl.slabs[t]
		if _, part := pl.within[t]; part || s.home != workspace || s.first < 0 && !pl.kept(t) {
			continue
		}
		if pl.program.Producer(t) < 0 { // written by the host before the step
			s.first = 0
		}
		if pl.kept(t) {
			s.last = pl.phases
		}
		out = append(out, s)
	}
	if pl.norms.bytes > 0 {
		pl.norms.first, pl.norms.last = 0, pl.phases
		out = append(out, pl.norms)
	}
	return append(out, pl.scratch...)
}
