package main

import (
	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/net"
	"cnnvk/net/training"
)

// trainingNormalization is normalization for a set that is trained on: statistics of pictures are those of the images that do not validate.
func trainingNormalization(r training.Recipe, set *cifar.Set) (mean, std []float64) {
	if !r.Normalize || !set.Pictures() {
		return normalization(r, set)
	}
	_, train := deal(r, set)
	return set.StatisticsOf(train)
}

// normalizing is how images are normalised: as --normalize says, else as the weights' file says, else as in their network's first recipe.
func normalizing(c *cli.Context, s *console, w *net.Weights, in net.Input) func(*cifar.Set) (mean, std []float64) {
	recipe := training.RecipeOf(w.Model.Name)
	switch {
	case c.IsSet("normalize"):
		recipe.Normalize = c.Bool("normalize")
	case in.Mean != nil:
		return func(*cifar.Set) (mean, std []float64) { return in.Mean, in.Std }
	default:
		s.say("input: %s, as in the recipe %s, for the weights do not say (--normalize=%t: %s)\n",
			inWords(recipe.Normalize), recipe.Name, !recipe.Normalize, inWords(!recipe.Normalize))
	}
	return func(set *cifar.Set) (mean, std []float64) { return normalization(recipe, set) }
}

// normalization is the mean and deviation by channel by which the recipe's images become the network's input.
func normalization(r training.Recipe, set *cifar.Set) (mean, std []float64) {
	if r.Normalize {
		return set.Statistics()
	}
	return cifar.Unscaled(set.Form.C)
}

func inWords(normalize bool) string {
	if normalize {
		return "normalised by channel"
	}
	return "scaled to 0..1"
}
