package main

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/internal/hints"
	"cnnvk/net"
	"cnnvk/net/onnx"
	"cnnvk/net/training"
)

// onnxEnding is that of the one form of convert that has flags of its own.
const onnxEnding = ".onnx"

// checkONNXFlags refuses flags that would change nothing, and those that contradict one another.
func checkONNXFlags(c *cli.Context, to *format) error {
	for _, f := range onnxFlags() {
		if name := f.Names()[0]; to.ending != onnxEnding && c.Bool(name) {
			return usagef("--%s is for an OUT that ends in %s", name, onnxEnding)
		}
	}
	if c.Bool("uint8") && c.Bool("no-normalize") {
		return usagef("--uint8 and --no-normalize: bytes are not normalised, use one of them")
	}
	return nil
}

func onnxFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "uint8", Usage: onnxEnding + " alone: the network takes bytes, 0 to 255, in place of float32 of 0 to 1"},
		&cli.BoolFlag{Name: "no-normalize", Usage: onnxEnding + " alone: the network takes images that are normalised already, and says by which mean and deviation"},
		&cli.BoolFlag{Name: "softmax", Usage: onnxEnding + " alone: the network gives probabilities, in place of logits"},
	}
}

// writeONNX writes the network in ONNX's form, and says what it takes and gives.
func writeONNX(c *cli.Context, s *console, w *net.Weights, path string) error {
	form, err := onnxForm(c, s, w)
	if err != nil {
		return err
	}
	model, err := w.ONNX(form)
	if err != nil {
		return err
	}
	if err := model.Write(path); err != nil {
		return err
	}
	takes, t := "float32 of 0 to 1", w.Model.Task
	switch {
	case form.Bytes:
		takes = "uint8 of 0 to 255"
	case form.Normalized:
		takes = "float32, normalised"
	}
	s.say("input: %s (%s,%d,%d,%d), %s\n", model.Graph.Inputs[0].Name, onnx.Batch, t.C, t.H, t.W, takes)
	s.say("output: %s (%s,%d)\n", model.Graph.Outputs[0].Name, onnx.Batch, t.Classes)
	return nil
}

// onnxForm is what the flags ask for. By which mean and deviation images are normalised is as in eval, but that there are no images of which
// it could be computed.
func onnxForm(c *cli.Context, s *console, w *net.Weights) (form net.ONNXForm, err error) {
	form = net.ONNXForm{Bytes: c.Bool("uint8"), Normalized: c.Bool("no-normalize"), Softmax: c.Bool("softmax"), Version: version()}
	if form.Input, err = inputOf(w); err != nil {
		return form, fmt.Errorf("the weights in %s: %w", c.Args().First(), err)
	}
	if form.Mean == nil && !form.Normalized {
		recipe, of := training.RecipeOf(w.Model.Name), cifar.CIFAR100
		switch {
		case !recipe.Normalize:
			form.Mean, form.Std = cifar.Unscaled(form.Image.C)
			s.say("images are scaled to 0..1, as in the recipe %s, for the weights do not say\n", recipe.Name)
		case w.Model.Task == net.CIFAR100:
			form.Mean, form.Std = of.Mean, of.Std
			s.say("images are normalised as CIFAR-100's in the recipe %s, for the weights do not say (--no-normalize: by who runs the network)\n", recipe.Name)
		default:
			err = fmt.Errorf("the weights in %s do not say by which mean and deviation images are normalised", c.Args().First())
			return form, hints.With(err, "--no-normalize leaves that to who runs the network")
		}
	}
	if !slices.ContainsFunc(form.Classes, func(name string) bool { return name != "" }) {
		s.say("classes: %d without names, for the weights do not say them\n", len(form.Classes))
	}
	return form, nil
}
