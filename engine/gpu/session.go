package gpu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"cnnvk/engine"
	"cnnvk/vk"
)

// session is a state on the device, with the programs that work on it. It implements [engine.Session].
type session struct {
	executor  *Executor
	layout    *engine.Layout
	buffers   []*vk.Buffer // all below, in the order made
	workspace *vk.Buffer
	arenas    [engine.ArenaCount]*vk.Buffer
	residents map[string]*resident
	programs  map[*engine.Program]*recorded
	order     []*recorded
	queued    []step        // filled, not submitted yet
	inFlight  []*submission // at the device, oldest first
	retired   time.Time     // when the last one came back
	reports   []engine.Report
	busy      time.Duration
	extra     []*vk.Commands // of single steps
	rest      *compilation   // of what the first step did not need; nil before it is begun
}

// resident is a tensor that stays on the device, set once.
type resident struct {
	tensor *engine.Tensor
	buffer *vk.Buffer
	bytes  int64
	set    bool
}

// SetResident fills a resident tensor: []byte for Uint8, []float32 or []float64 for Float.
func (s *session) SetResident(name string, data any) error {
	r := s.residents[name]
	if r == nil {
		return fmt.Errorf("engine/gpu: no program has a resident %q", name)
	}
	var bytes []byte
	var given int
	switch v := data.(type) {
	case []byte:
		bytes, given = v, len(v)
	case []float32:
		bytes, given = make([]byte, 4*len(v)), len(v)
		for i, f := range v {
			binary.LittleEndian.PutUint32(bytes[4*i:], math.Float32bits(f))
		}
	case []float64:
		bytes, given = floatBytes(v), len(v)
	default:
		return fmt.Errorf("engine/gpu: resident %q is given as %T", name, data)
	}
	if _, isBytes := data.([]byte); isBytes != (r.tensor.DType == engine.Uint8) || given != r.tensor.Shape.Elements() {
		return fmt.Errorf("engine/gpu: resident %v is given %d values as %T", r.tensor, given, data)
	}
	r.set = true
	return s.executor.device.Write(r.buffer.Window(0, int64(len(bytes))), bytes)
}

// ReadArena copies an arena to the host.
func (s *session) ReadArena(a engine.Arena) ([]float64, error) {
	n := s.layout.ArenaElements(a)
	return s.readValues(s.arenas[a].Window(0, int64(n)*4), engine.Float, n)
}

// WriteArena copies an arena to the device.
func (s *session) WriteArena(a engine.Arena, data []float64) error {
	if n := s.layout.ArenaElements(a); len(data) != n {
		return fmt.Errorf("engine/gpu: the %v arena takes %d values, not %d", a, n, len(data))
	}
	if len(data) == 0 {
		return nil
	}
	if err := s.drain(); err != nil {
		return err
	}
	return s.executor.device.Write(s.arenas[a].Window(0, int64(len(data))*4), floatBytes(data))
}

// Read copies a tensor to the host, in logical order.
func (s *session) Read(p *engine.Program, t *engine.Tensor) ([]float64, error) {
	w, r, err := s.locate(p, t)
	if err != nil {
		return nil, err
	}
	if err := s.drain(); err != nil {
		return nil, err
	}
	data, err := s.readValues(w, t.DType, t.Shape.Elements())
	if err != nil || !t.Batched {
		return data, err
	}
	logical := make([]float64, len(data))
	fromPanels(logical, data, t.Shape, r.plan.panel[t])
	return logical, nil
}

// Write copies a tensor to the device, from logical order.
func (s *session) Write(p *engine.Program, t *engine.Tensor, data []float64) error {
	w, r, err := s.locate(p, t)
	if err != nil {
		return err
	}
	if len(data) != t.Shape.Elements() {
		return fmt.Errorf("engine/gpu: %v takes %d values, not %d", t, t.Shape.Elements(), len(data))
	}
	if err := s.drain(); err != nil {
		return err
	}
	if t.Batched {
		paneled := make([]float64, len(data))
		toPanels(paneled, data, t.Shape, r.plan.panel[t])
		data = paneled
	}
	return s.executor.device.Write(w, encode(t.DType, data))
}

// locate finds the window of a tensor that can be read and written between steps. Results are those of the last step.
func (s *session) locate(p *engine.Program, t *engine.Tensor) (vk.Window, *recorded, error) {
	r := s.programs[p]
	if r == nil || t == nil || r.plan.slabs[t] == nil {
		return vk.Window{}, nil, errors.New("engine/gpu: the tensor or its program does not belong to this session")
	}
	if t.Role == engine.Value && !r.plan.kept(t) {
		return vk.Window{}, nil, fmt.Errorf("engine/gpu: %v is not kept: the session was opened without KeepAll, and Keep does not name it", t)
	}
	if t.Role == engine.Input || t.Role == engine.Resident {
		return vk.Window{}, nil, fmt.Errorf("engine/gpu: %v is an input of each step or a resident", t)
	}
	return s.window(r, r.last, r.plan.of(t)), r, nil
}

func (s *session) readValues(w vk.Window, d engine.DType, n int) ([]float64, error) {
	if w.Size == 0 {
		return nil, nil
	}
	if err := s.drain(); err != nil {
		return nil, err
	}
	bytes := make([]byte, w.Size)
	if err := s.executor.device.Read(bytes, w); err != nil {
		return nil, err
	}
	return decode(d, bytes, n), nil
}

// ResidentBytes is the memory of the resident tensors.
func (s *session) ResidentBytes() int64 {
	var sum int64
	for _, r := range s.residents {
		sum += r.bytes
	}
	return sum
}

// Close waits for the device and frees everything. Steps that are queued and not yet submitted are dropped.
func (s *session) Close() error {
	err := s.retire(len(s.inFlight))
	if s.rest != nil {
		s.rest.cancel()
		s.takeRest(true) // whose error nobody needs any more
	}
	for _, c := range s.extra {
		c.Destroy()
	}
	for _, r := range s.order {
		r.destroy()
	}
	for i := len(s.buffers) - 1; i >= 0; i-- {
		s.buffers[i].Destroy()
	}
	s.order, s.buffers, s.programs, s.queued, s.extra = nil, nil, nil, nil, nil
	return err
}
