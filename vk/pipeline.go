package vk

/*
#include "shim.h"
*/
import "C"

import (
	"encoding/binary"
	"runtime"
	"strconv"

	"github.com/vulkan-go/vulkan"
)

// PipelineSpec is a compute shader and how it is to be called. Its resources are in descriptor set 0, at consecutive bindings
// from 0: the storage buffers, then the uniform buffer if there is one, then the texel buffers. The entry point is main.
type PipelineSpec struct {
	Name           string
	Code           []byte // SPIR-V in little-endian words
	StorageBuffers int
	Uniform        bool     // one uniform buffer
	TexelBuffers   int      // in GLSL samplerBuffer or usamplerBuffer
	PushBytes      int      // a multiple of 4
	Constants      []uint32 // specialization constants 0 to n-1; floats as their bits. At most 64
	SubgroupSize   uint32   // workgroups consist of whole subgroups of this size; 0 where that does not matter
	Statistics     bool     // for Executables; some drivers then compile past their caches
}

// Pipeline is a compiled shader.
type Pipeline struct {
	device *Device
	spec   PipelineSpec // without Code
	layout layout
	handle vulkan.Pipeline
	alive  bool // guarded by the device's mutex
}

// layoutKey is what pipeline layouts depend on; pipelines of one key share one.
type layoutKey struct {
	storage, uniform, texel, push uint32
}

type layout struct {
	set      vulkan.DescriptorSetLayout
	pipeline vulkan.PipelineLayout
}

// NewPipeline compiles a shader; on some drivers that takes seconds. Several goroutines may compile at once, and the device does other work
// meanwhile.
//
// The error is [ErrUnsupported] when the device has too few bindings or push constants for it.
func (d *Device) NewPipeline(s PipelineSpec) (*Pipeline, error) {
	d.compiling.RLock()
	defer d.compiling.RUnlock()
	parts, err := d.prepare(s)
	if err != nil {
		return nil, err
	}
	handle, err := d.compile(s, parts)
	d.mu.Lock()
	defer d.mu.Unlock()
	vulkan.DestroyShaderModule(d.handle, parts.module, nil) // the pipeline does not need it any more
	if err != nil {
		return nil, err
	}
	d.setName(vulkan.ObjectTypePipeline, raw(handle), s.Name)
	s.Code = nil
	p := &Pipeline{device: d, spec: s, layout: parts.layout, handle: handle, alive: true}
	d.living[p] = struct{}{}
	return p, nil
}

// pipelineParts is what a pipeline is compiled from.
type pipelineParts struct {
	layout layout
	module vulkan.ShaderModule
	cache  vulkan.PipelineCache
}

// prepare checks a pipeline and makes what it is compiled from. The module is the caller's to destroy.
func (d *Device) prepare(s PipelineSpec) (parts pipelineParts, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return parts, err
	}
	if err := s.check(d.info.Limits); err != nil {
		return parts, err
	}
	if s.Statistics && !d.info.Features.PipelineStatistics {
		return parts, unsupported("%q gives no statistics of pipelines", d.info.Name)
	}
	if err := s.checkShader(d.info.Limits, d.info.Features); err != nil {
		return parts, err
	}
	if parts.layout, err = d.layout(s.key()); err != nil {
		return parts, err
	}
	parts.cache = d.pipelineCache
	parts.module, err = d.shaderModule(s)
	return parts, err
}

func (s *PipelineSpec) check(l Limits) error {
	switch {
	case s.StorageBuffers < 0 || s.TexelBuffers < 0 || s.PushBytes < 0 || s.PushBytes%4 != 0:
		return usage("pipeline %q has %d storage buffers, %d texel buffers and %d bytes of push constants",
			s.Name, s.StorageBuffers, s.TexelBuffers, s.PushBytes)
	case len(s.Constants) > C.SHIM_MAX_CONSTANTS:
		return usage("pipeline %q has %d specialization constants, more than %d",
			s.Name, len(s.Constants), C.SHIM_MAX_CONSTANTS)
	case s.StorageBuffers > int(l.StorageBuffersPerStage):
		return unsupported("pipeline %q has %d storage buffers, the device allows %d",
			s.Name, s.StorageBuffers, l.StorageBuffersPerStage)
	case s.TexelBuffers > int(l.TexelBuffersPerStage):
		return unsupported("pipeline %q has %d texel buffers, the device allows %d",
			s.Name, s.TexelBuffers, l.TexelBuffersPerStage)
	case s.key().bindings() > l.BindingsPerStage:
		return unsupported("pipeline %q has %d bindings, the device allows %d",
			s.Name, s.key().bindings(), l.BindingsPerStage)
	case s.PushBytes > int(l.PushConstantBytes):
		return unsupported("pipeline %q has %d bytes of push constants, the device allows %d",
			s.Name, s.PushBytes, l.PushConstantBytes)
	}
	return nil
}

func (s *PipelineSpec) key() layoutKey {
	k := layoutKey{storage: uint32(s.StorageBuffers), texel: uint32(s.TexelBuffers), push: uint32(s.PushBytes)}
	if s.Uniform {
		k.uniform = 1
	}
	return k
}

func (k layoutKey) bindings() uint32 { return k.storage + k.uniform + k.texel }

// layout finds or makes the layouts for a key. They live as long as the device.
func (d *Device) layout(k layoutKey) (layout, error) {
	if l, ok := d.layouts[k]; ok {
		return l, nil
	}
	var set, pipeline C.uint64_t
	if r := C.shim_create_set_layout(d.shim, k.shim(), &set); r != resultSuccess {
		return layout{}, d.failed("vkCreateDescriptorSetLayout", int32(r), "")
	}
	setLayout := fromRaw[vulkan.DescriptorSetLayout](set)
	if r := C.shim_create_pipeline_layout(d.shim, set, C.uint32_t(k.push), &pipeline); r != resultSuccess {
		vulkan.DestroyDescriptorSetLayout(d.handle, setLayout, nil)
		return layout{}, d.failed("vkCreatePipelineLayout", int32(r), "")
	}
	l := layout{set: setLayout, pipeline: fromRaw[vulkan.PipelineLayout](pipeline)}
	d.layouts[k] = l
	return l, nil
}

func (k layoutKey) shim() C.ShimBindings {
	return C.ShimBindings{storage: C.uint32_t(k.storage), uniform: C.uint32_t(k.uniform), texel: C.uint32_t(k.texel)}
}

func (d *Device) shaderModule(s PipelineSpec) (vulkan.ShaderModule, error) {
	words := make([]uint32, len(s.Code)/4)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(s.Code[4*i:])
	}
	// The binding stores the address of the words where the garbage collector does not see it.
	var pin runtime.Pinner
	pin.Pin(&words[0])
	defer pin.Unpin()
	create := vulkan.ShaderModuleCreateInfo{
		SType: vulkan.StructureTypeShaderModuleCreateInfo, CodeSize: uint(len(s.Code)), PCode: words}
	defer create.Free()
	var module vulkan.ShaderModule
	if r := vulkan.CreateShaderModule(d.handle, &create, nil, &module); r != vulkan.Success {
		return nil, d.failed("vkCreateShaderModule", int32(r), "for "+strconv.Quote(s.Name))
	}
	return module, nil
}

// compile needs no lock but compiling: the driver's compiler works on what is given to it, and guards the cache itself.
func (d *Device) compile(s PipelineSpec, parts pipelineParts) (vulkan.Pipeline, error) {
	constants := make([]C.uint32_t, len(s.Constants))
	for i, c := range s.Constants {
		constants[i] = C.uint32_t(c)
	}
	what := C.ShimPipeline{
		cache: raw(parts.cache), module: raw(parts.module), layout: raw(parts.layout.pipeline), constant_count: C.uint32_t(len(constants)),
	}
	if d.info.Features.SubgroupControl {
		what.subgroup_size = C.uint32_t(s.SubgroupSize)
	}
	if s.Statistics {
		what.statistics = 1
	}
	var handle C.uint64_t
	if r := C.shim_create_pipeline(d.shim, what, first(constants), &handle); r != resultSuccess {
		return nil, d.failed("vkCreateComputePipelines", int32(r), "for "+strconv.Quote(s.Name))
	}
	return fromRaw[vulkan.Pipeline](handle), nil
}

// first is the address of a slice's elements for C, nil if there are none.
func first[T any](s []T) *T {
	if len(s) == 0 {
		return nil
	}
	return &s[0]
}

// Destroy frees the pipeline, after waiting for what is in flight. Commands that use it cannot be submitted again. A
// second call, or one on nil, does nothing.
func (p *Pipeline) Destroy() {
	if p != nil {
		p.device.remove(p)
	}
}

func (p *Pipeline) kind() string { return "pipeline" }
func (p *Pipeline) name() string { return p.spec.Name }

func (p *Pipeline) destroy() {
	p.alive = false
	vulkan.DestroyPipeline(p.device.handle, p.handle, nil)
}
