package gpu

import (
	"slices"
	"strings"

	"cnnvk/engine"
)

// fusion says which ops a variant runs at once, and which tensors they share: a name is the same tensor on every line.
//
// A tensor that one of the covered ops writes and a later one reads is skipped: it is never written to memory, unless it is one of those that
// the fusion writes. A plan takes a fusion only where no other op reads what it skips.
type fusion struct {
	covers []line // one right after another in the program
	// again are earlier ops, in order. Their first outputs are computed anew from what they read, wherever the ops covered read
	// them; other outputs are read from memory.
	again []line
	// writes are the names of what is in memory afterwards although a later line reads it, since other ops may.
	writes string
}

// line is an op of a fusion, with a name for each input and each output that it must have.
type line struct {
	kind    engine.Kind
	in, out string
}

// match is a fusion at a place of a program.
type match struct {
	named   map[string]*engine.Tensor
	skipped []*engine.Tensor
	reads   map[*engine.Tensor]bool // from memory
}

// match finds a fusion's ops at a place of the program, nil where they are others or work on other tensors.
func (pl *plan) match(f *fusion, at int) *match {
	m := &match{named: map[string]*engine.Tensor{}, reads: map[*engine.Tensor]bool{}}
	ops := pl.program.Ops[at : at+len(f.covers)]
	for i, l := range f.covers {
		if op := ops[i]; op.Kind != l.kind || !m.bind(l.in, op.Inputs) || !m.bind(l.out, op.Outputs) {
			return nil
		}
	}
	var anew []*engine.Tensor
	for _, l := range slices.Backward(f.again) {
		made := m.named[strings.Fields(l.out)[0]]
		op, ok := pl.origin(made, at+len(ops))
		if !ok || op.Kind != l.kind || !m.bind(l.in, op.Inputs) || !m.bind(l.out, op.Outputs) {
			return nil
		}
		anew = append(anew, made)
		m.read(op)
	}
	for i, op := range ops {
		m.read(op)
		for _, t := range op.Outputs {
			if slices.ContainsFunc(ops[i+1:], func(later engine.Op) bool { return slices.Contains(later.Inputs, t) }) && !m.writes(f, t) {
				m.skipped = append(m.skipped, t)
			}
		}
	}
	for _, t := range slices.Concat(anew, m.skipped) {
		delete(m.reads, t)
	}
	if !m.distinct() {
		return nil
	}
	return m
}

// distinct reports whether no value has two names, but for what is read from memory alone: a kernel takes what it writes, and what it
// computes anew, for different from all else.
func (m *match) distinct() bool {
	seen := map[*engine.Tensor]bool{}
	for _, t := range m.named {
		if t.Role == engine.Value && seen[t] && !m.reads[t] {
			return false
		}
		seen[t] = true
	}
	return true
}

// bind gives the names to the tensors, and reports whether each had no other tensor before.
func (m *match) bind(names string, tensors []*engine.Tensor) bool {
	fields := strings.Fields(names)
	if len(fields) != len(tensors) {
		return false
	}
	for i, name := range fields {
		if have := m.named[name]; have != nil && have != tensors[i] {
			return false
		}
		m.named[name] = tensors[i]
	}
	return true
}

// writes reports whether t is one of those that the fusion writes.
func (m *match) writes(f *fusion, t *engine.Tensor) bool {
	return slices.ContainsFunc(strings.Fields(f.writes), func(name string) bool { return m.named[name] == t })
}

func (m *match) read(op engine.Op) {
	for _, t := range op.Inputs {
		m.reads[t] = true
	}
}

// origin is the op that made t, if computing it again just before op number end would come to the same: no other op writes t, and none in
// between what that op reads or writes.
func (pl *plan) origin(t *engine.Tensor, end int) (engine.Op, bool) {
	from := pl.program.Producer(t)
	if from < 0 || from >= end {
		return engine.Op{}, false
	}
	op := pl.program.Ops[from]
	touched := op.Inputs
	for _, writer := range pl.program.Ops[from:end] {
		for _, written := range writer.Outputs {
			if slices.ContainsFunc(touched, func(o *engine.Tensor) bool { return overlap(o, written) }) {
				return engine.Op{}, false
			}
		}
		touched = slices.Concat(op.Inputs, op.Outputs)
	}
	return op, true
}

// overlap reports whether two tensors share memory as a program sees it.
func overlap(a, b *engine.Tensor) bool {
	if a.Role != engine.State || b.Role != engine.State || a.Arena != b.Arena {
		return a == b
	}
	return a.Offset < b.Offset+b.Shape.Elements() && b.Offset < a.Offset+a.Shape.Elements()
}
