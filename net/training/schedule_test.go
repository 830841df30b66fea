package training

import (
	"cnnvk/internal/sharedtest"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

func TestScheduleRate(t *testing.T) {
	t.Parallel()
	recipe := DefaultRecipe().Rates()
	cosine := func(warmup float64, epochs int) Schedule {
		return Schedule{Kind: ScheduleCosine, Base: 1, Warmup: warmup, Total: epochs}
	}
	linear := Schedule{Kind: ScheduleLinear, Base: 2, Warmup: 2, Total: 10}
	step := Schedule{Kind: ScheduleStep, Base: 1, Warmup: 5, Total: 90, Decay: 30, DecayRate: 0.1}
	constant := Schedule{Kind: ScheduleConstant, Base: 0.5, Warmup: 2, Total: 10}
	for _, c := range []struct {
		s     Schedule
		epoch int
		want  float64
		why   string
	}{
		{recipe, 0, 2e-4, "the warm-up does not start at 0"},
		{recipe, 3, 8e-4, "linear"},
		{recipe, 4, 1e-3, "the top ends the warm-up"},
		{recipe, 5, 1e-3, "and starts the cosine"},
		{recipe, 20, 0.75e-3, "a third of the way: (1 + cos 60)/2"},
		{recipe, 35, 0.25e-3, "two thirds"},
		{recipe, 49, 1e-3 * 0.0012179748700878924, "the last epoch is not quite 0"},
		{recipe, 50, 0, "after the end"},
		{recipe, 95, 0, "and for good: the cosine does not rise again"},
		{recipe, -3, 2e-4, "below 0 counts as 0"},
		{cosine(0, 4), 0, 1, "no warm-up"},
		{cosine(0, 4), 2, 0.5, "no warm-up"},
		{cosine(-2, 4), 2, 0.5, "a negative warm-up is none"},
		{cosine(5, 5), 4, 1, "all warm-up"},
		{cosine(5, 5), 5, 1, "all warm-up: no cosine after it"},
		{cosine(5, 3), 2, 0.6, "shorter than its warm-up"},
		{cosine(0, 0), 0, 1, "no epochs"},
		{cosine(5, 6), 5, 1, "one epoch of cosine"},

		// LinearLR(start_factor=1, end_factor=0, total_iters=8) after a warm-up of 2: 2 (1 - t/8).
		{linear, 0, 1, "half of the way up"},
		{linear, 1, 2, "the top ends the warm-up"},
		{linear, 2, 2, "t = 0"},
		{linear, 3, 1.75, "t = 1: seven eighths"},
		{linear, 6, 1, "t = 4: half"},
		{linear, 9, 0.25, "t = 7: an eighth in the last epoch"},
		{linear, 10, 0, "after the end"},
		{linear, 12, 0, "and for good: no rate below 0"},

		// StepLR(step_size=30, gamma=0.1) after a warm-up of 5: 0.1^floor(t/30).
		{step, 1, 0.4, "two fifths of the way up"},
		{step, 5, 1, "t = 0"},
		{step, 34, 1, "t = 29: not yet"},
		{step, 35, 0.1, "t = 30: the first fall"},
		{step, 64, 0.1, "t = 59"},
		{step, 65, 0.01, "t = 60: the second fall"},
		{step, 95, 0.001, "t = 90: after the end it goes on"},

		{constant, 0, 0.25, "half of the way up"},
		{constant, 2, 0.5, "the top"},
		{constant, 9, 0.5, "to the end"},
		{constant, 10, 0.5, "and after it"},
	} {
		if got := c.s.Rate(c.epoch); !(math.Abs(got-c.want) <= 1e-15*c.s.Base) { // in this form NaN fails too
			t.Errorf("%+v, epoch %d: %v, want %v (%s)", c.s, c.epoch, got, c.want, c.why)
		}
	}
}

// PyTorch's log of the reference run. Its lr column is read after the scheduler's step, so that the
// row of epoch e (counted from 1) has the rate of the epoch that follows, Rate(e).
func TestScheduleReference(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile(filepath.Join(sharedtest.Folder(t, "CNNVK_WEIGHTS"), "smallcifarnet_reference.json"))
	if err != nil {
		t.Fatal(err)
	}
	var run struct {
		Log []struct {
			Epoch int
			LR    float64
		}
	}
	if err := json.Unmarshal(file, &run); err != nil {
		t.Fatal(err)
	}
	if len(run.Log) != 50 {
		t.Fatalf("%d epochs in the log", len(run.Log))
	}
	s := DefaultRecipe().Rates()
	for _, row := range run.Log {
		if got := s.Rate(row.Epoch); math.Abs(got-row.LR) > 0.500001e-5 { // the log has five decimals
			t.Errorf("after epoch %d: %v, the log has %v", row.Epoch, got, row.LR)
		}
	}
}

// The rates of torch.optim.lr_scheduler.OneCycleLR(max_lr=base, total_steps=len(want), pct_start=share, cycle_momentum=False).
func TestOneCycle(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		base, share float64
		want        []float64
	}{
		{0.4, 0.3, []float64{0.016000000000000014, 0.20800000000000002, 0.4, 0.38019385280538953, 0.3246982615799052, 0.24450480877451572,
			0.1554967912254843, 0.0753033384200948, 0.019807747194610516, 1.6e-06}},
		{0.1, 0.25, []float64{0.0040000000000000036, 0.09944154354509119, 0.08665264698111695, 0.06112620219362893, 0.03173322184988512,
			0.008688426531955128, 4e-07}},
		{1, 0, []float64{0.904508879153485, 0.654509879153485, 0.3454941208465151, 0.09549512084651508, 4e-06}},
	} {
		s := Schedule{Kind: ScheduleOneCycle, Base: c.base, Warmup: c.share * float64(len(c.want)), Total: len(c.want)}
		for step, want := range c.want {
			if got := s.Rate(step); !(math.Abs(got-want) <= 1e-15*c.base) {
				t.Errorf("share %g of %d, step %d: %v, want %v", c.share, len(c.want), step, got, want)
			}
		}
		if got := s.Rate(len(c.want) + 5); got != s.Rate(len(c.want)-1) {
			t.Errorf("after the end: %v", got)
		}
	}
}

// A rate that follows the steps: up over 15 % of 13 of them and down to 0, as min(1, (t+1)/W) min(1, (T-t)/(T-W)).
func TestRateByStep(t *testing.T) {
	t.Parallel()
	r := DefaultRecipe()
	r.Schedule, r.LearningRate, r.WarmupEpochs, r.WarmupShare, r.Epochs = ScheduleLinear, 1, 0, 0.15, 13
	w, all := 0.15*13, 13.0
	for step := range 13 {
		at := float64(step)
		want := min(1, (at+1)/w) * min(1, (all-at)/(all-w))
		if got := r.RateAt(step, 0, 1); !(math.Abs(got-want) <= 1e-15) {
			t.Errorf("step %d: %v, want %v", step, got, want)
		}
	}
	r.Epochs, r.WarmupShare, r.WarmupSteps = 2, 0, 3
	for step, want := range []float64{1. / 3, 2. / 3, 1, 1, 0.8, 0.6, 0.4, 0.2} {
		if got := r.RateAt(step/4, step%4, 4); !(math.Abs(got-want) <= 1e-15) {
			t.Errorf("3 steps of warm-up, step %d: %v, want %v", step, got, want)
		}
	}
	r = DefaultRecipe()
	r.RateByStep = true
	if up, top, half := r.RateAt(0, 0, 10), r.RateAt(5, 0, 10), r.RateAt(27, 5, 10); up != 1e-3/50 || top != 1e-3 || math.Abs(half-5e-4) > 1e-15 {
		t.Errorf("the reference by steps: %v, %v, %v", up, top, half)
	}
	r.RateByStep = false
	if r.RateAt(3, 0, 10) != 8e-4 || r.RateAt(3, 9, 10) != 8e-4 {
		t.Error("the rate of an epoch changes within it")
	}
}
