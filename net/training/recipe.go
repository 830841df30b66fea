package training

import (
	"cnnvk/net"
	"fmt"
	"slices"
	"time"
)

// Recipe is how a network is trained. It is stored as a run's config.yaml. A key that is optional is left out there where it is zero, in
// the named recipe, too, unless it belongs to the optimiser that is in use.
type Recipe struct {
	Name            string        `yaml:"recipe"` // the named one that this began as
	Model           string        `yaml:"model"`
	Widths          []int         `yaml:"widths,flow"`
	Seed            uint32        `yaml:"seed"`
	Epochs          int           `yaml:"epochs"`      // 0: as many as end within MaxTime
	MaxTime         time.Duration `yaml:"max_time"`    // that Epochs was made of, 0 for none
	LimitSteps      int           `yaml:"limit_steps"` // optimiser steps in the whole run, 0 for no limit
	BatchSize       int           `yaml:"batch_size"`
	Augment         string        `yaml:"augment"` // the name of a policy of package cifar
	Optimizer       string        `yaml:"optimizer"`
	LearningRate    float64       `yaml:"learning_rate"`
	Momentum        float64       `yaml:"momentum"` // of sgd and nesterov
	WeightDecay     float64       `yaml:"weight_decay"`
	NoDecay1D       bool          `yaml:"no_decay_1d"` // no weight decay on biases and BatchNorm
	Schedule        string        `yaml:"schedule"`
	WarmupEpochs    int           `yaml:"warmup_epochs"`
	DecayEpochs     int           `yaml:"decay_epochs"` // of the schedule step
	DecayRate       float64       `yaml:"decay_rate"`   // of the schedule step
	Dropout         float64       `yaml:"dropout"`      // factor of the network's own rates, 0 for none
	LabelSmoothing  float64       `yaml:"label_smoothing"`
	ClipNorm        float64       `yaml:"clip_norm"` // 0 for no clipping
	EMADecay        float64       `yaml:"ema_decay"` // 0 for no average
	Normalize       bool          `yaml:"normalize"` // else images are scaled to 0..1
	Split           string        `yaml:"split"`
	ValidationRatio float64       `yaml:"validation_ratio"` // 0 for no validation: the last weights are the best
	Patience        int           `yaml:"patience"`         // epochs without a better validation accuracy after which training stops, 0 for never

	ReflectPadding bool     `yaml:"reflect_padding" optional:"true"` // crops reach into the reflected image, not into black
	AlternateFlips bool     `yaml:"alternate_flips" optional:"true"` // an image that augment flips is flipped in every second epoch
	Sizes          []int    `yaml:"sizes,flow" optional:"true"`      // sides of the images that the epochs see, each for as many epochs; none: as they are
	Mixup          float64  `yaml:"mixup" optional:"true"`           // alpha of the shares in which images are blended, 0 for none
	Cutmix         float64  `yaml:"cutmix" optional:"true"`          // alpha of the shares of rectangles from other images, 0 for none
	MuonRate       float64  `yaml:"muon_rate" optional:"muon"`       // of muon: its highest learning rate
	MuonMomentum   float64  `yaml:"muon_momentum" optional:"muon"`
	MuonDecay      float64  `yaml:"muon_decay" optional:"muon"`   // decoupled
	MuonRest       string   `yaml:"muon_rest" optional:"muon"`    // the optimiser of what Muon has not, with learning_rate, momentum and weight_decay
	WarmupSteps    int      `yaml:"warmup_steps" optional:"true"` // in place of epochs
	WarmupShare    float64  `yaml:"warmup_share" optional:"true"` // of all steps, in place of epochs
	Groups         []string `yaml:"groups" optional:"true"`       // of parameters that have other rates or decays, as PATTERN:rate=FACTOR:decay=FACTOR
	Freeze         []string `yaml:"freeze" optional:"true"`       // patterns of the names of parameters that stay as they are

	AMP      bool    `yaml:"amp" optional:"true"`               // mixed precision
	AMPType  string  `yaml:"amp_dtype" optional:"true"`         // what it stores activations and their gradients as
	AMPScale float64 `yaml:"amp_initial_scale" optional:"true"` // the loss scale that float16 begins with, 0 for the usual one

	InitialWeights string `yaml:"initial_weights" optional:"true"`        // the file that the training begins with, "" for initial weights of the seed
	InitialDigest  string `yaml:"initial_weights_sha256" optional:"true"` // of that file

	NetworkText string `yaml:"network" optional:"true"`      // the network's file, "" for the built-in one of the name Model
	RateByStep  bool   `yaml:"rate_by_step" optional:"true"` // the rate follows the steps, not the epochs; so it does with the two above and with onecycle
}

// The ways to choose the images of the validation, as in Recipe.Split.
const (
	RandomSplit     = "random"
	StratifiedSplit = "stratified" // as many of each class
)

// Splits lists the ways to choose the images of the validation.
var Splits = []string{RandomSplit, StratifiedSplit}

// averages says whether a moving average of the weights is kept.
func (r Recipe) averages() bool { return r.EMADecay > 0 }

// Settle fits the other values to those that were given. before is the recipe without the given ones; said reports whether a key's value was
// given.
func (r *Recipe) Settle(before Recipe, said func(key string) bool) {
	r.settleOptimizer(before, said)
	if r.Model != before.Model && !said("network") {
		r.NetworkText = ""
	}
	if r.Model != before.Model || r.NetworkText != before.NetworkText {
		r.settleNetwork(said)
	}
	r.settleWarmup(before, said)
	r.settleAMP(before)
	switch {
	case said("max_time") && !said("epochs") && r.MaxTime > 0:
		r.Epochs = 0 // until they are measured
	case said("epochs") && !said("max_time"):
		r.MaxTime = 0
	}
}

// settleNetwork brings what nobody said in line with another network.
func (r *Recipe) settleNetwork(said func(key string) bool) {
	s, err := r.Spec()
	if err != nil {
		return // which Check tells
	}
	if r.NetworkText != "" {
		r.Model = s.Name
	}
	if !said("widths") {
		r.Widths = s.Widths()
	}
	if !said("dropout") && !s.HasDropout() {
		r.Dropout = 0
	}
}

// settleWarmup leaves one of the ways to say how long the warm-up is.
func (r *Recipe) settleWarmup(before Recipe, said func(key string) bool) {
	length := 0
	for _, key := range []string{"warmup_epochs", "warmup_steps", "warmup_share"} {
		if said(key) {
			length++
		}
	}
	switch {
	case length == 0 && r.Schedule == ScheduleOneCycle && before.Schedule != ScheduleOneCycle:
		r.WarmupEpochs, r.WarmupSteps, r.WarmupShare = 0, 0, oneCycleWarmup
	case length == 1:
		if !said("warmup_epochs") {
			r.WarmupEpochs = 0
		}
		if !said("warmup_steps") {
			r.WarmupSteps = 0
		}
		if !said("warmup_share") {
			r.WarmupShare = 0
		}
	}
}

// Finished says why no step follows that position; "" where one does.
func (r Recipe) Finished(p Position) string {
	switch {
	case r.LimitSteps > 0 && p.Total >= r.LimitSteps && p.Step == 0: // else a validation follows
		return fmt.Sprintf("the limit of %d steps is reached", r.LimitSteps)
	case p.Epoch >= r.Epochs:
		return fmt.Sprintf("all %d epochs are done", r.Epochs)
	case r.outOfPatience(p):
		return fmt.Sprintf("the validation accuracy has not improved in %d epochs", r.Patience)
	}
	return ""
}

// outOfPatience says whether too many epochs have passed since the best one.
func (r Recipe) outOfPatience(p Position) bool {
	return r.Patience > 0 && p.BestEpoch > 0 && p.Epoch-p.BestEpoch >= r.Patience
}

// RecipeError says which value of a recipe cannot be used, and what can.
type RecipeError struct {
	Key   string // the value's name in config.yaml
	Value any
	Use   string // what can be used in its place
}

func (e *RecipeError) Error() string { return "net: " + e.About(e.Key) }

// About is the error's text with that name for the value, such as its flag.
func (e *RecipeError) About(name string) string {
	if text, ok := e.Value.(string); ok {
		return fmt.Sprintf("%s %q: use %s", name, text, e.Use)
	}
	return fmt.Sprintf("%s %v: use %s", name, e.Value, e.Use)
}

// maxDropout is the largest factor of the networks' dropout rates.
const maxDropout = 4

// maxSide is the largest side to which images are resized.
const maxSide = 256

// Network is the recipe's network for a task.
func (r Recipe) Network(t net.Task) (*net.Model, error) {
	s, err := r.sized()
	if err != nil {
		return nil, err
	}
	return s.BuildNamed(r.Dropout, t)
}

// Hold makes the recipe say all of its network, as it stands in a run's config.yaml.
func (r *Recipe) Hold() error {
	s, err := r.sized()
	if err != nil {
		return err
	}
	r.Widths, r.NetworkText = s.Widths(), s.Stored()
	return nil
}

// sized is Spec with the recipe's widths.
func (r Recipe) sized() (*net.Spec, error) {
	s, err := r.Spec()
	if err != nil {
		return nil, err
	}
	return s.WithWidths(r.Widths)
}

// Check finds the first value that cannot be used. The error is a *RecipeError.
func (r Recipe) Check() error {
	if err := r.checkNetwork(); err != nil {
		return err
	}
	for _, c := range []struct {
		key   string
		value any
		good  bool
		use   string
	}{
		{"max_time", r.MaxTime, r.MaxTime == 0 || r.MaxTime >= time.Second, "1s or more"},
		{"epochs", r.Epochs, r.Epochs >= 1 || r.Epochs == 0 && r.MaxTime > 0, "1 or more"},
		{"limit_steps", r.LimitSteps, r.LimitSteps >= 0, "1 or more, or 0 for no limit"},
		{"batch_size", r.BatchSize, r.BatchSize >= 1, "1 or more"},
		{"optimizer", r.Optimizer, slices.Contains(Optimizers, r.Optimizer), net.OneOf(Optimizers)},
		{"learning_rate", r.LearningRate, r.LearningRate > 0 && finite(r.LearningRate), "a number above 0"},
		{"momentum", r.Momentum, r.Momentum >= 0 && r.Momentum < 1, "a number from 0 to below 1"},
		{"muon_rest", r.MuonRest, r.Optimizer != Muon || slices.Contains(MuonRests, r.MuonRest), net.OneOf(MuonRests)},
		{"muon_rate", r.MuonRate, r.Optimizer != Muon || r.MuonRate > 0 && finite(r.MuonRate), "a number above 0"},
		{"muon_momentum", r.MuonMomentum, r.MuonMomentum >= 0 && r.MuonMomentum < 1, "a number from 0 to below 1"},
		{"muon_decay", r.MuonDecay, r.MuonDecay >= 0 && finite(r.MuonDecay), "0 or more"},
		{"momentum", r.Momentum, r.Momentum == 0 || r.rest() != AdamW, "0 with adamw, or sgd or nesterov"},
		{"momentum", r.Momentum, r.Momentum > 0 || r.rest() != Nesterov, "a number above 0 with nesterov, or sgd"},
		{"weight_decay", r.WeightDecay, r.WeightDecay >= 0 && finite(r.WeightDecay), "0 or more"},
		{"groups", r.badGroup(), r.badGroup() == "", "a pattern of names, then rate= or decay= with a factor, such as *.bn.*:decay=0"},
		{"freeze", r.badPattern(), r.badPattern() == "", "patterns of parameters' names, such as features.*"},
		{"schedule", r.Schedule, slices.Contains(Schedules, r.Schedule), net.OneOf(Schedules)},
		{"warmup_epochs", r.WarmupEpochs, r.WarmupEpochs >= 0, "0 or more"},
		{"warmup_steps", r.WarmupSteps, r.WarmupSteps >= 0, "0 or more"},
		{"warmup_share", r.WarmupShare, r.WarmupShare >= 0 && r.WarmupShare <= 1, "a number from 0 to 1"},
		{"warmup_steps", r.WarmupSteps, r.WarmupSteps == 0 || r.WarmupEpochs == 0 && r.WarmupShare == 0, "one of warm-up epochs, steps and share"},
		{"warmup_share", r.WarmupShare, r.WarmupShare == 0 || r.WarmupEpochs == 0, "one of warm-up epochs, steps and share"},
		{"decay_epochs", r.DecayEpochs, r.DecayEpochs >= 1, "1 or more"},
		{"decay_rate", r.DecayRate, r.DecayRate > 0 && r.DecayRate <= 1, "a number above 0, to 1"},
		{"dropout", r.Dropout, r.Dropout >= 0 && r.Dropout <= maxDropout, fmt.Sprintf("a number from 0 to %d", maxDropout)},
		{"label_smoothing", r.LabelSmoothing, r.LabelSmoothing >= 0 && r.LabelSmoothing < 1, "a number from 0 to below 1"},
		{"sizes", r.Sizes, !slices.ContainsFunc(r.Sizes, func(n int) bool { return n < 1 || n > maxSide }), fmt.Sprintf("numbers from 1 to %d", maxSide)},
		{"mixup", r.Mixup, r.Mixup >= 0 && finite(r.Mixup), "0 or more"},
		{"cutmix", r.Cutmix, r.Cutmix >= 0 && finite(r.Cutmix), "0 or more"},
		{"amp_dtype", r.AMPType, r.AMPType == "" || slices.Contains(AMPTypes, r.AMPType), net.OneOf(AMPTypes)},
		{"amp_dtype", r.AMPType, r.AMPType == "" || r.AMP, "it with mixed precision (amp: true)"},
		{"amp_initial_scale", r.AMPScale, r.AMPScale == 0 || r.scalesLoss(), "it with mixed precision in float16, whose loss is scaled"},
		{"amp_initial_scale", r.AMPScale, goodScale(r.AMPScale), "a power of two from 1 on, such as 65536"},
		{"clip_norm", r.ClipNorm, r.ClipNorm >= 0 && finite(r.ClipNorm), "a number above 0, or 0 for no clipping"},
		{"ema_decay", r.EMADecay, r.EMADecay >= 0 && r.EMADecay < 1, "a number from 0 to below 1"},
		{"patience", r.Patience, r.Patience >= 0, "1 or more, or 0 to train all epochs"},
		{"split", r.Split, slices.Contains(Splits, r.Split), net.OneOf(Splits)},
		{"validation_ratio", r.ValidationRatio, r.ValidationRatio >= 0 && r.ValidationRatio < 1, "a number from 0 to below 1"},
	} {
		if !c.good {
			return &RecipeError{c.key, c.value, c.use}
		}
	}
	return nil
}

// checkNetwork finds what is wrong with the network's name, its file or its widths.
func (r Recipe) checkNetwork() error {
	s, err := r.Spec()
	switch {
	case err != nil && r.NetworkText == "":
		return &RecipeError{"model", r.Model, net.OneOf(append(net.ModelNames(), "a file such as mine.yaml"))}
	case err != nil:
		return fmt.Errorf("net: network: %w", err)
	case r.Widths == nil || s.GoodWidths(r.Widths):
		return nil
	}
	return &RecipeError{"widths", r.Widths, s.WidthsInWords()}
}

// Spec is the recipe's network as its file says it.
func (r Recipe) Spec() (*net.Spec, error) {
	if r.NetworkText == "" {
		return net.BuiltIn(r.Model)
	}
	return net.ParseSpec([]byte(r.NetworkText), r.Model)
}
