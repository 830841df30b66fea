package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/internal/env"
	"cnnvk/internal/hints"
	"cnnvk/net"
)

// A driver without its hardware shows whether it compiles the kernels and takes the steps. There is nothing to be measured on it.

// compilesOnly says whether bench is to measure nothing, and refuses what would be measured.
func compilesOnly(c *cli.Context) (bool, error) {
	if compile, err := env.Bool(machine.CompileVariable); err != nil || !compile {
		return false, err
	}
	try := machine.CompileVariable + "=1 cnnvk bench --no-tune"
	if !c.Bool("no-tune") {
		return false, hints.With(usagef("%s=1: nothing is measured then, so bench needs --no-tune", machine.CompileVariable), try)
	}
	for _, flag := range []string{"json", "markdown", "csv", "profile"} {
		if c.Bool(flag) && !(c.Bool("profile") && c.Bool("json")) {
			return false, hints.With(usagef("%s=1: nothing is measured then, so there is nothing for --%s", machine.CompileVariable, flag), try)
		}
	}
	return true, nil
}

// submit runs so many training steps and as many evaluations, after two of each, and prints which kernels they are made of, or finds
// what these do.
func (b *bencher) submit(s *console, o benchOptions) (found benchFindings, err error) {
	if o.profile {
		found.result = b.result()
		found.profiles, err = b.plans()
		return found, err
	}
	b.logChoices(s.log)
	device := b.machine.Device()
	s.say("device: %s, %s\nrandom pixels, batch %d, %d steps compiled and submitted; what comes of them is not looked at (%s=1)\n",
		device.Name, device.Driver, b.batch, warmUps+o.repeats, machine.CompileVariable)
	for _, of := range []*net.Batches{b.train, b.eval} {
		p := of.Programs()[0]
		if _, err := b.times(of, o.repeats); err != nil {
			return found, fmt.Errorf("%s: %w", p.Name, err)
		}
		s.result("%s\n", p.Name)
		for _, choice := range b.session.Kernels(p) {
			s.result("  %s\n", choice)
		}
	}
	return found, nil
}
