package engine

import (
	"context"
	"time"
)

// Executor runs programs on one device.
type Executor interface {
	// Device describes where the work is done, in words that stand in a run's metadata.
	Device() Device
	// NewSession prepares programs that share one state. All programs are given at once, so that
	// they can share one working memory. If ctx ends first, the error is its: a device may have much to compile.
	NewSession(ctx context.Context, layout *Layout, programs []*Program, opt PlanOptions) (Session, error)
	// Close frees what the executor keeps for its sessions, which must be closed before it.
	Close() error
}

// Device names a device and its driver.
type Device struct {
	Name   string
	Driver string
}

// PlanOptions restrict what any executor may do with a program. The zero value lets it do its best. Options that only one executor
// understands are in its own package, such as gpu.Options.
type PlanOptions struct {
	// KeepAll gives every tensor memory of its own and fuses nothing, so that each can be read after a step.
	KeepAll bool
	// Keep names tensors that can be read after a step, as with KeepAll, while the rest is planned freely.
	Keep []string
	// NoFusion runs every op by itself.
	NoFusion bool
}

// Session is a state on a device, with the programs that work on it. It belongs to one goroutine.
type Session interface {
	// SetResident fills the Resident tensor of that name. Uint8 tensors take bytes.
	SetResident(name string, data any) error
	// Run queues a step. Its inputs may be filled anew as soon as Run returns.
	Run(p *Program, in *StepInputs) error
	// Reports waits for all queued steps and returns their reports, in order; no report is returned twice.
	Reports() ([]Report, error)
	// Finished returns the reports of the steps that are done by now, without waiting.
	Finished() ([]Report, error)
	// Busy is how long the device has worked on the steps known to be done; 0 if unknown.
	Busy() time.Duration
	// ReadArena and WriteArena copy a whole arena. They wait for queued steps.
	ReadArena(a Arena) ([]float64, error)
	WriteArena(a Arena, data []float64) error
	// Read and Write copy one tensor of p in logical order; Value tensors need PlanOptions.KeepAll,
	// or Keep.
	Read(p *Program, t *Tensor) ([]float64, error)
	Write(p *Program, t *Tensor, data []float64) error
	// Kernels lists the kernel choices for p, "op: variant" for each line of the program.
	Kernels(p *Program) []string
	// ResidentBytes is the part of the device's memory that holds Resident tensors.
	ResidentBytes() int64
	// Close waits for the device and gives the session's memory back. Steps that it has not begun may be dropped.
	Close() error
}
