package training

import (
	"cnnvk/net"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRecipeCheck(t *testing.T) {
	t.Parallel()
	if err := DefaultRecipe().Check(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		change func(*Recipe)
		says   string
	}{
		{func(r *Recipe) { r.Model, r.Widths = "resnet", []int{} }, `net: model "resnet": use smallcifarnet, tinynet, resnet9s, ds-resnet, resnet20, wrn-16-2, mobilenetv2 or a file such as mine.yaml`},
		{func(r *Recipe) { r.Model = "resnet" }, `net: model "resnet": use smallcifarnet, tinynet, resnet9s, ds-resnet, resnet20, wrn-16-2, mobilenetv2 or a file such as mine.yaml`},
		{func(r *Recipe) { r.Model = net.TinyNetName }, "net: widths [64 128 256 512 512 512]: use 3 numbers from 1 to 8192"},
		{func(r *Recipe) { r.Model, r.Widths = net.TinyNetName, []int{1, 2, 8193} }, "net: widths [1 2 8193]: use 3 numbers from 1 to 8192"},
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
		{func(r *Recipe) { r.WarmupSteps = -1 }, "net: warmup_steps -1: use 0 or more"},
		{func(r *Recipe) { r.WarmupShare = 1.5 }, "net: warmup_share 1.5: use a number from 0 to 1"},
		{func(r *Recipe) { r.WarmupShare = math.NaN() }, "net: warmup_share NaN: use a number from 0 to 1"},
		{func(r *Recipe) { r.WarmupSteps = 3 }, "net: warmup_steps 3: use one of warm-up epochs, steps and share"},
		{func(r *Recipe) { r.WarmupShare = 0.1 }, "net: warmup_share 0.1: use one of warm-up epochs, steps and share"},
		{func(r *Recipe) { r.Groups = []string{"fc.*:rate=2", "fc.*"} }, `net: groups "fc.*": use a pattern of names, then rate= or decay= with a factor, such as *.bn.*:decay=0`},
		{func(r *Recipe) { r.WeightDecay = math.NaN() }, "net: weight_decay NaN: use 0 or more"},
		{func(r *Recipe) { r.WeightDecay = math.Inf(1) }, "net: weight_decay +Inf: use 0 or more"},
		{func(r *Recipe) { r.LabelSmoothing = 1 }, "net: label_smoothing 1: use a number from 0 to below 1"},
		{func(r *Recipe) { r.ClipNorm = -1 }, "net: clip_norm -1: use a number above 0, or 0 for no clipping"},
		{func(r *Recipe) { r.EMADecay = 1 }, "net: ema_decay 1: use a number from 0 to below 1"},
		{func(r *Recipe) { r.ValidationRatio = 1 }, "net: validation_ratio 1: use a number from 0 to below 1"},
		{func(r *Recipe) { r.ValidationRatio = math.NaN() }, "net: validation_ratio NaN: use a number from 0 to below 1"},
		{func(r *Recipe) { r.Split = "even" }, `net: split "even": use random or stratified`},
		{func(r *Recipe) { r.Schedule = "" }, `net: schedule "": use cosine, step, linear, constant or onecycle`},
		{func(r *Recipe) { r.DecayEpochs = 0 }, "net: decay_epochs 0: use 1 or more"},
		{func(r *Recipe) { r.DecayRate = 0 }, "net: decay_rate 0: use a number above 0, to 1"},
		{func(r *Recipe) { r.DecayRate = math.NaN() }, "net: decay_rate NaN: use a number above 0, to 1"},
		{func(r *Recipe) { r.MaxTime = 90 }, "net: max_time 90ns: use 1s or more"},
		{func(r *Recipe) { r.MaxTime, r.Epochs = time.Hour, -1 }, "net: epochs -1: use 1 or more"},
		{func(r *Recipe) { r.Momentum = 0.9 }, "net: momentum 0.9: use 0 with adamw, or sgd or nesterov"},
		{func(r *Recipe) { r.Optimizer, r.Momentum = SGD, 1 }, "net: momentum 1: use a number from 0 to below 1"},
		{func(r *Recipe) { r.Optimizer = Nesterov }, "net: momentum 0: use a number above 0 with nesterov, or sgd"},
		{func(r *Recipe) { r.Optimizer = "" }, `net: optimizer "": use adamw, sgd, nesterov or muon`},
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

// What a recipe leaves out is allowed: no limit, no warm-up, no decay, no clipping, no average, no validation.
func TestRecipeCheckZeros(t *testing.T) {
	t.Parallel()
	r := DefaultRecipe()
	r.LimitSteps, r.WarmupEpochs, r.WeightDecay, r.LabelSmoothing, r.ClipNorm, r.EMADecay, r.ValidationRatio = 0, 0, 0, 0, 0, 0, 0
	r.MaxTime, r.Epochs = time.Hour, 0
	if err := r.Check(); err != nil {
		t.Error(err)
	}
	r.Model, r.Widths = net.TinyNetName, net.ReferenceWidths(net.TinyNetName)
	for _, optimizer := range Optimizers {
		r.UseOptimizer(optimizer)
		if err := r.Check(); err != nil {
			t.Error(err)
		}
	}
}

// Every named recipe can be trained, under a name of its own, and the list cannot be changed through one.
func TestRecipes(t *testing.T) {
	t.Parallel()
	for _, name := range RecipeNames() {
		r, err := RecipeNamed(name)
		if err != nil || r.Name != name {
			t.Errorf("%s is %+v", name, r)
		}
		if err := r.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := RecipeNamed("large"); err == nil || err.Error() != `net: recipe "large": use smallcifarnet, smallcifarnet-light, smallcifarnet-medium, tinynet, resnet9s, ds-resnet, resnet20, wrn-16-2 or mobilenetv2` {
		t.Errorf("got %v", err)
	}
	DefaultRecipe().Widths[0] = 7
	if DefaultRecipe().Widths[0] != 64 || net.ReferenceWidths(net.SmallCIFARNetName)[0] != 64 {
		t.Error("the default recipe has changed")
	}
}

// The networks of today rise to their rate over 15 % of the steps and fall from there to 0 along a line, at each step.
func TestResidualRecipes(t *testing.T) {
	t.Parallel()
	const steps = 176
	for _, name := range []string{"resnet9s", "ds-resnet", "resnet20", "wrn-16-2", "mobilenetv2"} {
		r, err := RecipeNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		r.Epochs = 5
		if !r.ReflectPadding || !r.NoDecay1D || r.Optimizer != Nesterov {
			t.Errorf("%s is %+v", name, r)
		}
		for step, want := range map[int]float64{0: 0.4 / 132, 65: 0.2, 131: 0.4, 132: 0.4, 506: 0.2, 879: 0.4 / 748} {
			if got := r.RateAt(step/steps, step%steps, steps); math.Abs(got-want) > 1e-12 {
				t.Errorf("%s: rate %g at step %d, want %g", name, got, step, want)
			}
		}
	}
}

// What nobody said follows from what was said over a recipe.
func TestRecipeSettle(t *testing.T) {
	t.Parallel()
	tiny, _ := RecipeNamed("tinynet")
	for _, c := range []struct {
		before Recipe
		said   string
		change func(*Recipe)
		want   func(*Recipe)
		why    string
	}{
		{DefaultRecipe(), "optimizer", func(r *Recipe) { r.Optimizer = Nesterov }, func(r *Recipe) { r.Momentum = 0.9 }, "its usual momentum"},
		{DefaultRecipe(), "optimizer", func(r *Recipe) { r.Optimizer = SGD }, func(r *Recipe) {}, "plain"},
		{DefaultRecipe(), "optimizer", func(r *Recipe) { r.Optimizer = Muon }, func(r *Recipe) {
			r.MuonRate, r.MuonMomentum, r.MuonDecay, r.MuonRest = 0.02, 0.95, r.WeightDecay, AdamW
		}, "beside AdamW"},
		{DefaultRecipe(), "optimizer muon_rest weight_decay", func(r *Recipe) { r.Optimizer, r.MuonRest, r.WeightDecay = Muon, Nesterov, 0.01 }, func(r *Recipe) {
			r.MuonRate, r.MuonMomentum, r.MuonDecay, r.Momentum = 0.02, 0.95, 0.01, 0.9
		}, "beside Nesterov's momentum"},
		{DefaultRecipe(), "optimizer muon_rate muon_momentum muon_decay", func(r *Recipe) { r.Optimizer, r.MuonRate, r.MuonMomentum, r.MuonDecay = Muon, 0.1, 0.9, 0 }, func(r *Recipe) {
			r.MuonRest = AdamW
		}, "as said"},
		{DefaultRecipe(), "optimizer momentum", func(r *Recipe) { r.Optimizer, r.Momentum = SGD, 0.8 }, func(r *Recipe) {}, "as said"},
		{tiny, "momentum", func(r *Recipe) { r.Momentum = 0.8 }, func(r *Recipe) {}, "the optimiser stays"},
		{tiny, "model", func(r *Recipe) { r.Model = net.SmallCIFARNetName }, func(r *Recipe) { r.Widths = net.ReferenceWidths(net.SmallCIFARNetName) }, "another model has other widths"},
		{tiny, "model widths", func(r *Recipe) { r.Model, r.Widths = net.SmallCIFARNetName, narrow }, func(r *Recipe) {}, "as said"},
		{DefaultRecipe(), "model", func(r *Recipe) { r.Model = net.TinyNetName }, func(r *Recipe) { r.Widths, r.Dropout = net.ReferenceWidths(net.TinyNetName), 0 }, "nothing to drop out"},
		{DefaultRecipe(), "model widths dropout", func(r *Recipe) { r.Model, r.Widths = net.TinyNetName, net.ReferenceWidths(net.TinyNetName) }, func(r *Recipe) {}, "as said: older files have it"},
		{DefaultRecipe(), "warmup_share", func(r *Recipe) { r.WarmupShare = 0.2 }, func(r *Recipe) { r.WarmupEpochs = 0 }, "in place of epochs"},
		{DefaultRecipe(), "warmup_steps", func(r *Recipe) { r.WarmupSteps = 9 }, func(r *Recipe) { r.WarmupEpochs = 0 }, "in place of epochs"},
		{DefaultRecipe(), "schedule", func(r *Recipe) { r.Schedule = ScheduleOneCycle }, func(r *Recipe) { r.WarmupEpochs, r.WarmupShare = 0, 0.3 }, "PyTorch's default"},
		{DefaultRecipe(), "schedule warmup_epochs", func(r *Recipe) { r.Schedule, r.WarmupEpochs = ScheduleOneCycle, 2 }, func(r *Recipe) {}, "as said"},
		{tiny, "max_time", func(r *Recipe) { r.MaxTime = time.Hour }, func(r *Recipe) { r.Epochs = 0 }, "to be measured"},
		{tiny, "max_time epochs", func(r *Recipe) { r.MaxTime, r.Epochs = time.Hour, 3 }, func(r *Recipe) {}, "measured before"},
		{tiny, "max_time", func(r *Recipe) { r.MaxTime = 0 }, func(r *Recipe) {}, "no limit"},
	} {
		got := c.before
		c.change(&got)
		want := got
		c.want(&want)
		got.Settle(c.before, func(key string) bool { return slices.Contains(strings.Fields(c.said), key) })
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s over %s (%s): %+v, want %+v", c.said, c.before.Name, c.why, got, want)
		}
	}
	timed := tiny
	timed.MaxTime, timed.Epochs = time.Hour, 99
	got := timed
	got.Epochs = 3
	if got.Settle(timed, func(key string) bool { return key == "epochs" }); got.MaxTime != 0 || got.Epochs != 3 {
		t.Errorf("epochs over a measured number: %+v", got)
	}
}
