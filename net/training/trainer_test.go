package training

import (
	"errors"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/engine/cpu"
	"cnnvk/net"
)

// narrow are widths of a network that is quick to run.
var narrow = []int{4, 5, 6, 7, 8, 9}

// someData is n images of that side.
func someData(n, side int) net.Data {
	form := cifar.CIFAR100
	form.H, form.W = side, side
	set := cifar.SyntheticOf(form, 0, n)
	d := net.Data{Images: set.Images, Labels: set.Labels, Shape: net.ImageShape{N: n, C: form.C, H: side, W: side}}
	for _, channel := range cifar.NormalizeTable() {
		d.Table = append(d.Table, channel[:]...)
	}
	return d
}

// someTrainer trains a narrow network on 9 small images in batches of 4, 4 and 1, and validates on 3. They are as large as its sizes want.
func someTrainer(t *testing.T, change func(*Recipe)) *Trainer {
	t.Helper()
	r := DefaultRecipe()
	r.Widths, r.BatchSize, r.Epochs = narrow, 4, 2
	if change != nil {
		change(&r)
	}
	m, err := net.NewModel(net.SmallCIFARNetName, r.Widths, 1, net.CIFAR100)
	if err != nil {
		t.Fatal(err)
	}
	const least = 16 // BatchNorm of a single image needs more than a pixel in the last blocks
	tr := &Trainer{Recipe: r, Model: m, Data: someData(12, slices.Max(append([]int{least}, r.Sizes...)))}
	tr.Val, tr.Train = cifar.Split(12, 0.25, 0)
	tr.Order = func(epoch int) []int { return cifar.EpochOrder(tr.Train, 0, epoch) }
	t.Cleanup(func() {
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	})
	return tr
}

// Epochs, steps and rates as an observer sees them; a limit of steps ends the run within an epoch, which is validated.
func TestTrainerEpochs(t *testing.T) {
	t.Parallel()
	type end struct {
		epoch, step, steps, images, total int
		last                              bool
	}
	for _, c := range []struct {
		limit int
		want  []end
	}{
		{0, []end{{1, 3, 3, 9, 3, false}, {2, 3, 3, 9, 6, true}}},
		{4, []end{{1, 3, 3, 9, 3, false}, {2, 1, 1, 4, 4, true}}},
		{2, []end{{1, 2, 2, 8, 2, true}}},
		{3, []end{{1, 3, 3, 9, 3, true}}},
		{100, []end{{1, 3, 3, 9, 3, false}, {2, 3, 3, 9, 6, true}}},
	} {
		tr := someTrainer(t, func(r *Recipe) { r.LimitSteps = c.limit })
		var got []end
		tr.OnEpoch = func(e EpochEnded) error {
			got = append(got, end{e.Epoch, e.Step, e.Steps, e.Images, e.TotalSteps, e.Last})
			if e.Validation.Total != 3 || e.Rate != tr.Recipe.Rates().Rate(e.Epoch-1) || e.Epoch == 1 && !e.Best {
				t.Errorf("limit %d: %+v", c.limit, e)
			}
			return nil
		}
		if err := tr.Open(t.Context(), cpu.New()); err != nil {
			t.Fatal(err)
		}
		if err := tr.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("limit %d: %+v, want %+v", c.limit, got, c.want)
		}
	}
}

// Each step has the rate of its place where the rate follows the steps; an epoch tells that of its last.
func TestTrainerRateByStep(t *testing.T) {
	t.Parallel()
	rising := func(r *Recipe) { r.Schedule, r.WarmupEpochs, r.WarmupSteps, r.Epochs = ScheduleConstant, 0, 6, 2 }
	flat := func(r *Recipe) { rising(r); r.WarmupSteps = 0 }
	want := []float64{0.5e-3, 1e-3} // of the third step and the sixth
	got, err := trainOn(t, t.Context(), someTrainer(t, rising), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range got.ends {
		if e.Rate != want[i] {
			t.Errorf("epoch %d: rate %v, want %v", e.Epoch, e.Rate, want[i])
		}
	}
	other, err := trainOn(t, t.Context(), someTrainer(t, flat), nil)
	if err != nil {
		t.Fatal(err)
	}
	moved := func(run trained) (sum float64) {
		tr := someTrainer(t, rising)
		l, err := Layout(tr.Model, tr.Recipe)
		if err != nil {
			t.Fatal(err)
		}
		initial, err := tr.Model.Initial(tr.Recipe.Seed, l)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range run.arenas[0][:l.Parameters] {
			sum += math.Abs(v - initial[i])
		}
		return sum
	}
	if a, b := moved(got), moved(other); a > 0.7*b { // AdamW moves by about the rate: 3.5 rates in six steps, and 6
		t.Errorf("a rising rate moved the weights by %v, a flat one by %v", a, b)
	}
}

// Without validation every epoch is the best so far, and nothing is scored.
func TestTrainerNoValidation(t *testing.T) {
	t.Parallel()
	tr := someTrainer(t, func(r *Recipe) { r.ValidationRatio = 0 })
	tr.Val, tr.Train = cifar.Split(12, 0, 0)
	epochs := 0
	tr.OnEpoch = func(e EpochEnded) error {
		epochs++
		if e.Validation != (net.Score{}) || !e.Best || e.ValTime != 0 || e.Images != 12 || e.Last != (epochs == 2) {
			t.Errorf("%+v", e)
		}
		c, err := tr.Checkpoint(nil)
		if err != nil {
			return err
		}
		_, err = c.Averaged(tr.Model, nil)
		return err
	}
	if err := tr.Open(t.Context(), cpu.New()); err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(t.Context()); err != nil || epochs != 2 {
		t.Errorf("%d epochs, %v", epochs, err)
	}
}

func TestTrainerRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		change func(*Trainer)
		says   string
	}{
		{func(tr *Trainer) { tr.Recipe.BatchSize = 10 }, "net: batch_size 10: use 9 or less: there are no more training images"},
		{func(tr *Trainer) { tr.Recipe.Epochs = 0 }, "net: epochs 0: use 1 or more"},
		{func(tr *Trainer) { tr.Val = nil }, "net: 9 images to train on and 0 for validation: both need at least one"},
		{func(tr *Trainer) { tr.Train = nil }, "net: 0 images to train on and 3 for validation: both need at least one"},
	} {
		tr := someTrainer(t, nil)
		c.change(tr)
		if err := tr.Open(t.Context(), cpu.New()); err == nil || err.Error() != c.says {
			t.Errorf("got %v, want %s", err, c.says)
		}
	}
}

// An epoch of 9 images in batches of 4 ends in a batch of one. Of an image of 8x8 a single pixel is left for the last
// blocks, whose BatchNorm has no variance then; before any step, this is refused.
func TestTrainerSingleValue(t *testing.T) {
	t.Parallel()
	tr := someTrainer(t, nil)
	tr.Data.Shape.H, tr.Data.Shape.W = 8, 8
	err := tr.Open(t.Context(), cpu.New())
	const says = "BatchNorm in training needs more than one value per channel, got input (1, 7, 1, 1): use a larger batch"
	if err == nil || !strings.Contains(err.Error(), `"train batch 1"`) || !strings.HasSuffix(err.Error(), says) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}

// The error of a loss that is not finite says when, and the observer's own error ends a run too.
func TestTrainerStops(t *testing.T) {
	t.Parallel()
	tr := someTrainer(t, func(r *Recipe) { r.LearningRate, r.Optimizer = 1e300, "sgd" })
	if err := tr.Open(t.Context(), cpu.New()); err != nil {
		t.Fatal(err)
	}
	err := tr.Run(t.Context())
	if !errors.Is(err, net.ErrNotFinite) || !strings.HasPrefix(err.Error(), "net: step 2 (epoch 1, learning rate 2e+299): ") {
		t.Errorf("rate 1e300: %v", err)
	}

	tr = someTrainer(t, func(r *Recipe) { r.LearningRate, r.Optimizer, r.LimitSteps = 1e300, "sgd", 1 })
	if err := tr.Open(t.Context(), cpu.New()); err != nil {
		t.Fatal(err)
	}
	err = tr.Run(t.Context())
	if !errors.Is(err, net.ErrNotFinite) || !strings.HasPrefix(err.Error(), "net: validation after step 1 (epoch 1, learning rate 2e+299): ") {
		t.Errorf("rate 1e300, one step: %v", err)
	}

	// In float64 a loss stays a number for long, while a file of float32 could not hold the weights any more.
	tr = someTrainer(t, func(r *Recipe) { r.LearningRate, r.Optimizer = 1e30, "sgd" })
	tr.OnEpoch = func(EpochEnded) error { _, err := tr.Checkpoint(nil); return err }
	if err := tr.Open(t.Context(), cpu.New()); err != nil {
		t.Fatal(err)
	}
	err = tr.Run(t.Context())
	if !errors.Is(err, net.ErrNotFinite) || !regexp.MustCompile(`^net: step 3 \(epoch 1, learning rate 2e\+29\): features\.\S+ holds \S+, not finite in float32$`).MatchString(err.Error()) {
		t.Errorf("rate 1e30: %v", err)
	}

	tr = someTrainer(t, nil)
	full := errors.New("no space left on device")
	tr.OnEpoch = func(EpochEnded) error { return full }
	if err := tr.Open(t.Context(), cpu.New()); err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(t.Context()); err != full {
		t.Errorf("the observer's error became %v", err)
	}
}
