package main

import (
	"strings"
	"testing"

	"cnnvk/engine/gpu"
	"cnnvk/vk"
)

// A kernel of several pipelines has one row with the worst of each number; what is not about registers has no column.
func TestPrintRegisters(t *testing.T) {
	of := func(kernel string, lanes uint32, numbers ...vk.Statistic) gpu.KernelStatistics {
		return gpu.KernelStatistics{Kernel: kernel, Executables: []vk.Executable{{Name: "compute", SubgroupSize: lanes, Statistics: numbers}}}
	}
	p := programProfile{
		name:   "step",
		shares: []kernelShare{{kernel: "second"}, {kernel: "first"}, {kernel: "silent"}},
		statistics: []gpu.KernelStatistics{
			of("first", 32, vk.Statistic{Name: "VGPRs", Value: 40}, vk.Statistic{Name: "Instructions", Value: 7}, vk.Statistic{Name: "Subgroups per SIMD", Value: 12}),
			of("second", 64, vk.Statistic{Name: "VGPRs", Value: 96}, vk.Statistic{Name: "Spilled VGPRs", Value: 3}),
			of("first", 64, vk.Statistic{Name: "VGPRs", Value: 48}, vk.Statistic{Name: "Subgroups per SIMD", Value: 8}),
		},
	}
	var out strings.Builder
	if err := p.printRegisters(&out); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		if fields := strings.Join(strings.Fields(line), " "); fields != "" {
			got = append(got, fields)
		}
	}
	want := []string{"VGPRs Spilled VGPRs Subgroups per SIMD pipelines subgroup kernel", "96 3 - 1 64 second", "48 - 8 2 32/64 first"}
	if len(got) != 4 || strings.Join(got[1:], "|") != strings.Join(want, "|") {
		t.Errorf("%q, want a title and %q", got, want)
	}
	out.Reset()
	p.statistics = nil
	if err := p.printRegisters(&out); err != nil || out.Len() > 0 {
		t.Errorf("of a driver that says nothing: %q, %v", out.String(), err)
	}
}
