package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/urfave/cli/v2"

	"cnnvk/engine/gpu"
)

// noTuneFlag leaves the choice of kernels to the program.
func noTuneFlag() cli.Flag {
	return &cli.BoolFlag{
		Name:    "no-tune",
		Usage:   "take the built-in choice of kernels, not what was measured on this device",
		EnvVars: []string{"CNNVK_NO_TUNE"},
	}
}

// choices are the kernels that were chosen by measurement for the demand's programs, none with the reference executor.
func (m *machine) choices(d demand, batch int) (gpu.Choices, error) {
	if m.gpu == nil {
		return gpu.Choices{}, nil
	}
	_, programs, err := d(batch)
	return m.gpu.ChoicesFor(programs), err
}

// tuner is how a command has its kernels chosen.
type tuner struct {
	*console
	off    bool        // built-in choices
	pinned gpu.Choices // those of an earlier run, if not nil
	again  bool        // measure what was measured before
}

// pin has a run take the kernels of an earlier one.
func (t tuner) pin(m *machine, d demand, batch int) error {
	m.gpu.Choose(t.pinned)
	_, programs, err := d(batch)
	if err != nil {
		return err
	}
	for _, line := range m.gpu.CannotRun(programs) {
		t.log.Warn("a kernel of the configuration cannot run on this device: another runs in its place", "kernel", line)
	}
	return nil
}

// warnOfUnknown warns of the choices of a file that name no kernel.
func warnOfUnknown(log *slog.Logger, file string, unknown []string) {
	for _, line := range unknown {
		log.Warn(file+" names a kernel that this version does not have: another runs in its place", "kernel", line)
	}
}

// settle opens the machine again with the better vector width, where that is to be measured. The device is another then: what is said
// of it and compared with it comes later.
func (t tuner) settle(ctx context.Context, m *machine) error {
	if t.off || t.pinned != nil || !m.widthOpen(t.again) {
		return nil
	}
	return m.chooseWidth(ctx, t.console)
}

// tune sees to it that the kernels for the demand's programs were measured on this device, now or earlier. The machine is settled.
func (t tuner) tune(ctx context.Context, m *machine, d demand, batch int) error {
	if m.device == nil {
		return nil
	}
	if t.pinned != nil {
		return t.pin(m, d, batch)
	}
	if t.off {
		return nil
	}
	if m.store != nil && !t.again {
		m.gpu.Choose(m.store.choices())
	}
	layout, programs, err := d(batch)
	if err != nil {
		return err
	}
	began, count := time.Now(), 0
	_, err = m.gpu.Tune(ctx, layout, programs, func(r gpu.Tuned) {
		if count++; count == 1 {
			t.say("tuning: measuring kernels for %d sizes of products and convolutions, once on this device (--no-tune: do not)\n", r.Of)
		}
		for _, c := range r.Candidates {
			t.log.Debug("tuning", "product", r.Key, "kernel", c.Variant, "ms", c.Time.Seconds()*1e3)
		}
	})
	if count > 0 && m.store != nil { // of a tuning that was cut short, too: the next one goes on from there
		m.store.keep(choicesFile, "kernels", measured{m.Device().Name, m.Device().Driver, m.gpu.Choices()})
	}
	if count > 0 && err == nil {
		t.say("tuned in %.0f s\n", time.Since(began).Seconds())
	}
	return err
}
