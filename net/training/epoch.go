package training

import (
	"context"
	"fmt"
	"time"

	"cnnvk/engine/trace"
)

// The first step of all is waited for, so that the observer hears at once that the training is under way. Otherwise
// an epoch is queued without a wait: its steps, right behind them the validation, and while the device works on that, the next
// epoch's order is drawn. The host waits where the device has enough to do, and once an epoch for the validation's end,
// since the weights that were validated are to be saved.

// reportEvery is how often the trainer reads the reports of steps and calls OnSteps.
const reportEvery = 2 * time.Second

// epoch runs one epoch's steps and its validation.
func (t *Trainer) epoch(ctx context.Context, epoch int) (EpochEnded, error) {
	defer t.Trace.Begin(trace.Host, fmt.Sprintf("epoch %d", epoch+1))()
	order := t.order(epoch)
	r := begin(t.run.at)
	r.Epoch, r.Steps = epoch+1, t.StepsPerEpoch()
	r.rate = func(step int) float64 { return t.Recipe.RateAt(epoch, step, t.StepsPerEpoch()) }
	r.Rate = r.rate(max(r.Step-1, 0))
	t.run.now = r.Progress
	if t.Recipe.LimitSteps > 0 {
		r.Steps = min(r.Steps, t.Recipe.LimitSteps-t.run.at.Total+t.run.at.Step)
	}
	if err := t.queueSteps(ctx, r, order); err != nil {
		return r.EpochEnded, err
	}
	if err := t.validate(ctx, r); err != nil {
		return r.EpochEnded, err
	}
	r.Wall, r.Busy = t.run.worked.read(r.finished, t.run.session.Busy())
	return r.EpochEnded, nil
}

// order is the order in which an epoch takes the training images.
func (t *Trainer) order(epoch int) []int {
	order := t.run.ahead
	if order == nil {
		order = t.Order(epoch)
	}
	t.run.ahead = nil
	return order
}

// queueSteps queues an epoch's training steps. Those queued when ctx ends are waited for.
func (t *Trainer) queueSteps(ctx context.Context, r *running, order []int) error {
	batch, looked := t.Recipe.BatchSize, time.Now()
	for from := r.queued * batch; from < len(order) && !t.limited() && ctx.Err() == nil; from += batch {
		if err := t.queue(order[from:min(from+batch, len(order))], r.Epoch-1, r.rate(r.queued), t.Recipe.sizeOf(r.Epoch-1)); err != nil {
			return err
		}
		r.queued++
		if !t.run.begun {
			t.run.begun = true
			if err := t.look(r, t.run.session.Reports); err != nil {
				return err
			}
		}
		if time.Since(looked) >= reportEvery {
			if err := t.look(r, t.run.session.Finished); err != nil {
				return err
			}
			looked = time.Now()
		}
		if t.OnSave != nil && time.Since(t.run.saved) >= t.SaveEvery {
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

// queue hands one step to the device, on images of that one of the recipe's sizes.
func (t *Trainer) queue(images []int, epoch int, rate float64, size int) error {
	step := Step{Images: images, Epoch: epoch, Number: t.run.at.Total, Seed: t.Recipe.Seed, Rate: rate, Factors: t.run.factors, Mixing: t.Recipe.Mixing()}
	p, r, err := step.Fill(t.run.train[size], t.Data, t.Augment)
	if err != nil {
		return err
	}
	if err := t.run.session.Run(p, r); err != nil {
		return err
	}
	t.run.at.Total++
	t.run.at.Counters.Step(t.Recipe.EMADecay)
	return nil
}

// save waits for what is queued and lets a checkpoint be taken.
func (t *Trainer) save(r *running) error {
	if err := t.pause(r); err != nil {
		return err
	}
	err := t.OnSave()
	t.run.saved = time.Now()
	return err
}
