package machine

import (
	"fmt"
	"runtime"

	"cnnvk/internal/hints"
	"cnnvk/internal/memlimit"
	"cnnvk/vk"
)

// Where the device is the processor, a run's memory is the host's. Cgroups and ulimit may leave less of it than the driver knows. Beyond
// a cgroup's limit the kernel kills the process without a word; beyond the others allocations fail, and then neither Go nor the driver
// can go on.

// hostCost is memory of the host in bytes, by memlimit.Kind, besides that of the plans.
type hostCost [3]int64

// These costs were measured with Mesa 22.3 and LLVM 15, and have a margin.
var (
	costOfInstance  = hostCost{memlimit.Resident: 40 << 20, memlimit.AddressSpace: 256 << 20, memlimit.Data: 32 << 20}   // the drivers' libraries
	costOfLavapipe  = hostCost{memlimit.Resident: 128 << 20, memlimit.AddressSpace: 160 << 20, memlimit.Data: 128 << 20} // compiled kernels
	costOfReference = hostCost{memlimit.Resident: 64 << 20, memlimit.AddressSpace: 128 << 20, memlimit.Data: 64 << 20}
)

// RoomToBegin refuses a command for which the limits on memory leave too little to begin with, on the device of that name or, with "",
// on the best one.
func RoomToBegin(command, device string) error {
	cost := costOfInstance
	if WantsCPU(device) {
		cost = costOfReference
	}
	return roomTo(command, memlimit.Limits(), cost)
}

// roomToOpen refuses to open a Vulkan device that is the processor where it could not work.
func roomToOpen(info vk.Info) error {
	if info.Type != vk.CPU {
		return nil
	}
	return roomTo(fmt.Sprintf("working on %q", info.Name), memlimit.Limits(), costOfThreads().plus(costOfLavapipe))
}

// costOfThreads is what lavapipe's threads reserve: it starts one for each processor, 16 at most.
func costOfThreads() hostCost {
	threads := int64(min(runtime.NumCPU(), 16))
	return hostCost{memlimit.Resident: 8 << 20, memlimit.AddressSpace: (32 + 16*threads) << 20, memlimit.Data: (4 + 16*threads) << 20}
}

func (c hostCost) times(n int64) hostCost {
	for kind := range c {
		c[kind] *= n
	}
	return c
}

func (c hostCost) plus(o hostCost) hostCost {
	for kind := range c {
		c[kind] += o[kind]
	}
	return c
}

// roomTo refuses what costs more than the limits leave.
func roomTo(what string, limits []memlimit.Limit, cost hostCost) error {
	err := within(limits, cost, 0)
	if over, ok := err.(*overLimit); ok {
		return hints.With(fmt.Errorf("%s takes %w", what, over), over.raise())
	}
	return err
}

// hostCost is what the machine costs besides plans, once it is open; nothing where the device has memory of its own.
func (m *Machine) hostCost() (cost hostCost, counts bool) {
	switch {
	case m.device == nil:
		return costOfReference, true
	case m.device.Info().Type == vk.CPU:
		return costOfLavapipe, true
	}
	return hostCost{}, false
}

// within is an *overLimit where a limit leaves less than the cost and the planned bytes together.
func within(limits []memlimit.Limit, cost hostCost, planned int64) error {
	for _, l := range limits {
		if need := cost[l.Kind] + planned; need > l.Free() {
			return &overLimit{need, l}
		}
	}
	return nil
}

// overLimit is a need beyond what a limit leaves.
type overLimit struct {
	need  int64
	limit memlimit.Limit
}

func (e *overLimit) Error() string {
	return fmt.Sprintf("about %s of %s; %s of %s is left (%s)", BinaryBytes(e.need), e.limit.Kind,
		BinaryBytes(e.limit.Free()), BinaryBytes(e.limit.Bytes), e.limit.Name)
}

// raise says what raises the limit.
func (e *overLimit) raise() string {
	if e.limit.Kind == memlimit.Resident {
		return "give the container or job more memory"
	}
	return e.limit.Name + " unlimited"
}
