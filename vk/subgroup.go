package vk

/*
#include "shim.h"
*/
import "C"

import "fmt"

// A driver may compile a shader for subgroups of another size than it reports: Intel's reports 32 and takes 8, 16 or 32. A kernel whose
// lanes take values from one another has to know the size. So it requires one, or runs where there is but one.

// subgroupRange is the smallest and the largest size that a device compiles shaders for, by what it says of the range, which may be
// nothing, and of its size; zeros where that is not known.
func subgroupRange(driver, size, smallest, largest uint32) (uint32, uint32) {
	switch {
	case smallest != 0:
		return smallest, largest
	case fixedWidth(driver):
		return size, size
	}
	return 0, 0
}

// fixedWidth reports whether a driver, in the versions that do not tell the range, has subgroups of the size that it reports and no
// other. Not so those of AMD (32 or 64 from RDNA on), Intel (8 to 32), Qualcomm (64 or 128), and MoltenVK, for which Metal chooses.
func fixedWidth(driver uint32) bool {
	switch driver {
	case C.VK_DRIVER_ID_NVIDIA_PROPRIETARY: // a warp, which all its GPUs have had 32 threads in
		return true
	case C.VK_DRIVER_ID_MESA_LLVMPIPE: // a vector register of the CPU, chosen once for the process
		return true
	case C.VK_DRIVER_ID_GOOGLE_SWIFTSHADER: // a constant of its source, SIMD::Width
		return true
	}
	return false
}

// checkSubgroup is the error of a pipeline whose workgroups, of so many invocations on the first axis, cannot be relied on to consist
// of whole subgroups of the size that it names.
func (s *PipelineSpec) checkSubgroup(invocations uint32, l Limits, f Features) error {
	size := s.SubgroupSize
	switch {
	case size == 0:
		return nil
	case size&(size-1) != 0 || invocations%size != 0:
		return usage("pipeline %q has subgroups of %d in workgroups of %d", s.Name, size, invocations)
	case f.SubgroupControl && size >= l.MinSubgroupSize && size <= l.MaxSubgroupSize:
		return nil
	case l.MinSubgroupSize == size && l.MaxSubgroupSize == size:
		return nil
	}
	return unsupported("pipeline %q has subgroups of %d, %s", s.Name, size, l.subgroupText(f))
}

func (l Limits) subgroupText(f Features) string {
	switch {
	case l.MinSubgroupSize == 0:
		return "the device does not say of what size its own are"
	case l.MinSubgroupSize == l.MaxSubgroupSize:
		return fmt.Sprintf("the device's have %d", l.MinSubgroupSize)
	case !f.SubgroupControl:
		return fmt.Sprintf("the device's may have %d to %d, and it takes no orders", l.MinSubgroupSize, l.MaxSubgroupSize)
	}
	return fmt.Sprintf("the device has them of %d to %d", l.MinSubgroupSize, l.MaxSubgroupSize)
}
