package training

import (
	"context"
	"errors"
	"testing"

	"cnnvk/engine/cpu"
)

// looks is a context that ends after it was asked that many times whether it has, so that a test can stop a training at
// any place.
type looks struct {
	context.Context
	end  context.CancelCauseFunc
	left int
}

func (c *looks) Err() error {
	if c.left--; c.left == 0 {
		c.end(context.Canceled)
	}
	return c.Context.Err()
}

// A training whose context ends stops between two steps, and can hand its weights over; an epoch whose validation is cut
// short is not reported. Each epoch has 3 steps; a look precedes each, another follows them, and one precedes each
// of the validation's batches.
func TestTrainerStopped(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		looks, epoch, step, total, ended int
	}{
		{1, 1, 0, 0, 0}, // before anything
		{3, 1, 2, 2, 0}, // between steps
		{4, 1, 3, 3, 0}, // after the last one
		{5, 1, 3, 3, 0}, // in the validation
		{6, 2, 0, 3, 1}, // between epochs
		{8, 2, 2, 5, 1},
	} {
		tr := someTrainer(t, nil)
		if err := tr.Open(t.Context(), cpu.New()); err != nil {
			t.Fatal(err)
		}
		ended := 0
		tr.OnEpoch = func(EpochEnded) error { ended++; return nil }
		ctx, end := context.WithCancelCause(t.Context())
		err := tr.Run(&looks{ctx, end, c.looks})
		var stopped *Stopped
		if !errors.As(err, &stopped) || !errors.Is(err, context.Canceled) {
			t.Fatalf("%+v: %v", c, err)
		}
		if stopped.Epoch != c.epoch || stopped.Step != c.step || stopped.TotalSteps != c.total || ended != c.ended {
			t.Errorf("%+v: stopped %+v, %d epochs", c, stopped, ended)
		}
		if _, err := tr.Checkpoint(nil); err != nil {
			t.Errorf("%+v: no weights: %v", c, err)
		}
		if stopped.Step > 0 && (stopped.Images != min(4*stopped.Step, 9) || stopped.Loss <= 0) {
			t.Errorf("%+v: %+v", c, stopped.Progress)
		}
	}
}

// A training whose context has ended before it is open does not open.
func TestTrainerNotOpened(t *testing.T) {
	t.Parallel()
	why := errors.New("why")
	ctx, end := context.WithCancelCause(t.Context())
	end(why)
	tr := someTrainer(t, nil)
	if err := tr.Open(ctx, cpu.New()); !errors.Is(err, why) {
		t.Errorf("opened: %v", err)
	}
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
}
