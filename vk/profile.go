package vk

/*
#include "shim.h"
*/
import "C"

// The floor profile shows a device as the poorest that Vulkan 1.1 allows, so that what a program does on such a device can be
// tried on any. A value of the device's own that is even lower stays: a profile cannot add what is not there.

// floor is what is left of the limits on the poorest device. The numbers are those of the specification's table of required
// limits. Facts that are no promise stay as they are: the sizes of subgroups and the length of a tick.
func (l Limits) floor() Limits {
	l.StorageBufferRange = min(l.StorageBufferRange, 128<<20)
	l.StorageBuffersPerStage = min(l.StorageBuffersPerStage, 4)
	l.UniformBufferRange = min(l.UniformBufferRange, 16<<10)
	l.TexelBuffersPerStage = min(l.TexelBuffersPerStage, 16)
	l.PushConstantBytes = min(l.PushConstantBytes, 128)
	l.WorkgroupInvocations = min(l.WorkgroupInvocations, 128)
	for axis, most := range [3]uint32{128, 128, 64} {
		l.WorkgroupSize[axis] = min(l.WorkgroupSize[axis], most)
		l.WorkgroupCount[axis] = min(l.WorkgroupCount[axis], 65_535)
	}
	l.SharedMemoryBytes = min(l.SharedMemoryBytes, 16<<10)
	l.StorageAlignment = max(l.StorageAlignment, 256)
	l.UniformAlignment = max(l.UniformAlignment, 256)
	l.TexelBufferElements = min(l.TexelBufferElements, 65_536)
	l.TexelBufferAlignment = max(l.TexelBufferAlignment, 256)
	l.NonCoherentAtomSize = max(l.NonCoherentAtomSize, 256)
	l.AllocationBytes = min(l.AllocationBytes, 1<<30)
	l.BindingsPerStage = min(l.BindingsPerStage, 128)
	return l
}

// floor is what is left of the features: none, but that a portability device must go on being treated as one.
func (f Features) floor() Features { return Features{PortabilitySubset: f.PortabilitySubset} }

// keep leaves in found only those features that f names, so that no others are enabled or used.
func (f Features) keep(found *C.ShimDeviceInfo) {
	for _, feature := range []struct {
		on   bool
		bits *C.uint32_t
	}{
		{f.ShaderFloat16, &found.shader_float16},
		{f.Storage16Bit, &found.storage_16bit},
		{f.SubgroupControl, &found.subgroup_control},
		{f.MemoryBudget, &found.memory_budget},
		{f.PortabilitySubset, &found.portability_subset},
		{f.Timestamps, &found.timestamp_bits},
		{f.Calibration, &found.calibrated_timestamps},
		{f.PipelineStatistics, &found.pipeline_statistics},
		{f.CooperativeMatrix, &found.cooperative_matrix},
	} {
		if !feature.on {
			*feature.bits = 0
		}
	}
}
