package gpu

import (
	"slices"

	"cnnvk/engine"
)

// home says which buffer a slab lies in.
type home uint8

const (
	workspace  home = iota // activations and scratch, shared by lifetime, by all programs of a session
	arenas                 // one buffer for each engine.Arena
	stepInputs             // host-visible, one part for each slot of the ring
	reports
	residents // one buffer for each resident tensor
	tables    // constants of a plan
)

// slab is a contiguous piece of memory: a tensor, or scratch of a variant.
type slab struct {
	name   string
	home   home
	bytes  int64
	stored engine.DType // of its values
	offset int64        // in its buffer; for step inputs and reports, in its slot
	arena  engine.Arena // home arenas
	// first and last are the phases between which the slab holds a value; first is -1 until a dispatch uses it.
	first, last int
}

// windowAlign is the multiple of bytes at which windows start, the largest that Vulkan lets a device ask for.
const windowAlign = 256

// guardBytes lie behind every slab of a plan that keeps all tensors; tests check that nothing wrote there.
const guardBytes = windowAlign

func alignUp(n, to int64) int64 { return (n + to - 1) / to * to }

// place is the memory placement: it gives every slab of the workspace its offset and returns the bytes needed. Slabs share memory if
// their lifetimes do not overlap; with keepAll none does. The largest are placed first, each at the lowest free offset.
func place(slabs []*slab, keepAll bool) int64 {
	order := slices.Clone(slabs)
	slices.SortStableFunc(order, func(a, b *slab) int { return int(b.bytes - a.bytes) })
	var placed []*slab // by offset
	var size int64
	for _, s := range order {
		need := alignUp(s.bytes, windowAlign)
		if keepAll {
			need += guardBytes
		}
		at := int64(0)
		for _, p := range placed {
			if !keepAll && (p.last < s.first || s.last < p.first) {
				continue
			}
			end := alignUp(p.bytes, windowAlign)
			if keepAll {
				end += guardBytes
			}
			if p.offset < at+need && at < p.offset+end {
				at = p.offset + end
			}
		}
		s.offset = at
		size = max(size, at+need)
		i, _ := slices.BinarySearchFunc(placed, s, func(a, b *slab) int { return int(a.offset - b.offset) })
		placed = slices.Insert(placed, i, s)
	}
	return size
}
