package vk

import (
	"cnnvk/internal/hints"
	"errors"
	"strings"
	"testing"
)

func TestNoLoader(t *testing.T) {
	names, proc := loaderNames, loader.proc
	defer func() { loaderNames, loader.proc = names, proc }()
	loaderNames, loader.proc = []string{"libnothing.so.1", "libnothing.so"}, nil
	_, err := Open(Options{})
	if !errors.Is(err, ErrNoLoader) || hints.Of(err) != loaderHint {
		t.Errorf("opened without a loader: %v", err)
	}
	if err != nil && !strings.Contains(err.Error(), "libnothing.so.1") {
		t.Errorf("%v does not say what was looked for", err)
	}
	if ValidationAvailable() {
		t.Error("validation without a loader")
	}
}

// What Info says must at least be what Vulkan guarantees.
func TestInfo(t *testing.T) {
	d := testDevice(t)
	info := d.Info()
	t.Logf("%+v", info)
	l := info.Limits
	for what, ok := range map[string]bool{
		"name":                info.Name != "",
		"driver":              info.DriverLabel() != "",
		"version":             strings.HasPrefix(info.APIVersion, "1."),
		"StorageBufferRange":  l.StorageBufferRange >= 1<<27,
		"storage buffers":     l.StorageBuffersPerStage >= 4,
		"UniformBufferRange":  l.UniformBufferRange >= 1<<14,
		"push constants":      l.PushConstantBytes >= 128,
		"invocations":         l.WorkgroupInvocations >= 128,
		"workgroup size":      l.WorkgroupSize[0] >= 128 && l.WorkgroupSize[1] >= 128 && l.WorkgroupSize[2] >= 64,
		"workgroup count":     min(l.WorkgroupCount[0], l.WorkgroupCount[1], l.WorkgroupCount[2]) >= 65535,
		"SharedMemoryBytes":   l.SharedMemoryBytes >= 1<<14,
		"alignments":          max(l.StorageAlignment, l.UniformAlignment, l.TexelBufferAlignment) <= 256,
		"alignments are set":  min(l.StorageAlignment, l.UniformAlignment, l.TexelBufferAlignment) >= 1,
		"texels":              l.TexelBufferElements >= 1<<16,
		"subgroup":            l.SubgroupSize >= 1 && l.SubgroupSize <= 128,
		"subgroups' range":    l.MinSubgroupSize <= l.SubgroupSize && (l.MaxSubgroupSize == 0 || l.SubgroupSize <= l.MaxSubgroupSize),
		"AllocationBytes":     l.AllocationBytes >= 1<<30,
		"BindingsPerStage":    l.BindingsPerStage >= 128,
		"heaps":               len(info.Heaps) > 0 && info.Heaps[0].Size > 1<<20,
		"NonCoherentAtomSize": l.NonCoherentAtomSize >= 1 && l.NonCoherentAtomSize <= 256,
		"timestamps' period":  !info.Features.Timestamps || l.TimestampPeriod > 0,
		"texel buffers":       l.TexelBuffersPerStage >= 16,
		"index in Devices":    d.instance.Devices()[info.Index].Name == info.Name,
	} {
		if !ok {
			t.Errorf("%s: %+v", what, info)
		}
	}
}
