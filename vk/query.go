package vk

/*
#include "shim.h"
*/
import "C"

import (
	"bytes"
	"fmt"
	"unsafe"

	"github.com/vulkan-go/vulkan"
)

// findDevices fills in.infos and what stands beside it.
func (in *Instance) findDevices() error {
	var count uint32
	switch r := vulkan.EnumeratePhysicalDevices(in.handle, &count, nil); r {
	case vulkan.Success:
	case vulkan.ErrorInitializationFailed: // what drivers say that find no hardware of theirs, or may not open it
		return noDevices("vkEnumeratePhysicalDevices: "+resultText(int32(r)), in.words.problems(true))
	default:
		return &Error{Call: "vkEnumeratePhysicalDevices", Result: int32(r)}
	}
	all := make([]vulkan.PhysicalDevice, count)
	if count > 0 {
		if r := vulkan.EnumeratePhysicalDevices(in.handle, &count, all); r != vulkan.Success && r != vulkan.Incomplete {
			return &Error{Call: "vkEnumeratePhysicalDevices", Result: int32(r)}
		}
	}
	var reasons []string
	for _, physical := range all[:count] {
		if name, version := nameAndVersion(physical); version < apiVersion11 {
			// Asking it for more would call functions that it does not have.
			reasons = append(reasons, fmt.Sprintf("%q has Vulkan %s, 1.1 is needed", name, versionText(version)))
			continue
		}
		var found C.ShimDeviceInfo
		if r := C.shim_device_info(in.shim, raw(physical), in.askForMatrices, &found); r != resultSuccess {
			return &Error{Call: "vkEnumerateDeviceExtensionProperties", Result: int32(r)}
		}
		family := computeFamily(found.families[:found.family_count])
		if family < 0 {
			name, _ := nameAndVersion(physical)
			reasons = append(reasons, fmt.Sprintf("%q has no queue for it", name))
			continue
		}
		found.queue_family, found.timestamp_bits = C.uint32_t(family), found.families[family].timestamp_bits
		if found.timestamp_bits == 0 {
			found.calibrated_timestamps = 0
		}
		if found.matrices_not_asked != 0 {
			in.log.Warn("vk: cooperative matrices are not used: the validation layer is older than they are, Vulkan " + versionText(matricesVersion))
		}
		if len(matrices(&found)) == 0 {
			found.cooperative_matrix = 0
		}
		info := describe(physical, &found)
		if in.floor {
			info.Limits, info.Features, info.Matrices = info.Limits.floor(), info.Features.floor(), nil
			info.Features.keep(&found)
		}
		if info.Features.MemoryBudget {
			in.readBudget(raw(physical), info.Heaps)
		}
		info.Index = len(in.infos)
		in.infos = append(in.infos, info)
		in.found = append(in.found, found)
		in.physical = append(in.physical, physical)
	}
	switch {
	case len(in.infos) > 0:
		return nil
	case len(reasons) > 0:
		return unfit(reasons, in.words.problems(true))
	}
	return noDevices("", in.words.problems(true))
}

type queueFamily = C.ShimQueueFamily

// computeFamily is the place of the queue family to compute on, -1 if there is none. One for computing alone is the best, since the
// first one is often the desktop's, which then waits for long steps; but not at the price of the device's clock.
func computeFamily(families []queueFamily) int {
	best, most := -1, 0
	for i, f := range families {
		if f.flags&C.VK_QUEUE_COMPUTE_BIT == 0 || f.queues == 0 {
			continue
		}
		worth := 1
		if f.timestamp_bits > 0 {
			worth += 2
			if f.flags&C.VK_QUEUE_GRAPHICS_BIT == 0 {
				worth++
			}
		}
		if worth > most {
			best, most = i, worth
		}
	}
	return best
}

func nameAndVersion(physical vulkan.PhysicalDevice) (string, uint32) {
	var properties vulkan.PhysicalDeviceProperties
	vulkan.GetPhysicalDeviceProperties(physical, &properties)
	defer properties.Free()
	properties.Deref()
	return cText(properties.DeviceName[:]), properties.ApiVersion
}

func describe(physical vulkan.PhysicalDevice, found *C.ShimDeviceInfo) Info {
	var properties vulkan.PhysicalDeviceProperties
	vulkan.GetPhysicalDeviceProperties(physical, &properties)
	defer properties.Free()
	properties.Deref()
	properties.Limits.Deref()

	info := Info{
		Name:       cText(properties.DeviceName[:]),
		UUID:       uuidText(found),
		Type:       DeviceType(properties.DeviceType),
		VendorID:   properties.VendorID,
		DriverID:   uint32(found.driver_id),
		Driver:     C.GoString(&found.driver_name[0]),
		DriverInfo: C.GoString(&found.driver_info[0]),
		APIVersion: versionText(properties.ApiVersion),
		Limits:     limits(&properties.Limits, found),
		Features:   features(found),
		Matrices:   matrices(found),
		Heaps:      heaps(physical),
	}
	if info.DriverInfo == "" {
		info.DriverInfo = fmt.Sprintf("version %#x", properties.DriverVersion)
	}
	return info
}

// uuidText is the device's UUID as it is written everywhere, nothing for one that is all zeros, which is none.
func uuidText(found *C.ShimDeviceInfo) string {
	b := *(*[16]byte)(unsafe.Pointer(&found.uuid))
	if b == [16]byte{} {
		return ""
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func limits(l *vulkan.PhysicalDeviceLimits, found *C.ShimDeviceInfo) Limits {
	smallest, largest := subgroupRange(uint32(found.driver_id), uint32(found.subgroup_size), uint32(found.subgroup_min), uint32(found.subgroup_max))
	return Limits{
		StorageBufferRange:     int64(l.MaxStorageBufferRange),
		StorageBuffersPerStage: min(l.MaxPerStageDescriptorStorageBuffers, C.SHIM_MAX_BINDINGS),
		UniformBufferRange:     int64(l.MaxUniformBufferRange),
		TexelBuffersPerStage:   min(l.MaxPerStageDescriptorSampledImages, C.SHIM_MAX_BINDINGS),
		PushConstantBytes:      l.MaxPushConstantsSize,
		WorkgroupInvocations:   l.MaxComputeWorkGroupInvocations,
		WorkgroupSize:          l.MaxComputeWorkGroupSize,
		WorkgroupCount:         l.MaxComputeWorkGroupCount,
		SharedMemoryBytes:      l.MaxComputeSharedMemorySize,
		StorageAlignment:       int64(l.MinStorageBufferOffsetAlignment),
		UniformAlignment:       int64(l.MinUniformBufferOffsetAlignment),
		TexelBufferElements:    l.MaxTexelBufferElements,
		TexelBufferAlignment:   int64(l.MinTexelBufferOffsetAlignment),
		SubgroupSize:           uint32(found.subgroup_size),
		MinSubgroupSize:        smallest,
		MaxSubgroupSize:        largest,
		NonCoherentAtomSize:    int64(l.NonCoherentAtomSize),
		AllocationBytes:        int64(min(uint64(found.max_allocation), 1<<62)),
		TimestampPeriod:        l.TimestampPeriod,
		BindingsPerStage:       l.MaxPerStageResources,
	}
}

func features(found *C.ShimDeviceInfo) Features {
	has := func(operation C.uint32_t) bool { return found.subgroup_operations&operation != 0 }
	return Features{
		ShaderFloat16:      found.shader_float16 != 0,
		Storage16Bit:       found.storage_16bit != 0,
		SubgroupShuffle:    has(C.VK_SUBGROUP_FEATURE_SHUFFLE_BIT),
		SubgroupBroadcast:  has(C.VK_SUBGROUP_FEATURE_BALLOT_BIT),
		SubgroupArithmetic: has(C.VK_SUBGROUP_FEATURE_ARITHMETIC_BIT),
		SubgroupControl:    found.subgroup_control != 0,
		MemoryBudget:       found.memory_budget != 0,
		PortabilitySubset:  found.portability_subset != 0,
		Timestamps:         found.timestamp_bits != 0,
		Calibration:        found.calibrated_timestamps != 0,
		PipelineStatistics: found.pipeline_statistics != 0,
		CooperativeMatrix:  found.cooperative_matrix != 0,
	}
}

func heaps(physical vulkan.PhysicalDevice) []Heap {
	heaps, _ := memoryLayout(physical)
	return heaps
}

// memoryLayout reads a device's heaps and the types of memory in them.
func memoryLayout(physical vulkan.PhysicalDevice) ([]Heap, []memoryType) {
	var properties vulkan.PhysicalDeviceMemoryProperties
	vulkan.GetPhysicalDeviceMemoryProperties(physical, &properties)
	defer properties.Free()
	properties.Deref()
	heaps := make([]Heap, properties.MemoryHeapCount)
	for i := range heaps {
		h := &properties.MemoryHeaps[i]
		h.Deref()
		local := h.Flags&vulkan.MemoryHeapFlags(vulkan.MemoryHeapDeviceLocalBit) != 0
		heaps[i] = Heap{Size: int64(h.Size), DeviceLocal: local}
	}
	types := make([]memoryType, properties.MemoryTypeCount)
	for i := range types {
		t := &properties.MemoryTypes[i]
		t.Deref()
		types[i] = memoryType{flags: memoryFlags(t.PropertyFlags), heap: int(t.HeapIndex)}
	}
	return heaps, types
}

func versionText(v uint32) string { return fmt.Sprintf("%d.%d.%d", v>>22&0x7f, v>>12&0x3ff, v&0xfff) }

// cText is the text before the zero byte.
func cText(b []byte) string {
	text, _, _ := bytes.Cut(b, []byte{0})
	return string(text)
}
