package optest

import (
	"context"
	"fmt"
	"maps"

	"cnnvk/engine"
)

// OpResult says how far one output of one op of a step was from the reference.
type OpResult struct {
	Op     int // its index in the program
	Kind   engine.Kind
	Output string // the tensor's name
	NMSE   float64
	Half   error // what [HalfError] says of an output of 16 bits
}

// CompareStep runs one step of p on dev and holds each op against ref, on the inputs which that op had: errors do not
// add up from op to op. load fills the session (arenas, residents) and returns the step's inputs.
//
// What a Value held is read from dev after the step, since every tensor is kept. State is followed
// through the step: an op sees what the arenas held before, changed by the ops before it. If
// something is written twice, dev shows only what came last; the first writer is then taken to have
// written what ref computes, and has no result.
//
// The op alone runs on tensors of its own, so ref must be able to run an update op that does not work in place,
// as the CPU executor is.
func CompareStep(dev, ref engine.Executor, p *engine.Program, load func(engine.Session) (*engine.StepInputs, error)) ([]OpResult, error) {
	session, err := dev.NewSession(context.Background(), p.Layout, []*engine.Program{p}, engine.PlanOptions{KeepAll: true})
	if err != nil {
		return nil, err
	}
	defer session.Close()
	step := &step{program: p, session: session, residents: map[string]any{}, replaced: map[*engine.Tensor][]float64{}}
	if step.inputs, err = load(&loader{session, step.residents}); err != nil {
		return nil, err
	}
	if step.arenas, err = readArenas(session); err != nil {
		return nil, err
	}
	if err := step.run(); err != nil {
		return nil, err
	}
	var out []OpResult
	for i := range p.Ops {
		results, err := step.compare(ref, i)
		if err != nil {
			return nil, fmt.Errorf("optest: op %d, %s: %w", i, p.Ops[i].Kind, err)
		}
		out = append(out, results...)
	}
	return out, nil
}

// loader is the session that load sees. It keeps the residents, which cannot be read from a session.
type loader struct {
	engine.Session
	residents map[string]any
}

func (l *loader) SetResident(name string, data any) error {
	l.residents[name] = data
	return l.Session.SetResident(name, data)
}

// step is a step that dev has run, and how far the comparison has come.
type step struct {
	program   *engine.Program
	session   engine.Session
	inputs    *engine.StepInputs
	residents map[string]any
	report    engine.Report
	arenas    [engine.ArenaCount][]float64 // as the op to be compared finds them
	after     [engine.ArenaCount][]float64 // at the end of the step
	// replaced holds what cannot be read from dev any more: Values that an op reads before one writes them,
	// and what ref computed for tensors that a later op writes again.
	replaced map[*engine.Tensor][]float64
}

func readArenas(s engine.Session) (out [engine.ArenaCount][]float64, err error) {
	for a := range out {
		if out[a], err = s.ReadArena(engine.Arena(a)); err != nil {
			return out, err
		}
	}
	return out, nil
}

// run runs the step on dev.
func (s *step) run() error {
	for i, op := range s.program.Ops {
		for _, t := range op.Inputs {
			if t.Role != engine.Value || s.program.Producer(t) < i {
				continue
			}
			data, err := s.session.Read(s.program, t)
			if err != nil {
				return err
			}
			s.replaced[t] = data
		}
	}
	if err := s.session.Run(s.program, s.inputs); err != nil {
		return err
	}
	reports, err := s.session.Reports()
	if err != nil {
		return err
	}
	if len(reports) != 1 {
		return fmt.Errorf("optest: one step gave %d reports", len(reports))
	}
	s.report = reports[0]
	s.after, err = readArenas(s.session)
	return err
}

// compare runs op i alone on ref, holds dev's outputs against it and moves the state past the op.
func (s *step) compare(ref engine.Executor, i int) ([]OpResult, error) {
	op := s.program.Ops[i]
	wants, err := s.alone(ref, op)
	if err != nil {
		return nil, err
	}
	var out []OpResult
	for k, t := range op.Outputs {
		delete(s.replaced, t)
		left := wants[k]
		if s.writtenAfter(i, t) {
			s.replaced[t] = left
		} else {
			if left, err = s.final(t); err != nil {
				return nil, err
			}
			r := OpResult{Op: i, Kind: op.Kind, Output: t.Name, NMSE: NMSE(left, wants[k])}
			if t.DType.Half() {
				r.Half = HalfError(t.DType, Summed(op), left, wants[k])
			}
			out = append(out, r)
		}
		if t.Role == engine.State {
			copy(s.arenas[t.Arena][t.Offset:], left)
		}
	}
	return out, nil
}

// alone runs op on ref as a program of its own and returns its outputs.
func (s *step) alone(ref engine.Executor, op engine.Op) ([][]float64, error) {
	layout, err := engine.NewLayout([]engine.Segment{{Name: "none", Shape: engine.Shape{1}, Trained: true}}, 1)
	if err != nil {
		return nil, err
	}
	b := engine.NewBuilder(string(op.Kind), layout, s.program.Batch)
	b.Store(s.program.Activations)
	clones := map[*engine.Tensor]*engine.Tensor{}
	var inputs []*engine.Tensor
	for _, t := range op.Inputs {
		if clones[t] == nil {
			clones[t] = clone(b, t)
		}
		inputs = append(inputs, clones[t])
	}
	outputs := b.Apply(op.Kind, op.Attr, inputs)
	p, err := b.Program()
	if err != nil {
		return nil, err
	}
	session, err := ref.NewSession(context.Background(), layout, []*engine.Program{p}, engine.PlanOptions{KeepAll: true})
	if err != nil {
		return nil, err
	}
	defer session.Close()
	in := engine.NewStepInputs(p)
	for t, own := range clones {
		if err := s.feed(session, p, in, t, own); err != nil {
			return nil, err
		}
	}
	if err := session.Run(p, in); err != nil {
		return nil, err
	}
	return results(session, p, outputs)
}

// clone declares a tensor like t in another program; state becomes a free Value.
func clone(b *engine.Builder, t *engine.Tensor) *engine.Tensor {
	c := engine.Tensor{Name: t.Name, Shape: t.Shape, DType: t.DType, Role: t.Role, Batched: t.Batched}
	if t.Role != engine.Input && t.Role != engine.Resident {
		c.Role = engine.Value
	}
	return b.Tensor(c)
}

// feed gives the clone of t what t held when the op of dev read it.
func (s *step) feed(session engine.Session, p *engine.Program, in *engine.StepInputs, t, own *engine.Tensor) error {
	switch t.Role {
	case engine.Input:
		copy(in.Uints(own.Name), s.inputs.Uints(t.Name))
		copy(in.Floats(own.Name), s.inputs.Floats(t.Name))
		return nil
	case engine.Resident:
		return session.SetResident(own.Name, s.residents[t.Name])
	case engine.State:
		return session.Write(p, own, s.arenas[t.Arena][t.Offset:t.Offset+t.Shape.Elements()])
	}
	data, ok := s.replaced[t]
	if !ok {
		var err error
		if data, err = s.final(t); err != nil {
			return err
		}
	}
	return session.Write(p, own, data)
}

// final is what t held on dev at the end of the step.
func (s *step) final(t *engine.Tensor) ([]float64, error) {
	switch t.Role {
	case engine.State:
		return s.after[t.Arena][t.Offset : t.Offset+t.Shape.Elements()], nil
	case engine.Result:
		return s.report.Results[t.Name], nil
	}
	return s.session.Read(s.program, t)
}

// writtenAfter reports whether an op after i writes to the memory of t.
func (s *step) writtenAfter(i int, t *engine.Tensor) bool {
	for _, op := range s.program.Ops[i+1:] {
		for _, o := range op.Outputs {
			if o == t || o.Role == engine.State && t.Role == engine.State && overlap(o, t) {
				return true
			}
		}
	}
	return false
}

// overlap reports whether two State tensors share elements.
func overlap(a, b *engine.Tensor) bool {
	return a.Arena == b.Arena && a.Offset < b.Offset+b.Shape.Elements() && b.Offset < a.Offset+a.Shape.Elements()
}

// results reads the outputs of the op alone.
func results(session engine.Session, p *engine.Program, outputs []*engine.Tensor) ([][]float64, error) {
	reports, err := session.Reports()
	if err != nil {
		return nil, err
	}
	given := map[string][]float64{}
	for _, r := range reports {
		maps.Copy(given, r.Results)
	}
	out := make([][]float64, len(outputs))
	for i, t := range outputs {
		if t.Role == engine.Result {
			out[i] = given[t.Name]
		} else if out[i], err = session.Read(p, t); err != nil {
			return nil, err
		}
	}
	return out, nil
}
