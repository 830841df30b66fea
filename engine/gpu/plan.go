package gpu

import (
	"fmt"

	"cnnvk/engine"
	"cnnvk/vk"
)

// plan is a program made ready for a device: dispatches over slabs.
type plan struct {
	program    *engine.Program
	opt        planOptions
	target     target
	panel      map[*engine.Tensor]int
	slabs      map[*engine.Tensor]*slab
	norms      *slab                      // what BatchNorm2d and Dropout2d know of channels
	within     map[*engine.Tensor]operand // tensors that are a part of it
	fused      []*work                    // by op: what covers it, nil where it is run by itself
	skipped    map[*engine.Tensor]bool    // inside a fused run of ops: never in memory
	scratch    []*slab
	partials   partials
	partialsAt int // the op that the first of them is of
	tables     []uint32
	weights    [engine.ArenaCount]*weightJobs
	masks      maskJobs
	folded     map[int]foldedOperands // by op
	dispatches []dispatch
	phases     int      // of the schedule
	kernels    []string // the choices, in order
	inputSize  int64
	reportSize int64
	workspace  int64
	err        error
}

// target is what a plan has to know of its device.
type target struct {
	limits     vk.Limits
	features   vk.Features
	kind       vk.DeviceType
	hardware   hardware
	matrices   []vk.Matrices
	sliceBytes int64 // longest window of a resident tensor
}

func targetOf(i vk.Info) target {
	return target{limits: i.Limits, features: i.Features, kind: i.Type, hardware: hardwareOf(i), matrices: i.Matrices, sliceBytes: i.Limits.StorageBufferRange}
}

// newPlan fuses what it can, then chooses a variant for every other op: the first of the table that can run.
func newPlan(p *engine.Program, opt planOptions, on target) (*plan, error) {
	pl := blankPlan(p, opt, on)
	if err := pl.checkOrder(); err != nil {
		return nil, err
	}
	pl.fuse()
	if err := pl.choose(); err != nil {
		return nil, err
	}
	pl.schedule()
	pl.workspace = place(pl.workspaceSlabs(), opt.KeepAll)
	pl.texelForms()
	return pl, nil
}

// checkOrder is the error of a program that reads what is written later.
func (pl *plan) checkOrder() error {
	for at, op := range pl.program.Ops {
		for _, t := range op.Inputs {
			if t.Role == engine.Value && pl.program.Producer(t) >= at {
				return fmt.Errorf("engine/gpu: %s: %s reads %v before it is written", pl.program.Name, op.Kind, t)
			}
		}
	}
	return nil
}
