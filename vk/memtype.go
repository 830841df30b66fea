package vk

import "slices"

// Use says who touches a buffer's bytes, and with that which memory it lies in.
type Use int

const (
	DeviceLocal Use = iota // the device alone: the fastest memory it has left
	Upload                 // the host writes, the device reads; the host should not read it, which may be very slow
	Readback               // the device writes, the host reads
)

func (u Use) String() string {
	switch u {
	case DeviceLocal:
		return "device-local"
	case Upload:
		return "upload"
	case Readback:
		return "readback"
	}
	return "unknown use"
}

// memoryFlags are Vulkan's VkMemoryPropertyFlags.
type memoryFlags uint32

const (
	memoryDeviceLocal  memoryFlags = 1
	memoryHostVisible  memoryFlags = 2
	memoryHostCoherent memoryFlags = 4
	memoryHostCached   memoryFlags = 8
	memoryUnusable     memoryFlags = 0xfff0 // lazily allocated, protected, and vendors' kinds that need enabling
)

// memoryType is one kind of memory of a device.
type memoryType struct {
	flags memoryFlags
	heap  int
}

// candidates lists the types that can serve a use, best first. allowed has a bit for each type that the buffer can lie in.
//
// Memory for the device alone is device-local as long as there is some, then the host's, into which the device sees: integrated GPUs
// may have no more than some hundred megabytes of their own. Of device-local types the one that the host cannot see is preferred,
// since on graphics cards the other is scarce; unified devices have only that one.
func candidates(types []memoryType, allowed uint32, use Use) []int {
	var list []int
	for i, t := range types {
		fits := memoryHostVisible
		if use == DeviceLocal {
			fits |= memoryDeviceLocal
		}
		if allowed&(1<<i) != 0 && t.flags&fits != 0 && t.flags&memoryUnusable == 0 {
			list = append(list, i)
		}
	}
	slices.SortStableFunc(list, func(a, b int) int { return penalty(types[a].flags, use) - penalty(types[b].flags, use) })
	return list
}

// penalty is the sum of what speaks against a type for a use. The weights are powers of two, so that many small reasons
// never outweigh a large one.
func penalty(f memoryFlags, use Use) int {
	sum := 0
	add := func(wrong bool, weight int) {
		if wrong {
			sum += weight
		}
	}
	switch use {
	case DeviceLocal:
		add(f&memoryDeviceLocal == 0, 2)
		add(f&memoryHostVisible != 0, 1)
	case Upload:
		add(f&memoryHostCoherent == 0, 4)
		add(f&memoryHostCached != 0, 2) // write-combined memory takes streams of writes better
		add(f&memoryDeviceLocal != 0, 1)
	case Readback:
		add(f&memoryHostCached == 0, 4) // uncached reads run at a hundredth of the speed
		add(f&memoryHostCoherent == 0, 2)
		add(f&memoryDeviceLocal != 0, 1)
	}
	return sum
}
