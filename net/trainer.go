package net

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cnnvk/engine"
	"cnnvk/engine/trace"
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
	Augment    *Augmentation          // of the training images; nil for none
	OnSteps    func(Progress)         // called now and then during an epoch, if set
	OnEpoch    func(EpochEnded) error // called after each validation, if set
	Trace      *trace.Timeline        // of epochs, may be nil

	layout   *engine.Layout
	session  engine.Session
	train    map[int]*engine.Program // by batch size
	eval     map[int]*engine.Program
	records  map[*engine.Program]*engine.Record
	step     int      // optimiser steps queued so far
	done     int      // of them, those whose report has come
	now      Progress // epoch and rate of the last one
	counters Counters
	ahead    []int // the order of the next epoch, if it is known already
	worked   meter
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
	Wall       time.Duration // from the end of the validation before, or the training's begin, to the end of this one
	Busy       time.Duration // that the device worked in it; 0 where it does not tell
	Best       bool          // the best validation accuracy so far
	Last       bool          // no epoch follows
	TotalSteps int           // optimiser steps in the run so far
}

// BusyShare is the part of Wall in which the device worked, 0 to 1; 0 where it does not tell.
func (e EpochEnded) BusyShare() float64 { return float64(e.Busy) / float64(max(e.Wall, 1)) }

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
		if t.train[n], err = TrainProgram(t.Model, t.layout, t.Recipe, t.Data.Shape, n, t.Augment); err != nil {
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
	t.worked.read(time.Now(), t.session.Busy())
	for epoch := 0; epoch < t.Recipe.Epochs; epoch++ {
		end, err := t.epoch(ctx, epoch)
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

// limited reports whether the limit of steps is reached.
func (t *Trainer) limited() bool { return t.Recipe.LimitSteps > 0 && t.step >= t.Recipe.LimitSteps }

// Averaged are the moving average of the weights as they are now, ready to be saved. Weights that no file can hold are a
// training that is lost, though its loss may still be a number: the error is an ErrNotFinite.
func (t *Trainer) Averaged(metadata map[string]string) (*Weights, error) {
	a, batches := engine.EMA, t.counters.EMA
	if t.Recipe.EMADecay == 0 {
		a, batches = engine.Model, t.counters.Model
	}
	defer t.Trace.Begin(trace.Host, "read weights")()
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
