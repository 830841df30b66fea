package training

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cnnvk/engine"
	"cnnvk/engine/trace"
	"cnnvk/net"
)

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
	Model      *net.Model
	Data       net.Data
	Train, Val []int                  // places of the training and validation images in Data; Val may be empty
	Order      func(epoch int) []int  // Train in the order of an epoch
	Augment    *Augmentation          // of the training images; nil for none
	OnSteps    func(Progress)         // called now and then during an epoch, if set
	OnEpoch    func(EpochEnded) error // called after each validation, if set
	OnSave     func() error           // called between two steps when SaveEvery has passed since it or OnEpoch was, if set
	SaveEvery  time.Duration
	Trace      *trace.Timeline // of epochs, may be nil

	layout  *engine.Layout
	session engine.Session
	train   *net.Batches
	eval    *net.Batches
	at      Position  // Total and Counters of what is queued so far; of the epoch under way as it was when it paused
	done    int       // optimiser steps whose report has come
	now     Progress  // epoch and rate of the last one
	ahead   []int     // the order of the next epoch, if it is known already
	saved   time.Time // OnSave or OnEpoch was called
	worked  meter
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
	Validation net.Score     // of the averaged weights
	ValTime    time.Duration // the validation's share of the time
	Wall       time.Duration // from the end of the validation before, or the training's begin, to the end of this one
	Busy       time.Duration // that the device worked in it; 0 where it does not tell
	Best       bool          // the best validation accuracy so far; without validation every epoch is the best
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
	if len(t.Train) == 0 || len(t.Val) == 0 && t.Recipe.ValidationRatio > 0 {
		return nil, nil, fmt.Errorf("net: %d images to train on and %d for validation: both need at least one", len(t.Train), len(t.Val))
	}
	if batch := t.Recipe.BatchSize; batch > len(t.Train) {
		return nil, nil, &RecipeError{"batch_size", batch, fmt.Sprintf("%d or less: there are no more training images", len(t.Train))}
	}
	var err error
	if t.layout, err = Layout(t.Model, t.Recipe); err != nil {
		return nil, nil, err
	}
	if err := t.writePrograms(); err != nil {
		return nil, nil, err
	}
	return t.layout, append(t.train.Programs(), t.eval.Programs()...), nil
}

// Open prepares the programs on an executor and sets the initial weights.
func (t *Trainer) Open(e engine.Executor) error {
	layout, programs, err := t.Programs()
	if err != nil {
		return err
	}
	if t.session, err = e.NewSession(layout, programs, engine.PlanOptions{}); err != nil {
		return err
	}
	if err := net.SetResidents(t.session, t.Data); err != nil {
		return err
	}
	return t.setInitial()
}

// setInitial sets the state from which a training begins: initial weights, no moments, no step done.
func (t *Trainer) setInitial() error {
	initial, err := t.Model.Initial(t.Recipe.Seed, t.layout)
	if err != nil {
		return err
	}
	for a := range engine.ArenaCount {
		data := make([]float64, t.layout.ArenaElements(a))
		if a == engine.Model || a == engine.EMA {
			data = initial
		}
		if err := t.session.WriteArena(a, data); err != nil {
			return err
		}
	}
	t.at = Position{}
	return nil
}

// writePrograms writes a program for every batch size that an epoch and a validation have.
func (t *Trainer) writePrograms() (err error) {
	t.train, err = net.WriteBatches(len(t.Train), t.Recipe.BatchSize, func(n int) (*engine.Program, error) {
		return TrainProgram(t.Model, t.layout, t.Recipe, t.Data.Shape, n, t.Augment)
	})
	if err != nil {
		return err
	}
	averaged := engine.EMA
	if t.Recipe.EMADecay == 0 {
		averaged = engine.Model
	}
	t.eval, err = net.WriteBatches(len(t.Val), t.evalBatch(), func(n int) (*engine.Program, error) {
		return net.EvalProgram(t.Model, t.layout, averaged, t.Data.Shape, n)
	})
	return err
}

func (t *Trainer) evalBatch() int { return min(t.Recipe.BatchSize, len(t.Val)) }

// Close gives the device's memory back.
func (t *Trainer) Close() error {
	if t.session == nil {
		return nil
	}
	return t.session.Close()
}

// StepsPerEpoch is the number of steps of a whole epoch; the last may be of fewer images.
func (t *Trainer) StepsPerEpoch() int {
	return (len(t.Train) + t.Recipe.BatchSize - 1) / t.Recipe.BatchSize
}

// Position is how far the training is. It may be asked by OnEpoch and OnSave, and after Run.
func (t *Trainer) Position() Position { return t.at }

// Run trains to the end of the recipe, or until ctx ends: then no further step is queued, those queued are waited for, and
// the error is a *Stopped.
func (t *Trainer) Run(ctx context.Context) error {
	t.saved = time.Now()
	t.worked.read(t.saved, t.session.Busy())
	for t.Recipe.Finished(t.at) == "" {
		end, err := t.epoch(ctx, t.at.Epoch)
		if err != nil {
			return err
		}
		t.ended(&end)
		if t.OnEpoch != nil {
			if err := t.OnEpoch(end); err != nil {
				return err
			}
		}
		t.saved = time.Now()
	}
	return nil
}

// ended takes note of an epoch, and adds to it what follows from those before.
func (t *Trainer) ended(end *EpochEnded) {
	accuracy := end.Validation.Accuracy()
	if end.Best = t.at.BestEpoch == 0 || accuracy > t.at.Best || len(t.Val) == 0; end.Best {
		t.at.Best, t.at.BestEpoch = accuracy, end.Epoch
	}
	t.at.Epoch, t.at.Step, t.at.Sum, t.at.Elapsed = end.Epoch, 0, net.Score{}, 0
	end.TotalSteps, end.Last = t.at.Total, t.Recipe.Finished(t.at) != ""
}

// limited reports whether the limit of steps is reached.
func (t *Trainer) limited() bool { return t.Recipe.LimitSteps > 0 && t.at.Total >= t.Recipe.LimitSteps }

// Kernels lists the kernels that the training step uses, without repetitions, in the order of the step.
func (t *Trainer) Kernels() []string {
	var out []string
	for _, p := range t.train.Programs() {
		for _, k := range t.session.Kernels(p) {
			if !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	return out
}
