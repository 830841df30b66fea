package main

import (
	"time"

	"github.com/urfave/cli/v2"

	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/engine"
	"cnnvk/net/training"
)

func (p program) trainCommand() *cli.Command {
	flags := []cli.Flag{
		trainDataFlag(),
		trainDeviceFlag(),
		noTuneFlag(),
		&cli.PathFlag{Name: "resume", Usage: "go on with the run in the folder `RUN`, which was stopped or killed: to the same bits, and without other flags; " +
			"auto goes on with the one in --out if there is one, with the flags that it began with, or else begins it"},
		&cli.StringFlag{Name: "recipe", Value: training.Recipes[0].Name, Usage: "the named recipe to start from, `NAME`; flags and --config win over it (the defaults shown are smallcifarnet's)"},
		&cli.PathFlag{Name: "config", Usage: "take the recipe and the data folder from a run's config.yaml, `FILE`, or the run's folder; other flags win"},
		&cli.PathFlag{Name: "out", Usage: "run folder `DIR` (default: runs/RECIPE, runs/RECIPE-2, ...)"},
		&cli.BoolFlag{Name: "force", Usage: "replace the run that is in --out; other files there stay"},
		traceFlag(),
		progressFlag(),
	}
	flags = append(flags, pictureFlags()...)
	for _, f := range recipeFlags() {
		flags = append(flags, f.flag)
	}
	return &cli.Command{
		Name:   "train",
		Usage:  "train a network and keep the best weights",
		Flags:  append(flags, verbosityFlags()...),
		Action: p.train,
	}
}

func (p program) train(c *cli.Context) error {
	began := time.Now()
	s, err := p.newConsole(c, false)
	if err != nil {
		return err
	}
	dir, auto, err := runToResume(c)
	if err != nil {
		return err
	}
	if dir != "" && !auto {
		return p.resume(c, s, dir, nil, began)
	}
	conf, err := configOf(c)
	if err != nil {
		return err
	}
	if dir != "" {
		return p.resume(c, s, dir, &conf, began)
	}
	if c.Bool("force") && c.String("out") == "" {
		return usagef("--force needs --out: without it a new folder is made")
	}
	if err := run.CheckOut(c.String("out"), c.Bool("force")); err != nil {
		return err
	}
	set, dir, err := p.trainingSet(c, s, conf)
	if err != nil {
		return err
	}
	like := conf.RanOn()
	if conf.Kernels == nil { // then kernels and vector width are chosen here
		like = engine.Device{}
	}
	return s.onMachine(machine.Options{Device: deviceOf(c), Like: like}, func(m *machine.Machine) error {
		j := &job{console: s, flags: c, recipe: conf.Recipe, set: set, dir: dir, began: began, saveEvery: p.checkpointEvery, curvesDPI: p.curvesDPI}
		return j.runOn(m, conf)
	})
}
