package cpu

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"cnnvk/engine"
)

// session is the state, and the programs that work on it. It implements [engine.Session].
type session struct {
	arenas    [engine.ArenaCount][]float64
	residents map[string]*tensor
	filled    map[string]bool // which residents have been set
	programs  map[*engine.Program]*workspace
	reports   []engine.Report
	busy      time.Duration
	unstored  func(t *engine.Tensor) bool // of a 16-bit tensor: it is not rounded
}

// workspace is a program and the values of its tensors, by ID, which are made at its first use.
type workspace struct {
	program  *engine.Program
	tensors  []*tensor
	unstored func(t *engine.Tensor) bool
}

// SetResident fills a resident tensor: Uint8 from []byte, Uint32 from []uint32, Float from []float64 or []float32.
func (s *session) SetResident(name string, data any) error {
	t, ok := s.residents[name]
	if !ok {
		return fmt.Errorf("engine/cpu: no program has a resident %q", name)
	}
	if err := t.setAny(data); err != nil {
		return fmt.Errorf("engine/cpu: resident %w", err)
	}
	s.filled[name] = true
	return nil
}

// setAny replaces all values from a slice of the tensor's own type; Float takes float32, too.
func (t *tensor) setAny(data any) error {
	n := t.Shape.Elements()
	fits := false
	switch v := data.(type) {
	case []byte:
		fits = t.DType == engine.Uint8 && len(v) == n && copy(t.bytes, v) == n
	case []uint32:
		fits = t.DType == engine.Uint32 && len(v) == n && copy(t.uints, v) == n
	case []float64:
		fits = t.DType == engine.Float && len(v) == n && copy(t.floats, v) == n
	case []float32:
		fits = t.DType == engine.Float && len(v) == n
		for i := 0; fits && i < n; i++ {
			t.floats[i] = float64(v[i])
		}
	}
	if !fits {
		return fmt.Errorf("%v needs %d values of type %v", t, n, t.DType)
	}
	return nil
}

// Run computes a step at once and queues its report.
func (s *session) Run(p *engine.Program, r *engine.StepInputs) error {
	w, err := s.workspace(p)
	if err != nil {
		return err
	}
	if err := engine.CheckStepInputs(p, r); err != nil {
		return err
	}
	for _, t := range p.ByRole(engine.Input) {
		copy(w.tensors[t.ID].uints, r.Uints(t.Name))
		copy(w.tensors[t.ID].floats, r.Floats(t.Name))
	}
	if err := s.checkValues(w); err != nil {
		return fmt.Errorf("engine/cpu: program %q: %w", p.Name, err)
	}
	began := time.Now()
	for i, op := range p.Ops {
		if !w.folded(i) {
			ops[op.Kind](op.Attr, w.all(op.Outputs), w.inputs(op))
		}
		w.round(op.Outputs)
	}
	s.busy += time.Since(began)
	report := engine.Report{Program: p, Results: map[string][]float64{}, Done: time.Now()}
	for _, t := range p.ByRole(engine.Result) {
		report.Results[t.Name] = w.tensors[t.ID].values()
	}
	s.reports = append(s.reports, report)
	return nil
}

// checkValues checks what shapes do not say, before anything is computed: that residents were set, and
// that the images, classes and steps that the inputs name exist.
func (s *session) checkValues(w *workspace) error {
	for _, t := range w.program.ByRole(engine.Resident) {
		if !s.filled[t.Name] {
			return fmt.Errorf("the resident %v was never set", t)
		}
	}
	for _, t := range w.program.ByRole(engine.Input) {
		if err := engine.CheckInput(w.program, t, w.tensors[t.ID].uints); err != nil {
			return err
		}
	}
	return nil
}

// workspace finds a program's values, or makes them.
func (s *session) workspace(p *engine.Program) (*workspace, error) {
	w, ok := s.programs[p]
	if !ok {
		return nil, errors.New("engine/cpu: the program does not belong to this session")
	}
	if w.tensors != nil {
		return w, nil
	}
	for _, t := range p.Tensors {
		switch t.Role {
		case engine.State:
			w.tensors = append(w.tensors, &tensor{Tensor: t, floats: s.arenas[t.Arena][t.Offset : t.Offset+t.Shape.Elements()]})
		case engine.Resident:
			w.tensors = append(w.tensors, s.residents[t.Name])
		default:
			w.tensors = append(w.tensors, newTensor(t))
		}
	}
	return w, nil
}

// all looks up the values of an op's operands.
func (w *workspace) all(tensors []*engine.Tensor) []*tensor {
	out := make([]*tensor, len(tensors))
	for i, t := range tensors {
		out[i] = w.tensors[t.ID]
	}
	return out
}

// Reports returns the reports of the steps since the last call.
func (s *session) Reports() ([]engine.Report, error) {
	out := s.reports
	s.reports = nil
	return out, nil
}

// Finished is Reports: a step is done when Run returns.
func (s *session) Finished() ([]engine.Report, error) { return s.Reports() }

// Busy is the time spent in ops.
func (s *session) Busy() time.Duration { return s.busy }

// ReadArena copies an arena.
func (s *session) ReadArena(a engine.Arena) ([]float64, error) {
	if a >= engine.ArenaCount {
		return nil, fmt.Errorf("engine/cpu: there is no arena %d", uint8(a))
	}
	return slices.Clone(s.arenas[a]), nil
}

// WriteArena replaces an arena.
func (s *session) WriteArena(a engine.Arena, data []float64) error {
	if a >= engine.ArenaCount {
		return fmt.Errorf("engine/cpu: there is no arena %d", uint8(a))
	}
	if len(data) != len(s.arenas[a]) {
		return fmt.Errorf("engine/cpu: the %v arena takes %d values, not %d", a, len(s.arenas[a]), len(data))
	}
	copy(s.arenas[a], data)
	return nil
}

// Read copies any tensor of p.
func (s *session) Read(p *engine.Program, t *engine.Tensor) ([]float64, error) {
	v, err := s.find(p, t)
	if err != nil {
		return nil, err
	}
	return v.values(), nil
}

// Write replaces any tensor of p, except inputs and residents, which are set by other methods.
func (s *session) Write(p *engine.Program, t *engine.Tensor, data []float64) error {
	v, err := s.find(p, t)
	if err != nil {
		return err
	}
	if t.Role == engine.Input || t.Role == engine.Resident {
		return fmt.Errorf("engine/cpu: %v is an input of each step or a resident: it is not written", t)
	}
	if err := v.set(data); err != nil {
		return fmt.Errorf("engine/cpu: %w", err)
	}
	s.programs[p].round([]*engine.Tensor{t})
	return nil
}

// find looks up the values of a tensor of a program.
func (s *session) find(p *engine.Program, t *engine.Tensor) (*tensor, error) {
	w, err := s.workspace(p)
	if err != nil {
		return nil, err
	}
	if t == nil || t.ID < 0 || t.ID >= len(p.Tensors) || p.Tensors[t.ID] != t {
		return nil, fmt.Errorf("engine/cpu: the tensor does not belong to program %q", p.Name)
	}
	return w.tensors[t.ID], nil
}

// Kernels says "reference" for every op.
func (s *session) Kernels(p *engine.Program) []string {
	var out []string
	for _, op := range p.Ops {
		out = append(out, string(op.Kind)+": reference")
	}
	return out
}

// ResidentBytes is the memory of the resident tensors.
func (s *session) ResidentBytes() int64 {
	sum := int64(0)
	for _, t := range s.residents {
		sum += t.size()
	}
	return sum
}

// Close frees the tensors. A closed session cannot be used.
func (s *session) Close() error {
	clear(s.programs)
	return nil
}
