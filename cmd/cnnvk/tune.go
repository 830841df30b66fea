package main

import (
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/internal/files"
	"cnnvk/net"
)

func (p program) tuneCommand() *cli.Command {
	return &cli.Command{
		Name:  "tune",
		Usage: "measure which kernels are the fastest on a device, ahead of the first training or after it",
		Flags: append([]cli.Flag{
			deviceFlag(),
			&cli.BoolFlag{Name: "force", Usage: "measure again what was measured earlier"},
		}, append(measuredRecipeFlags(), verbosityFlags()...)...),
		Action: p.tune,
	}
}

// startTuning is how long a training or an evaluation measures the vector width and kernels at most before it starts: on a new machine the
// first step is to come within half a minute, and what it runs is still to be compiled. tune and bench take the time that it takes.
const startTuning = 16 * time.Second

// restOfTuning is the command that measures what the start of a training or an evaluation did not come to. named is what --model says.
func restOfTuning(device, named string, m *net.Model) string {
	command, reference := "cnnvk tune", net.ReferenceWidths(m.Name)
	if device != "" {
		command += " --device " + files.Quote(device)
	}
	switch {
	case net.IsSpecFile(named):
		command += " --model " + files.Quote(named)
	case reference == nil:
		return command + " --model FILE.yaml"
	default:
		command += " --model " + m.Name
	}
	if len(m.Widths) > 0 && !slices.Equal(m.Widths, reference) {
		command += " --widths " + joinInts(m.Widths)
	}
	return command
}

// noTuneFlag leaves the choice of kernels to the program.
func noTuneFlag() cli.Flag {
	return &cli.BoolFlag{
		Name:    "no-tune",
		Usage:   "take the built-in choice of kernels, not what was measured on this device",
		EnvVars: []string{"CNNVK_NO_TUNE"},
	}
}

// tune measures a training step's and an evaluation's kernels, and prints those chosen.
func (p program) tune(c *cli.Context) error {
	if machine.WantsCPU(c.String("device")) {
		return usagef("tune: the Go reference has no kernels to choose from")
	}
	s, err := p.newConsole(c, false)
	if err != nil {
		return err
	}
	recipe, err := measuredRecipe(c)
	if err != nil {
		return err
	}
	model, err := networkFor(c, recipe, benchForm)
	if err != nil {
		return err
	}
	return s.onMachine(machine.Options{Device: c.String("device")}, func(m *machine.Machine) error {
		programs, batch := benchDemand(model, recipe), recipe.BatchSize
		if err := m.Admit(programs, batch); err != nil {
			return err
		}
		t := machine.Tuning{Again: c.Bool("force")}
		if err := m.Settle(c.Context, t); err != nil {
			return err
		}
		s.say("device: %s, %s\n", m.Device().Name, m.Device().Driver)
		if err := m.Tune(c.Context, t, programs, batch); err != nil {
			return err
		}
		w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "PRODUCT\tKERNEL")
		chosen, err := m.Choices(programs, batch)
		if err != nil {
			return err
		}
		for _, key := range slices.Sorted(maps.Keys(chosen)) {
			fmt.Fprintf(w, "%s\t%s\n", key, chosen[key])
		}
		return w.Flush()
	})
}
