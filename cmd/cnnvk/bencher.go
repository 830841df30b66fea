package main

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/engine"
	"cnnvk/net"
	"cnnvk/net/training"
)

// benchImages is the size of the random data set.
const benchImages = 1024

// benchForm is the form of its images.
var benchForm = cifar.CIFAR100

// The steps that are not measured: the first ones compile shaders and touch memory, and a GPU that was idle takes a while to raise its clocks.
const (
	warmUps = 2
	warmUp  = 500 * time.Millisecond // of steps, at least
)

// bencher is the recipe's training step and evaluation on random pixels.
type bencher struct {
	ctx         context.Context
	machine     *machine.Machine
	session     engine.Session
	recipe      training.Recipe
	batch       int
	data        net.Data // random pixels
	train, eval *net.Batches
	augment     *training.Augmentation // of training steps; nil for none
	steps       int
	began       time.Time     // of the command
	first       time.Duration // from then to the end of the first training step
}

func newBencher(ctx context.Context, m *machine.Machine, t machine.Tuning, model *net.Model, recipe training.Recipe, batch int, began time.Time) (*bencher, error) {
	programs := benchDemand(model, recipe)
	if err := m.Admit(programs, batch); err != nil {
		return nil, err
	}
	if err := m.Settle(ctx, t); err != nil {
		return nil, err
	}
	if err := m.Tune(ctx, t, programs, batch); err != nil {
		return nil, err
	}
	layout, list, err := programs(batch)
	if err != nil {
		return nil, err
	}
	b := &bencher{ctx: ctx, machine: m, recipe: recipe, batch: batch, train: net.NewBatches(list[0]), eval: net.NewBatches(list[1]), augment: augmentation(recipe, benchForm), began: began}
	if b.session, err = m.NewSession(ctx, layout, list, engine.PlanOptions{}); err != nil {
		return nil, m.OrSmaller(err, programs, batch)
	}
	if err := b.fill(model, layout); err != nil {
		b.session.Close()
		return nil, err
	}
	return b, nil
}

// sampleStep is a training step on few images, by whose products the vector width is chosen.
func sampleStep(recipe training.Recipe) func() (*engine.Program, error) {
	return func() (*engine.Program, error) {
		model, err := recipe.Network(taskOf(benchForm))
		if err != nil {
			return nil, err
		}
		_, list, err := benchDemand(model, recipe)(recipe.BatchSize)
		if err != nil {
			return nil, err
		}
		return list[0], nil
	}
}

// benchDemand is a training step, then an evaluation.
func benchDemand(model *net.Model, recipe training.Recipe) machine.Demand {
	return func(batch int) (*engine.Layout, []*engine.Program, error) {
		shape := imagesOf(benchForm, max(benchImages, batch))
		layout, err := training.Layout(model, recipe)
		if err != nil {
			return nil, nil, err
		}
		train, err := training.TrainProgram(model, layout, recipe, shape, batch, augmentation(recipe, benchForm))
		if err != nil {
			return nil, nil, err
		}
		eval, err := net.EvalProgram(model, layout, engine.EMA, recipe.Stored(), shape, batch)
		return layout, []*engine.Program{train, eval}, err
	}
}

func (b *bencher) fill(model *net.Model, layout *engine.Layout) error {
	n := max(benchImages, b.batch)
	pixels := make([]byte, n*benchForm.ImageBytes())
	random := rand.NewChaCha8([32]byte{})
	random.Read(pixels)
	labels := make([]uint8, n)
	for i := range labels {
		labels[i] = uint8(i % len(benchForm.Classes))
	}
	b.data = dataOf(&cifar.Set{Form: benchForm, Images: pixels, Labels: labels}, benchForm.Mean, benchForm.Std)
	if err := training.SetResidents(b.session, b.data, b.recipe); err != nil {
		return err
	}
	initial, err := model.Initial(0, layout)
	if err != nil {
		return err
	}
	for _, a := range []engine.Arena{engine.Model, engine.EMA} {
		if err := b.session.WriteArena(a, initial); err != nil {
			return err
		}
	}
	return b.session.WriteArena(engine.Status, b.recipe.Status())
}

// measure times training steps and evaluation batches, repeats of each.
func (b *bencher) measure(repeats int) (*benchResult, error) {
	train, err := b.times(b.train, repeats)
	if err != nil {
		return nil, err
	}
	eval, err := b.times(b.eval, repeats)
	if err != nil {
		return nil, err
	}
	r := b.result()
	r.Repeats, r.FirstStepS = repeats, b.first.Seconds()
	r.TrainImgS, r.TrainRange = b.rates(train)
	r.EvalImgS, r.EvalRange = b.rates(eval)
	return r, nil
}

// result is what is known before anything is measured.
func (b *bencher) result() *benchResult {
	return &benchResult{
		Device: b.machine.Device().Name, Driver: b.machine.Device().Driver, Recipe: b.recipe.Name, Model: b.recipe.Model, BatchSize: b.batch,
		Augment: b.recipe.Augment, AMP: b.recipe.AMPType, DatasetBytes: b.session.ResidentBytes(), PeakDeviceBytes: max(b.machine.PeakBytes()-b.session.ResidentBytes(), 0),
	}
}

// rates are the median, the lowest and the highest of images a second.
func (b *bencher) rates(times []time.Duration) (median float64, spread [2]float64) {
	slices.Sort(times)
	of := func(t time.Duration) float64 { return float64(b.batch) / t.Seconds() }
	return of(times[len(times)/2]), [2]float64{of(times[len(times)-1]), of(times[0])}
}

// times runs whole steps: filling their inputs, the device's work, and reading the report.
func (b *bencher) times(of *net.Batches, repeats int) ([]time.Duration, error) {
	var times []time.Duration
	start := time.Now()
	for i := 0; len(times) < repeats; i++ {
		if err := context.Cause(b.ctx); err != nil {
			return nil, err
		}
		began := time.Now()
		p, r, err := b.next(of)
		if err != nil {
			return nil, err
		}
		if err := b.session.Run(p, r); err != nil {
			return nil, err
		}
		if _, err := b.session.Reports(); err != nil {
			return nil, err
		}
		if b.first == 0 {
			b.first = time.Since(b.began)
			start = time.Now()
		}
		if i >= warmUps && began.Sub(start) >= warmUp {
			times = append(times, time.Since(began))
		}
	}
	return times, nil
}

// next fills the inputs of a step, as a trainer does.
func (b *bencher) next(of *net.Batches) (*engine.Program, *engine.StepInputs, error) {
	images := make([]int, b.batch)
	for n := range images {
		images[n] = n
	}
	if of != b.train {
		return of.Fill(b.data, images)
	}
	b.steps++
	return training.Step{Images: images, Epoch: b.steps, Number: b.steps - 1, Rate: 1e-3, Factors: b.recipe.RateFactors(), Mixing: b.recipe.Mixing()}.Fill(of, b.data, b.augment)
}

func (b *bencher) logChoices(log *slog.Logger) {
	for _, p := range slices.Concat(b.train.Programs(), b.eval.Programs()) {
		for _, k := range b.session.Kernels(p) {
			log.Debug("kernel", "program", p.Name, "choice", k)
		}
	}
	b.machine.LogMemory("ready")
}
