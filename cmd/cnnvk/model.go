package main

import (
	"github.com/urfave/cli/v2"

	"cnnvk/net"
	"cnnvk/net/training"
)

// aModel is what --model takes, in the usage of the flag.
const aModel = "the network: `NAME` of one that is built in, or a FILE.yaml of your own"

// modelFlag is --model where none is set for the start.
func modelFlag(usage, otherwise string) cli.Flag {
	return &cli.StringFlag{Name: "model", DefaultText: otherwise, Usage: usage}
}

// specNamed is the network that --model names: a built-in one, or that of a file.
func specNamed(name string) (*net.Spec, error) {
	if net.IsSpecFile(name) {
		return net.ReadSpec(name, net.CIFAR100)
	}
	return net.BuiltIn(name)
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

// recipeForModel is the recipe from which a command starts where --recipe names none: the one for the network of --model, if it is set.
func recipeForModel(c *cli.Context) training.Recipe {
	if name := c.String("model"); c.IsSet("model") {
		return training.RecipeFor(name, net.IsSpecFile(name))
	}
	return training.DefaultRecipe()
}
