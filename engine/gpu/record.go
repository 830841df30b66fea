package gpu

import (
	"fmt"

	"cnnvk/vk"
)

// ringSlots is how many steps of a program may be under way: one at work, the next ones waiting, so that the device does
// not wait for the host.
const ringSlots = 4

// recorded is a program on the device: for each slot of its ring, the commands of a step that reads that slot's record
// and writes that slot's report. Nothing else differs between the slots.
type recorded struct {
	plan     *plan
	records  *vk.Buffer
	reports  *vk.Buffer
	commands [ringSlots]*vk.Commands
	next     int // the slot of the next step
}

// record makes the ring of a plan. What it made before an error is returned, too, to be destroyed.
func (s *session) record(pl *plan) (*recorded, error) {
	r := &recorded{plan: pl}
	var err error
	device := s.executor.device
	name := pl.program.Name
	if r.records, err = device.NewBuffer(pl.recordBytes()*ringSlots, vk.Upload, name+" records"); err != nil {
		return r, err
	}
	if r.reports, err = device.NewBuffer(pl.reportBytes()*ringSlots, vk.Readback, name+" reports"); err != nil {
		return r, err
	}
	for slot := range r.commands {
		if r.commands[slot], err = s.recordSlot(r, slot, false); err != nil {
			return r, err
		}
	}
	return r, nil
}

// recordSlot records the plan for a slot; with stamps, there is a timestamp before the first and after every dispatch.
func (s *session) recordSlot(r *recorded, slot int, stamps bool) (*vk.Commands, error) {
	rec, err := s.executor.device.NewRecorder(fmt.Sprintf("%s slot %d", r.plan.program.Name, slot))
	if err != nil {
		return nil, err
	}
	defer rec.Abandon()
	if err := stamp(rec, stamps); err != nil {
		return nil, err
	}
	for _, d := range r.plan.dispatches {
		p, err := s.executor.pipeline(d)
		if err != nil {
			return nil, err
		}
		x := vk.Dispatch{Pipeline: p, Push: d.push, Groups: d.groups, Label: d.kernel.shader}
		for i, o := range d.storage {
			x.Storage = append(x.Storage, vk.Binding{Window: s.window(r, slot, o), Access: d.kernel.storage[i]})
		}
		for _, o := range d.texel {
			x.Texel = append(x.Texel, s.window(r, slot, o))
		}
		if d.uniform != nil {
			x.Uniform = s.window(r, slot, operand{slab: d.uniform})
		}
		if err := rec.Dispatch(x); err != nil {
			return nil, err
		}
		if err := stamp(rec, stamps); err != nil {
			return nil, err
		}
	}
	return rec.Finish()
}

// window is where an operand lies for a slot of the ring.
func (s *session) window(r *recorded, slot int, o operand) vk.Window {
	bytes, offset := o.size(), o.slab.offset+o.offset
	switch o.slab.home {
	case workspace:
		return s.workspace.Window(offset, bytes)
	case arenas:
		return s.arenas[o.slab.arena].Window(offset, bytes)
	case records:
		return r.records.Window(int64(slot)*r.plan.recordBytes()+offset, bytes)
	case reports:
		return r.reports.Window(int64(slot)*r.plan.reportBytes()+offset, bytes)
	default:
		return s.residents[o.slab.name].buffer.Window(offset, bytes)
	}
}

// recordBytes and reportBytes are the sizes of a slot, which cannot be empty.
func (pl *plan) recordBytes() int64 { return max(pl.recordSize, windowAlign) }
func (pl *plan) reportBytes() int64 { return max(pl.reportSize, windowAlign) }

func (r *recorded) destroy() {
	for _, c := range r.commands {
		c.Destroy()
	}
	for _, b := range []*vk.Buffer{r.records, r.reports} {
		if b != nil {
			b.Destroy()
		}
	}
}
