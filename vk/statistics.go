package vk

/*
#include "shim.h"
*/
import "C"

import "strconv"

// Executable is what a driver compiled of a pipeline, of which it may have made several, such as one for each size of a subgroup.
type Executable struct {
	Name         string // the driver's: "SIMD8 compute shader"
	SubgroupSize uint32 // 0 where the driver does not say
	Statistics   []Statistic
}

// Statistic is one number that a driver gives of an executable. Names and units are the driver's own: "Spilled VGPRs".
type Statistic struct {
	Name  string
	Value float64
}

// Executables is what the driver says of the pipeline, by VK_KHR_pipeline_executable_properties.
//
// The error is [ErrUnsupported] on a device without PipelineStatistics, and [ErrUsage] where PipelineSpec.Statistics was not set.
func (p *Pipeline) Executables() ([]Executable, error) {
	d := p.device
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed || !p.alive:
		return nil, usage("statistics of pipeline %q, which is destroyed", p.spec.Name)
	case !d.info.Features.PipelineStatistics:
		return nil, unsupported("%q gives no statistics of pipelines", d.info.Name)
	case !p.spec.Statistics:
		return nil, usage("pipeline %q was made without statistics", p.spec.Name)
	}
	all := make([]C.ShimExecutable, C.SHIM_MAX_EXECUTABLES)
	count := C.uint32_t(len(all))
	if r := C.shim_executables(d.shim, raw(p.handle), &count, &all[0]); r != resultSuccess {
		return nil, d.failed("vkGetPipelineExecutableStatisticsKHR", int32(r), "for "+strconv.Quote(p.spec.Name))
	}
	var out []Executable
	for i := range all[:count] {
		e := Executable{Name: C.GoString(&all[i].name[0]), SubgroupSize: uint32(all[i].subgroup_size)}
		for j := range all[i].statistics[:all[i].count] {
			s := &all[i].statistics[j]
			e.Statistics = append(e.Statistics, Statistic{C.GoString(&s.name[0]), float64(s.value)})
		}
		out = append(out, e)
	}
	return out, nil
}
