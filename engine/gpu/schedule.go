package gpu

import (
	"cmp"
	"slices"

	"cnnvk/vk"
)

// A program says in which order its ops may run, not in which they must. The device waits at a barrier until all before it is done, so
// dispatches that do not wait for one another share the stretch between two barriers, a phase: each stands in the first phase behind all that
// it waits for. What writes much does not overtake what wrote much before it, for more would be in memory at a time.

// much is so many bytes.
const much = 1 << 20

// schedule gives every dispatch its phase and brings them into the order of their phases; within one they stay in that of the program.
func (pl *plan) schedule() {
	var touched [][]touch
	least := 0 // for what writes much
	for i := range pl.dispatches {
		d := &pl.dispatches[i]
		touched = append(touched, d.touches())
		d.phase = 0
		if d.writes() > much {
			d.phase = least
		}
		for before := range i {
			if p := pl.dispatches[before].phase + 1; p > d.phase && conflict(touched[before], touched[i]) {
				d.phase = p
			}
		}
		if d.writes() > much {
			least = d.phase
		}
		pl.phases = max(pl.phases, d.phase+1)
	}
	slices.SortStableFunc(pl.dispatches, func(a, b dispatch) int { return cmp.Compare(a.phase, b.phase) })
	for i := range pl.dispatches {
		pl.dispatches[i].lives()
	}
}

// barriers is how many a step has: between its phases, before the first and after the last.
func (pl *plan) barriers() int { return pl.phases + 1 }

// touch is a dispatch's access to memory.
type touch struct {
	operand
	access vk.Access
}

// writes is how many bytes a dispatch writes at most.
func (d *dispatch) writes() (bytes int64) {
	for _, t := range d.touches() {
		if t.access&vk.Write != 0 {
			bytes += t.size()
		}
	}
	return bytes
}

// conflict reports whether of two dispatches with these accesses the later one waits for the earlier one.
func conflict(earlier, later []touch) bool {
	for _, a := range earlier {
		for _, b := range later {
			if (a.access|b.access)&vk.Write != 0 && a.overlaps(b.operand) {
				return true
			}
		}
	}
	return false
}

// overlaps reports whether two operands share memory, wherever slabs will be placed.
func (o operand) overlaps(other operand) bool {
	a, b := o.offset, other.offset
	switch {
	case o.slab.home == arenas && other.slab.home == arenas && o.slab.arena == other.slab.arena:
		a, b = a+o.slab.offset, b+other.slab.offset
	case o.slab != other.slab:
		return false
	}
	return a < b+other.size() && b < a+o.size()
}

// lives notes the phase in what a dispatch touches. Slabs of one phase share no memory.
func (d *dispatch) lives() {
	for _, t := range d.touches() {
		if t.slab.first < 0 {
			t.slab.first = d.phase
		}
		t.slab.last = max(t.slab.last, d.phase)
	}
}

// touches are a dispatch's accesses, apart from a uniform buffer, which no dispatch writes.
func (d *dispatch) touches() []touch {
	var out []touch
	for i, o := range d.storage {
		out = append(out, touch{o, d.kernel.storage[i]})
	}
	for _, o := range d.texel {
		out = append(out, touch{o, vk.Read})
	}
	return out
}
