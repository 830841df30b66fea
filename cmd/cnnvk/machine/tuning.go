package machine

import (
	"context"
	"fmt"
	"time"

	"cnnvk/engine/gpu"
)

// Tuning is how a command has its kernels chosen.
type Tuning struct {
	Off    bool        // built-in choices
	Kept   bool        // those that were measured before, and built-in ones for the rest: nothing is measured
	Pinned gpu.Choices // those of an earlier run, if not nil
	Again  bool        // measure what was measured before
	// Limit, if it is not 0, ends the measuring, of the vector width and of kernels together: what is left keeps its built-in kernels, now
	// and later, until a tuning without a limit.
	Limit time.Duration
	Rest  string // the command for such a tuning
}

// Settle opens the machine again with the better vector width, where that is still to be measured. The device is another one then: say
// what it is, and compare with it, only afterwards.
func (m *Machine) Settle(ctx context.Context, t Tuning) error {
	if t.Off || t.Kept || t.Pinned != nil || !m.widthOpen(t.Again) {
		return nil
	}
	return m.chooseWidth(ctx, t.Limit)
}

// Tune sees to it that the kernels for the demand's programs were measured on this device, now or earlier. Settle comes before it.
func (m *Machine) Tune(ctx context.Context, t Tuning, d Demand, batch int) error {
	if m.device == nil {
		return nil
	}
	if t.Pinned != nil {
		return m.pin(t.Pinned, d, batch)
	}
	if t.Off {
		return nil
	}
	var kept measured
	if m.store != nil {
		kept = m.store.measured()
	}
	if !t.Again {
		m.gpu.Choose(kept.Kernels)
	}
	if t.Kept {
		return nil
	}
	if t.Limit > 0 {
		m.gpu.Choose(kept.Left)
	}
	layout, programs, err := d(batch)
	if err != nil {
		return err
	}
	began := time.Now()
	if t.Limit > 0 {
		t.Limit = max(t.Limit-m.settling, time.Nanosecond)
	}
	found, left, err := m.gpu.Tune(ctx, layout, programs, t.Limit, func(r gpu.Tuned) { m.tellTuned(t, r) })
	m.gpu.Choose(left)
	if len(found)+len(left) > 0 && m.store != nil { // of a tuning that was cut short, too: the next one goes on from there
		kept.Device, kept.Driver = m.Device().Name, m.Device().Driver
		m.store.keep(choicesFile, "kernels", kept.with(found, left))
	}
	switch took := time.Since(began).Seconds(); {
	case err != nil:
		return err
	case len(left) > 0:
		m.say("tuned %d of %d in %.0f s: the others keep their built-in kernels until %s measures them\n", len(found), len(found)+len(left), took, t.Rest)
	case len(found) > 0:
		m.say("tuned in %.0f s\n", took)
	}
	return nil
}

// tellTuned tells of a tuning under way.
func (m *Machine) tellTuned(t Tuning, r gpu.Tuned) {
	if r.Done == 0 {
		limit := ""
		if t.Limit > 0 {
			limit = fmt.Sprintf(", for %.0f s at most", t.Limit.Seconds())
		}
		m.say("tuning: measuring kernels for %d sizes of products and convolutions, once on this device%s (--no-tune: do not)\n", r.Of, limit)
	}
	for _, c := range r.Candidates {
		m.log.Debug("tuning", "product", r.Key, "kernel", c.Variant, "ms", c.Time.Seconds()*1e3)
	}
}

// pin takes the kernels of an earlier run.
func (m *Machine) pin(kernels gpu.Choices, d Demand, batch int) error {
	m.gpu.Choose(kernels)
	_, programs, err := d(batch)
	if err != nil {
		return err
	}
	for _, line := range m.gpu.CannotRun(programs) {
		m.log.Warn("a kernel of the configuration cannot run on this device: another runs in its place", "kernel", line)
	}
	return nil
}

// Choices are the kernels that were chosen by measurement for the demand's programs, and the built-in ones of what a limit left; none with
// the reference executor.
func (m *Machine) Choices(d Demand, batch int) (gpu.Choices, error) {
	if m.gpu == nil {
		return gpu.Choices{}, nil
	}
	_, programs, err := d(batch)
	return m.gpu.ChoicesFor(programs), err
}
