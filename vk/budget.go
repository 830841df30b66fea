package vk

/*
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"slices"
)

// Free is how many bytes of the heap this process can still expect to get. known is false if the driver does not say.
func (h Heap) Free() (free int64, known bool) { return max(h.Budget-h.Usage, 0), h.Budget > 0 }

// Memory is the heap that buffers for the device alone come from: the largest of the device's own.
func (i Info) Memory() Heap {
	if heap := ownHeap(i.Heaps); heap >= 0 {
		return i.Heaps[heap]
	}
	return Heap{}
}

// Room is how many bytes there are for the device alone: of its own, see Memory, and on an integrated device, of which that may be a
// small part of the machine's memory, of the host's, too.
func (i Info) Room() int64 {
	sum := int64(0)
	for _, heap := range i.roomHeaps() {
		sum += i.Heaps[heap].Size
	}
	return sum
}

// MemoryBudget asks the driver how many bytes of the device's room this process can still expect to get. Other programs change that at
// any time. It is not known without Features.MemoryBudget.
func (d *Device) MemoryBudget() (free int64, known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return 0, false
	}
	return d.freeOf(d.info.roomHeaps()...)
}

// roomHeaps are the heaps that make up the room. For a graphics card the host's heap does not count: training across the bus is too slow to
// be planned for, even if single buffers may end up there when its own memory runs out.
func (i Info) roomHeaps() []int {
	var list []int
	if own := ownHeap(i.Heaps); own >= 0 {
		list = append(list, own)
	}
	hosts := -1
	for at, h := range i.Heaps {
		if i.Type == Integrated && !h.DeviceLocal && (hosts < 0 || h.Size > i.Heaps[hosts].Size) {
			hosts = at
		}
	}
	if hosts >= 0 {
		list = append(list, hosts)
	}
	return list
}

// ownHeap is the place of the largest device-local heap, -1 if there is none. Graphics cards often have a small second one,
// which the host can see.
func ownHeap(heaps []Heap) int {
	own := -1
	for i, h := range heaps {
		if h.DeviceLocal && (own < 0 || h.Size > heaps[own].Size) {
			own = i
		}
	}
	return own
}

// short is the error of a call that asked for size bytes of a heap's memory and did not get them.
func (d *Device) short(call string, result int32, size int64, detail string, heap int) error {
	err := &Error{Call: call, Result: result, Detail: fmt.Sprintf("of %s%s on %q", byteText(size), detail, d.info.Name)}
	if err.Unwrap() == ErrOutOfMemory {
		err.Free, err.FreeKnown = d.freeOf(heap)
	}
	return err
}

// freeOf asks anew what is left of heaps.
func (d *Device) freeOf(list ...int) (free int64, known bool) {
	if !d.info.Features.MemoryBudget {
		return 0, false
	}
	heaps := slices.Clone(d.info.Heaps)
	d.instance.readBudget(d.physical, heaps)
	for _, heap := range list {
		if heap < 0 {
			continue
		}
		left, says := heaps[heap].Free()
		free, known = free+left, known || says
	}
	return free, known
}

// readBudget fills in what the driver says about heaps. The device must have the extension for it.
func (in *Instance) readBudget(physical C.uint64_t, heaps []Heap) {
	var budget C.ShimMemoryBudget
	C.shim_memory_budget(in.shim, physical, &budget)
	for i := range heaps {
		heaps[i].Budget = min(int64(min(budget.budget[i], 1<<62)), heaps[i].Size)
		heaps[i].Usage = int64(min(budget.usage[i], 1<<62))
	}
}
