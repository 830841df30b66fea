package engine

import (
	"fmt"
	"time"
)

// Program is a step, written down: ops over tensors for one batch size.
type Program struct {
	Name   string
	Batch  int
	Layout *Layout
	// Activations is what activations and their gradients are stored as: Float, or with mixed precision a type of 16 bits.
	Activations DType
	Tensors     []*Tensor // by ID
	Ops         []Op
}

// Tensor finds a tensor by name; nil if there is none.
func (p *Program) Tensor(name string) *Tensor {
	for _, t := range p.Tensors {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// Producer is the index of the op that writes t, or -1.
func (p *Program) Producer(t *Tensor) int {
	for i, op := range p.Ops {
		for _, o := range op.Outputs {
			if o == t {
				return i
			}
		}
	}
	return -1
}

// StepInputs are the host's part of a step: a value for every Input tensor of a program. They are made once
// and filled again for every step.
type StepInputs struct {
	program *Program
	uints   map[string][]uint32
	floats  map[string][]float64
}

// NewStepInputs are zeros for the inputs of p.
func NewStepInputs(p *Program) *StepInputs {
	in := &StepInputs{program: p, uints: map[string][]uint32{}, floats: map[string][]float64{}}
	for _, t := range p.ByRole(Input) {
		if t.DType == Float {
			in.floats[t.Name] = make([]float64, t.Shape.Elements())
		} else {
			in.uints[t.Name] = make([]uint32, t.Shape.Elements())
		}
	}
	return in
}

// ByRole lists the tensors of a role, in order of ID.
func (p *Program) ByRole(r Role) []*Tensor {
	var out []*Tensor
	for _, t := range p.Tensors {
		if t.Role == r {
			out = append(out, t)
		}
	}
	return out
}

// Uints is the value of an integer input, to be filled in place; nil if the program has no such input.
func (in *StepInputs) Uints(name string) []uint32 { return in.uints[name] }

// Floats is the value of a float input, to be filled in place; nil if the program has no such input.
func (in *StepInputs) Floats(name string) []float64 { return in.floats[name] }

// Program is the program that the inputs are for.
func (in *StepInputs) Program() *Program { return in.program }

// Report is the outcome of a step: its Result tensors by name.
type Report struct {
	Program *Program
	Results map[string][]float64
	Done    time.Time // when the host learnt that the step was done
}

// CheckStepInputs demands that inputs belong to a program; executors call it first.
func CheckStepInputs(p *Program, in *StepInputs) error {
	if in == nil {
		return fmt.Errorf("engine: program %q was run without step inputs", p.Name)
	}
	if in.program != p {
		return fmt.Errorf("engine: step inputs of program %q were handed to program %q", in.program.Name, p.Name)
	}
	return nil
}
