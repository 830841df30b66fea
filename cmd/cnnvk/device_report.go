package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/engine/gpu"
	"cnnvk/vk"
)

// deviceReport is what cnnvk devices tells about a device. Sizes are in bytes.
type deviceReport struct {
	Index         int            `json:"index"`
	Name          string         `json:"name"`
	UUID          string         `json:"uuid"` // empty where the driver gives none
	Type          string         `json:"type"`
	MemoryBytes   int64          `json:"memory_bytes"`
	FreeBytes     *int64         `json:"free_bytes"` // null where the driver does not say
	Driver        string         `json:"driver"`
	DriverVersion string         `json:"driver_version"`
	Vulkan        string         `json:"vulkan"`
	Limits        reportLimits   `json:"limits"`
	Features      reportFeatures `json:"features"`
	Matrices      []string       `json:"cooperative_matrices"` // as "16x16x16 float16, float16 to float32, subgroup": M x N x K, the types of a, b and a b, who holds them
	Kernels       gpu.Choices    `json:"kernels"`              // chosen by measurement, by product; null before there was one
}

type reportLimits struct {
	StorageBufferBytes     int64     `json:"storage_buffer_bytes"`
	StorageBuffersPerStage uint32    `json:"storage_buffers_per_stage"`
	TexelBufferElements    uint32    `json:"texel_buffer_elements"`
	AllocationBytes        int64     `json:"allocation_bytes"`
	SharedMemoryBytes      uint32    `json:"shared_memory_bytes"`
	PushConstantBytes      uint32    `json:"push_constant_bytes"`
	WorkgroupInvocations   uint32    `json:"workgroup_invocations"`
	WorkgroupSize          [3]uint32 `json:"workgroup_size"`
	SubgroupSize           uint32    `json:"subgroup_size"`
	MinSubgroupSize        uint32    `json:"min_subgroup_size"` // 0 where that is not known
	MaxSubgroupSize        uint32    `json:"max_subgroup_size"`
}

type reportFeatures struct {
	ShaderFloat16      bool `json:"shader_float16"`
	Storage16Bit       bool `json:"storage_16bit"`
	SubgroupShuffle    bool `json:"subgroup_shuffle"`
	SubgroupBroadcast  bool `json:"subgroup_broadcast"`
	SubgroupArithmetic bool `json:"subgroup_arithmetic"`
	SubgroupControl    bool `json:"subgroup_control"`
	MemoryBudget       bool `json:"memory_budget"`
	PortabilitySubset  bool `json:"portability_subset"`
	Timestamps         bool `json:"timestamps"`
	Calibration        bool `json:"calibrated_timestamps"`
	PipelineStatistics bool `json:"pipeline_statistics"`
	CooperativeMatrix  bool `json:"cooperative_matrix"`
}

func report(info vk.Info) deviceReport {
	l, memory := info.Limits, info.Memory()
	r := deviceReport{
		Index: info.Index, Name: info.Name, UUID: info.UUID, Type: fmt.Sprint(info.Type), MemoryBytes: memory.Size,
		Driver: info.Driver, DriverVersion: info.DriverInfo, Vulkan: info.APIVersion,
		Limits: reportLimits{
			StorageBufferBytes: l.StorageBufferRange, StorageBuffersPerStage: l.StorageBuffersPerStage,
			TexelBufferElements: l.TexelBufferElements, AllocationBytes: l.AllocationBytes,
			SharedMemoryBytes: l.SharedMemoryBytes, PushConstantBytes: l.PushConstantBytes,
			WorkgroupInvocations: l.WorkgroupInvocations, WorkgroupSize: l.WorkgroupSize, SubgroupSize: l.SubgroupSize,
			MinSubgroupSize: l.MinSubgroupSize, MaxSubgroupSize: l.MaxSubgroupSize,
		},
		Features: reportFeatures(info.Features),
		Matrices: []string{},
		Kernels:  machine.KeptChoices(info),
	}
	for _, m := range info.Matrices {
		r.Matrices = append(r.Matrices, m.String())
	}
	if free, known := memory.Free(); known {
		r.FreeBytes = &free
	}
	return r
}

func (r deviceReport) free() string {
	if r.FreeBytes == nil {
		return "?"
	}
	return machine.BinaryBytes(*r.FreeBytes)
}

func (r deviceReport) driver() string { return strings.TrimSpace(r.Driver + " " + r.DriverVersion) }

type fact struct{ name, value string }

// facts are the limits, the features and the kernels chosen, in words.
func (r deviceReport) facts() []fact {
	l, f := r.Limits, r.Features
	facts := []fact{
		{"UUID", cmp.Or(r.UUID, "none")},
		{"one storage buffer", fmt.Sprintf("%s, %d a shader", machine.BinaryBytes(l.StorageBufferBytes), l.StorageBuffersPerStage)},
		{"one texel buffer", fmt.Sprintf("%d texels (%s)", l.TexelBufferElements, machine.BinaryBytes(16*int64(l.TexelBufferElements)))},
		{"one allocation", machine.BinaryBytes(l.AllocationBytes)},
		{"shared memory", machine.BinaryBytes(int64(l.SharedMemoryBytes))},
		{"push constants", fmt.Sprintf("%d bytes", l.PushConstantBytes)},
		{"workgroup", fmt.Sprintf("%d invocations, %d x %d x %d", l.WorkgroupInvocations,
			l.WorkgroupSize[0], l.WorkgroupSize[1], l.WorkgroupSize[2])},
		{"subgroup", r.subgroup()},
		{"subgroup shuffle", yes(f.SubgroupShuffle)},
		{"subgroup broadcast", yes(f.SubgroupBroadcast)},
		{"subgroup arithmetic", yes(f.SubgroupArithmetic)},
		{"float16 arithmetic", yes(f.ShaderFloat16)},
		{"16-bit storage", yes(f.Storage16Bit)},
		{"timestamps", yes(f.Timestamps)},
		{"timestamps' clock can be read", yes(f.Calibration)},
		{"says what memory is free", yes(f.MemoryBudget)},
		{"statistics of pipelines", yes(f.PipelineStatistics)},
		{"portability subset", yes(f.PortabilitySubset)},
		{"cooperative matrices", yes(f.CooperativeMatrix)},
	}
	for _, m := range r.Matrices {
		facts = append(facts, fact{"", m})
	}
	if len(r.Kernels) == 0 {
		return append(facts, fact{"kernels", "not measured yet: cnnvk tune"})
	}
	for _, product := range slices.Sorted(maps.Keys(r.Kernels)) {
		facts = append(facts, fact{product, r.Kernels[product]})
	}
	return facts
}

// subgroup is the size, and the range of sizes where there is one.
func (r deviceReport) subgroup() string {
	l := r.Limits
	switch {
	case l.MinSubgroupSize == 0:
		return fmt.Sprintf("%d invocations, or others: the driver does not say", l.SubgroupSize)
	case l.MinSubgroupSize == l.MaxSubgroupSize:
		return fmt.Sprintf("%d invocations", l.SubgroupSize)
	case !r.Features.SubgroupControl:
		return fmt.Sprintf("%d to %d invocations, as the driver likes", l.MinSubgroupSize, l.MaxSubgroupSize)
	}
	return fmt.Sprintf("%d to %d invocations, as asked; else %d", l.MinSubgroupSize, l.MaxSubgroupSize, l.SubgroupSize)
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
