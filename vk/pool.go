package vk

import (
	"cmp"
	"errors"
	"slices"
	"unsafe"

	"github.com/vulkan-go/vulkan"
)

// A driver may allow no more than 4,096 allocations, and each costs a system call or more. So memory is asked for in large allocations,
// and buffers are parts of them.
const (
	deviceAllocation = 64 << 20 // bytes of an allocation for the device alone
	hostAllocation   = 8 << 20  // bytes of an allocation for the host's traffic with it
	granularity      = 256      // part sizes and starts are multiples of this: Vulkan's largest offset alignment
)

// Stats says how much memory a device has been asked for with vkAllocateMemory. Buffers lie in large allocations, so it is more than
// the sum of their sizes.
type Stats struct {
	Allocated   int64 // bytes now
	Peak        int64 // the most bytes at any time
	Allocations int   // allocations now
}

// pool hands out parts of allocations. The device's mutex guards it.
type pool struct {
	driver      memoryDriver
	types       []memoryType
	heaps       []Heap
	largest     int64 // bytes of one allocation, at most
	granularity int64 // at least granularity, and a multiple of the device's nonCoherentAtomSize
	allocations []*allocation
	stats       Stats
	spilled     func() // called once when memory for the device alone comes from the host's, then nil; may be nil
}

// memoryDriver is what a pool needs of Vulkan; tests have one that fails on demand.
type memoryDriver interface {
	allocate(size int64, memoryType int) (vulkan.DeviceMemory, error)
	mapWhole(memory vulkan.DeviceMemory, size int64) (unsafe.Pointer, error)
	free(memory vulkan.DeviceMemory)
}

type allocation struct {
	memory     vulkan.DeviceMemory
	memoryType int
	size       int64
	mapped     unsafe.Pointer // nil where the host cannot see the memory
	free       freeList
}

// part is a piece of an allocation, for one buffer.
type part struct {
	allocation  *allocation
	start, size int64
}

func newPool(driver memoryDriver, types []memoryType, heaps []Heap, l Limits) *pool {
	return &pool{driver: driver, types: types, heaps: heaps, largest: l.AllocationBytes,
		granularity: max(granularity, l.NonCoherentAtomSize)} // both are powers of two
}

// take finds size bytes for a use, at a multiple of align, in one of the allowed types.
func (p *pool) take(size, align int64, allowed uint32, use Use) (part, error) {
	list := candidates(p.types, allowed, use)
	if len(list) == 0 {
		return part{}, unsupported("there is no %v memory for a buffer", use)
	}
	if align > p.granularity {
		return part{}, unsupported("a buffer wants to lie at a multiple of %d", align)
	}
	size = roundUp(size, p.granularity)
	var full error // of the best type: the others are makeshifts
	for _, memoryType := range list {
		x, err := p.takeOf(memoryType, size, use)
		if err == nil {
			if use == DeviceLocal && p.flags(x)&memoryDeviceLocal == 0 && p.spilled != nil {
				p.spilled()
				p.spilled = nil
			}
			return x, nil
		}
		if !errors.Is(err, ErrOutOfMemory) {
			return part{}, err
		}
		full = cmp.Or(full, err)
	}
	return part{}, full
}

// takeOf is take from one type of memory.
func (p *pool) takeOf(memoryType int, size int64, use Use) (part, error) {
	for _, a := range p.allocations {
		if a.memoryType != memoryType {
			continue
		}
		if start, ok := a.free.take(size); ok {
			return part{a, start, size}, nil
		}
	}
	a, err := p.grow(size, memoryType, use)
	if err != nil {
		return part{}, err
	}
	start, _ := a.free.take(size)
	return part{a, start, size}, nil
}

// grow adds an allocation with room for size bytes: of the usual size if the heap is large enough to share, else just that.
func (p *pool) grow(size int64, memoryType int, use Use) (*allocation, error) {
	usual := int64(deviceAllocation)
	if use != DeviceLocal {
		usual = hostAllocation
	}
	heap := p.heaps[p.types[memoryType].heap]
	usual = roundDown(min(usual, p.largest, heap.Size/8), p.granularity)
	a, err := p.newAllocation(max(size, usual), memoryType)
	if err != nil && usual > size {
		a, err = p.newAllocation(size, memoryType)
	}
	return a, err
}

func (p *pool) newAllocation(size int64, memoryType int) (*allocation, error) {
	memory, err := p.driver.allocate(size, memoryType)
	if err != nil {
		return nil, err
	}
	a := &allocation{memory: memory, memoryType: memoryType, size: size, free: freeList{{0, size}}}
	if p.types[memoryType].flags&memoryHostVisible != 0 {
		if a.mapped, err = p.driver.mapWhole(memory, size); err != nil {
			p.driver.free(memory)
			return nil, err
		}
	}
	p.allocations = append(p.allocations, a)
	p.stats.Allocated += size
	p.stats.Peak = max(p.stats.Peak, p.stats.Allocated)
	p.stats.Allocations++
	return a, nil
}

// give takes a part back, and frees its allocation when that is empty.
func (p *pool) give(x part) {
	x.allocation.free.give(x.start, x.size)
	if whole := (extent{0, x.allocation.size}); len(x.allocation.free) != 1 || x.allocation.free[0] != whole {
		return
	}
	p.driver.free(x.allocation.memory) // which unmaps it
	p.allocations = slices.DeleteFunc(p.allocations, func(a *allocation) bool { return a == x.allocation })
	p.stats.Allocated -= x.allocation.size
	p.stats.Allocations--
}

func (p *pool) flags(x part) memoryFlags { return p.types[x.allocation.memoryType].flags }

// roundUp and roundDown give the multiple of a power of two next to n.
func roundUp(n, multiple int64) int64 { return (n + multiple - 1) &^ (multiple - 1) }

func roundDown(n, multiple int64) int64 { return n &^ (multiple - 1) }
