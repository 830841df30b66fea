package vk

/*
#include "shim.h"
*/
import "C"

import (
	"strconv"

	"github.com/vulkan-go/vulkan"
)

// The size of a descriptor pool: enough for a network's step in two or three of them, at four storage buffers a dispatch.
const (
	poolSets    = 64
	poolStorage = 4 * poolSets
	poolUniform = poolSets
	poolTexel   = 2 * poolSets
)

// descriptors are the descriptor sets of one recording, each written once and never changed.
type descriptors struct {
	pools []vulkan.DescriptorPool // sets come from the last one
	views []vulkan.BufferView     // of texel buffers
	sets  uint32                  // left in the last pool
	left  layoutKey               // bindings left in the last pool
}

// write makes the set for a dispatch: each binding is exactly the window's range.
func (s *descriptors) write(d *Device, x *Dispatch) (vulkan.DescriptorSet, error) {
	need := x.Pipeline.spec.key()
	if need.bindings() == 0 {
		return nil, nil
	}
	views, err := s.viewTexels(d, x)
	if err != nil {
		return nil, err
	}
	set, err := s.allocate(d, need, x)
	if err != nil {
		return nil, err
	}
	var buffers []C.VkDescriptorBufferInfo
	for _, b := range x.Storage {
		buffers = append(buffers, bufferInfo(b.Window))
	}
	if x.Pipeline.spec.Uniform {
		buffers = append(buffers, bufferInfo(x.Uniform))
	}
	C.shim_write_set(d.shim, set, need.shim(), first(buffers), first(views))
	return fromRaw[vulkan.DescriptorSet](set), nil
}

func bufferInfo(w Window) C.VkDescriptorBufferInfo {
	return C.VkDescriptorBufferInfo{buffer: raw(w.Buffer.handle),
		offset: C.VkDeviceSize(w.Offset), _range: C.VkDeviceSize(w.Size)}
}

func (s *descriptors) allocate(d *Device, need layoutKey, x *Dispatch) (C.uint64_t, error) {
	if s.sets == 0 || s.left.storage < need.storage || s.left.uniform < need.uniform || s.left.texel < need.texel {
		if err := s.grow(d, need); err != nil {
			return 0, err
		}
	}
	var set C.uint64_t
	pool := s.pools[len(s.pools)-1]
	if r := C.shim_allocate_set(d.shim, raw(pool), raw(x.Pipeline.layout.set), &set); r != resultSuccess {
		return 0, d.failed("vkAllocateDescriptorSets", int32(r), "for "+strconv.Quote(x.Label))
	}
	s.sets--
	s.left.storage -= need.storage
	s.left.uniform -= need.uniform
	s.left.texel -= need.texel
	return set, nil
}

// grow starts another pool, with room for need at least.
func (s *descriptors) grow(d *Device, need layoutKey) error {
	size := layoutKey{storage: max(poolStorage, need.storage), uniform: poolUniform, texel: max(poolTexel, need.texel)}
	var pool C.uint64_t
	if r := C.shim_create_descriptor_pool(d.shim, poolSets, size.shim(), &pool); r != resultSuccess {
		return d.failed("vkCreateDescriptorPool", int32(r), "")
	}
	s.pools = append(s.pools, fromRaw[vulkan.DescriptorPool](pool))
	s.sets, s.left = poolSets, size
	return nil
}

// viewTexels makes the views through which a dispatch reads its texel buffers.
func (s *descriptors) viewTexels(d *Device, x *Dispatch) ([]C.uint64_t, error) {
	var views []C.uint64_t
	for _, t := range x.Texel {
		w := t.Window
		create := vulkan.BufferViewCreateInfo{SType: vulkan.StructureTypeBufferViewCreateInfo, Buffer: w.Buffer.handle,
			Format: t.Format.vulkan(), Offset: vulkan.DeviceSize(w.Offset), Range: vulkan.DeviceSize(w.Size)}
		var view vulkan.BufferView
		r := vulkan.CreateBufferView(d.handle, &create, nil, &view)
		create.Free()
		if r != vulkan.Success {
			return nil, d.failed("vkCreateBufferView", int32(r), "of "+strconv.Quote(w.label()))
		}
		s.views = append(s.views, view)
		views = append(views, raw(view))
	}
	return views, nil
}

func (f TexelFormat) vulkan() vulkan.Format {
	if f == TwoWords {
		return vulkan.FormatR32g32Uint
	}
	return vulkan.FormatR32g32b32a32Sfloat
}

func (s *descriptors) destroy(d *Device) {
	for _, view := range s.views {
		vulkan.DestroyBufferView(d.handle, view, nil)
	}
	for _, pool := range s.pools {
		vulkan.DestroyDescriptorPool(d.handle, pool, nil)
	}
	*s = descriptors{}
}
