package vk

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestFloorLimits(t *testing.T) {
	l := Limits{
		StorageBufferRange: 1 << 32, StorageBuffersPerStage: 32, UniformBufferRange: 64 << 10,
		TexelBuffersPerStage: 32, PushConstantBytes: 256, WorkgroupInvocations: 1024, WorkgroupSize: [3]uint32{1024, 1024, 64},
		WorkgroupCount: [3]uint32{1 << 31, 65_535, 65_535}, SharedMemoryBytes: 48 << 10, StorageAlignment: 16,
		UniformAlignment: 64, TexelBufferElements: 1 << 27, TexelBufferAlignment: 16, SubgroupSize: 32,
		NonCoherentAtomSize: 64, AllocationBytes: 1 << 32, TimestampPeriod: 1, BindingsPerStage: 1 << 20,
	}
	floor := Limits{
		StorageBufferRange: 1 << 27, StorageBuffersPerStage: 4, UniformBufferRange: 16 << 10,
		TexelBuffersPerStage: 16, PushConstantBytes: 128, WorkgroupInvocations: 128, WorkgroupSize: [3]uint32{128, 128, 64},
		WorkgroupCount: [3]uint32{65_535, 65_535, 65_535}, SharedMemoryBytes: 16 << 10, StorageAlignment: 256,
		UniformAlignment: 256, TexelBufferElements: 65_536, TexelBufferAlignment: 256, SubgroupSize: 32,
		NonCoherentAtomSize: 256, AllocationBytes: 1 << 30, TimestampPeriod: 1, BindingsPerStage: 128,
	}
	poorer := floor
	poorer.SharedMemoryBytes, poorer.StorageAlignment, poorer.AllocationBytes = 8<<10, 512, 1<<28
	poorer.WorkgroupSize[2] = 32
	for _, c := range []struct {
		why          string
		device, want Limits
	}{
		{"a graphics card", l, floor},
		{"the floor itself", floor, floor},
		{"a device that promises less than Vulkan does", poorer, poorer},
	} {
		if got := c.device.floor(); got != c.want {
			t.Errorf("%s: %+v\nexpected %+v", c.why, got, c.want)
		}
	}
	// A limit that is added later must be thought of here too: facts apart, all of the floor's differ from the card's.
	for i := range reflect.TypeFor[Limits]().NumField() {
		name := reflect.TypeFor[Limits]().Field(i).Name
		fact := strings.HasSuffix(name, "SubgroupSize") || name == "TimestampPeriod"
		if same := reflect.DeepEqual(reflect.ValueOf(l).Field(i).Interface(), reflect.ValueOf(l.floor()).Field(i).Interface()); same != fact {
			t.Errorf("%s is left alone: %t", name, same)
		}
	}
}

func TestFloorFeatures(t *testing.T) {
	all := Features{true, true, true, true, true, true, true, true, true, true, true, true}
	if got, want := all.floor(), (Features{PortabilitySubset: true}); got != want {
		t.Errorf("%+v, expected %+v", got, want)
	}
	if got := (Features{}).floor(); got != (Features{}) {
		t.Errorf("of nothing: %+v", got)
	}
}

// An opened device holds to its floor: what is above it is refused, whatever the hardware could do.
func TestFloorDevice(t *testing.T) {
	options := watched(t)
	options.Floor = true
	d := deviceWith(t, options)
	info := d.Info()
	if info.Limits != info.Limits.floor() || info.Features != info.Features.floor() || info.Matrices != nil {
		t.Errorf("above the floor: %+v", info)
	}
	found := d.instance.found[info.Index]
	if found.shader_float16+found.storage_16bit+found.memory_budget+found.timestamp_bits+found.calibrated_timestamps+found.pipeline_statistics+found.subgroup_control+found.cooperative_matrix != 0 {
		t.Errorf("would be enabled all the same: %+v", found)
	}
	_, err := d.NewPipeline(PipelineSpec{Name: "five", Code: testShader(t, "double"), StorageBuffers: 5})
	if !errors.Is(err, ErrUnsupported) {
		t.Errorf("five storage buffers: %v", err)
	}
	_, err = d.NewPipeline(PipelineSpec{Name: "wide", Code: testShader(t, "double"), StorageBuffers: 1, PushBytes: 4,
		Constants: []uint32{129}})
	if !errors.Is(err, ErrUnsupported) {
		t.Errorf("129 invocations: %v", err)
	}
	if _, err := d.NewBuffer(1<<30+1, DeviceLocal, "large"); !errors.Is(err, ErrOutOfMemory) {
		t.Errorf("more than an allocation may have: %v", err)
	}
	r, err := d.NewRecorder("time")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Timestamp(); !errors.Is(err, ErrUnsupported) {
		t.Errorf("timestamps: %v", err)
	}
	r.Abandon()
	everything(t, d)
}
