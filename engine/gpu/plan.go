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
	scratch    []*slab
	dispatches []dispatch
	kernels    []string // the choices, in order
	recordSize int64
	reportSize int64
	workspace  int64
	err        error
}

// target is what a plan has to know of its device.
type target struct {
	limits     vk.Limits
	features   vk.Features
	kind       vk.DeviceType
	sliceBytes int64 // longest window of a resident tensor
}

// fusion is a variant's choice for the ops from a place on; banned holds those that starved a later reader.
type fusion struct {
	at   int
	name string
}

// newPlan chooses variants, first come first served in the order of the variant table, fusions first. A fusion
// leaves the tensors between its ops unwritten; if some other op turns out to read one, it is
// taken back and the plan made anew.
func newPlan(p *engine.Program, opt planOptions, on target) (*plan, error) {
	banned := map[fusion]bool{}
	for {
		pl := blankPlan(p, opt, on)
		chosen, err := pl.choose(banned)
		if err != nil {
			return nil, err
		}
		starved := pl.starved(chosen)
		if starved == nil {
			pl.workspace = place(pl.workspaceSlabs(), opt.KeepAll)
			return pl, pl.err
		}
		banned[*starved] = true
	}
}

// blankPlan has the tensors laid out, and no dispatch yet.
func blankPlan(p *engine.Program, opt planOptions, on target) *plan {
	pl := &plan{
		program: p, opt: opt, target: on,
		panel: map[*engine.Tensor]int{}, slabs: map[*engine.Tensor]*slab{},
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
			s.written = pl.program.Producer(t) < 0
			if t.Batched {
				pl.panel[t] = panelImages(t)
				if pl.opt.PanelImages != nil {
					pl.panel[t] = pl.opt.PanelImages(t)
				}
			}
		case engine.State:
			s.home, s.arena, s.offset, s.written = arenas, t.Arena, int64(t.Offset)*4, true
		case engine.Input:
			s.home, s.offset, s.written = records, pl.recordSize, true
			pl.recordSize += alignUp(s.bytes, windowAlign)
		case engine.Result:
			s.home, s.offset = reports, pl.reportSize
			pl.reportSize += alignUp(s.bytes, windowAlign)
		case engine.Resident:
			s.home, s.written = residents, true
			if t.DType == engine.Uint8 {
				s.bytes = alignUp(int64(t.Shape.Elements()), 4)
			}
		}
		pl.slabs[t] = s
	}
}

// choose walks the program and lets a variant emit its dispatches for each op or run of ops.
func (pl *plan) choose(banned map[fusion]bool) ([]fusion, error) {
	var chosen []fusion
	ops := pl.program.Ops
	for at := 0; at < len(ops); {
		v, c := pl.variantFor(at, banned)
		if v == nil {
			return nil, fmt.Errorf("engine/gpu: no kernel runs %s of %v on this device", ops[at].Kind, ops[at].Inputs)
		}
		v.emit(c)
		if pl.err != nil {
			return nil, pl.err
		}
		chosen = append(chosen, fusion{at, v.name})
		pl.kernels = append(pl.kernels, string(ops[at].Kind)+": "+v.name)
		at += len(v.covers)
	}
	return chosen, nil
}

func (pl *plan) variantFor(at int, banned map[fusion]bool) (*variant, *call) {
	rest := pl.program.Ops[at:]
	preferred := pl.preferred(at)
	for _, v := range variants {
		if len(v.covers) > 1 && (pl.opt.NoFusion || pl.opt.KeepAll) {
			continue
		}
		if banned[fusion{at, v.name}] {
			continue
		}
		if len(v.covers) == 1 && preferred != "" && v.name != preferred {
			continue
		}
		if pl.canRun(&v, at) {
			return &v, &call{plan: pl, ops: rest[:len(v.covers)], at: at}
		}
	}
	return nil, nil
}

// canRun reports whether a variant can run the ops from a place on, and may.
func (pl *plan) canRun(v *variant, at int) bool {
	ops := pl.program.Ops[at:]
	if !v.starts(ops) {
		return false
	}
	c := &call{plan: pl, ops: ops[:len(v.covers)], at: at}
	return (v.runs == nil || v.runs(c)) && !pl.switchedOff(v, at)
}

// switchedOff reports whether a variant is switched off, or one of the kernels that it would dispatch.
func (pl *plan) switchedOff(v *variant, at int) bool {
	if len(pl.opt.Without) == 0 {
		return false
	}
	trial := blankPlan(pl.program, pl.opt, pl.target)
	v.emit(&call{plan: trial, ops: pl.program.Ops[at : at+len(v.covers)], at: at})
	return pl.opt.without(v.name) || slices.ContainsFunc(trial.dispatches, func(d dispatch) bool { return pl.opt.without(d.kernel.name) })
}

// preferred is the variant chosen for an op, if it can run it.
func (pl *plan) preferred(at int) string {
	op := pl.program.Ops[at]
	name := pl.opt.Choices[opKey(op)]
	for _, v := range variants {
		if v.name == name && len(v.covers) == 1 && pl.canRun(&v, at) {
			return name
		}
	}
	return ""
}

// starts reports whether ops begin with those that the variant covers.
func (v *variant) starts(ops []engine.Op) bool {
	if len(v.covers) > len(ops) {
		return false
	}
	for i, k := range v.covers {
		if ops[i].Kind != k {
			return false
		}
		if i > 0 && !v.apart && ops[i].Inputs[0] != ops[i-1].Outputs[0] {
			return false
		}
	}
	return true
}

// add appends a dispatch and notes the lifetimes of what it touches.
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
	at := len(pl.dispatches)
	for _, o := range slices.Concat(d.storage, d.texel) {
		if o.slab.first < 0 {
			o.slab.first = at
		}
		o.slab.last = at
	}
	pl.dispatches = append(pl.dispatches, d)
}

// starved finds a dispatch that reads a slab which nothing wrote, and returns the fusion that left it unwritten.
func (pl *plan) starved(chosen []fusion) *fusion {
	written := map[*slab]bool{}
	for _, d := range pl.dispatches {
		for _, s := range d.reads() {
			if !s.written && !written[s] {
				return pl.coverOf(s, chosen)
			}
		}
		for i, o := range d.storage {
			if d.kernel.storage[i]&vk.Write != 0 {
				written[o.slab] = true
			}
		}
	}
	return nil
}

// reads lists the slabs that a dispatch reads.
func (d *dispatch) reads() []*slab {
	var out []*slab
	for i, o := range d.storage {
		if d.kernel.storage[i]&vk.Read != 0 {
			out = append(out, o.slab)
		}
	}
	for _, o := range d.texel {
		out = append(out, o.slab)
	}
	return out
}

func (pl *plan) coverOf(s *slab, chosen []fusion) *fusion {
	for t, have := range pl.slabs {
		if have != s {
			continue
		}
		producer := pl.program.Producer(t)
		for i := len(chosen) - 1; i >= 0; i-- {
			if chosen[i].at <= producer {
				return &chosen[i]
			}
		}
	}
	pl.err = fmt.Errorf("engine/gpu: %s reads %s before it is written", pl.program.Name, s.name)
	return nil
}

// workspaceSlabs are those that some dispatch uses, or that must be kept.
func (pl *plan) workspaceSlabs() []*slab {
	var out []*slab
	for _, t := range pl.program.Tensors {
		s := pl.slabs[t]
		if s.home != workspace || s.first < 0 && !pl.opt.KeepAll {
			continue
		}
		if pl.program.Producer(t) < 0 { // written by the host before the step
			s.first = 0
		}
		if slices.Contains(pl.opt.Keep, t.Name) {
			s.last = len(pl.dispatches)
		}
		out = append(out, s)
	}
	return append(out, pl.scratch...)
}
