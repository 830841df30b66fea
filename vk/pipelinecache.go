package vk

/*
#include "shim.h"
*/
import "C"

import (
	"unsafe"

	"github.com/vulkan-go/vulkan"
)

// UsePipelineCache makes later calls of [Device.NewPipeline] look for compiled shaders in a cache, and add theirs. data
// is what [Device.PipelineCacheData] returned earlier, for the same device and driver, or empty. A driver
// ignores data of another one; but not all can tell damaged data, so the caller must know that it is whole.
func (d *Device) UsePipelineCache(data []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return err
	}
	if d.pipelineCache != nil {
		return usage("%q has a pipeline cache already", d.info.Name)
	}
	var cache C.uint64_t
	if r := C.shim_create_pipeline_cache(d.shim, unsafe.Pointer(first(data)), C.size_t(len(data)), &cache); r != resultSuccess {
		return d.failed("vkCreatePipelineCache", int32(r), "")
	}
	d.pipelineCache = fromRaw[vulkan.PipelineCache](cache)
	return nil
}

// PipelineCacheData is the content of the cache, to be stored; empty without one.
func (d *Device) PipelineCacheData() ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil || d.pipelineCache == nil {
		return nil, err
	}
	const call = "vkGetPipelineCacheData"
	var size C.size_t
	if r := C.shim_pipeline_cache_data(d.shim, raw(d.pipelineCache), &size, nil); r != resultSuccess {
		return nil, d.failed(call, int32(r), "")
	}
	data := make([]byte, size)
	if r := C.shim_pipeline_cache_data(d.shim, raw(d.pipelineCache), &size, unsafe.Pointer(first(data))); r != resultSuccess {
		return nil, d.failed(call, int32(r), "")
	}
	return data[:size], nil
}
