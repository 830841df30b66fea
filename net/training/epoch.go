package training

import (
	"context"
	"fmt"
	"math"
	"time"

	"cnnvk/engine"
	"cnnvk/engine/trace"
	"cnnvk/net"
)

// An epoch is queued without a wait: its steps, right behind them the validation, and while the device works on that, the next
// epoch's order is drawn. The host waits where the device has enough to do, and once an epoch for the validation's end,
// since the weights that were validated are to be saved.

// reportEvery is how often the trainer tells what the steps gave back.
const reportEvery = 2 * time.Second

// running is an epoch under way.
type running struct {
	EpochEnded
	sum      net.Score // of the training steps that are done
	queued   int       // training steps
	began    time.Time // the first of them was queued
	trained  time.Time // the last of them so far was done
	finished time.Time // the last step of any kind was
	told     int       // steps that the observer knows of
}

// epoch runs one epoch's steps and its validation.
func (t *Trainer) epoch(ctx context.Context, epoch int) (EpochEnded, error) {
	defer t.Trace.Begin(trace.Host, fmt.Sprintf("epoch %d", epoch+1))()
	order := t.order(epoch)
	r := t.begin()
	r.Epoch, r.Steps, r.Rate = epoch+1, t.StepsPerEpoch(), t.Recipe.Rates().Rate(epoch)
	t.now = r.Progress
	if t.Recipe.LimitSteps > 0 {
		r.Steps = min(r.Steps, t.Recipe.LimitSteps-t.at.Total+t.at.Step)
	}
	if err := t.queueSteps(ctx, r, order); err != nil {
		return r.EpochEnded, err
	}
	if err := t.validate(ctx, r); err != nil {
		return r.EpochEnded, err
	}
	if !finite(r.Validation.LossSum) {
		return r.EpochEnded, fmt.Errorf("net: validation after step %d (epoch %d, learning rate %.4g): %w", t.at.Total, r.Epoch, r.Rate, net.ErrNotFinite)
	}
	r.ValTime = r.finished.Sub(r.trained)
	r.Wall, r.Busy = t.worked.read(r.finished, t.session.Busy())
	return r.EpochEnded, nil
}

// begin is an epoch under way of which those steps are done that the position names.
func (t *Trainer) begin() *running {
	now := time.Now()
	r := &running{sum: t.at.Sum, queued: t.at.Step, told: t.at.Step, began: now.Add(-t.at.Elapsed), trained: now, finished: now}
	r.Step, r.Elapsed = t.at.Step, t.at.Elapsed
	return r
}

// order is that of an epoch's images.
func (t *Trainer) order(epoch int) []int {
	order := t.ahead
	if order == nil {
		order = t.Order(epoch)
	}
	t.ahead = nil
	return order
}

// queueSteps queues an epoch's training steps. Those queued when ctx ends are waited for.
func (t *Trainer) queueSteps(ctx context.Context, r *running, order []int) error {
	batch, looked := t.Recipe.BatchSize, time.Now()
	for from := r.queued * batch; from < len(order) && !t.limited() && ctx.Err() == nil; from += batch {
		if err := t.queue(order[from:min(from+batch, len(order))], r.Epoch-1, r.Rate); err != nil {
			return err
		}
		r.queued++
		if time.Since(looked) >= reportEvery {
			if err := t.look(r, t.session.Finished); err != nil {
				return err
			}
			looked = time.Now()
		}
		if t.OnSave != nil && time.Since(t.saved) >= t.SaveEvery {
			if err := t.save(r); err != nil {
				return err
			}
		}
	}
	if ctx.Err() == nil {
		return nil
	}
	return t.stop(ctx, r)
}

// queue hands one step to the device.
func (t *Trainer) queue(images []int, epoch int, rate float64) error {
	step := Step{Images: images, Epoch: epoch, Number: t.at.Total, Seed: t.Recipe.Seed, Rate: rate}
	p, r, err := step.Fill(t.train, t.Data, t.Augment)
	if err != nil {
		return err
	}
	if err := t.session.Run(p, r); err != nil {
		return err
	}
	t.at.Total++
	t.at.Counters.Step(t.Recipe.EMADecay)
	return nil
}

// validate scores the averaged weights after an epoch's steps, most of which may still be under way.
func (t *Trainer) validate(ctx context.Context, r *running) error {
	defer t.Trace.Begin(trace.Host, "validation")()
	err := net.QueueEvaluation(ctx, t.session, t.eval, t.Data, t.Val, t.evalBatch(), func(*engine.Program) error {
		if r.Step == r.queued {
			return nil // the observer knows that all are done
		}
		return t.look(r, t.session.Finished)
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return t.stop(ctx, r)
	case err != nil:
		return err
	}
	if r.Epoch < t.Recipe.Epochs && !t.limited() {
		t.ahead = t.Order(r.Epoch) // which counts from 0: the next epoch
	}
	return t.look(r, t.session.Reports)
}

// save waits for what is queued and lets a checkpoint be taken.
func (t *Trainer) save(r *running) error {
	if err := t.pause(r); err != nil {
		return err
	}
	err := t.OnSave()
	t.saved = time.Now()
	return err
}

// stop waits for what is queued. The error is the *Stopped of an epoch that was cut short.
func (t *Trainer) stop(ctx context.Context, r *running) error {
	if err := t.pause(r); err != nil {
		return err
	}
	return &Stopped{r.Progress, t.at.Total, context.Cause(ctx)}
}

// pause waits for what is queued, and takes note of how far the epoch is.
func (t *Trainer) pause(r *running) error {
	err := t.look(r, t.session.Reports)
	t.at.Step, t.at.Sum, t.at.Elapsed = r.Step, r.sum, r.Elapsed
	return err
}

// look adds up what steps gave back, and tells the observer of training steps that are news.
func (t *Trainer) look(r *running, ask func() ([]engine.Report, error)) error {
	reports, err := ask()
	if err != nil {
		return err
	}
	for _, report := range reports {
		r.finished = report.Done
		if !t.train.Has(report.Program) {
			r.Validation.Add(report)
			continue
		}
		t.done++
		if report.Results[resultNorm][engine.NormNotFinite] != 0 || !finite(report.Results[net.ResultMetrics][engine.MetricLoss]) {
			return fmt.Errorf("net: step %d (epoch %d, learning rate %.4g): %w", t.done, r.Epoch, r.Rate, net.ErrNotFinite)
		}
		r.sum.Add(report)
		r.Step++
		r.trained = report.Done
		r.Elapsed = r.trained.Sub(r.began)
	}
	r.Images, r.Loss, r.Accuracy = r.sum.Total, r.sum.Loss(), r.sum.Accuracy()
	if t.OnSteps != nil && r.Step > r.told {
		r.told = r.Step
		t.OnSteps(r.Progress)
	}
	return nil
}

// meter tells what share of the time a device worked, from readings of how long it has worked by then.
type meter struct {
	at   time.Time
	busy time.Duration
}

// read takes a reading, and returns what has passed since the one before.
func (m *meter) read(at time.Time, busy time.Duration) (wall, worked time.Duration) {
	wall, worked = at.Sub(m.at), busy-m.busy
	*m = meter{at, busy}
	return wall, worked
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
