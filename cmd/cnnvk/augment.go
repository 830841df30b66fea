package main

import (
	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/engine"
	"cnnvk/net"
	"cnnvk/net/training"
)

func augmentFlag(value string) cli.Flag {
	return &cli.StringFlag{Name: "augment", Category: onData, Value: value, Usage: choice(policyNames()) + ": what the training images go through"}
}

// checkRecipe finds the first value of a recipe that cannot be used, the name of its augmentation included. The error is a
// *training.RecipeError.
func checkRecipe(r training.Recipe) error {
	if err := r.Check(); err != nil {
		return err
	}
	if _, ok := cifar.PolicyNamed(r.Augment); !ok {
		return &training.RecipeError{Key: "augment", Value: r.Augment, Use: net.OneOf(policyNames())}
	}
	return nil
}

func policyNames() []string {
	var names []string
	for _, p := range cifar.Policies() {
		names = append(names, p.Name)
	}
	return names
}

// checkAugment finds an augmentation that images of that form cannot go through: grey ones have no colours. The error is a
// *training.RecipeError.
func checkAugment(r training.Recipe, f cifar.Form) error {
	var can []string
	why := error(nil)
	for _, p := range cifar.Policies() {
		err := engine.Augmentable(p.Kinds(), f.C, f.H, f.W)
		if err == nil {
			can = append(can, p.Name)
		} else if p.Name == r.Augment {
			why = err
		}
	}
	if why == nil {
		return nil
	}
	return &training.RecipeError{Key: "augment", Value: r.Augment, Use: net.OneOf(can) + ": " + why.Error()}
}

// augmentation is the augmentation of a checked recipe for images of that form; nil where its policy changes nothing.
func augmentation(r training.Recipe, f cifar.Form) *training.Augmentation {
	policy, _ := cifar.PolicyNamed(r.Augment)
	policy.Reflect = policy.Pad > 0 && r.ReflectPadding
	policy.Alternate = policy.Flip && r.AlternateFlips
	if policy.None() {
		return nil
	}
	policy = policy.On(f)
	return &training.Augmentation{
		Kinds: policy.Kinds(),
		Draw:  func(epoch, image int) engine.Draw { return policy.Draw(r.Seed, epoch, image) },
	}
}
