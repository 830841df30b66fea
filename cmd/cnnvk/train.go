package main

import (
	"fmt"
	"io"
	"math"
	"time"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/net"
)

func trainCommand() *cli.Command {
	d := net.DefaultRecipe()
	return &cli.Command{
		Name:  "train",
		Usage: "train SmallCIFARNet and keep the best weights",
		Flags: []cli.Flag{
			dataFlag(),
			deviceFlag(),
			&cli.Int64Flag{Name: "seed", Value: int64(d.Seed), Usage: "of initial weights, split, order and dropout, 0 to 4294967295"},
			&cli.IntFlag{Name: "epochs", Value: d.Epochs, Usage: "passes over the training images"},
			&cli.IntFlag{Name: "batch-size", Value: d.BatchSize, Usage: "images in a step"},
			&cli.IntFlag{Name: "limit-steps", Usage: "end after `N` optimiser steps in the whole run, with validation and saving"},
			&cli.StringFlag{Name: "opt", Value: d.Optimizer, Usage: "`adamw|sgd|nesterov`"},
			&cli.Float64Flag{Name: "lr", Value: d.LearningRate, Usage: "highest learning rate"},
			&cli.StringFlag{Name: "out", Usage: "run folder `DIR` (default: runs/smallcifarnet, runs/smallcifarnet-2, ...)"},
		},
		Action: train,
	}
}

// recipeOf reads the recipe from the flags.
func recipeOf(c *cli.Context) (net.Recipe, error) {
	r := net.DefaultRecipe()
	seed := c.Int64("seed")
	if seed < 0 || seed > math.MaxUint32 {
		return r, usagef("--seed %d: use 0 to 4294967295", seed)
	}
	if c.IsSet("limit-steps") && c.Int("limit-steps") < 1 {
		return r, usagef("--limit-steps %d: use 1 or more", c.Int("limit-steps"))
	}
	r.Seed, r.Epochs, r.BatchSize, r.LimitSteps = uint32(seed), c.Int("epochs"), c.Int("batch-size"), c.Int("limit-steps")
	r.Optimizer, r.LearningRate = c.String("opt"), c.Float64("lr")
	return r, recipeProblem(r.Check())
}

// readTraining reads the training set, or makes the synthetic one where none is named, and says which.
func readTraining(c *cli.Context) (*cifar.Set, error) {
	dir := c.String("data")
	if dir == "" {
		fmt.Fprintf(c.App.Writer, "data: synthetic, %d images, for trying out (no --data and no CNNVK_DATA)\n", syntheticImages)
		return cifar.Synthetic(0, syntheticImages), nil
	}
	set, err := cifar.ReadTrain(dir)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(c.App.Writer, "data: %s in %s, %d images, MD5 %s (%s)\n", set.Name, dir, set.Len(), set.MD5, knownAs(set.MD5))
	return set, nil
}

func knownAs(md5 string) string {
	if known := cifar.Known(md5); known != "" {
		return known
	}
	return "not a known checksum"
}

func train(c *cli.Context) error {
	began := time.Now()
	recipe, err := recipeOf(c)
	if err != nil {
		return err
	}
	if err := checkOut(c.String("out")); err != nil {
		return err
	}
	set, err := readTraining(c)
	if err != nil {
		return err
	}
	return onMachine(c.String("device"), func(m *machine) error { return trainOn(m, c, recipe, set, began) })
}

// trainOn makes everything ready, the run folder last, so that a training that cannot begin leaves none.
func trainOn(m *machine, c *cli.Context, recipe net.Recipe, set *cifar.Set, began time.Time) error {
	model, err := net.SmallCIFARNet(recipe.Widths, true)
	if err != nil {
		return err
	}
	t := newTrainer(recipe, model, set)
	defer t.Close()
	if err := t.Open(m); err != nil {
		return orSmaller(recipeProblem(err), recipe.BatchSize)
	}
	f, err := newRunFolder(c.String("out"), model.Name)
	if err != nil {
		return err
	}
	f.metadata = metadata(recipe, set, m, t.Kernels())
	if err := f.begin(recipe, set, c.String("data"), m.Device(), t.Val); err != nil {
		return err
	}
	say(c.App.Writer, recipe, model, m, f.dir)
	w := &watcher{out: c.App.Writer, recipe: recipe, began: began}
	t.OnSteps = w.steps
	t.OnEpoch = func(e net.EpochEnded) error {
		w.epoch(e)
		return f.epoch(t, e)
	}
	if err := t.Run(); err != nil {
		return f.stopped(err, recipe)
	}
	fmt.Fprintf(c.App.Writer, "best validation accuracy %.2f %%, weights in %s\n", 100*f.best, f.path(bestWeights))
	fmt.Fprintf(c.App.Writer, "evaluate them on the test set: cnnvk eval --data %s --weights %s\n", orDIR(c.String("data")), f.path(bestWeights))
	return nil
}

// newTrainer deals the images to training and validation.
func newTrainer(recipe net.Recipe, model *net.Model, set *cifar.Set) *net.Trainer {
	t := &net.Trainer{Recipe: recipe, Model: model, Data: dataOf(set, cifar.NormalizeTable())}
	t.Val, t.Train = cifar.Split(set.Len(), recipe.ValidationRatio, recipe.Seed)
	t.Order = func(epoch int) []int { return cifar.EpochOrder(t.Train, uint64(recipe.Seed), epoch) }
	return t
}

func orDIR(data string) string {
	if data == "" {
		return "DIR"
	}
	return data
}

// say tells what is about to happen.
func say(out io.Writer, r net.Recipe, model *net.Model, m *machine, dir string) {
	fmt.Fprintf(out, "device: %s, %s\n", m.Device().Name, m.Device().Driver)
	fmt.Fprintf(out, "model: %s, %d parameters\n", model.Name, model.Parameters())
	limit := ""
	if r.LimitSteps > 0 {
		limit = fmt.Sprintf(", at most %d steps", r.LimitSteps)
	}
	fmt.Fprintf(out, "training: %d epochs%s, batch %d, %s, learning rate %g, seed %d, into %s\n",
		r.Epochs, limit, r.BatchSize, r.Optimizer, r.LearningRate, r.Seed, dir)
}
