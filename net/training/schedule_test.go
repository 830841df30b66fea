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
	cosine := func(warmup, epochs int) Schedule {
		return Schedule{Kind: ScheduleCosine, Base: 1, WarmupEpochs: warmup, Epochs: epochs}
	}
	linear := Schedule{Kind: ScheduleLinear, Base: 2, WarmupEpochs: 2, Epochs: 10}
	step := Schedule{Kind: ScheduleStep, Base: 1, WarmupEpochs: 5, Epochs: 90, DecayEpochs: 30, DecayRate: 0.1}
	constant := Schedule{Kind: ScheduleConstant, Base: 0.5, WarmupEpochs: 2, Epochs: 10}
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
