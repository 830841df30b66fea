package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/engine"
	"cnnvk/engine/gpu"
	"cnnvk/engine/trace"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
	"cnnvk/net"
	"cnnvk/net/training"
)

// job is a training and all that belongs to it.
type job struct {
	*console
	flags     *cli.Context
	recipe    training.Recipe
	kernels   gpu.Choices // of the run whose config.yaml was given
	machine   *machine.Machine
	set       *cifar.Set
	mean, std []float64 // by which its images are normalised
	dir       string    // of the data set, or the name of a synthetic one
	began     time.Time
	saveEvery time.Duration // within an epoch
	curvesDPI int           // dots per inch of curves.png
	trainer   *training.Trainer
	folder    *run.Folder
	from      *training.Checkpoint // from which the run is resumed; nil if it begins
	trace     *trace.Timeline      // nil without --trace
}

// runOn trains on a machine. If it is the configuration's, it uses the kernels that the configuration names.
func (j *job) runOn(m *machine.Machine, conf run.Config) error {
	j.machine = m
	known, unknown := conf.Kernels.Known()
	if !m.Reference() {
		machine.WarnOfUnknown(j.log, "the configuration", unknown)
	}
	if m.Device() == conf.RanOn() {
		j.kernels = known
		if j.flags.IsSet("config") && conf.Version != version() {
			j.log.Warn("the configuration is of another version: its run's bits may not come again", "was", conf.Version, "is", version())
		}
	} else if !m.Reference() && len(known) > 0 {
		j.say("the kernels of the configuration were chosen on %s, %s: they are not taken here\n", conf.Device, conf.Driver)
	}
	return traced(j.flags, m, func(l *trace.Timeline) error {
		j.trace = l
		return j.run(j.flags.Context)
	})
}

// run prepares everything and trains. The run folder is made last, so that a training that cannot begin leaves none.
func (j *job) run(ctx context.Context) error {
	model, err := networkFor(j.flags, j.recipe, j.set.Form)
	if err != nil {
		return err
	}
	if err := j.recipe.Hold(); err != nil {
		return err
	}
	if n := model.Parameters(); n > net.MaxParameters {
		j.log.Warn("the network is larger than eval takes", "parameters", n, "most", net.MaxParameters)
	}
	if err := checkAugment(j.recipe, j.set.Form); err != nil {
		return j.orNewRun(recipeProblem(j.flags, err))
	}
	pretrained, err := j.pretrained(model)
	if err != nil {
		return err
	}
	j.mean, j.std = trainingNormalization(j.recipe, j.set)
	j.trainer = newTrainer(j.recipe, model, j.set, dataOf(j.set, j.mean, j.std))
	defer j.trainer.Close()
	j.trainer.Trace, j.trainer.Pretrained = j.trace, pretrained
	if err := j.open(ctx); err != nil {
		return err
	}
	if err := j.fitEpochs(ctx); err != nil {
		return err
	}
	savesItself(ctx)
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := j.claim(); err != nil {
		return err
	}
	defer j.folder.Close()
	j.introduce(model)
	if err := j.watch(ctx); err != nil {
		return j.ended(err)
	}
	p := j.trainer.Position()
	if why := j.recipe.Finished(p); p.Epoch < j.recipe.Epochs || j.recipe.LimitSteps > 0 && p.Total >= j.recipe.LimitSteps {
		j.say("stopped after epoch %d: %s\n", p.Epoch, why)
	}
	if err := j.folder.AppendEvent(run.Event{Event: "end", Position: run.PositionOf(j.trainer.Position()), Reason: j.recipe.Finished(p)}); err != nil {
		return j.folder.Stopped(err, j.recipe)
	}
	return j.conclude(model)
}

// claim takes the run folder and writes what is known before the first step.
func (j *job) claim() (err error) {
	if j.folder == nil {
		if j.folder, err = run.New(j.flags.String("out"), runName(j.recipe), j.flags.Bool("force")); err != nil {
			return err
		}
	}
	f, d := j.folder, j.machine.Device()
	f.Trace, f.CurvesDPI = j.trace, j.curvesDPI
	f.Mean, f.Std = j.mean, j.std
	weights, err := j.metadata()
	if err != nil {
		return err
	}
	if f.Identity, err = run.IdentityOf(j.recipe, j.set, j.trainer.Val, weights); err != nil {
		return err
	}
	data := j.dir
	if !isSynthetic(data) {
		if data, err = filepath.Abs(data); err != nil { // the run may be resumed from another folder
			return err
		}
	}
	kernels, err := j.machine.Choices(trainingDemand(j.trainer), j.recipe.BatchSize)
	if err != nil {
		return err
	}
	conf := run.Config{Recipe: j.recipe, Data: data, Pictures: picturesOf(j.set), DataMD5: j.set.MD5, Device: d.Name, DeviceUUID: j.machine.UUID(), Driver: d.Driver, Version: version(), Kernels: kernels}
	began := run.Event{Event: "begin", Place: &run.Place{Device: d.Name, Driver: d.Driver, Version: version()}}
	if j.from == nil {
		err = f.Begin(conf, j.trainer.Val)
	} else {
		began.Event, err = "resume", j.restore(conf)
	}
	if err != nil {
		return err
	}
	began.Position = run.PositionOf(j.trainer.Position())
	if err := f.AppendEvent(began); err != nil {
		if j.from == nil {
			f.Discard()
		}
		return err
	}
	return nil
}

// runName is what a run folder is called: as the recipe, or, if that is of another network, as the network of a file.
func runName(r training.Recipe) string {
	if _, err := net.BuiltIn(r.Model); err != nil {
		return r.Model
	}
	return r.Name
}

// open prepares the trainer on the machine. A batch for which there is no room is refused before anything is allocated.
func (j *job) open(ctx context.Context) error {
	d := trainingDemand(j.trainer)
	if err := j.machine.Admit(d, j.recipe.BatchSize); err != nil {
		return j.orNewRun(recipeProblem(j.flags, err))
	}
	choice := machine.Tuning{Off: j.flags.Bool("no-tune"), Pinned: j.kernels, Limit: startTuning, Rest: restOfTuning(j.flags.String("device"), j.flags.String("model"), j.trainer.Model) + ampWords(j.recipe.Stored())}
	if err := j.machine.Settle(ctx, choice); err != nil {
		return err
	}
	if err := j.machine.Tune(ctx, choice, d, j.recipe.BatchSize); err != nil {
		return err
	}
	if err := j.trainer.Open(ctx, j.machine); err != nil {
		return j.orNewRun(j.machine.OrSmaller(recipeProblem(j.flags, err), d, j.recipe.BatchSize))
	}
	for _, k := range j.trainer.Kernels() {
		j.log.Debug("kernel", "choice", k)
	}
	j.machine.LogMemory("ready to train")
	return nil
}

// newTrainer makes a trainer for a set; it deals the images to training and validation.
func newTrainer(recipe training.Recipe, model *net.Model, set *cifar.Set, data net.Data) *training.Trainer {
	t := &training.Trainer{Recipe: recipe, Model: model, Data: data}
	t.Augment = augmentation(recipe, set.Form)
	t.Val, t.Train = deal(recipe, set)
	t.Order = func(epoch int) []int { return cifar.EpochOrder(t.Train, uint64(recipe.Seed), epoch) }
	return t
}

// trainingDemand is what the trainer runs, at whichever batch size.
func trainingDemand(t *training.Trainer) machine.Demand {
	return func(batch int) (*engine.Layout, []*engine.Program, error) {
		other := training.Trainer{Recipe: t.Recipe, Model: t.Model, Data: t.Data, Train: t.Train, Val: t.Val, Augment: t.Augment}
		other.Recipe.BatchSize = batch
		return other.Programs()
	}
}

// introduce prints what will be trained, and where.
func (j *job) introduce(model *net.Model) {
	d, r := j.machine.Device(), j.recipe
	j.say("device: %s, %s\n", d.Name, d.Driver)
	recipe, limit := "", ""
	if r.Name != model.Name {
		recipe = ", recipe " + r.Name
	}
	j.say("model: %s, %d parameters%s\n", model.Name, model.Parameters(), recipe)
	j.introducePretrained()
	if r.LimitSteps > 0 {
		limit = fmt.Sprintf(", at most %d steps", r.LimitSteps)
	}
	if p := j.trainer.Position(); j.from != nil {
		j.say("resuming after step %d, in epoch %d\n", p.Total, p.Epoch+1)
	}
	rate := fmt.Sprintf("learning rate %g", r.LearningRate)
	if steps := j.trainer.StepsPerEpoch(); r.WarmupIn(steps) > float64(r.Epochs) {
		rate += fmt.Sprintf(" (%.2g at most: the warm-up takes %.3g epochs)", r.RateAt(r.Epochs-1, steps-1, steps), r.WarmupIn(steps))
	}
	mixed := ""
	if r.AMP {
		mixed = ", activations in " + r.AMPType
	}
	j.say("training: %d epochs%s, batch %d%s, %s, %s, seed %d, into %s\n",
		r.Epochs, limit, r.BatchSize, mixed, r.Optimizer, rate, r.Seed, j.folder.Dir)
	if left := math.Pow(r.EMADecay, float64(r.Epochs*j.trainer.StepsPerEpoch())); j.set.Pictures() && r.EMADecay > 0 && left > 0.05 {
		j.log.Warn("the averaged weights, which are validated and saved, hardly leave the initial ones in so few steps: --model-ema-decay 0 goes without them",
			"model-ema-decay", r.EMADecay, "steps", r.Epochs*j.trainer.StepsPerEpoch(), "initial weights in the average", fmt.Sprintf("%.0f %%", 100*left))
	}
	if r.Schedule == training.ScheduleStep && float64(r.DecayEpochs) >= float64(r.Epochs)-r.WarmupIn(j.trainer.StepsPerEpoch()) {
		j.log.Warn("the learning rate never falls: the first fall would come after the last epoch", "decay-epochs", r.DecayEpochs)
	}
}

// watch trains and shows it.
func (j *job) watch(ctx context.Context) error {
	w := newWatcher(j.console, pace{recipe: j.recipe, validates: len(j.trainer.Val) > 0, steps: j.trainer.StepsPerEpoch(), from: j.trainer.Position()}, j.began)
	defer w.end()
	said := make(chan struct{})
	unless := context.AfterFunc(ctx, func() {
		defer close(said)
		w.say(stopping)
	})
	defer func() {
		if !unless() {
			<-said
		}
	}()
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	j.trainer.OnSteps = w.steps
	j.trainer.OnEpoch = func(e training.EpochEnded) error {
		w.epoch(e)
		j.machine.LogMemory(fmt.Sprintf("epoch %d", e.Epoch))
		j.log.Debug("device", "epoch", e.Epoch, "busy", run.MetricsOf(e).DeviceBusy.Text(4))
		j.trace.Note(fmt.Sprintf("device busy in epoch %d", e.Epoch), e.BusyShare())
		return j.folder.SaveEpoch(j.trainer, e, stop)
	}
	j.trainer.SaveEvery = j.saveEvery
	j.trainer.OnSave = func() error { return j.folder.SaveMidEpoch(j.trainer, stop) }
	err := j.trainer.Run(running)
	if failed := j.folder.Wait(); failed != nil {
		return failed // a failed write ended the training, or came after its last epoch
	}
	return err
}

// ended saves a training that was interrupted, and adds a hint to any error.
func (j *job) ended(err error) error {
	var stopped *training.Stopped
	if !errors.As(err, &stopped) {
		j.folder.AppendEvent(run.Event{Event: "failed", Position: run.PositionOf(j.trainer.Position()), Reason: hints.OneLine(err.Error())}) // the error itself is what counts
		return j.folder.Stopped(err, j.recipe)
	}
	if stopped.TotalSteps == 0 {
		j.folder.Discard()
		return hints.With(fmt.Errorf("%w before the first step", interrupted{}), "nothing is saved")
	}
	if err := j.folder.SaveInterrupted(j.trainer, stopped); err != nil {
		return j.folder.Stopped(err, j.recipe)
	}
	if err := j.folder.AppendEvent(run.Event{Event: "interrupted", Position: run.PositionOf(j.trainer.Position())}); err != nil {
		return j.folder.Stopped(err, j.recipe)
	}
	hint := j.folder.ResumeHint("from there; the averaged weights as they were then are in " + j.folder.Path(run.LastWeights))
	if j.folder.Epochs > 0 && len(j.trainer.Val) > 0 && j.folder.Has(run.BestWeights) {
		hint += fmt.Sprintf(", the best so far (%.2f %%) in %s", 100*j.folder.Best, j.folder.Path(run.BestWeights))
	}
	return hints.With(fmt.Errorf("%w in epoch %d, after step %d", interrupted{}, stopped.Epoch, stopped.TotalSteps), hint)
}

// conclude prints the run's result.
func (j *job) conclude(model *net.Model) error {
	f := j.folder
	if !f.Has(run.BestWeights) {
		return fmt.Errorf("the weights of the run %s were deleted: there is no %s", f.Dir, run.BestWeights)
	}
	if !f.Validated() {
		j.result("weights of the last epoch in %s\n", f.Path(run.BestWeights))
	} else {
		j.result("best validation accuracy %.2f %%, weights in %s\n", 100*f.Best, f.Path(run.BestWeights))
	}
	if model.Parameters() > net.MaxParameters {
		return nil // which eval refuses
	}
	j.say("evaluate them on the test set: cnnvk eval --data %s --weights %s\n", orDIR(j.dir), f.Word(run.BestWeights))
	return nil
}

func orDIR(data string) string {
	if data == synthetic {
		return "DIR"
	}
	return files.Quote(data)
}

// metadata is what a weights file says of its origin and of its images: nothing in it changes when the same training runs again.
func (j *job) metadata() (map[string]string, error) {
	form := j.set.Form
	out, err := net.Input{Classes: form.Classes, Image: imagesOf(form, 0), Mean: j.mean, Std: j.std, Resize: j.set.Resize}.Metadata()
	if err != nil {
		return nil, err
	}
	maps.Copy(out, map[string]string{
		metaSeed:  strconv.FormatUint(uint64(j.recipe.Seed), 10),
		metaData:  metadataName(j.set),
		"device":  j.machine.Device().Name,
		"driver":  j.machine.Device().Driver,
		"kernels": strings.Join(j.trainer.Kernels(), "; "),
		"version": version(),
	})
	return out, withDeal(out, j.recipe, j.set)
}

// restore brings trainer and folder to the checkpoint. conf says where the run goes on.
func (j *job) restore(conf run.Config) error {
	f := j.folder
	if err := f.FitsData(j.from, j.dir); err != nil {
		return err
	}
	if err := f.WarnOfOthers(j.log, j.from); err != nil {
		return err
	}
	if err := j.trainer.Restore(j.from); err != nil {
		return hints.With(fmt.Errorf("%s: %w", f.Path(run.LastState), err), f.RestartHint())
	}
	if err := f.Restore(j.from, j.trainer.Model); err != nil {
		return err
	}
	return f.WriteConfig(conf)
}

// orNewRun completes a hint that names flags: these do not go with --resume, so a new run must begin with them.
func (j *job) orNewRun(err error) error {
	if hint := hints.Of(err); j.flags.String("resume") != "" && strings.HasPrefix(hint, "--") {
		return hints.With(err, j.folder.RestartHintWith(hint))
	}
	return err
}
