package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cnnvk/cifar"
	"cnnvk/engine/trace"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
	"cnnvk/net"
	"cnnvk/net/training"
)

// runFolder is where a training leaves its files. Each is written whole or not at all.
type runFolder struct {
	dir      string
	identity map[string]string       // of the training, in its checkpoints
	mean     [cifar.Channels]float64 // of the images, in the weights files too
	std      [cifar.Channels]float64
	metrics  []metrics       // of the epochs that are over
	best     float64         // validation accuracy of the best weights
	epochs   int             // that were validated, and whose weights are saved
	saved    bool            // there is a checkpoint
	made     bool            // the folder is new, not the user's
	force    bool            // a run that is there is replaced
	resumed  bool            // the run that is there goes on
	lock     *os.File        // held as long as the folder is this training's own
	writing  chan error      // of an epoch whose files are being written; nil if none is
	trace    *trace.Timeline // of the writing, may be nil
}

// The files of a run.
const (
	configFile  = "config.yaml"
	splitFile   = "split.json"
	metricsFile = "metrics.csv"
	curvesPNG   = "curves.png"
	curvesSVG   = "curves.svg"
	bestWeights = "weights/best.safetensors"
	lastWeights = "weights/last.safetensors"
	bestState   = "checkpoints/best.safetensors"
	lastState   = "checkpoints/last.safetensors"
)

// newRunFolder makes the folder: dir, which must be new or empty unless force is set, or, without dir, the first free
// one of runs/NAME, runs/NAME-2, and so on. It is this training's own until close.
func newRunFolder(dir, name string, force bool) (*runFolder, error) {
	if dir != "" {
		if err := checkOut(dir, force); err != nil {
			return nil, err
		}
		_, err := os.Stat(dir)
		f := &runFolder{dir: dir, force: force, made: errors.Is(err, fs.ErrNotExist)}
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return nil, cannotMake(dir, err)
		}
		return f.make()
	}
	if err := os.MkdirAll("runs", 0o777); err != nil {
		return nil, cannotMake("runs", err)
	}
	for i := 1; ; i++ {
		dir := filepath.Join("runs", name)
		if i > 1 {
			dir += "-" + strconv.Itoa(i)
		}
		err := os.Mkdir(dir, 0o777) // of two trainings that ask at once, one gets it
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, cannotMake(dir, err)
		}
		return (&runFolder{dir: dir, made: true}).make()
	}
}

// checkOut says whether --out can be a run folder, and changes nothing.
func checkOut(dir string, force bool) error {
	if dir == "" {
		return nil
	}
	_, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return cannotMake(dir, err)
	}
	if err := checkUnlocked(dir); err != nil || force {
		return err
	}
	return checkEmpty(dir)
}

// notTheUsers are names that no user gave: the lock of a killed training that got no further, and what file systems and file managers
// leave in a folder.
var notTheUsers = []string{lockFile, "lost+found", ".DS_Store", "Thumbs.db", "desktop.ini"}

// checkEmpty is the error of a folder with files in it.
func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return cannotMake(dir, err)
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return slices.Contains(notTheUsers, e.Name()) || leftOver(dir, e) })
	if len(entries) == 0 {
		return nil
	}
	inTheWay := files.Quote(entries[0].Name())
	if more := len(entries) - 1; more > 0 {
		inTheWay += fmt.Sprintf(" and %d more", more)
	}
	return hints.With(fmt.Errorf("the run folder %s is not empty: it has %s", dir, inTheWay),
		"--out "+files.Quote(filepath.Clean(dir)+"-2")+" or another new folder, or --force to replace the run in it")
}

// leftOver says whether an entry of a folder is what a training leaves that was killed before it wrote config.yaml: besides its lock, files that
// were being written, and folders for weights and checkpoints without any.
func leftOver(dir string, e fs.DirEntry) bool {
	if !e.IsDir() {
		return files.IsTemporary(e.Name())
	}
	if e.Name() != path.Dir(lastWeights) && e.Name() != path.Dir(lastState) {
		return false
	}
	inside, err := os.ReadDir(filepath.Join(dir, e.Name()))
	return err == nil && !slices.ContainsFunc(inside, func(e fs.DirEntry) bool { return !files.IsTemporary(e.Name()) })
}

func cannotMake(dir string, err error) error {
	err = fmt.Errorf("%s cannot be the run folder: %w", dir, files.Reason(err))
	if files.DiskFull(err) {
		return orElsewhere(err)
	}
	return hints.With(err, elsewhere)
}

// make locks the folder and makes those for weights and checkpoints in it. What lies there without force, or is locked, belongs to a
// training that came in between, and is not touched; what a killed one was writing goes.
func (f *runFolder) make() (_ *runFolder, err error) {
	if f.lock, err = lockFolder(f.dir); err == nil && !f.force {
		err = checkEmpty(f.dir)
	}
	if err != nil {
		f.giveUp()
		return nil, err
	}
	for _, name := range []string{lastWeights, lastState} {
		if err := os.MkdirAll(filepath.Dir(f.path(name)), 0o777); err != nil {
			f.discard()
			return nil, cannotMake(f.dir, err)
		}
		files.Sweep(filepath.Dir(f.path(name)))
	}
	files.Sweep(f.dir)
	return f, nil
}

// close lets others train in the folder.
func (f *runFolder) close() {
	if f.lock != nil {
		files.RemoveLocked(f.lock)
		f.lock = nil
	}
}

// discard takes back what was made before the training began. The files of a run that was to be replaced stay.
func (f *runFolder) discard() {
	made := []string{path.Dir(lastWeights), path.Dir(lastState)} // which go if they are empty
	if !f.force {
		made = append(made, splitFile, configFile, eventsFile)
	}
	for _, name := range made {
		f.remove(name)
	}
	f.giveUp()
}

// giveUp leaves the folder as it is, unless it is new and empty.
func (f *runFolder) giveUp() {
	own := f.lock == nil || f.owned() == nil
	f.close()
	if f.made && own {
		os.Remove(f.dir) // no more than an empty folder goes
	}
}

func (f *runFolder) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

// word is the path of one of the run's files as a command's argument.
func (f *runFolder) word(name string) string { return files.Quote(f.path(name)) }

// begin writes what is known before the first step: config.yaml and split.json. Nothing of an earlier run is touched before both
// are on the disk, then all of it goes, its checkpoints first: none may stand beside another run's config.yaml. If it cannot, the
// folder goes.
func (f *runFolder) begin(c config, val []int) (err error) {
	defer func() {
		if err != nil {
			f.discard()
		}
	}()
	text, err := c.text()
	if err != nil {
		return err
	}
	split, err := splitText(val)
	if err != nil {
		return err
	}
	checkpoints := []struct {
		name string
		text []byte
	}{{configFile, text}, {splitFile, split}, {lastWeights, nil}, {lastState, nil}} // the last two for their folders' rights alone
	var staged []*files.Staged
	for _, file := range checkpoints {
		s, err := f.stage(file.name, all(file.text))
		if err != nil {
			return err
		}
		defer s.Discard()
		staged = append(staged, s)
	}
	if err := f.remove(lastState, bestState); err != nil {
		return err
	}
	for i, s := range staged[:2] {
		if err := f.commit(checkpoints[i].name, s); err != nil {
			return err
		}
	}
	return f.remove(append(reportPaths(), metricsFile, eventsFile, curvesPNG, curvesSVG, bestWeights, lastWeights)...)
}

const (
	elsewhere = "--out DIR with a new folder that you may write to"
	mayWrite  = "a run is resumed in its folder: chmod -R u+w gives its owner the right to write there"
)

// orElsewhere adds to the error of a place where nothing can be written what can be done about it, unless it has a hint.
func orElsewhere(err error) error {
	switch {
	case hints.Of(err) != "": // it knows better
	case files.DiskFull(err):
		return hints.With(err, "make room on that disk, or --out DIR with a folder on another one")
	case errors.Is(err, fs.ErrPermission):
		return hints.With(err, elsewhere)
	}
	return err
}

// orElsewhere adds a hint as the function orElsewhere does, but none of another --out to a resumed run, which stays in its folder.
func (f *runFolder) orElsewhere(err error) error {
	switch {
	case !f.resumed || hints.Of(err) != "":
		return orElsewhere(err)
	case files.DiskFull(err):
		return hints.With(err, "make room on that disk")
	case errors.Is(err, fs.ErrPermission):
		return hints.With(err, mayWrite)
	}
	return err
}

// stopped adds to the error that ended a training what can be done about it. What is in a folder that is not its own any more, or what
// was deleted from it, it does not name.
func (f *runFolder) stopped(err error, r training.Recipe) error {
	if errors.As(err, new(lostFolder)) {
		return err
	}
	err = f.orElsewhere(err)
	var advice []string
	if errors.Is(err, net.ErrNotFinite) {
		smaller := fmt.Sprintf("--lr %.3g", r.LearningRate/10)
		if f.resumed {
			smaller = f.restartHintWith(smaller)
		}
		advice = append(advice, "a smaller rate may help: "+smaller)
	} else if hint := hints.Of(err); hint != "" {
		advice = append(advice, hint)
	}
	if f.epochs > 0 && f.has(lastWeights) {
		advice = append(advice, "the last good weights are in "+f.path(lastWeights))
	}
	if f.saved && f.has(configFile) && f.has(lastState) && !errors.Is(err, net.ErrNotFinite) {
		advice = append(advice, f.resumeHint("from its last checkpoint"))
	}
	return hints.With(err, strings.Join(advice, "; "))
}
