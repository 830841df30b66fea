package machine

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/gpu"
	"cnnvk/internal/hints"
	"cnnvk/internal/memlimit"
	"cnnvk/vk"
)

// Demand is what a command runs at a batch size.
type Demand func(batch int) (*engine.Layout, []*engine.Program, error)

// MemoryNeed is how much device memory something takes, in bytes.
type MemoryNeed struct {
	Work int64 `json:"training_bytes"` // activations, parameters, gradients and the optimiser's state
	Data int64 `json:"dataset_bytes"`
}

func (n MemoryNeed) total() int64 { return n.Work + n.Data }

// Need is how much memory a batch size takes. One that the device cannot run, however much memory it has, is refused as Admit does it.
func (m *Machine) Need(d Demand, batch int) (MemoryNeed, error) {
	n, err := m.need(d, batch)
	if err != nil {
		err = refusal(err, batch, func(batch int) error { _, err := m.need(d, batch); return err })
	}
	return n, err
}

// OrSmaller adds a hint to the error of a batch that was admitted and for which there was no room after all: other programs take
// memory, too.
func (m *Machine) OrSmaller(err error, d Demand, batch int) error {
	if m.device == nil || hints.Of(err) != "" || !errors.Is(err, vk.ErrOutOfMemory) {
		return err
	}
	if now := m.Admit(d, batch); hints.Of(now) != "" {
		return hints.With(err, hints.Of(now))
	}
	whole, err1 := m.need(d, batch)
	half, err2 := m.need(d, batch/2)
	if batch < 2 || err1 != nil || err2 != nil {
		return err
	}
	return hints.With(err, fmt.Sprintf("--batch-size %d needs %s in place of %s", batch/2, BinaryBytes(half.total()), BinaryBytes(whole.total())))
}

// Admit refuses a batch for which the device has no room, and says which is the largest that fits.
func (m *Machine) Admit(d Demand, batch int) error {
	limits := memlimit.Limits()
	fits := m.fitting(d, limits)
	n, err := fits(batch)
	if err != nil {
		return refusal(err, batch, func(batch int) error { _, err := fits(batch); return err })
	}
	m.boundGarbage(limits, n)
	return nil
}

// boundGarbage tells Go's collector how much there is for garbage besides what is needed, so that it does not wait until a limit is
// reached. A GOMEMLIMIT that the user sets stays as it is.
func (m *Machine) boundGarbage(limits []memlimit.Limit, n MemoryNeed) {
	cost, counts := m.hostCost()
	if !counts || len(limits) == 0 || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	if m.device == nil {
		n = MemoryNeed{} // which is Go's own
	}
	spare := int64(math.MaxInt64)
	for _, l := range limits {
		spare = min(spare, l.Free()-cost[l.Kind]-n.total())
	}
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	debug.SetMemoryLimit(int64(now.Sys-now.HeapReleased) + max(spare, 0))
}

// fitting tells of a batch size what it needs and why it does not fit: into the device, or, where that is the processor, the limits.
func (m *Machine) fitting(d Demand, limits []memlimit.Limit) func(batch int) (MemoryNeed, error) {
	room, free := int64(math.MaxInt64), false
	if m.device != nil {
		room, free = m.room()
	}
	cost, counts := m.hostCost()
	return func(batch int) (MemoryNeed, error) {
		n, err := m.need(d, batch)
		switch {
		case err != nil:
			return n, err
		case n.total() > room:
			return n, &noRoom{n, room, free}
		case counts:
			return n, within(limits, cost, n.total())
		}
		return n, nil
	}
}

// need works out how much memory a batch size takes, from the plans that would be run; nothing is allocated. The error is a
// vk.ErrUnsupported where the device cannot run them at all.
func (m *Machine) need(d Demand, batch int) (MemoryNeed, error) {
	layout, programs, err := d(batch)
	if err != nil {
		return MemoryNeed{}, err
	}
	if m.gpu == nil {
		data := residentBytes(programs)
		return MemoryNeed{cpu.New().Footprint(layout, programs) - data, data}, nil
	}
	work, err := m.gpu.Footprint(layout, programs, engine.PlanOptions{})
	return MemoryNeed{work, residentBytes(programs)}, err
}

// residentBytes is the size of the data set that programs share.
func residentBytes(programs []*engine.Program) int64 {
	var sum int64
	for _, t := range programs[0].ByRole(engine.Resident) {
		size := int64(t.Shape.Elements())
		if t.DType != engine.Uint8 {
			size *= 4
		}
		sum += size
	}
	return sum
}

// room is the memory that the device can still give, or, where its driver does not say, all that it has.
func (m *Machine) room() (bytes int64, free bool) {
	if bytes, known := m.device.MemoryBudget(); known {
		return bytes, true
	}
	return m.device.Info().Room(), false
}

// noRoom is a need beyond what the device has.
type noRoom struct {
	need MemoryNeed
	room int64
	free bool // room is what is free, not all that there is
}

func (e *noRoom) Error() string {
	has := "the device has " + BinaryBytes(e.room)
	if e.free {
		has = BinaryBytes(e.room) + " is free"
	}
	return fmt.Sprintf("%s of device memory, %s of it for the data set; %s", BinaryBytes(e.need.total()), BinaryBytes(e.need.Data), has)
}

// refusal is the error of a batch size that does not fit, in words. Other errors it leaves as they are.
func refusal(err error, batch int, fits func(batch int) error) error {
	var large *gpu.TooLarge
	var none *noRoom
	var over *overLimit
	switch {
	case errors.As(err, &large):
		err = fmt.Errorf("batch size %d needs %s of %s, the device allows %s",
			batch, large.What, BinaryBytes(large.Bytes), BinaryBytes(large.Most))
	case errors.As(err, &over):
		err = fmt.Errorf("batch size %d needs %w", batch, err)
	case errors.As(err, &none):
		err = fmt.Errorf("batch size %d needs %w", batch, err)
	case !errors.Is(err, vk.ErrUnsupported):
		return err
	}
	hint := "not even --batch-size 1 fits on this device"
	if most := largest(batch, fits); most > 0 {
		hint = fmt.Sprintf("--batch-size %d fits", most)
	}
	if over != nil {
		hint += ", or " + over.raise()
	}
	return hints.With(err, hint)
}

// largest is the largest batch size that fits, given one that does not; 0 if none does.
func largest(tooLarge int, fits func(batch int) error) int {
	most := 0
	for tooLarge-most > 1 {
		middle := most + (tooLarge-most)/2
		if fits(middle) == nil {
			most = middle
		} else {
			tooLarge = middle
		}
	}
	return most
}
