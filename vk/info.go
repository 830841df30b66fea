package vk

import "fmt"

// Info is what there is to know about a device before it is opened. It is plain data.
type Info struct {
	Index      int    // its place among Instance.Devices
	Name       string // "llvmpipe (LLVM 15.0.6, 256 bits)"
	UUID       string // "8f3c2a10-9b5e-...", of one card among those of its name, on each start; of drivers for CPUs their version's; may be empty
	Type       DeviceType
	VendorID   uint32 // of whoever made the hardware, mostly the PCI number; see the constants
	DriverID   uint32 // a VkDriverId; 0 where the driver does not say
	Driver     string // "llvmpipe"; empty where the driver does not say
	DriverInfo string // "Mesa 22.3.6 (LLVM 15.0.6)"; a version number where the driver does not say
	APIVersion string // "1.3.230"
	Limits     Limits
	Features   Features
	Matrices   []Matrices // none without Features.CooperativeMatrix
	Heaps      []Heap
}

// Hardware and drivers of which a program may know more than Vulkan tells.
const (
	VendorApple      = 0x106b // as MoltenVK has it
	VendorIntel      = 0x8086
	VendorQualcomm   = 0x5143
	DriverLavapipe   = 13 // Mesa's, for CPUs; so is its vendor
	DriverHoneykrisp = 26 // Mesa's, for Apple's GPUs; its vendor is Mesa
)

// DriverLabel names driver and version, "llvmpipe Mesa 22.3.6 (LLVM 15.0.6)": the same text on each start, for metadata.
func (i Info) DriverLabel() string {
	switch {
	case i.Driver == "":
		return i.DriverInfo
	case i.DriverInfo == "":
		return i.Driver
	}
	return i.Driver + " " + i.DriverInfo
}

// DeviceType says what kind of hardware a device is.
type DeviceType int

// The values are Vulkan's.
const (
	Other DeviceType = iota
	Integrated
	Discrete
	Virtual
	CPU
)

func (t DeviceType) String() string {
	switch t {
	case Other:
		return "other"
	case Integrated:
		return "integrated"
	case Discrete:
		return "discrete"
	case Virtual:
		return "virtual"
	case CPU:
		return "cpu"
	}
	return fmt.Sprintf("DeviceType(%d)", int(t))
}

// Limits are a device's limits on what this package does. Sizes, ranges and alignments are in bytes. Bindings of a kind are
// counted up to 32, which is what this package can pass.
type Limits struct {
	StorageBufferRange     int64     // of one storage buffer binding; at least 128 MiB everywhere
	StorageBuffersPerStage uint32    // at least 4
	UniformBufferRange     int64     // at least 16 KiB
	TexelBuffersPerStage   uint32    // at least 16
	PushConstantBytes      uint32    // at least 128
	WorkgroupInvocations   uint32    // at least 128
	WorkgroupSize          [3]uint32 // at least 128, 128, 64
	WorkgroupCount         [3]uint32 // groups on an axis of one dispatch; at least 65,535
	SharedMemoryBytes      uint32    // at least 16 KiB
	StorageAlignment       int64     // a storage window's offset is a multiple of it; at most 256
	UniformAlignment       int64     // at most 256
	TexelBufferElements    uint32    // texels in one texel buffer binding; at least 65,536
	TexelBufferAlignment   int64     // at most 256
	SubgroupSize           uint32    // invocations in a subgroup of a pipeline that does not require a size, as far as it is fixed
	MinSubgroupSize        uint32    // no pipeline has smaller subgroups; 0 where that is not known
	MaxSubgroupSize        uint32    // nor larger ones; 0 where that is not known
	NonCoherentAtomSize    int64     // granularity of Flush and Invalidate, which handle it themselves
	AllocationBytes        int64     // of one allocation, and so of one buffer
	TimestampPeriod        float32   // nanoseconds to a tick
	BindingsPerStage       uint32    // bindings of all kinds together; at least 128
}

// Features are what a device can do beyond Vulkan 1.1's minimum. OpenDevice enables all of those that need enabling.
// Storage16Bit and SubgroupArithmetic are informational: users are told of them, and no shader so far needs them.
type Features struct {
	ShaderFloat16      bool // float16 arithmetic in shaders
	Storage16Bit       bool // 16-bit values in storage buffers
	SubgroupShuffle    bool // the subgroup features are those of compute shaders
	SubgroupBroadcast  bool
	SubgroupArithmetic bool
	SubgroupControl    bool // pipelines can require a size of subgroups: VK_EXT_subgroup_size_control
	MemoryBudget       bool // the driver says how much memory is free
	PortabilitySubset  bool // a layer over another API, such as MoltenVK
	Timestamps         bool
	Calibration        bool // the host can read the clock of timestamps: VK_EXT_calibrated_timestamps
	PipelineStatistics bool // registers and the like of compiled shaders: VK_KHR_pipeline_executable_properties
	CooperativeMatrix  bool // shaders multiply matrices that several invocations hold together: VK_KHR_cooperative_matrix, and Vulkan's memory model
}

// Heap is one of a device's pools of memory.
type Heap struct {
	Size        int64 // bytes
	DeviceLocal bool
	// What the driver said when the instance was opened, in bytes; 0 without Features.MemoryBudget.
	Budget int64 // what this process can have in all
	Usage  int64 // what it has
}
