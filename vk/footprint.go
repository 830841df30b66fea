package vk

import (
	"unsafe"

	"github.com/vulkan-go/vulkan"
)

// Planned is a buffer that will be made.
type Planned struct {
	Size int64 // bytes
	Use  Use
}

// Footprint is how much memory the driver would be asked for if these buffers, and no others, were made in that order. It is
// worked out by the allocator itself, with a driver that only counts; nothing is allocated.
func (d *Device) Footprint(buffers []Planned) (int64, error) {
	d.mu.Lock()
	types, heaps := d.memory.types, d.memory.heaps
	d.mu.Unlock()
	const anyType = 1<<32 - 1
	dry := newPool(dryDriver{}, types, heaps, d.info.Limits)
	for _, b := range buffers {
		if _, err := dry.take(b.Size, granularity, anyType, b.Use); err != nil {
			return 0, err
		}
	}
	return dry.stats.Allocated, nil
}

// dryDriver grants every allocation and makes none.
type dryDriver struct{}

func (dryDriver) allocate(int64, int) (vulkan.DeviceMemory, error) {
	var none vulkan.DeviceMemory
	return none, nil
}

func (dryDriver) mapWhole(vulkan.DeviceMemory, int64) (unsafe.Pointer, error) { return nil, nil }

func (dryDriver) free(vulkan.DeviceMemory) {}
