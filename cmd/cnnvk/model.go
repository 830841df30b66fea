package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/internal/hints"
	"cnnvk/net"
	"cnnvk/net/training"
)

// aModel is what --model takes, in the usage of the flag.
const aModel = "the network: `NAME` of one that is built in, or a FILE.yaml of your own"

// modelFlag is --model where none is set for the start.
func modelFlag(usage, otherwise string) cli.Flag {
	return &cli.StringFlag{Name: "model", DefaultText: otherwise, Usage: usage}
}

// takeModel gives a recipe the network that --model names. A name that is none is left to the recipe's check.
func takeModel(r *training.Recipe, name string) error {
	r.Model, r.NetworkText = name, ""
	if !net.IsSpecFile(name) {
		return nil
	}
	s, err := specNamed(name)
	if err != nil {
		return err
	}
	r.Model, r.NetworkText = s.Name, s.Stored()
	return nil
}

// specNamed is the network that --model names: a built-in one, or that of a file.
func specNamed(name string) (*net.Spec, error) {
	if net.IsSpecFile(name) {
		return net.ReadSpec(name)
	}
	if s, err := net.BuiltIn(name); err == nil {
		return s, nil
	}
	r := training.DefaultRecipe()
	r.Model = name
	return nil, modelProblem(r.Check())
}

// modelProblem rewords an error about a value of the recipe: it names summary's flag for it.
func modelProblem(err error) error {
	return flagProblemOf(err, map[string]string{"model": "model", "widths": "widths", "batch_size": "batch-size", "amp_dtype": ampTypeFlag})
}

// networkFor is the recipe's network for images of a form. What does not fit in the file that --model names is told by its lines.
func networkFor(c *cli.Context, r training.Recipe, f cifar.Form) (*net.Model, error) {
	model, err := r.Network(taskOf(f))
	if err == nil {
		return model, nil
	}
	if name := c.String("model"); net.IsSpecFile(name) {
		if _, inFile := net.ReadSpecFor(name, taskOf(f)); inFile != nil {
			err = inFile
		}
	}
	if hints.Of(err) == "" && !f.Like(cifar.CIFAR100) {
		err = fmt.Errorf("%w (%s has %v)", err, f.Name, f)
	}
	return nil, err
}

// taskOf is what a network for images of a form is built for.
func taskOf(f cifar.Form) net.Task {
	return net.Task{C: f.C, H: f.H, W: f.W, Classes: len(f.Classes)}
}

// recipeForModel is the recipe from which a command starts where --recipe names none: the one for the network of --model, if it is set.
func recipeForModel(c *cli.Context) training.Recipe {
	if name := c.String("model"); c.IsSet("model") {
		return training.RecipeFor(name, net.IsSpecFile(name))
	}
	return training.DefaultRecipe()
}
