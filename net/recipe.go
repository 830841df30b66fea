package net

import (
	"fmt"
	"slices"

	"cnnvk/engine"
)

// Recipe is how a network is trained. It is stored as a run's config.yaml.
type Recipe struct {
	Model           string  `yaml:"model"`
	Widths          []int   `yaml:"widths,flow"`
	Seed            uint32  `yaml:"seed"`
	Epochs          int     `yaml:"epochs"`
	LimitSteps      int     `yaml:"limit_steps"` // optimiser steps in the whole run, 0 for no limit
	BatchSize       int     `yaml:"batch_size"`
	Augment         string  `yaml:"augment"`   // the name of a policy of package cifar
	Optimizer       string  `yaml:"optimizer"` // adamw, sgd, nesterov
	LearningRate    float64 `yaml:"learning_rate"`
	WarmupEpochs    int     `yaml:"warmup_epochs"`
	WeightDecay     float64 `yaml:"weight_decay"`
	LabelSmoothing  float64 `yaml:"label_smoothing"`
	ClipNorm        float64 `yaml:"clip_norm"` // 0 for no clipping
	EMADecay        float64 `yaml:"ema_decay"`
	ValidationRatio float64 `yaml:"validation_ratio"`
	Patience        int     `yaml:"patience"` // epochs without a better validation accuracy after which training stops, 0 for never
}

// DefaultRecipe is the reference recipe of SmallCIFARNet.
func DefaultRecipe() Recipe {
	return Recipe{
		Model: SmallCIFARNetName, Widths: SmallCIFARNetWidths, Seed: 42, Epochs: 50, BatchSize: 128, Augment: "reference",
		Optimizer: "adamw", LearningRate: 1e-3, WarmupEpochs: 5, WeightDecay: 5e-4,
		LabelSmoothing: 0.1, ClipNorm: 1, EMADecay: 0.995, ValidationRatio: 0.1, Patience: 10,
	}
}

// Schedule is the recipe's learning rate by epoch.
func (r Recipe) Schedule() Schedule {
	return Schedule{Base: r.LearningRate, WarmupEpochs: r.WarmupEpochs, Epochs: r.Epochs}
}

// RecipeError is a value of a recipe that no training can use.
type RecipeError struct {
	Key   string // the value's name in config.yaml
	Value any
	Use   string // what can be used in its place
}

func (e *RecipeError) Error() string { return "net: " + e.About(e.Key) }

// About is the error in words that call the value by that name.
func (e *RecipeError) About(name string) string {
	if text, ok := e.Value.(string); ok {
		return fmt.Sprintf("%s %q: use %s", name, text, e.Use)
	}
	return fmt.Sprintf("%s %v: use %s", name, e.Value, e.Use)
}

// maxWidth keeps a slip in a file from asking for more memory than any machine has.
const maxWidth = 8192

func goodWidths(widths []int) bool {
	return widths == nil || checkWidths(widths) == nil && slices.Max(widths) <= maxWidth
}

// Check finds the first value that no training can use. The error is a *RecipeError.
func (r Recipe) Check() error {
	for _, c := range []struct {
		key   string
		value any
		good  bool
		use   string
	}{
		{"model", r.Model, r.Model == SmallCIFARNetName, SmallCIFARNetName},
		{"widths", r.Widths, goodWidths(r.Widths), fmt.Sprintf("6 numbers from 1 to %d", maxWidth)},
		{"epochs", r.Epochs, r.Epochs >= 1, "1 or more"},
		{"limit_steps", r.LimitSteps, r.LimitSteps >= 0, "1 or more, or 0 for no limit"},
		{"batch_size", r.BatchSize, r.BatchSize >= 1, "1 or more"},
		{"learning_rate", r.LearningRate, r.LearningRate > 0 && finite(r.LearningRate), "a number above 0"},
		{"warmup_epochs", r.WarmupEpochs, r.WarmupEpochs >= 0, "0 or more"},
		{"weight_decay", r.WeightDecay, r.WeightDecay >= 0 && finite(r.WeightDecay), "0 or more"},
		{"label_smoothing", r.LabelSmoothing, r.LabelSmoothing >= 0 && r.LabelSmoothing < 1, "a number from 0 to below 1"},
		{"clip_norm", r.ClipNorm, r.ClipNorm >= 0 && finite(r.ClipNorm), "a number above 0, or 0 for no clipping"},
		{"ema_decay", r.EMADecay, r.EMADecay >= 0 && r.EMADecay < 1, "a number from 0 to below 1"},
		{"patience", r.Patience, r.Patience >= 0, "1 or more, or 0 to train all epochs"},
		{"validation_ratio", r.ValidationRatio, r.ValidationRatio > 0 && r.ValidationRatio < 1, "a number between 0 and 1"},
	} {
		if !c.good {
			return &RecipeError{c.key, c.value, c.use}
		}
	}
	_, err := optimizerOf(r)
	return err
}

// The constants of the optimisers, as in PyTorch.
const (
	adamBeta1, adamBeta2, adamEpsilon = 0.9, 0.999, 1e-8
	sgdMomentum                       = 0.9
)

// optimizer is an update rule: its op, and how many values it keeps for each parameter.
type optimizer struct {
	kind       engine.Kind
	attr       engine.Attr
	momentSets int
}

func optimizerOf(r Recipe) (optimizer, error) {
	switch r.Optimizer {
	case "adamw":
		return optimizer{engine.AdamW, engine.Attr{Beta1: adamBeta1, Beta2: adamBeta2, Epsilon: adamEpsilon, WeightDecay: r.WeightDecay}, 2}, nil
	case "sgd":
		return optimizer{engine.SGD, engine.Attr{WeightDecay: r.WeightDecay}, 1}, nil
	case "nesterov":
		return optimizer{engine.SGD, engine.Attr{WeightDecay: r.WeightDecay, Momentum: sgdMomentum, Nesterov: true}, 1}, nil
	}
	return optimizer{}, &RecipeError{"optimizer", r.Optimizer, "adamw, sgd or nesterov"}
}
