package net

import (
	"fmt"

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
	Optimizer       string  `yaml:"optimizer"` // adamw, sgd, nesterov
	LearningRate    float64 `yaml:"learning_rate"`
	WarmupEpochs    int     `yaml:"warmup_epochs"`
	WeightDecay     float64 `yaml:"weight_decay"`
	LabelSmoothing  float64 `yaml:"label_smoothing"`
	ClipNorm        float64 `yaml:"clip_norm"` // 0 for no clipping
	EMADecay        float64 `yaml:"ema_decay"`
	ValidationRatio float64 `yaml:"validation_ratio"`
}

// DefaultRecipe is the reference recipe of SmallCIFARNet, without its augmentation.
func DefaultRecipe() Recipe {
	return Recipe{
		Model: SmallCIFARNetName, Widths: SmallCIFARNetWidths, Seed: 42, Epochs: 50, BatchSize: 128,
		Optimizer: "adamw", LearningRate: 1e-3, WarmupEpochs: 5, WeightDecay: 5e-4,
		LabelSmoothing: 0.1, ClipNorm: 1, EMADecay: 0.995, ValidationRatio: 0.1,
	}
}

// Schedule is the recipe's learning rate by epoch.
func (r Recipe) Schedule() Schedule {
	return Schedule{Base: r.LearningRate, WarmupEpochs: r.WarmupEpochs, Epochs: r.Epochs}
}

// Check finds the first value that no training can use.
func (r Recipe) Check() error {
	switch {
	case r.Epochs < 1:
		return fmt.Errorf("net: %d epochs: use at least 1", r.Epochs)
	case r.LimitSteps < 0:
		return fmt.Errorf("net: a limit of %d steps: use at least 1", r.LimitSteps)
	case r.BatchSize < 1:
		return fmt.Errorf("net: batch size %d: use at least 1", r.BatchSize)
	case !(r.LearningRate >= 0):
		return fmt.Errorf("net: learning rate %g: use a positive number", r.LearningRate)
	case !(r.EMADecay >= 0 && r.EMADecay < 1):
		return fmt.Errorf("net: EMA decay %g: use a number from 0 to below 1", r.EMADecay)
	case !(r.ValidationRatio > 0 && r.ValidationRatio < 1):
		return fmt.Errorf("net: validation ratio %g: use a number between 0 and 1", r.ValidationRatio)
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
	return optimizer{}, fmt.Errorf("net: optimiser %q: use adamw, sgd or nesterov", r.Optimizer)
}
