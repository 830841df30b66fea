package training

import (
	"context"

	"cnnvk/engine"
	"cnnvk/engine/trace"
	"cnnvk/net"
)

// validationPrograms writes a program for every batch size of the validation.
func (t *Trainer) validationPrograms(l *engine.Layout) (*net.Batches, error) {
	return net.WriteBatches(len(t.Val), t.validationBatch(), func(n int) (*engine.Program, error) {
		return net.EvalProgram(t.Model, l, t.Recipe.validated(), engine.Float, t.Data.Shape, n)
	})
}

// An epoch's validation scores the weights that are saved after it.

// validated is the arena that has them: their moving average where the recipe keeps one, else the weights themselves.
func (r Recipe) validated() engine.Arena {
	if r.averages() {
		return engine.EMA
	}
	return engine.Model
}

func (t *Trainer) validationBatch() int { return min(t.Recipe.BatchSize, len(t.Val)) }

// validate queues the validation behind an epoch's steps, most of which may still be under way, and waits for its end.
func (t *Trainer) validate(ctx context.Context, r *running) error {
	defer t.Trace.Begin(trace.Host, "validation")()
	err := t.queueValidation(ctx, t.Val, func(*engine.Program) error {
		if r.Step == r.queued {
			return nil // the observer knows that all are done
		}
		return t.look(r, t.run.session.Finished)
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return t.stop(ctx, r)
	case err != nil:
		return err
	}
	if r.Epoch < t.Recipe.Epochs && !t.limited() {
		t.run.ahead = t.Order(r.Epoch) // which counts from 0: the next epoch
	}
	if err := t.look(r, t.run.session.Reports); err != nil {
		return err
	}
	if !finite(r.Validation.LossSum) {
		return r.notFinite("validation after step", t.run.at.Total)
	}
	r.ValTime = r.finished.Sub(r.trained)
	return nil
}

// queueValidation queues the validation of images, and calls each, if set, after every batch.
func (t *Trainer) queueValidation(ctx context.Context, images []int, each func(*engine.Program) error) error {
	return net.QueueEvaluation(ctx, t.run.session, t.run.validation, t.Data, images, t.validationBatch(), each)
}
