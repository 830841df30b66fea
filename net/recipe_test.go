package net

import (
	"errors"
	"math"
	"testing"
)

func TestRecipeCheck(t *testing.T) {
	if err := DefaultRecipe().Check(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		change func(*Recipe)
		says   string
	}{
		{func(r *Recipe) { r.Model = "tinynet" }, `net: model "tinynet": use smallcifarnet`},
		{func(r *Recipe) { r.Widths = []int{1, 2} }, "net: widths [1 2]: use 6 numbers from 1 to 8192"},
		{func(r *Recipe) { r.Widths = []int{1, 2, 3, 4, 5, 0} }, "net: widths [1 2 3 4 5 0]: use 6 numbers from 1 to 8192"},
		{func(r *Recipe) { r.Widths = []int{1, 2, 3, 4, 5, 8193} }, "net: widths [1 2 3 4 5 8193]: use 6 numbers from 1 to 8192"},
		{func(r *Recipe) { r.Epochs = 0 }, "net: epochs 0: use 1 or more"},
		{func(r *Recipe) { r.LimitSteps = -1 }, "net: limit_steps -1: use 1 or more, or 0 for no limit"},
		{func(r *Recipe) { r.BatchSize = 0 }, "net: batch_size 0: use 1 or more"},
		{func(r *Recipe) { r.LearningRate = 0 }, "net: learning_rate 0: use a number above 0"},
		{func(r *Recipe) { r.LearningRate = -1e-3 }, "net: learning_rate -0.001: use a number above 0"},
		{func(r *Recipe) { r.LearningRate = math.NaN() }, "net: learning_rate NaN: use a number above 0"},
		{func(r *Recipe) { r.LearningRate = math.Inf(1) }, "net: learning_rate +Inf: use a number above 0"},
		{func(r *Recipe) { r.WarmupEpochs = -1 }, "net: warmup_epochs -1: use 0 or more"},
		{func(r *Recipe) { r.WeightDecay = math.NaN() }, "net: weight_decay NaN: use 0 or more"},
		{func(r *Recipe) { r.WeightDecay = math.Inf(1) }, "net: weight_decay +Inf: use 0 or more"},
		{func(r *Recipe) { r.LabelSmoothing = 1 }, "net: label_smoothing 1: use a number from 0 to below 1"},
		{func(r *Recipe) { r.ClipNorm = -1 }, "net: clip_norm -1: use a number above 0, or 0 for no clipping"},
		{func(r *Recipe) { r.EMADecay = 1 }, "net: ema_decay 1: use a number from 0 to below 1"},
		{func(r *Recipe) { r.ValidationRatio = 0 }, "net: validation_ratio 0: use a number between 0 and 1"},
		{func(r *Recipe) { r.ValidationRatio = math.NaN() }, "net: validation_ratio NaN: use a number between 0 and 1"},
		{func(r *Recipe) { r.Optimizer = "" }, `net: optimizer "": use adamw, sgd or nesterov`},
	} {
		r := DefaultRecipe()
		c.change(&r)
		err := r.Check()
		if !errors.As(err, new(*RecipeError)) || err.Error() != c.says {
			t.Errorf("got %v, want %s", err, c.says)
		}
	}
	bad := &RecipeError{Key: "epochs", Value: 0, Use: "1 or more"}
	if got := bad.About("--epochs"); got != "--epochs 0: use 1 or more" {
		t.Errorf("About: %s", got)
	}
}

// What a recipe leaves out is allowed: no limit, no warm-up, no decay, no clipping, no average.
func TestRecipeCheckZeros(t *testing.T) {
	r := DefaultRecipe()
	r.LimitSteps, r.WarmupEpochs, r.WeightDecay, r.LabelSmoothing, r.ClipNorm, r.EMADecay = 0, 0, 0, 0, 0, 0
	for _, optimizer := range []string{"adamw", "sgd", "nesterov"} {
		r.Optimizer = optimizer
		if err := r.Check(); err != nil {
			t.Error(err)
		}
	}
}
