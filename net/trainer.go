package net

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"cnnvk/engine"
)

// ErrNotFinite is the end of a training whose loss or gradients left the finite numbers.
var ErrNotFinite = errors.New("the loss is not finite")

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
	step     int // optimiser steps so far
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

// Open prepares the programs on an executor and sets the initial weights.
func (t *Trainer) Open(e engine.Executor) error {
	if err := t.Recipe.Check(); err != nil {
		return err
	}
	if len(t.Train) == 0 || len(t.Val) == 0 {
		return fmt.Errorf("net: %d images to train on and %d for validation: both need at least one", len(t.Train), len(t.Val))
	}
	if batch := t.Recipe.BatchSize; batch > len(t.Train) {
		return &RecipeError{"batch_size", batch, fmt.Sprintf("%d or less: there are no more training images", len(t.Train))}
	}
	opt, err := optimizerOf(t.Recipe)
	if err != nil {
		return err
	}
	if t.layout, err = t.Model.Layout(opt.momentSets); err != nil {
		return err
	}
	if err := t.writePrograms(); err != nil {
		return err
	}
	t.records = map[*engine.Program]*engine.Record{}
	programs := append(values(t.train), values(t.eval)...)
	if t.session, err = e.NewSession(t.layout, programs, engine.PlanOptions{}); err != nil {
		return err
	}
	if err := setResidents(t.session, t.Data); err != nil {
		return err
	}
	initial, err := t.Model.Initial(t.Recipe.Seed, t.layout)
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

// Run trains to the end of the recipe.
func (t *Trainer) Run() error {
	best := -1.0
	for epoch := 0; epoch < t.Recipe.Epochs; epoch++ {
		end, err := t.epoch(epoch)
		if err != nil {
			return err
		}
		began := time.Now()
		end.Validation, err = runEval(t.session, t.eval, t.Data, t.Val, t.evalBatch())
		if errors.Is(err, ErrNotFinite) {
			return fmt.Errorf("net: validation after step %d (epoch %d, learning rate %.4g): %w", t.step, end.Epoch, end.Rate, err)
		}
		if err != nil {
			return err
		}
		end.ValTime = time.Since(began)
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

// epoch runs one epoch's steps.
func (t *Trainer) epoch(epoch int) (EpochEnded, error) {
	order, batch := t.Order(epoch), t.Recipe.BatchSize
	now := EpochEnded{Progress: Progress{Epoch: epoch + 1, Steps: (len(order) + batch - 1) / batch, Rate: t.Recipe.Schedule().Rate(epoch)}}
	if t.Recipe.LimitSteps > 0 {
		now.Steps = min(now.Steps, t.Recipe.LimitSteps-t.step)
	}
	var sum Score
	began, looked := time.Now(), time.Now()
	for from := 0; from < len(order) && !t.limited(); from += batch {
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
	return now, t.look(&now.Progress, &sum, began)
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

// Averaged are the moving average of the weights as they are now, ready to be saved.
func (t *Trainer) Averaged(metadata map[string]string) (*Weights, error) {
	a, batches := engine.EMA, t.counters.EMA
	if t.Recipe.EMADecay == 0 {
		a, batches = engine.Model, t.counters.Model
	}
	arena, err := t.session.ReadArena(a)
	if err != nil {
		return nil, err
	}
	return &Weights{Model: t.Model, Layout: t.layout, Arena: arena, Batches: batches, Metadata: metadata}, nil
}

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
