package net

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cnnvk/engine"
)

// ErrNotFinite is the end of a training whose loss or gradients left the finite numbers.
var ErrNotFinite = errors.New("the loss is not finite")

// Stopped is the end of a training whose context ended. What was queued is done: the weights are those of the last step.
type Stopped struct {
	Progress       // of the epoch that was cut short; all of its steps are done where its validation was
	TotalSteps int // optimiser steps in the run
	cause      error
}

func (s *Stopped) Error() string {
	return fmt.Sprintf("net: after step %d (epoch %d): %v", s.TotalSteps, s.Epoch, s.cause)
}

// Unwrap is the cause of the context's end, which wraps context.Canceled.
func (s *Stopped) Unwrap() error { return s.cause }

// Trainer runs a recipe: epochs of steps, each followed by a validation of the averaged weights.
type Trainer struct {
	Recipe     Recipe
	Model      *Model
	Data       Data
	Train, Val []int                  // places of the training and validation images in Data
	Order      func(epoch int) []int  // Train in the order of an epoch
	OnSteps    func(Progress)         // called now and then during an epoch, if set
	OnEpoch    func(EpochEnded) error // called after each validation, if set

	layout   *engine.Layout
	session  engine.Session
	train    map[int]*engine.Program // by batch size
	eval     map[int]*engine.Program
	records  map[*engine.Program]*engine.Record
	step     int      // optimiser steps so far
	now      Progress // epoch and rate of the last one
	counters Counters
}

// Progress is how far an epoch is.
type Progress struct {
	Epoch, Step, Steps int // epoch from 1; steps done in it, of how many
	Images             int
	Elapsed            time.Duration // since the epoch began
	Loss, Accuracy     float64       // means over the epoch's samples so far
	Rate               float64
}

// EpochEnded is the outcome of an epoch.
type EpochEnded struct {
	Progress
	Validation Score         // of the averaged weights
	ValTime    time.Duration // the validation's share of the time
	Best       bool          // the best validation accuracy so far
	Last       bool          // no epoch follows
	TotalSteps int           // optimiser steps in the run so far
}

// reportEvery is how often the trainer looks at what the steps gave back. Between two looks the device never waits for
// the host.
const reportEvery = 2 * time.Second

// Programs writes what a training runs: a program for every batch size, over one layout. It needs no device.
func (t *Trainer) Programs() (*engine.Layout, []*engine.Program, error) {
	if err := t.Recipe.Check(); err != nil {
		return nil, nil, err
	}
	if len(t.Train) == 0 || len(t.Val) == 0 {
		return nil, nil, fmt.Errorf("net: %d images to train on and %d for validation: both need at least one", len(t.Train), len(t.Val))
	}
	if batch := t.Recipe.BatchSize; batch > len(t.Train) {
		return nil, nil, &RecipeError{"batch_size", batch, fmt.Sprintf("%d or less: there are no more training images", len(t.Train))}
	}
	opt, err := optimizerOf(t.Recipe)
	if err != nil {
		return nil, nil, err
	}
	if t.layout, err = t.Model.Layout(opt.momentSets); err != nil {
		return nil, nil, err
	}
	if err := t.writePrograms(); err != nil {
		return nil, nil, err
	}
	return t.layout, append(values(t.train), values(t.eval)...), nil
}

// Open prepares the programs on an executor and sets the initial weights.
func (t *Trainer) Open(e engine.Executor) error {
	layout, programs, err := t.Programs()
	if err != nil {
		return err
	}
	t.records = map[*engine.Program]*engine.Record{}
	if t.session, err = e.NewSession(layout, programs, engine.PlanOptions{}); err != nil {
		return err
	}
	if err := setResidents(t.session, t.Data); err != nil {
		return err
	}
	initial, err := t.Model.Initial(t.Recipe.Seed, layout)
	if err != nil {
		return err
	}
	for _, a := range []engine.Arena{engine.Model, engine.EMA} {
		if err := t.session.WriteArena(a, initial); err != nil {
			return err
		}
	}
	return nil
}

// writePrograms writes a program for every batch size that an epoch and a validation have.
func (t *Trainer) writePrograms() (err error) {
	t.train, t.eval = map[int]*engine.Program{}, map[int]*engine.Program{}
	for _, n := range batchSizes(len(t.Train), t.Recipe.BatchSize) {
		if t.train[n], err = TrainProgram(t.Model, t.layout, t.Recipe, t.Data.Shape, n); err != nil {
			return err
		}
	}
	averaged := engine.EMA
	if t.Recipe.EMADecay == 0 {
		averaged = engine.Model
	}
	for _, n := range batchSizes(len(t.Val), t.evalBatch()) {
		if t.eval[n], err = EvalProgram(t.Model, t.layout, averaged, t.Data.Shape, n); err != nil {
			return err
		}
	}
	return nil
}

func (t *Trainer) evalBatch() int { return min(t.Recipe.BatchSize, len(t.Val)) }

// Close gives the device's memory back.
func (t *Trainer) Close() error {
	if t.session == nil {
		return nil
	}
	return t.session.Close()
}

// Run trains to the end of the recipe, or until ctx ends: then no further step is queued, those queued are waited for, and
// the error is a *Stopped.
func (t *Trainer) Run(ctx context.Context) error {
	best := -1.0
	for epoch := 0; epoch < t.Recipe.Epochs; epoch++ {
		end, err := t.epoch(ctx, epoch)
		if err == nil {
			err = t.validate(ctx, &end)
		}
		if err != nil {
			return err
		}
		end.TotalSteps = t.step
		end.Last = epoch == t.Recipe.Epochs-1 || t.limited()
		if end.Best = end.Validation.Accuracy() > best; end.Best {
			best = end.Validation.Accuracy()
		}
		if t.OnEpoch != nil {
			if err := t.OnEpoch(end); err != nil {
				return err
			}
		}
		if end.Last {
			break
		}
	}
	return nil
}

// validate scores the averaged weights after an epoch.
func (t *Trainer) validate(ctx context.Context, end *EpochEnded) (err error) {
	began := time.Now()
	end.Validation, err = runEval(ctx, t.session, t.eval, t.Data, t.Val, t.evalBatch())
	end.ValTime = time.Since(began)
	switch {
	case errors.Is(err, ErrNotFinite):
		return fmt.Errorf("net: validation after step %d (epoch %d, learning rate %.4g): %w", t.step, end.Epoch, end.Rate, err)
	case err != nil && ctx.Err() != nil:
		return &Stopped{end.Progress, t.step, context.Cause(ctx)}
	}
	return err
}

// limited reports whether the limit of steps is reached.
func (t *Trainer) limited() bool { return t.Recipe.LimitSteps > 0 && t.step >= t.Recipe.LimitSteps }

// epoch runs one epoch's steps.
func (t *Trainer) epoch(ctx context.Context, epoch int) (EpochEnded, error) {
	order, batch := t.Order(epoch), t.Recipe.BatchSize
	now := EpochEnded{Progress: Progress{Epoch: epoch + 1, Steps: (len(order) + batch - 1) / batch, Rate: t.Recipe.Schedule().Rate(epoch)}}
	t.now = now.Progress
	if t.Recipe.LimitSteps > 0 {
		now.Steps = min(now.Steps, t.Recipe.LimitSteps-t.step)
	}
	var sum Score
	began, looked := time.Now(), time.Now()
	for from := 0; from < len(order) && !t.limited() && ctx.Err() == nil; from += batch {
		if err := t.queue(order[from:min(from+batch, len(order))], now.Rate); err != nil {
			return now, err
		}
		now.Step++
		if time.Since(looked) >= reportEvery {
			if err := t.look(&now.Progress, &sum, began); err != nil {
				return now, err
			}
			looked = time.Now()
		}
	}
	if err := t.look(&now.Progress, &sum, began); err != nil {
		return now, err
	}
	if ctx.Err() != nil {
		return now, &Stopped{now.Progress, t.step, context.Cause(ctx)}
	}
	return now, nil
}

// queue hands one step to the device.
func (t *Trainer) queue(indices []int, rate float64) error {
	p := t.train[len(indices)]
	if p == nil {
		return fmt.Errorf("net: no program for a batch of %d", len(indices))
	}
	r := t.records[p]
	if r == nil {
		r = engine.NewRecord(p)
		t.records[p] = r
	}
	fillBatch(r, t.Data, indices)
	SetRandom(r.Uints(InputRandom), t.Recipe.Seed, t.step)
	SetRates(r.Floats(InputRates), rate, t.step+1)
	if err := t.session.Run(p, r); err != nil {
		return err
	}
	t.step++
	t.counters.Step(t.Recipe.EMADecay)
	return nil
}

// look waits for the queued steps, adds up what they gave back, and tells the observer.
func (t *Trainer) look(now *Progress, sum *Score, began time.Time) error {
	reports, err := t.session.Reports()
	if err != nil {
		return err
	}
	for i, r := range reports {
		metrics, norm := r.Results[ResultMetrics], r.Results[ResultNorm]
		if norm[engine.NormNotFinite] != 0 || !finite(metrics[engine.MetricLoss]) {
			step := t.step - len(reports) + i + 1
			return fmt.Errorf("net: step %d (epoch %d, learning rate %.4g): %w", step, now.Epoch, now.Rate, ErrNotFinite)
		}
		sum.add(metrics, r.Program.Batch)
	}
	now.Images, now.Loss, now.Accuracy, now.Elapsed = sum.Total, sum.Loss(), sum.Accuracy(), time.Since(began)
	if t.OnSteps != nil {
		t.OnSteps(*now)
	}
	return nil
}

// Averaged are the moving average of the weights as they are now, ready to be saved. Weights that no file can hold are a
// training that is lost, though its loss may still be a number: the error is an ErrNotFinite.
func (t *Trainer) Averaged(metadata map[string]string) (*Weights, error) {
	a, batches := engine.EMA, t.counters.EMA
	if t.Recipe.EMADecay == 0 {
		a, batches = engine.Model, t.counters.Model
	}
	arena, err := t.session.ReadArena(a)
	if err != nil {
		return nil, err
	}
	if err := t.savable(arena); err != nil {
		return nil, err
	}
	return &Weights{Model: t.Model, Layout: t.layout, Arena: arena, Batches: batches, Metadata: metadata}, nil
}

// savable looks for values that are not finite in a file's float32.
func (t *Trainer) savable(arena []float64) error {
	for _, s := range t.layout.Segments {
		for _, v := range arena[s.Offset:][:s.Shape.Elements()] {
			if !finite(float64(float32(v))) {
				return &overflow{t.step, t.now, s.Name, v}
			}
		}
	}
	return nil
}

type overflow struct {
	step  int
	at    Progress
	name  string
	value float64
}

func (e *overflow) Error() string {
	return fmt.Sprintf("net: step %d (epoch %d, learning rate %.4g): %s holds %.4g, not finite in float32",
		e.step, e.at.Epoch, e.at.Rate, e.name, e.value)
}

func (e *overflow) Unwrap() error { return ErrNotFinite }

// Kernels lists the kernels that the training step uses, without repetitions, in the order of the step.
func (t *Trainer) Kernels() []string {
	var out []string
	for _, p := range values(t.train) {
		for _, k := range t.session.Kernels(p) {
			if !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	return out
}

// SetRandom fills the step input "random" for a step, counted from 0.
func SetRandom(random []uint32, seed uint32, step int) {
	random[engine.RandomSeed], random[engine.RandomStep], random[engine.RandomSample] = seed, uint32(step), 0
}
