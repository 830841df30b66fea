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

// Trainer is a training: what is trained, on which images, and who is told. Its recipe is run as epochs of steps, each followed by a
// validation.
type Trainer struct {
	Recipe     Recipe
	Model      *net.Model
	Data       net.Data
	Train, Val []int                  // places of the training and validation images in Data; Val may be empty
	Order      func(epoch int) []int  // Train in the order of an epoch
	Augment    *Augmentation          // of the training images; nil for none
	Pretrained *net.Pretrained        // weights to begin with; nil for initial ones
	OnSteps    func(Progress)         // called now and then during an epoch, if set
	OnEpoch    func(EpochEnded) error // called after each validation, if set
	OnSave     func() error           // called between two steps when SaveEvery has passed since it or OnEpoch was, if set
	SaveEvery  time.Duration
	Trace      *trace.Timeline // of epochs, may be nil

	run run // since Open
}

// run is the state of a training that is open.
type run struct {
	programs
	session engine.Session
	at      Position  // Total and Counters of what is queued so far; of the epoch under way as it was when it paused
	now     Progress  // epoch and rate of the last one
	factors []float64 // of the rate, by parameter group
	ahead   []int     // the order of the next epoch, if it is known already
	begun   bool      // a step is done
	saved   time.Time // OnSave or OnEpoch was called
	worked  meter
}

// programs are what a training runs: a program for every batch size, over one layout.
type programs struct {
	layout     *engine.Layout
	train      sized
	validation *net.Batches
}

// Programs writes what a training runs. It needs no device.
func (t *Trainer) Programs() (*engine.Layout, []*engine.Program, error) {
	p, err := t.write()
	if err != nil {
		return nil, nil, err
	}
	return p.layout, p.all(), nil
}

// Open prepares the programs on an executor, until ctx ends, and sets the initial weights.
func (t *Trainer) Open(ctx context.Context, e engine.Executor) error {
	p, err := t.write()
	if err != nil {
		return err
	}
	t.run = run{programs: p, factors: t.Recipe.RateFactors()}
	if t.run.session, err = e.NewSession(ctx, p.layout, p.all(), engine.PlanOptions{}); err != nil {
		return err
	}
	if err := SetResidents(t.run.session, t.Data, t.Recipe); err != nil {
		return err
	}
	return t.setInitial()
}

func (t *Trainer) write() (p programs, err error) {
	if err := t.check(); err != nil {
		return p, err
	}
	if p.layout, err = Layout(t.Model, t.Recipe); err != nil {
		return p, err
	}
	if p.train, err = t.writeSized(p.layout); err != nil {
		return p, err
	}
	p.validation, err = t.validationPrograms(p.layout)
	return p, err
}

// check finds the first value of the recipe that cannot be used with these images.
func (t *Trainer) check() error {
	if err := t.Recipe.Check(); err != nil {
		return err
	}
	if len(t.Train) == 0 || len(t.Val) == 0 && t.Recipe.ValidationRatio > 0 {
		return fmt.Errorf("net: %d images to train on and %d for validation: both need at least one", len(t.Train), len(t.Val))
	}
	if batch := t.Recipe.BatchSize; batch > len(t.Train) {
		return &RecipeError{"batch_size", batch, fmt.Sprintf("%d or less: there are no more training images", len(t.Train))}
	}
	return nil
}

func (p programs) all() []*engine.Program {
	return append(p.train.Programs(), p.validation.Programs()...)
}

// setInitial sets the state from which a training begins: initial or pretrained weights, no moments, no step done.
func (t *Trainer) setInitial() error {
	initial, err := t.Model.Initial(t.Recipe.Seed, t.run.layout)
	if err != nil {
		return err
	}
	t.run.at = Position{}
	if t.Pretrained != nil {
		if err := t.Pretrained.Put(t.run.layout, initial); err != nil {
			return err
		}
		t.run.at.Counters = Counters{Model: t.Pretrained.Batches, EMA: t.Pretrained.Batches}
	}
	for a := range engine.ArenaCount {
		data := make([]float64, t.run.layout.ArenaElements(a))
		switch a {
		case engine.Model, engine.EMA:
			data = initial
		case engine.Status:
			data = t.Recipe.Status()
		}
		if err := t.run.session.WriteArena(a, data); err != nil {
			return err
		}
	}
	return nil
}

// Close gives the device's memory back.
func (t *Trainer) Close() error {
	if t.run.session == nil {
		return nil
	}
	return t.run.session.Close()
}

// Position is how far the training is. It may be asked by OnEpoch and OnSave, and after Run.
func (t *Trainer) Position() Position { return t.run.at }

// Run trains to the end of the recipe, or until ctx ends: then no further step is queued, those queued are waited for, and
// the error is a *Stopped.
func (t *Trainer) Run(ctx context.Context) error {
	t.run.saved = time.Now()
	t.run.worked.read(t.run.saved, t.run.session.Busy())
	for t.Recipe.Finished(t.run.at) == "" {
		end, err := t.epoch(ctx, t.run.at.Epoch)
		if err != nil {
			return err
		}
		t.ended(&end)
		if t.OnEpoch != nil {
			if err := t.OnEpoch(end); err != nil {
				return err
			}
		}
		t.run.saved = time.Now()
	}
	return nil
}

// ended notes the end of an epoch, and fills in what depends on the epochs before it.
func (t *Trainer) ended(end *EpochEnded) {
	accuracy := end.Validation.Accuracy()
	if end.Best = t.run.at.BestEpoch == 0 || accuracy > t.run.at.Best || len(t.Val) == 0; end.Best {
		t.run.at.Best, t.run.at.BestEpoch = accuracy, end.Epoch
	}
	t.run.at.Epoch, t.run.at.Step, t.run.at.Sum, t.run.at.Elapsed = end.Epoch, 0, net.Score{}, 0
	t.run.at.LossScale = LossScale{Scale: end.Scale}
	end.TotalSteps, end.Last = t.run.at.Total, t.Recipe.Finished(t.run.at) != ""
}

// Kernels lists the kernels that the training step uses, without repetitions, in the order of the step.
func (t *Trainer) Kernels() []string {
	var out []string
	for _, p := range t.run.train.Programs() {
		for _, k := range t.run.session.Kernels(p) {
			if !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	return out
}
