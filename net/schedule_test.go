package net

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

func TestScheduleRate(t *testing.T) {
	recipe := Schedule{Base: 1e-3, WarmupEpochs: 5, Epochs: 50}
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
		{Schedule{1, 0, 4}, 0, 1, "no warm-up"},
		{Schedule{1, 0, 4}, 2, 0.5, "no warm-up"},
		{Schedule{1, -2, 4}, 2, 0.5, "a negative warm-up is none"},
		{Schedule{1, 5, 5}, 4, 1, "all warm-up"},
		{Schedule{1, 5, 5}, 5, 1, "all warm-up: no cosine after it"},
		{Schedule{1, 5, 3}, 2, 0.6, "shorter than its warm-up"},
		{Schedule{1, 0, 0}, 0, 1, "no epochs"},
		{Schedule{1, 5, 6}, 5, 1, "one epoch of cosine"},
	} {
		if got := c.s.Rate(c.epoch); !(math.Abs(got-c.want) <= 1e-15*c.s.Base) { // in this form NaN fails too
			t.Errorf("%+v, epoch %d: %v, want %v (%s)", c.s, c.epoch, got, c.want, c.why)
		}
	}
}

// PyTorch's log of the reference run. Its lr column is read after the scheduler's step, so that the
// row of epoch e (counted from 1) has the rate of the epoch that follows, Rate(e).
func TestScheduleReference(t *testing.T) {
	file, err := os.ReadFile(filepath.Join(sharedFolder(t, "CNNVK_WEIGHTS"), "smallcifarnet_reference.json"))
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
	s := Schedule{Base: 1e-3, WarmupEpochs: 5, Epochs: 50}
	for _, row := range run.Log {
		if got := s.Rate(row.Epoch); math.Abs(got-row.LR) > 0.500001e-5 { // the log has five decimals
			t.Errorf("after epoch %d: %v, the log has %v", row.Epoch, got, row.LR)
		}
	}
}
