package gpu

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"cnnvk/engine"
	"cnnvk/engine/trace"
	"cnnvk/vk"
)

// ringSlots is the number of slots in the ring of step inputs, and so of steps of a program under way: enough for two submissions at the
// device and a third that the host prepares.
const ringSlots = maxSubmitted * maxTogether

// recorded is a program on the device: for each slot of its ring, the commands of a step that reads that slot's inputs
// and writes that slot's report. Nothing else differs between the slots.
type recorded struct {
	plan     *plan
	inputs   *vk.Buffer
	reports  *vk.Buffer
	tables   *vk.Buffer
	commands [ringSlots]*vk.Commands // of the slots that were needed so far
	taken    [ringSlots]bool         // by steps under way
	last     int                     // the slot of the last step
	pace     time.Duration           // of a step on the device; 0 until one is done
	traced   int                     // steps whose kernels were put on the time line
}

// record makes the ring of a plan. What it made before an error is returned, too, to be destroyed.
//
// No slot is recorded here. They follow when a step finds no recorded one free: a device that takes long for a step needs three of them, a
// fast one all.
func (s *session) record(pl *plan) (*recorded, error) {
	r := &recorded{plan: pl}
	var err error
	device := s.executor.device
	name := pl.program.Name
	if r.inputs, err = device.NewBuffer(pl.inputBytes()*ringSlots, vk.Upload, name+" step inputs"); err != nil {
		return r, err
	}
	if r.reports, err = device.NewBuffer(pl.reportBytes()*ringSlots, vk.Readback, name+" reports"); err != nil {
		return r, err
	}
	return r, s.writeTables(r)
}

// commandsOf are a slot's commands, recorded when they are first asked for.
func (s *session) commandsOf(r *recorded, slot int) (_ *vk.Commands, err error) {
	if r.commands[slot] == nil {
		r.commands[slot], err = s.recordSlot(r, slot, false)
	}
	return r.commands[slot], err
}

// recordSlot records the plan for a slot. There is a timestamp before the first dispatch and after the last; with each set, after
// every one. A device without timestamps has none unless each is set, which is an error there.
func (s *session) recordSlot(r *recorded, slot int, each bool) (*vk.Commands, error) {
	if err := s.compiled(r); err != nil {
		return nil, err
	}
	defer s.executor.timeline.Begin(trace.Host, "record commands")()
	ends := each || s.stamped()
	rec, err := s.executor.device.NewRecorder(fmt.Sprintf("%s slot %d", r.plan.program.Name, slot))
	if err != nil {
		return nil, err
	}
	defer rec.Abandon()
	if err := stamp(rec, ends); err != nil {
		return nil, err
	}
	for i, d := range r.plan.dispatches {
		x, err := s.dispatch(r, slot, d)
		if err != nil {
			return nil, err
		}
		if err := rec.Dispatch(x); err != nil {
			return nil, err
		}
		if err := stamp(rec, each || ends && i == len(r.plan.dispatches)-1); err != nil {
			return nil, err
		}
	}
	return rec.Finish()
}

// dispatch is a dispatch of the plan as it is recorded for a slot.
func (s *session) dispatch(r *recorded, slot int, d dispatch) (vk.Dispatch, error) {
	p, err := s.executor.pipeline(d)
	x := vk.Dispatch{Pipeline: p, Push: d.push, Groups: d.groups, Label: d.kernel.code()}
	for at, o := range d.storage {
		x.Storage = append(x.Storage, vk.Binding{Window: s.window(r, slot, o), Access: d.access(at)})
	}
	for _, o := range d.texel {
		x.Texel = append(x.Texel, vk.Texels{Window: s.window(r, slot, o), Format: o.texels()})
	}
	if d.uniform != nil {
		x.Uniform = s.window(r, slot, operand{slab: d.uniform})
	}
	return x, err
}

// window is where an operand lies for a slot of the ring.
func (s *session) window(r *recorded, slot int, o operand) vk.Window {
	bytes, offset := o.size(), o.slab.offset+o.offset
	switch o.slab.home {
	case workspace:
		return s.workspace.Window(offset, bytes)
	case arenas:
		return s.arenas[o.slab.arena].Window(offset, bytes)
	case stepInputs:
		return r.inputs.Window(int64(slot)*r.plan.inputBytes()+offset, bytes)
	case tables:
		return r.tables.Window(offset, bytes)
	case reports:
		return r.reports.Window(int64(slot)*r.plan.reportBytes()+offset, bytes)
	default:
		return s.residents[o.slab.name].buffer.Window(offset, bytes)
	}
}

// inputBytes and reportBytes are the sizes of a slot, which cannot be empty.
func (pl *plan) inputBytes() int64  { return max(pl.inputSize, windowAlign) }
func (pl *plan) reportBytes() int64 { return max(pl.reportSize, windowAlign) }

func (r *recorded) destroy() {
	for _, c := range r.commands {
		c.Destroy()
	}
	for _, b := range []*vk.Buffer{r.inputs, r.reports, r.tables} {
		if b != nil {
			b.Destroy()
		}
	}
}

// stamp records a timestamp if wanted.
func stamp(rec *vk.Recorder, wanted bool) error {
	if !wanted {
		return nil
	}
	_, err := rec.Timestamp()
	return err
}

// fill copies a step's inputs into its slot.
func (s *session) fill(r *recorded, slot int, in *engine.StepInputs) error {
	size := r.plan.inputBytes()
	to := r.inputs.Bytes()[int64(slot)*size:][:size]
	for _, t := range r.plan.program.ByRole(engine.Input) {
		at := to[r.plan.slabs[t].offset:]
		if t.DType == engine.Float {
			copy(at, floatBytes(in.Floats(t.Name)))
			continue
		}
		values := in.Uints(t.Name)
		if err := engine.CheckInput(r.plan.program, t, values); err != nil {
			return fmt.Errorf("engine/gpu: %w", err)
		}
		for i, v := range values {
			binary.LittleEndian.PutUint32(at[4*i:], v)
		}
	}
	return r.inputs.Flush(int64(slot)*size, size)
}

// report reads the report of the step in that slot.
func (r *recorded) report(slot int) (engine.Report, error) {
	size := r.plan.reportBytes()
	if err := r.reports.Invalidate(int64(slot)*size, size); err != nil {
		return engine.Report{}, err
	}
	from := r.reports.Bytes()[int64(slot)*size:][:size]
	out := engine.Report{Program: r.plan.program, Results: map[string][]float64{}}
	for _, t := range r.plan.program.ByRole(engine.Result) {
		out.Results[t.Name] = floats(from[r.plan.slabs[t].offset:], t.Shape.Elements())
	}
	return out, nil
}

func floatBytes(v []float64) []byte {
	out := make([]byte, 4*len(v))
	for i, f := range v {
		binary.LittleEndian.PutUint32(out[4*i:], math.Float32bits(float32(f)))
	}
	return out
}

func floats(b []byte, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
	}
	return out
}
