package vk

/*
#include "shim.h"
*/
import "C"

import (
	"strconv"
	"unsafe"

	"github.com/vulkan-go/vulkan"
)

// Buffer is memory that shaders and transfers can touch. Its bytes are undefined until something is written.
type Buffer struct {
	device *Device
	label  string
	use    Use
	size   int64
	handle vulkan.Buffer
	part   part
	alive  bool // guarded by the device's mutex
}

// Window is a range of a buffer's bytes.
type Window struct {
	Buffer       *Buffer
	Offset, Size int64 // bytes
}

// Every buffer can be bound as anything, filled, copied from and to.
const bufferUsage = vulkan.BufferUsageFlags(vulkan.BufferUsageStorageBufferBit |
	vulkan.BufferUsageUniformBufferBit | vulkan.BufferUsageUniformTexelBufferBit |
	vulkan.BufferUsageTransferSrcBit | vulkan.BufferUsageTransferDstBit)

// NewBuffer makes a buffer of size bytes. The label appears in errors and validation messages.
//
// The error is [ErrOutOfMemory] when the device has no such memory left. Nothing is allocated then.
func (d *Device) NewBuffer(size int64, use Use, label string) (*Buffer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	if size <= 0 || use < DeviceLocal || use > Readback {
		return nil, usage("buffer %q of %d bytes for %v", label, size, use)
	}
	b, err := d.newBuffer(size, use, label)
	if err != nil {
		return nil, err
	}
	d.living[b] = struct{}{}
	return b, nil
}

func (d *Device) newBuffer(size int64, use Use, label string) (*Buffer, error) {
	quoted := " for " + strconv.Quote(label)
	if most := d.info.Limits.AllocationBytes; size > most {
		// Drivers need not refuse a size that they could never allocate, and some truncate it. So they are not asked.
		return nil, d.short("vkCreateBuffer", resultOutOfDeviceMemory, size, quoted+atMost(most), ownHeap(d.info.Heaps))
	}
	create := vulkan.BufferCreateInfo{
		SType: vulkan.StructureTypeBufferCreateInfo, Size: vulkan.DeviceSize(size), Usage: bufferUsage}
	defer create.Free()
	var handle vulkan.Buffer
	if r := vulkan.CreateBuffer(d.handle, &create, nil, &handle); r != vulkan.Success {
		return nil, d.short("vkCreateBuffer", int32(r), size, quoted, ownHeap(d.info.Heaps))
	}
	var needs vulkan.MemoryRequirements
	vulkan.GetBufferMemoryRequirements(d.handle, handle, &needs)
	needs.Deref()
	defer needs.Free()
	place, err := d.memory.take(int64(needs.Size), int64(needs.Alignment), needs.MemoryTypeBits, use)
	if err != nil {
		vulkan.DestroyBuffer(d.handle, handle, nil)
		return nil, err
	}
	r := vulkan.BindBufferMemory(d.handle, handle, place.allocation.memory, vulkan.DeviceSize(place.start))
	if r != vulkan.Success {
		vulkan.DestroyBuffer(d.handle, handle, nil)
		d.memory.give(place)
		return nil, d.failed("vkBindBufferMemory", int32(r), "for "+strconv.Quote(label))
	}
	d.setName(vulkan.ObjectTypeBuffer, raw(handle), label)
	return &Buffer{device: d, label: label, use: use, size: size, handle: handle, part: place, alive: true}, nil
}

func atMost(bytes int64) string { return " (at most " + byteText(bytes) + ")" }

// Size is what NewBuffer was asked for, in bytes.
func (b *Buffer) Size() int64 { return b.size }

// Window is the range of size bytes from offset. Whether it lies inside the buffer is checked where it is used.
func (b *Buffer) Window(offset, size int64) Window { return Window{b, offset, size} }

// Bytes is the mapped memory of an Upload or Readback buffer, as long as the buffer lives. It is nil for DeviceLocal buffers,
// also where the device happens to share its memory with the host.
//
// After writing, call Flush before submitting what reads it. After waiting for what wrote it, call Invalidate before reading.
func (b *Buffer) Bytes() []byte {
	b.device.mu.Lock()
	defer b.device.mu.Unlock()
	if b.use == DeviceLocal || !b.alive {
		return nil
	}
	return b.mapped()
}

// mapped is the buffer's memory if the host can see it.
func (b *Buffer) mapped() []byte {
	if b.part.allocation.mapped == nil {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Add(b.part.allocation.mapped, b.part.start)), b.size)
}

// Flush hands what the host wrote to the range over to the device. On coherent memory, the usual kind, nothing is to be done.
func (b *Buffer) Flush(offset, size int64) error {
	return b.sync("vkFlushMappedMemoryRanges", offset, size)
}

// Invalidate lets the host see what the device wrote to the range. On coherent memory nothing is to be done.
func (b *Buffer) Invalidate(offset, size int64) error {
	return b.sync("vkInvalidateMappedMemoryRanges", offset, size)
}

func (b *Buffer) sync(call string, offset, size int64) error {
	d := b.device
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.checkWindow(b.Window(offset, size)); err != nil {
		return err
	}
	if b.part.allocation.mapped == nil {
		return usage("%s of %q, which the host cannot see", call, b.label)
	}
	return d.syncRange(call, b, offset, size)
}

// syncRange widens the range to whole atoms, which stay inside the buffer's part of the allocation, and makes the call, where the
// memory needs it.
func (d *Device) syncRange(call string, b *Buffer, offset, size int64) error {
	if d.memory.flags(b.part)&memoryHostCoherent != 0 {
		return nil
	}
	atom := d.info.Limits.NonCoherentAtomSize
	start := roundDown(b.part.start+offset, atom)
	length := roundUp(b.part.start+offset+size, atom) - start
	memory, from, bytes := raw(b.part.allocation.memory), C.uint64_t(start), C.uint64_t(length)
	var r C.VkResult
	if call == "vkFlushMappedMemoryRanges" {
		r = C.shim_flush(d.shim, memory, from, bytes)
	} else {
		r = C.shim_invalidate(d.shim, memory, from, bytes)
	}
	if r != resultSuccess {
		return d.failed(call, int32(r), "of "+strconv.Quote(b.label))
	}
	return nil
}

// Destroy frees the buffer, after waiting for what is in flight. Commands that use it cannot be submitted again. A second
// call, or one on nil, does nothing.
func (b *Buffer) Destroy() {
	if b != nil {
		b.device.remove(b)
	}
}

func (b *Buffer) kind() string { return "buffer" }
func (b *Buffer) name() string { return b.label }

func (b *Buffer) destroy() {
	b.alive = false
	vulkan.DestroyBuffer(b.device.handle, b.handle, nil)
	b.device.memory.give(b.part)
}

// checkWindow is the error of using a window that does not exist.
func (d *Device) checkWindow(w Window) error {
	b := w.Buffer
	switch {
	case d.closed:
		return d.usable()
	case b == nil:
		return usage("a window of no buffer")
	case b.device != d:
		return usage("buffer %q is of another device", b.label)
	case !b.alive:
		return usage("buffer %q is destroyed", b.label)
	case w.Offset < 0 || w.Size <= 0 || w.Offset > b.size || w.Size > b.size-w.Offset:
		return usage("window of %d bytes at %d of buffer %q, which has %d", w.Size, w.Offset, b.label, b.size)
	}
	return nil
}

// deviceMemory is the pool's way to Vulkan.
type deviceMemory struct{ d *Device }

func (m deviceMemory) allocate(size int64, memoryType int) (vulkan.DeviceMemory, error) {
	heap := m.d.memory.types[memoryType].heap
	if most := min(m.d.memory.heaps[heap].Size, m.d.info.Limits.AllocationBytes); size > most {
		return nil, m.d.short("vkAllocateMemory", resultOutOfDeviceMemory, size, atMost(most), heap)
	}
	create := vulkan.MemoryAllocateInfo{SType: vulkan.StructureTypeMemoryAllocateInfo,
		AllocationSize: vulkan.DeviceSize(size), MemoryTypeIndex: uint32(memoryType)}
	defer create.Free()
	var memory vulkan.DeviceMemory
	if r := vulkan.AllocateMemory(m.d.handle, &create, nil, &memory); r != vulkan.Success {
		return nil, m.d.short("vkAllocateMemory", int32(r), size, "", heap)
	}
	return memory, nil
}

func (m deviceMemory) mapWhole(memory vulkan.DeviceMemory, size int64) (unsafe.Pointer, error) {
	var mapped unsafe.Pointer
	r := vulkan.MapMemory(m.d.handle, memory, 0, vulkan.DeviceSize(size), 0, &mapped)
	if r != vulkan.Success {
		return nil, m.d.failed("vkMapMemory", int32(r), "of "+byteText(size))
	}
	return mapped, nil
}

func (m deviceMemory) free(memory vulkan.DeviceMemory) { vulkan.FreeMemory(m.d.handle, memory, nil) }
