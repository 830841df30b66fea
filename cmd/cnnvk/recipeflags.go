package main

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/internal/hints"
	"cnnvk/net/training"
)

// recipeFlag is a flag of train for the value of a recipe that config.yaml has under that key.
type recipeFlag struct {
	key  string
	flag cli.Flag
}

func (f recipeFlag) name() string { return f.flag.Names()[0] }

// The parts of train's help.
const (
	onData    = "Images"
	onLength  = "Model and length of the training"
	onUpdate  = "Optimiser"
	onWeights = "Regularisation"
	onRate    = "Schedule of the learning rate"
	onAMP     = "Mixed precision"
)

// recipesHelp is the part of train's help that lists the named recipes.
func recipesHelp() string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nRECIPES:")
	for _, r := range training.Recipes {
		fmt.Fprintf(w, "   %s\t%s\n", r.Name, r.About)
	}
	w.Flush()
	return out.String()
}

// measuredRecipeFlags are the flags of commands that measure a recipe's steps; the batch size is the recipe's unless it is given.
func measuredRecipeFlags() []cli.Flag {
	return append([]cli.Flag{
		modelFlag(aModel, "the recipe's"),
		&cli.StringFlag{Name: "widths", DefaultText: "the network's", Usage: "output channels of the network's blocks, `N,N,...`"},
		&cli.StringFlag{Name: "recipe", Value: training.Recipes[0].Name, Usage: "whose training steps: " + choice(training.RecipeNames())},
		&cli.IntFlag{Name: "batch-size", DefaultText: "the recipe's", Usage: "images in a step"},
	}, ampFlags("activations and their gradients are stored")...)
}

// measuredRecipe is the recipe that such a command measures.
func measuredRecipe(c *cli.Context) (training.Recipe, error) {
	r, err := run.RecipeNamed(c.String("recipe"), "--recipe")
	if err != nil {
		return r, usageError{err}
	}
	if !c.IsSet("recipe") {
		r = recipeForModel(c)
	}
	before, names := r, map[string]string{"network": "model", "widths": "widths"}
	if c.IsSet("model") {
		if err := takeModel(&r, c.String("model")); err != nil {
			return r, err
		}
	}
	if c.IsSet("widths") {
		if err := give(c, "widths", &r.Widths); err != nil {
			return r, err
		}
	}
	if err := giveAMP(c, &r); err != nil {
		return r, err
	}
	r.Settle(before, func(key string) bool { return c.IsSet(names[key]) })
	if err := r.Check(); err != nil {
		return r, flagProblemOf(err, recipeFlagNames())
	}
	if c.IsSet("batch-size") {
		r.BatchSize = c.Int("batch-size")
	}
	if r.BatchSize < 1 || r.BatchSize > cifar.TrainRecords {
		return r, usagef("--batch-size %d: use 1 to %d", r.BatchSize, cifar.TrainRecords)
	}
	return r, nil
}

// withFlags lets the flags win over the recipe's values.
func withFlags(c *cli.Context, r *training.Recipe) error {
	before, names := *r, recipeFlagNames()
	fields := run.Fields(reflect.ValueOf(r).Elem())
	for _, f := range recipeFlags() {
		if !c.IsSet(f.name()) {
			continue
		}
		if f.key == "model" {
			if err := takeModel(r, c.String(f.name())); err != nil {
				return err
			}
			continue
		}
		if err := give(c, f.name(), fields[f.key].Addr().Interface()); err != nil {
			return err
		}
	}
	if c.IsSet(initialWeights) {
		if err := takeInitialWeights(r); err != nil {
			return err
		}
	}
	names["network"] = "model"
	r.Settle(before, func(key string) bool { return c.IsSet(names[key]) })
	return checkFlags(c, *r)
}

// recipeFlagNames are the names of the flags by their keys.
func recipeFlagNames() map[string]string {
	names := maps.Clone(pictureFlagNames)
	for _, f := range recipeFlags() {
		names[f.key] = f.name()
	}
	return names
}

// recipeFlags lists the flags, named as in timm where it has them. The defaults shown are those of the default recipe.
func recipeFlags() []recipeFlag {
	d := training.DefaultRecipe()
	return []recipeFlag{
		{"model", &cli.StringFlag{Name: "model", Category: onLength, Value: d.Model, Usage: aModel}},
		{"widths", &cli.StringFlag{Name: "widths", Category: onLength, Value: joinInts(d.Widths), Usage: "output channels of the network's blocks, `N,N,...`"}},
		{"initial_weights", &cli.PathFlag{Name: "initial-weights", Category: onLength, DefaultText: "of the seed", Usage: "begin with the weights in `FILE`, safetensors or PyTorch's .pt, or in the folder of a run; a head of another size starts anew"}},
		{"epochs", &cli.IntFlag{Name: "epochs", Category: onLength, Value: d.Epochs, Usage: "passes over the training images"}},
		{"max_time", &cli.DurationFlag{Name: "max-time", Category: onLength, DefaultText: "none", Usage: "train as many epochs as end within `TIME`, such as 1h or 90m, by steps measured on this device"}},
		{"patience", &cli.IntFlag{Name: "patience", Category: onLength, Value: d.Patience, Usage: "end after `N` epochs without a better validation accuracy, 0 for never"}},
		{"limit_steps", &cli.IntFlag{Name: "limit-steps", Category: onLength, DefaultText: "none", Usage: "end after `N` optimiser steps in the whole run, with validation and saving"}},
		{"batch_size", &cli.IntFlag{Name: "batch-size", Category: onLength, Value: d.BatchSize, Usage: "images in a step"}},
		{"seed", &cli.Int64Flag{Name: "seed", Category: onLength, Value: int64(d.Seed), Usage: "of initial weights, split, order, augmentation and dropout, 0 to 4294967295"}},

		{"optimizer", &cli.StringFlag{Name: "opt", Category: onUpdate, Value: d.Optimizer, Usage: choice(training.Optimizers)}},
		{"momentum", &cli.Float64Flag{Name: "momentum", Category: onUpdate, Usage: "of sgd and nesterov", DefaultText: "0.9 with nesterov, else 0"}},
		{"muon_rate", &cli.Float64Flag{Name: "muon-lr", Category: onUpdate, DefaultText: "0.02", Usage: "with --opt muon: highest learning rate of the dense convolutions; --lr is that of the rest"}},
		{"muon_momentum", &cli.Float64Flag{Name: "muon-momentum", Category: onUpdate, DefaultText: "0.95", Usage: "with --opt muon: momentum of the dense convolutions"}},
		{"muon_decay", &cli.Float64Flag{Name: "muon-decay", Category: onUpdate, DefaultText: "--weight-decay", Usage: "with --opt muon: decoupled weight decay of the dense convolutions"}},
		{"muon_rest", &cli.StringFlag{Name: "muon-rest", Category: onUpdate, DefaultText: "adamw", Usage: "with --opt muon: " + choice(training.MuonRests) + " for all other parameters"}},
		{"weight_decay", &cli.Float64Flag{Name: "weight-decay", Category: onUpdate, Value: d.WeightDecay, Usage: "decoupled with adamw, else added to the gradient"}},
		{"no_decay_1d", &cli.BoolFlag{Name: "no-decay-1d", Category: onUpdate, Usage: "no weight decay on parameters of one dimension: biases and BatchNorm's"}},
		{"groups", &cli.StringSliceFlag{Name: "group", Category: onUpdate, Usage: "`PATTERN:rate=FACTOR:decay=FACTOR`: parameters whose names in the state_dict match have these factors " +
			"of the learning rate and the weight decay, or one of them; may be repeated, and the first that matches counts"}},
		{"freeze", &cli.StringSliceFlag{Name: "freeze", Category: onUpdate, Usage: "`PATTERN`: parameters whose names in the state_dict match, such as features.*, stay as they are; may be repeated"}},
		{"clip_norm", &cli.Float64Flag{Name: "clip-grad", Category: onUpdate, Value: d.ClipNorm, Usage: "largest global norm of the gradients, 0 for any"}},

		{"learning_rate", &cli.Float64Flag{Name: "lr", Category: onRate, Value: d.LearningRate, Usage: "highest learning rate"}},
		{"schedule", &cli.StringFlag{Name: "sched", Category: onRate, Value: d.Schedule, Usage: choice(training.Schedules) + ": what the rate does after the warm-up"}},
		{"warmup_epochs", &cli.IntFlag{Name: "warmup-epochs", Category: onRate, Value: d.WarmupEpochs, Usage: "epochs in which the rate rises, 0 for none"}},
		{"warmup_steps", &cli.IntFlag{Name: "warmup-steps", Category: onRate, DefaultText: "none", Usage: "optimiser steps in which the rate rises, in place of epochs"}},
		{"warmup_share", &cli.Float64Flag{Name: "warmup-share", Category: onRate, DefaultText: "none, with onecycle 0.3", Usage: "share of all steps in which the rate rises, in place of epochs, `0..1`"}},
		{"rate_by_step", &cli.BoolFlag{Name: "sched-on-updates", Category: onRate, Usage: "the rate follows the optimiser steps, not the epochs; so it does with onecycle, --warmup-steps and --warmup-share"}},
		{"decay_epochs", &cli.IntFlag{Name: "decay-epochs", Category: onRate, Value: d.DecayEpochs, Usage: "with --sched step: epochs from one fall of the rate to the next"}},
		{"decay_rate", &cli.Float64Flag{Name: "decay-rate", Category: onRate, Value: d.DecayRate, Usage: "with --sched step: share of the rate that each fall leaves"}},

		{"dropout", &cli.Float64Flag{Name: "dropout", Category: onWeights, Value: d.Dropout, Usage: "factor of the network's own dropout rates, 0 for none"}},
		{"label_smoothing", &cli.Float64Flag{Name: "smoothing", Category: onWeights, Value: d.LabelSmoothing, Usage: "label smoothing"}},
		{"mixup", &cli.Float64Flag{Name: "mixup", Category: onWeights, DefaultText: "none", Usage: "blend each image with another one of its batch, in shares from a Beta distribution of this `ALPHA`"}},
		{"cutmix", &cli.Float64Flag{Name: "cutmix", Category: onWeights, DefaultText: "none", Usage: "replace a rectangle by one of another image, in shares as of --mixup; with both each has half of the steps, `ALPHA`"}},
		{"ema_decay", &cli.Float64Flag{Name: "model-ema-decay", Category: onWeights, Value: d.EMADecay, Usage: "of the averaged weights that are validated and saved, 0 for the weights themselves"}},

		{"amp", &cli.BoolFlag{Name: ampFlag, Category: onAMP, Usage: "store activations and their gradients in 16 bits; weights, sums and statistics stay float32"}},
		{"amp_dtype", &cli.StringFlag{Name: ampTypeFlag, Category: onAMP, DefaultText: training.Float16, Usage: "with --amp: " + choice(training.AMPTypes) + "; with float16 the loss is scaled"}},
		{"amp_initial_scale", &cli.Float64Flag{Name: ampScaleFlag, Category: onAMP, DefaultText: "65536", Usage: "with --amp in float16: the loss scale to begin with, a power of two"}},

		{"augment", augmentFlag(d.Augment)},
		{"sizes", &cli.StringFlag{Name: "sizes", Category: onData, DefaultText: "as they are", Usage: "sides to which the training images are resized, each for as many epochs: 24,32 sees smaller ones at first, `N,N,...`"}},
		{"reflect_padding", &cli.BoolFlag{Name: "reflect-padding", Category: onData, Usage: "reflect the image where a crop reaches past the border, which is black otherwise"}},
		{"alternate_flips", &cli.BoolFlag{Name: "alternate-flips", Category: onData, Usage: "flip an image in every second epoch, half of them in the first, not by chance in each"}},
		{"normalize", &cli.BoolFlag{Name: "normalize", Category: onData, Value: d.Normalize, Usage: "bring the images to mean 0 and deviation 1; --normalize=false only scales them to 0..1"}},
		{"split", &cli.StringFlag{Name: "split", Category: onData, Value: d.Split, Usage: choice(training.Splits) + ": which training images validate; stratified takes as many of each class"}},
		{"validation_ratio", &cli.Float64Flag{Name: "val-ratio", Category: onData, Value: d.ValidationRatio, Usage: "share of the training images that validates; with 0 none does, and the last weights are the best"}},
	}
}

// give puts the flag's value into the recipe's.
func give(c *cli.Context, flag string, value any) error {
	switch v := value.(type) {
	case *string:
		*v = c.String(flag)
	case *int:
		*v = c.Int(flag)
	case *float64:
		*v = c.Float64(flag)
	case *bool:
		*v = c.Bool(flag)
	case *time.Duration:
		*v = c.Duration(flag)
	case *uint32:
		var err error
		if *v, err = seedOf(c); err != nil {
			return err
		}
	case *[]string:
		*v = c.StringSlice(flag)
	case *[]int:
		list, err := parseInts(c.String(flag))
		if err != nil {
			return usagef("--%s %q: use numbers with commas between them", flag, c.String(flag))
		}
		*v = list
	}
	return nil
}

// seedOf is the value of --seed.
func seedOf(c *cli.Context) (uint32, error) {
	n := c.Int64("seed")
	if n < 0 || n > math.MaxUint32 {
		return 0, usagef("--seed %d: use 0 to 4294967295", n)
	}
	return uint32(n), nil
}

// checkFlags refuses flags that would do nothing, and values that mean "none" in config.yaml.
func checkFlags(c *cli.Context, r training.Recipe) error {
	switch {
	case c.IsSet("max-time") && c.IsSet("epochs"):
		return usagef("--max-time and --epochs: use one of them")
	case c.IsSet("max-time") && r.MaxTime <= 0:
		return usagef("--max-time %v: use 1s or more", r.MaxTime)
	case c.IsSet("limit-steps") && r.LimitSteps < 1 && !c.IsSet("config"): // with --config, 0 lifts the file's limit
		return usagef("--limit-steps %d: use 1 or more", r.LimitSteps)
	case c.Bool("no-decay-1d") && r.WeightDecay == 0:
		return usagef("--no-decay-1d does nothing without weight decay: use --weight-decay 0.0005 or another")
	}
	if err := checkAMP(c, r); err != nil {
		return err
	}
	if s, err := r.Spec(); err == nil && c.IsSet("dropout") && !s.HasDropout() {
		return usagef("--dropout does nothing with %s, which has none", r.Model)
	}
	if c.IsSet("val-ratio") {
		if err := orNoValidation(c, r, nil); err != nil {
			return err
		}
	}
	for _, name := range []string{"muon-lr", "muon-momentum", "muon-decay", "muon-rest"} {
		if c.IsSet(name) && r.Optimizer != training.Muon {
			return usagef("--%s does nothing with %s: use --opt muon", name, r.Optimizer)
		}
	}
	if p, _ := cifar.PolicyNamed(r.Augment); c.Bool("alternate-flips") && !p.Flip && p.Name != "" {
		return usagef("--alternate-flips does nothing with the augmentation %s, which has no flips: use --augment crop-flip", r.Augment)
	}
	if p, _ := cifar.PolicyNamed(r.Augment); c.Bool("reflect-padding") && p.Pad == 0 && p.Name != "" {
		return usagef("--reflect-padding does nothing with the augmentation %s, which has no crops: use --augment crop-flip", r.Augment)
	}
	length := slices.DeleteFunc([]string{"warmup-epochs", "warmup-steps", "warmup-share"}, func(name string) bool { return !c.IsSet(name) })
	if len(length) > 1 {
		return usagef("--%s and --%s: use one of them", length[0], length[1])
	}
	for _, name := range []string{"decay-epochs", "decay-rate"} {
		if c.IsSet(name) && r.Schedule != training.ScheduleStep {
			return usagef("--%s does nothing with the schedule %s: use --sched step", name, r.Schedule)
		}
	}
	return nil
}

// orNoValidation refuses flags that do nothing since no image validates, or since the data set has images of its own that do. The set may be nil.
func orNoValidation(c *cli.Context, r training.Recipe, set *cifar.Set) error {
	own := set != nil && set.Validation > 0
	for _, name := range []string{"val-ratio", "split"} {
		if own && c.IsSet(name) {
			return hints.With(usagef("--%s does nothing: %s has pictures to validate on of its own", name, set.Form.Name), "leave it out, or name the folder of the training part alone")
		}
	}
	for _, name := range []string{"patience", "split"} {
		if !own && c.IsSet(name) && r.ValidationRatio == 0 {
			return usagef("--%s does nothing without validation: use --val-ratio 0.1 or another share", name)
		}
	}
	return nil
}
