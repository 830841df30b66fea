package main

import (
	"encoding/json"
	"io"
	"slices"

	"cnnvk/engine"
	"cnnvk/engine/gpu"
)

// profiledResult is what bench --profile --json prints. Where a driver computes nothing, rates and times are 0.
type profiledResult struct {
	benchResult
	CeilingFlops float64           `json:"ceiling_flops"` // a second; 0 where they were not measured
	CeilingBytes float64           `json:"ceiling_bytes"`
	Programs     []profiledProgram `json:"programs"`
}

// profiledProgram is one step of a program.
type profiledProgram struct {
	Program    string           `json:"program"`
	MS         float64          `json:"ms"` // on the device
	Dispatches int              `json:"dispatches"`
	Barriers   int              `json:"barriers"`
	Kernels    []profiledKernel `json:"kernels"` // in order of their first dispatch
}

// profiledKernel is all dispatches of a kernel for one shape, of so many invocations each. Milliseconds, floating-point operations, of which
// a multiply-add is two, and bytes, read and written, are of all its calls.
type profiledKernel struct {
	Kernel      string       `json:"kernel"`
	Shader      string       `json:"shader"`
	Op          engine.Kind  `json:"op"`
	Shape       engine.Shape `json:"shape"`
	Invocations int64        `json:"invocations"`
	Calls       int          `json:"calls"`
	MS          float64      `json:"ms"`
	Flops       int64        `json:"flops"`
	Bytes       int64        `json:"bytes"`
}

// json writes the findings of a profile.
func (f benchFindings) json(out io.Writer) error {
	r := profiledResult{benchResult: *f.result, CeilingFlops: f.ceilings.Flops, CeilingBytes: f.ceilings.Bytes}
	for _, p := range f.profiles {
		r.Programs = append(r.Programs, profiledProgram{p.name, p.total.Seconds() * 1e3, p.dispatches, p.barriers, kernelsOf(p.times)})
	}
	return json.NewEncoder(out).Encode(r)
}

func kernelsOf(times []gpu.KernelTime) []profiledKernel {
	var out []profiledKernel
	for _, t := range times {
		i := slices.IndexFunc(out, func(k profiledKernel) bool {
			return k.Kernel == t.Kernel && k.Op == t.Op && k.Invocations == t.Invocations && k.Shape.Equal(t.Shape)
		})
		if i < 0 {
			i = len(out)
			out = append(out, profiledKernel{Kernel: t.Kernel, Shader: t.Shader, Op: t.Op, Shape: t.Shape, Invocations: t.Invocations})
		}
		k := &out[i]
		k.Calls++
		k.MS += t.Time.Seconds() * 1e3
		k.Flops += 2 * t.MultiplyAdds
		k.Bytes += t.Bytes
	}
	return out
}

// plans are the profiles of programs that were not run.
func (b *bencher) plans() ([]programProfile, error) {
	var out []programProfile
	for _, of := range []*engine.Program{b.train.Programs()[0], b.eval.Programs()[0]} {
		times, err := gpu.Dispatches(b.session, of)
		if err != nil {
			return nil, err
		}
		p := programProfile{name: of.Name, times: times}
		if p.dispatches, p.barriers, err = gpu.Size(b.session, of); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}
