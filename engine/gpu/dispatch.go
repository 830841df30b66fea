package gpu

import (
	"fmt"
	"math"
	"slices"

	"cnnvk/vk"
)

// dispatch is one kernel launch of a plan.
type dispatch struct {
	kernel    kernel
	constants []uint32
	push      []uint32
	groups    [3]uint32
	storage   []operand
	uniform   *slab
	texel     []operand
	forms     []bool // of texel, where the driver compiles each apart
	op        int    // index of the op, or of the first of a fused run
	phase     int    // of the schedule
}

// operand is a slab, or a part of one, bound to a kernel.
type operand struct {
	slab          *slab
	offset, bytes int64 // within the slab; bytes 0 is all of it
	used          int64 // of a window over more than is asked for: the bytes that are; else 0
}

// add appends a dispatch.
func (pl *plan) add(d dispatch) {
	k := d.kernel
	if len(d.storage) != len(k.storage) || len(d.texel) != k.texel || len(d.push) != len(k.push) || len(d.constants) != len(k.spec)+1 {
		pl.err = fmt.Errorf("engine/gpu: %s is called with %d+%d buffers, %d constants and %d push constants, declared with %d+%d, %v and %v",
			k.name, len(d.storage), len(d.texel), len(d.constants)-1, len(d.push), len(k.storage), k.texel, k.spec, k.push)
		return
	}
	for _, o := range slices.Concat(d.storage, d.texel) {
		if o.slab.stored.Half() {
			d.kernel.half = o.slab.stored
		}
	}
	if pl.err == nil {
		pl.err = d.checkLimits(pl.target.limits)
	}
	pl.dispatches = append(pl.dispatches, d)
}

// checkLimits is the error of a dispatch that the device could not record.
func (d *dispatch) checkLimits(l vk.Limits) error {
	for axis, n := range d.groups {
		if n > l.WorkgroupCount[axis] {
			return fmt.Errorf("engine/gpu: %s has %d workgroups on axis %d, the device allows %d: %w",
				d.kernel.name, n, axis, l.WorkgroupCount[axis], vk.ErrUnsupported)
		}
	}
	for _, o := range d.storage {
		if bytes := o.size(); bytes > l.StorageBufferRange {
			return &TooLarge{"a storage buffer", bytes, l.StorageBufferRange}
		}
	}
	return nil
}

func (o operand) size() int64 {
	if o.bytes == 0 {
		return o.slab.bytes
	}
	return o.bytes
}

// cover is the workgroups for count invocations in a line.
func cover(count int) [3]uint32 { return spread(ceilDiv(count, workgroup)) }

// spread is so many workgroups in a line, those past 65,535 over a second axis; the last row may reach past the end.
func spread(groups int) [3]uint32 {
	const most = 65535
	if groups <= most {
		return [3]uint32{uint32(groups), 1, 1}
	}
	rows := ceilDiv(groups, most)
	return [3]uint32{uint32(ceilDiv(groups, rows)), uint32(rows), 1}
}

// sideBySide is the workgroups for blocks of rows of a product and groups of its columns: those of the same columns follow one another, since
// they read the same of the larger operand.
func sideBySide(blocks, columns int) [3]uint32 {
	across := spread(columns)
	return [3]uint32{uint32(blocks), across[0], across[1]}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// roundUp is the least multiple of to that is not below n.
func roundUp(n, to int) int { return ceilDiv(n, to) * to }

// words packs integers for constants and push constants.
func words(v ...int) []uint32 {
	out := make([]uint32, len(v))
	for i, x := range v {
		out[i] = uint32(x)
	}
	return out
}

// word is the bits of a float constant.
func word(f float64) uint32 { return math.Float32bits(float32(f)) }

func flag(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
