package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/engine/cpu"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
	"cnnvk/vk"
)

// withResume are the flags that may stand beside --resume: where the work is done and what is printed. The recipe is the run's: with another
// number of epochs, for example, learning rates would differ, and the run could not come to the same bits.
var withResume = []string{"resume", "data", "device", "no-tune", "trace", "progress", "quiet", "verbose"}

// resumeAuto is the value of --resume that goes on with the run in --out, or begins it.
const resumeAuto = "auto"

// runToResume is the folder of the run that --resume names, by its folder or a file in it; "" if a new run is to begin. auto says that the
// flag was auto. The flag is then emptied, since messages name it only once the run in --out goes on.
func runToResume(c *cli.Context) (dir string, auto bool, err error) {
	dir = c.String("resume")
	switch {
	case !c.IsSet("resume"):
		return "", false, nil
	case dir == "":
		return "", false, usagef("--resume needs the folder of a run")
	case dir != resumeAuto:
		folder := run.FolderOf(dir)
		if folder != dir && filepath.Base(dir) == filepath.Base(run.BestState) {
			return "", false, notFromBest(dir, run.Folder{Dir: folder})
		}
		return folder, false, onlyWithResume(c, folder)
	}
	if dir, err = runInOut(c); err == nil {
		err = c.Set("resume", "")
	}
	return dir, true, err
}

// runInOut is the folder --out if it has a run, else "".
func runInOut(c *cli.Context) (string, error) {
	out := c.String("out")
	switch {
	case out == "":
		return "", hints.With(usagef("--resume auto needs --out DIR: the folder of the run that goes on, or begins there"), "--resume ./auto is the run in a folder of that name")
	case c.Bool("force"):
		return "", usagef("--resume auto and --force: use one of them")
	case !run.IsRun(out):
		return "", nil
	}
	return out, nil
}

// notFromBest is the error of resuming from the best checkpoint or from weights.
func notFromBest(named string, f run.Folder) error {
	return hints.With(usagef("--resume %s: a run goes on from its last checkpoint, not from its best", named),
		fmt.Sprintf("--resume %s goes on from the last; cp %s %s first makes the best one the last", files.Quote(f.Dir), f.Word(run.BestState), f.Word(run.LastState)))
}

// onlyWithResume is the error of a flag that does not go with --resume.
func onlyWithResume(c *cli.Context, dir string) error {
	for _, flag := range c.Command.Flags {
		if name := flag.Names()[0]; c.IsSet(name) && !slices.Contains(withResume, name) {
			f := run.Folder{Dir: dir}
			hint := fmt.Sprintf("cnnvk train --config %s --%s ... begins another run", f.Word(run.ConfigFile), name)
			if slices.Contains([]string{"config", "out", "force"}, name) {
				hint = f.RestartHint()
			}
			return hints.With(usagef("--%s does not go with --resume: a run goes on as it began", name), hint)
		}
	}
	return nil
}

// resume goes on with the run in a folder. asked, with --resume auto, is the recipe of the flags, which must be the one the run began with.
func (p program) resume(c *cli.Context, s *console, dir string, asked *run.Config, began time.Time) error {
	if err := c.Set("resume", dir); err != nil {
		return err
	}
	f, err := run.Reopen(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	j := &job{console: s, flags: c, began: began, saveEvery: p.checkpointEvery, curvesDPI: p.curvesDPI, folder: f}
	f.CurvesDPI = p.curvesDPI
	conf, err := j.readRun()
	if err != nil {
		return err
	}
	if asked != nil {
		if err := j.asBegun(*asked, conf); err != nil {
			return err
		}
	}
	if j.from == nil {
		s.say("the run %s has no checkpoint yet: it begins over\n", dir)
	} else if why := j.recipe.Finished(j.from.Position); why != "" {
		return j.finished(why)
	}
	if j.set, j.dir, err = p.trainingSet(c, s, conf); err != nil {
		return err
	}
	if conf.DataMD5 != "" && conf.DataMD5 != j.set.MD5 {
		return f.OtherData(j.dir, j.set.MD5, conf.DataMD5)
	}
	return j.onRunsDevice(conf, func(m *machine.Machine) error { return j.runOn(m, conf) })
}

// asBegun is an error if the recipe asked for is not the one the run began with.
func (j *job) asBegun(asked, begun run.Config) error {
	if err := asked.Hold(); err != nil {
		return err
	}
	if asked.MaxTime > 0 && asked.Epochs == 0 {
		asked.Epochs = begun.Epochs // which followed from a measurement
	}
	if asked.InitialWeights == begun.InitialWeights {
		asked.InitialDigest = begun.InitialDigest // the file is not needed any more
	}
	now, then := run.Fields(reflect.ValueOf(asked.Recipe)), run.Fields(reflect.ValueOf(begun.Recipe))
	flags := recipeFlagNames()
	flags["recipe"], flags["network"] = "recipe", "model"
	if begun.ImageSize > 0 { // it is trained on pictures
		as, err := picturesWanted(j.flags, asked.Pictures)
		if err != nil {
			return recipeProblem(j.flags, err)
		}
		maps.Copy(now, run.Fields(reflect.ValueOf(as)))
		maps.Copy(then, run.Fields(reflect.ValueOf(begun.Pictures)))
	}
	for _, key := range slices.Sorted(maps.Keys(now)) {
		if a, b := now[key].Interface(), then[key].Interface(); !reflect.DeepEqual(a, b) {
			is, was := inFlag(a), fmt.Sprint("what the run in ", j.folder.Dir, " began with, which is ", inFlag(b))
			if key == "network" {
				is, was = asked.Model, fmt.Sprintf("the network of that name that the run in %s began with", j.folder.Dir)
			}
			return hints.With(usagef("--%s %v is not %s", flags[key], is, was),
				"it goes on with the flags that it began with; --out "+files.Quote(filepath.Clean(j.folder.Dir)+"-2")+" begins another run")
		}
	}
	return nil
}

// inFlag is a recipe's value as its flag takes it.
func inFlag(value any) any {
	switch list := value.(type) {
	case []int:
		return joinInts(list)
	case []string:
		return fmt.Sprintf("%q", list)
	}
	return value
}

// readRun reads how the run is trained and how far it is.
func (j *job) readRun() (run.Config, error) {
	conf, err := run.ReadConfig(j.folder.Path(run.ConfigFile))
	if err != nil {
		return conf, err
	}
	j.recipe, j.dir = conf.Recipe, conf.Data
	if err := checkRecipe(conf.Recipe); err != nil {
		return conf, recipeProblem(j.flags, err)
	}
	if j.from, err = j.folder.ReadCheckpoint(); err != nil || j.from == nil {
		return conf, err
	}
	return conf, j.folder.Fits(j.from, conf)
}

// finished says how a run ended that has nothing more to train.
func (j *job) finished(why string) error {
	form, err := j.formOfRun()
	if err != nil {
		return err
	}
	model, err := networkFor(j.flags, j.recipe, form)
	if err != nil {
		return err
	}
	if err := j.folder.Restore(j.from, model); err != nil {
		return err
	}
	j.say("the run %s is finished: %s\n", j.folder.Dir, why)
	if j.flags.IsSet("trace") {
		j.log.Warn("nothing was run, so there is no time line to write")
	}
	if !j.folder.ToldEnd() {
		if err := j.folder.AppendEvent(run.Event{Event: "end", Position: run.PositionOf(j.from.Position), Reason: why}); err != nil {
			return err
		}
	}
	return j.conclude(model)
}

// formOfRun is the form of the images that the run is trained on, as its checkpoint says it, for a run whose images are not read. How
// they are normalised goes into the folder. An earlier program's says neither: it trained on CIFAR-100's form.
func (j *job) formOfRun() (cifar.Form, error) {
	form := cifar.CIFAR100
	in, err := run.InputOf(j.from)
	if err != nil {
		return form, fmt.Errorf("%s: %w", j.folder.Path(run.LastState), err)
	}
	if in.Mean != nil {
		form = cifar.Form{Name: form.Name, C: in.Image.C, H: in.Image.H, W: in.Image.W, Classes: in.Classes, Mean: in.Mean, Std: in.Std}
	}
	j.folder.Mean, j.folder.Std = normalization(j.recipe, &cifar.Set{Form: form})
	return form, nil
}

// onRunsDevice opens the device that --device names, or else the run's, if it is still there.
func (j *job) onRunsDevice(conf run.Config, use func(*machine.Machine) error) error {
	device := j.flags.String("device")
	if device != "" {
		return j.onMachine(machine.Options{Device: device, Like: conf.RanOn()}, use)
	}
	if conf.Device == cpu.New().Device().Name {
		return j.onMachine(machine.Options{Device: machine.CPU}, use)
	}
	opened := false
	there := machine.Options{Like: conf.RanOn(), UUID: conf.DeviceUUID, There: true}
	err := j.onMachine(there, func(m *machine.Machine) error { opened = true; return use(m) })
	if !opened && errors.Is(err, vk.ErrNoDevice) {
		return j.onMachine(machine.Options{Device: os.Getenv(deviceVariable), Like: conf.RanOn()}, use)
	}
	return err
}
