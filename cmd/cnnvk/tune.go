package main

import (
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/urfave/cli/v2"
)

func tuneCommand() *cli.Command {
	return &cli.Command{
		Name:  "tune",
		Usage: "measure which kernels are the fastest on a device, ahead of the first training",
		Flags: append([]cli.Flag{
			deviceFlag(),
			&cli.BoolFlag{Name: "force", Usage: "measure again what was measured earlier"},
		}, append(measuredRecipeFlags(), verbosityFlags()...)...),
		Action: tune,
	}
}

// tune measures a training step's and an evaluation's kernels, and prints those chosen.
func tune(c *cli.Context) error {
	if wantsCPU(c.String("device")) {
		return usagef("tune: the Go reference has no kernels to choose from")
	}
	s, err := newConsole(c, false)
	if err != nil {
		return err
	}
	recipe, err := measuredRecipe(c)
	if err != nil {
		return err
	}
	model, err := recipe.Network()
	if err != nil {
		return err
	}
	return onMachine(s.log, c.String("device"), func(m *machine) error {
		programs, batch := benchDemand(model, recipe), recipe.BatchSize
		if err := m.admit(programs, batch); err != nil {
			return err
		}
		t := tuner{console: s, again: c.Bool("force")}
		if err := t.settle(c.Context, m); err != nil {
			return err
		}
		s.say("device: %s, %s\n", m.Device().Name, m.Device().Driver)
		if err := t.tune(c.Context, m, programs, batch); err != nil {
			return err
		}
		w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "PRODUCT\tKERNEL")
		chosen, err := m.choices(programs, batch)
		if err != nil {
			return err
		}
		for _, key := range slices.Sorted(maps.Keys(chosen)) {
			fmt.Fprintf(w, "%s\t%s\n", key, chosen[key])
		}
		return w.Flush()
	})
}
