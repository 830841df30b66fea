package vk

import (
	"cmp"
	"errors"
	"slices"
	"unsafe"

	"github.com/vulkan-go/vulkan"
)

// A driver may allow no more than 4,096 allocations, and each costs a system call or more. So memory is asked for in blocks,
// and buffers are parts of them.
const (
	deviceBlock = 64 << 20 // bytes of a block of memory for the device alone
	hostBlock   = 8 << 20  // bytes of a block for the host's traffic with it
	granularity = 256      // part sizes and starts are multiples of this: Vulkan's largest offset alignment
)

// Stats says how much memory a device has been asked for with vkAllocateMemory. Buffers lie in blocks, so it is more than
// the sum of their sizes.
type Stats struct {
	Allocated int64 // bytes now
	Peak      int64 // the most bytes at any time
	Blocks    int   // allocations now
}

// pool hands out parts of blocks. The device's mutex guards it.
type pool struct {
	driver      memoryDriver
	types       []memoryType
	heaps       []Heap
	largest     int64 // bytes of one allocation, at most
	granularity int64 // at least granularity, and a multiple of the device's nonCoherentAtomSize
	blocks      []*block
	stats       Stats
	spilled     func() // called once when memory for the device alone comes from the host's, then nil; may be nil
}

// memoryDriver is what a pool needs of Vulkan; tests have one that fails on demand.
type memoryDriver interface {
	allocate(size int64, memoryType int) (vulkan.DeviceMemory, error)
	mapWhole(memory vulkan.DeviceMemory, size int64) (unsafe.Pointer, error)
	free(memory vulkan.DeviceMemory)
}

type block struct {
	memory     vulkan.DeviceMemory
	memoryType int
	size       int64
	mapped     unsafe.Pointer // nil where the host cannot see the memory
	free       freeList
}

// part is a piece of a block.
type part struct {
	block       *block
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
	for _, b := range p.blocks {
		if b.memoryType != memoryType {
			continue
		}
		if start, ok := b.free.take(size); ok {
			return part{b, start, size}, nil
		}
	}
	b, err := p.grow(size, memoryType, use)
	if err != nil {
		return part{}, err
	}
	start, _ := b.free.take(size)
	return part{b, start, size}, nil
}

// grow adds a block with room for size bytes: of the usual size if the heap is large enough to share, else just that.
func (p *pool) grow(size int64, memoryType int, use Use) (*block, error) {
	usual := int64(deviceBlock)
	if use != DeviceLocal {
		usual = hostBlock
	}
	heap := p.heaps[p.types[memoryType].heap]
	usual = roundDown(min(usual, p.largest, heap.Size/8), p.granularity)
	b, err := p.newBlock(max(size, usual), memoryType)
	if err != nil && usual > size {
		b, err = p.newBlock(size, memoryType)
	}
	return b, err
}

func (p *pool) newBlock(size int64, memoryType int) (*block, error) {
	memory, err := p.driver.allocate(size, memoryType)
	if err != nil {
		return nil, err
	}
	b := &block{memory: memory, memoryType: memoryType, size: size, free: freeList{{0, size}}}
	if p.types[memoryType].flags&memoryHostVisible != 0 {
		if b.mapped, err = p.driver.mapWhole(memory, size); err != nil {
			p.driver.free(memory)
			return nil, err
		}
	}
	p.blocks = append(p.blocks, b)
	p.stats.Allocated += size
	p.stats.Peak = max(p.stats.Peak, p.stats.Allocated)
	p.stats.Blocks++
	return b, nil
}

// give takes a part back, and frees its block when that is empty.
func (p *pool) give(x part) {
	x.block.free.give(x.start, x.size)
	if whole := (extent{0, x.block.size}); len(x.block.free) != 1 || x.block.free[0] != whole {
		return
	}
	p.driver.free(x.block.memory) // which unmaps it
	p.blocks = slices.DeleteFunc(p.blocks, func(b *block) bool { return b == x.block })
	p.stats.Allocated -= x.block.size
	p.stats.Blocks--
}

func (p *pool) flags(x part) memoryFlags { return p.types[x.block.memoryType].flags }

// roundUp and roundDown give the multiple of a power of two next to n.
func roundUp(n, multiple int64) int64 { return (n + multiple - 1) &^ (multiple - 1) }

func roundDown(n, multiple int64) int64 { return n &^ (multiple - 1) }
