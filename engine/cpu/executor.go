// Package cpu is the reference executor: every op as plain loops over float64, written from its
// formula. It shares no code with the GPU path, so it can be held against it.
//
// State and activations are float64 throughout and lie in logical order (N, C, H, W); what a program stores in 16 bits is rounded to
// these when it has been computed. Work is
// spread over images, channels or rows, never over the terms of a sum: results are the same to
// the bit on any number of processors (but may differ between architectures, as Go may fuse a
// multiplication with an addition where the processor can).
package cpu

import (
	"context"
	"fmt"
	"runtime"

	"cnnvk/engine"
)

// Executor is the reference [engine.Executor].
type Executor struct {
	// Unstored names the 16-bit tensors that a device never stores, since it does the ops around them as one: they are not rounded. nil is none.
	Unstored func(t *engine.Tensor) bool
}

// New makes a reference executor. It holds nothing, so it need not be closed.
func New() *Executor { return &Executor{} }

// Device names the reference and the Go that built it.
func (*Executor) Device() engine.Device {
	return engine.Device{Name: "CPU reference (float64)", Driver: runtime.Version() + " " + runtime.GOARCH}
}

// Close does nothing.
func (*Executor) Close() error { return nil }

// NewSession prepares the programs. It keeps every tensor and fuses nothing, whatever the options say.
func (e *Executor) NewSession(ctx context.Context, layout *engine.Layout, programs []*engine.Program, _ engine.PlanOptions) (engine.Session, error) {
	if layout == nil {
		return nil, fmt.Errorf("engine/cpu: a session needs a layout")
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	s := &session{programs: map[*engine.Program]*workspace{}, residents: map[string]*tensor{}, filled: map[string]bool{}, unstored: e.Unstored}
	if s.unstored == nil {
		s.unstored = func(*engine.Tensor) bool { return false }
	}
	for a := range engine.ArenaCount {
		s.arenas[a] = make([]float64, layout.ArenaElements(a))
	}
	for _, p := range programs {
		if p == nil {
			return nil, fmt.Errorf("engine/cpu: a program is nil")
		}
		if err := s.admit(p); err != nil {
			return nil, fmt.Errorf("engine/cpu: program %q: %w", p.Name, err)
		}
	}
	return s, nil
}

// admit checks a program and takes it into the session.
func (s *session) admit(p *engine.Program) error {
	for a, data := range s.arenas {
		if p.Layout == nil || p.Layout.ArenaElements(engine.Arena(a)) != len(data) {
			return fmt.Errorf("it was written for another layout than the session's")
		}
	}
	for _, op := range p.Ops {
		if ops[op.Kind] == nil {
			return fmt.Errorf("the reference has no op %q", op.Kind)
		}
	}
	for _, t := range p.Tensors {
		switch t.Role {
		case engine.State:
			if t.Arena >= engine.ArenaCount || t.Offset < 0 || t.Offset+t.Shape.Elements() > len(s.arenas[t.Arena]) {
				return fmt.Errorf("%v at element %d lies outside the arena", t, t.Offset)
			}
		case engine.Resident:
			if old := s.residents[t.Name]; old == nil {
				s.residents[t.Name] = newTensor(t)
			} else if !old.Shape.Equal(t.Shape) || old.DType != t.DType {
				return fmt.Errorf("the resident %v is %v in another program", t, old.Tensor)
			}
		}
	}
	s.programs[p] = &workspace{program: p, unstored: s.unstored}
	return nil
}
