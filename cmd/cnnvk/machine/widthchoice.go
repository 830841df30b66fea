package machine

import (
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/cpu"
)

// widthOpen says whether the vector width is to be measured: where it can be chosen, and was not measured yet with this version of the driver, or
// is to be again.
func (m *Machine) widthOpen(again bool) bool {
	return m.device != nil && m.device.Info().Driver == "llvmpipe" && m.users.value == "" && !m.namedWidth && cpu.X86.HasAVX512F &&
		(again || measuredWidth().Driver != m.Device().Driver)
}

// widthRounds is how often each width is measured, in turns: others may be at work here for a while.
const widthRounds = 3

// chooseWidth measures the products of a step with each vector width, and opens the machine again with the better one. What is compiled for
// a width that loses is lost: so few kernels have to speak for all. Half of the limit, if there is one, ends the measuring after a round.
func (m *Machine) chooseWidth(ctx context.Context, limit time.Duration) error {
	m.say("tuning: measuring the vector width for this processor, once (%s=256 or 512 sets it)\n", widthVariable)
	began := time.Now()
	defer func() { m.settling = time.Since(began) }()
	step, err := m.options.Sample()
	if err != nil {
		return err
	}
	best := map[int][]time.Duration{}
	for round := 0; round < widthRounds && (round == 0 || limit == 0 || time.Since(began) < limit/2); round++ {
		for _, bits := range vectorWidths {
			m.users.setWidth(bits)
			if err := m.Reopen(); err != nil {
				return err
			}
			if round > 0 {
				m.gpu.CompileAhead(0) // it is compiled
			}
			times, err := m.gpu.SampleProducts(ctx, step)
			if err != nil {
				return err
			}
			best[bits] = shorter(times, best[bits])
		}
	}
	found := thisProcessor()
	found.Driver = m.Device().Driver
	found.choose(best)
	m.log.Debug("vector width", "bits", found.Bits, "step_ms", found.StepMS)
	keepWidth(found, m.log)
	m.users.setWidth(found.Bits)
	if err := m.Reopen(); err != nil {
		return err
	}
	return m.gpu.Check() // as when it was opened at first, at another width
}

// shorter are the shorter ones of times and others, if there are others.
func shorter(times, others []time.Duration) []time.Duration {
	out := slices.Clone(times)
	for i, t := range others {
		out[i] = min(out[i], t)
	}
	return out
}

// choose takes the width whose times are the shortest together.
func (w *vectorWidth) choose(times map[int][]time.Duration) {
	w.StepMS = map[string]float64{}
	least := math.Inf(1)
	for _, bits := range vectorWidths {
		var ms float64
		for _, t := range times[bits] {
			ms += t.Seconds() * 1e3
		}
		w.StepMS[strconv.Itoa(bits)] = ms
		if ms < least {
			least, w.Bits = ms, bits
		}
	}
}
