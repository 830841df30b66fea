package gpu

import (
	"slices"

	"cnnvk/engine"
)

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
		s := &slab{name: t.Name, bytes: storedBytes(t.DType, t.Shape.Elements()), stored: t.DType, first: -1}
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
		}
		pl.slabs[t] = s
	}
	pl.layOutNorms()
}

// layOutNorms gives the vectors of each batch_norm2d their place, saved being the first two of them, then the masks theirs.
func (pl *plan) layOutNorms() {
	pl.norms = &slab{name: "channels", home: workspace, first: -1}
	arrange := func(t *engine.Tensor, elements int) {
		if _, twice := pl.within[t]; t.Role == engine.Value && !twice {
			pl.within[t] = operand{slab: pl.norms, offset: pl.norms.bytes, bytes: int64(t.Shape.Elements()) * 4}
			pl.norms.bytes += alignUp(int64(elements)*4, windowAlign)
		}
	}
	for _, op := range pl.program.Ops {
		if op.Kind == engine.BatchNorm2d {
			arrange(op.Outputs[1], allVectors*op.Inputs[0].C())
		}
	}
	for _, op := range pl.program.Ops {
		if op.Kind == engine.Dropout2dMask {
			arrange(op.Outputs[0], op.Outputs[0].Shape.Elements())
		}
	}
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

// kept reports whether a tensor can be read after a step.
func (pl *plan) kept(t *engine.Tensor) bool {
	return pl.opt.KeepAll || slices.Contains(pl.opt.Keep, t.Name)
}

// of is a tensor as an operand.
func (pl *plan) of(t *engine.Tensor) operand {
	if o, ok := pl.within[t]; ok {
		return o
	}
	return operand{slab: pl.slabs[t]}
}
