package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cnnvk/cifar"
	"cnnvk/cifar/filelock"
	"cnnvk/cmd/cnnvk/chart"
	"cnnvk/engine/trace"
	"cnnvk/net"
)

// runFolder is where a training leaves its files. Each is written whole or not at all.
type runFolder struct {
	dir      string
	identity map[string]string // of the training, in its checkpoints
	mean     [3]float64        // of the images, in the weights files too
	std      [3]float64
	rows     []string        // of metrics.csv
	best     float64         // validation accuracy of the best weights
	epochs   int             // that were validated, and whose weights are saved
	saved    bool            // there is a checkpoint
	made     bool            // the folder is new, not the user's
	force    bool            // a run that is there is replaced
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

// checkEmpty is the error of a folder with files in it.
func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return cannotMake(dir, err)
	}
	for _, e := range entries {
		if e.Name() != lockFile { // that of a killed training that got no further
			return hintError{fmt.Errorf("the run folder %s is not empty", dir),
				"--out " + filepath.Clean(dir) + "-2 or another new folder, or --force to replace the run in it"}
		}
	}
	return nil
}

func cannotMake(dir string, err error) error {
	err = fmt.Errorf("%s cannot be the run folder: %w", dir, reason(err))
	if cifar.DiskFull(err) {
		return orElsewhere(err)
	}
	return hintError{err, elsewhere}
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
		net.Sweep(filepath.Dir(f.path(name)))
	}
	net.Sweep(f.dir)
	return f, nil
}

// close lets others train in the folder.
func (f *runFolder) close() {
	if f.lock != nil {
		filelock.Remove(f.lock)
		f.lock = nil
	}
}

// discard takes back what was made before the training began. The files of a run that was to be replaced stay.
func (f *runFolder) discard() {
	if !f.force {
		os.Remove(f.path(splitFile))
		os.Remove(f.path(configFile))
		os.Remove(f.path(eventsFile))
	}
	os.Remove(filepath.Dir(f.path(lastWeights)))
	os.Remove(filepath.Dir(f.path(lastState)))
	f.giveUp()
}

// giveUp leaves the folder as it is, unless it is new and empty.
func (f *runFolder) giveUp() {
	f.close()
	if f.made {
		os.Remove(f.dir) // no more than an empty folder goes
	}
}

func (f *runFolder) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

// begin writes what is known before the first step: config.yaml and split.json. Nothing of an earlier run is touched
// before both are on the disk, then all of it goes. If it cannot, the folder goes.
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
	files := []struct {
		name string
		text []byte
	}{{configFile, text}, {splitFile, split}, {lastWeights, nil}, {lastState, nil}} // the last two for their folders' rights alone
	var staged []*net.Staged
	for _, file := range files {
		s, err := net.Stage(f.path(file.name), all(file.text))
		if err != nil {
			return f.cannotWrite(file.name, err)
		}
		defer s.Discard()
		staged = append(staged, s)
	}
	for i, s := range staged[:2] {
		if err := s.Commit(); err != nil {
			return f.cannotWrite(files[i].name, err)
		}
	}
	for _, name := range append(reportPaths(), lastState, bestState, metricsFile, eventsFile, curvesPNG, curvesSVG, bestWeights, lastWeights) {
		if err := os.Remove(f.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("replacing %s: %w", f.path(name), reason(err))
		}
	}
	return nil
}

// epoch has an epoch's files written while the device goes on with the next one. An error of those before is returned here; to
// hear of one sooner there is failed, which may be called at any time.
func (f *runFolder) epoch(t *net.Trainer, e net.EpochEnded, failed func(error)) error {
	if err := f.wait(); err != nil {
		return err
	}
	rows := f.with(metricsRow(e))
	c, err := f.checkpoint(t, rows)
	if err != nil {
		return err
	}
	f.write(func() error { return f.save(c, t.Model, rows) }, failed)
	return nil
}

// between has a checkpoint written in the midst of an epoch, unless the one before is not written yet.
func (f *runFolder) between(t *net.Trainer, failed func(error)) error {
	select {
	case err := <-f.writing:
		if f.writing = nil; err != nil {
			return err
		}
	default:
		if f.writing != nil {
			return nil
		}
	}
	c, err := f.checkpoint(t, f.rows)
	if err != nil {
		return err
	}
	f.write(func() error { return f.keep(c) }, failed)
	return nil
}

// write has files written in a goroutine of its own.
func (f *runFolder) write(files func() error, failed func(error)) {
	done := make(chan error, 1)
	f.writing = done
	go func() {
		ended := f.trace.Begin(trace.Saving, "write files")
		err := files()
		ended() // before anyone may take the time line as whole
		if err != nil {
			failed(err)
		}
		done <- err
	}()
}

// wait waits until the files are written. Only then do the folder's other fields tell of the epoch.
func (f *runFolder) wait() error {
	if f.writing == nil {
		return nil
	}
	err := <-f.writing
	f.writing = nil
	return err
}

// save writes the files of an epoch's end, the checkpoint first: a run that is resumed makes the others of it again.
func (f *runFolder) save(c *net.Checkpoint, m *net.Model, rows []string) error {
	if err := f.keep(c); err != nil {
		return err
	}
	return f.derive(c, m, rows)
}

// derive writes what follows from the checkpoint of an epoch's end: those of the best one, weights, curves, the event, and, last of
// all, metrics.csv.
func (f *runFolder) derive(c *net.Checkpoint, m *net.Model, rows []string) error {
	w, err := averaged(c, m)
	if err != nil {
		return err
	}
	if err := w.Save(f.path(lastWeights), f.mean, f.std); err != nil {
		return err
	}
	f.epochs++
	if c.BestEpoch == c.Epoch {
		f.best = c.Best
		if err := w.Save(f.path(bestWeights), f.mean, f.std); err != nil {
			return err
		}
		if err := c.Save(f.path(bestState)); err != nil {
			return err
		}
	}
	if err := f.draw(rows, c.BestEpoch == c.Epoch); err != nil {
		return err
	}
	f.rows = rows
	return f.put(metricsFile, tableOfRows(rows))
}

// draw draws the curves of the rows, and tells of the epoch that the last of them is of.
func (f *runFolder) draw(rows []string, best bool) error {
	epochs, err := curvesOf(rows)
	if err != nil {
		return err
	}
	curves, err := chart.Curves(filepath.Base(f.dir), epochs)
	if err != nil {
		return err
	}
	if err := net.WriteAtomically(f.path(curvesPNG), curves.PNG); err != nil {
		return f.cannotWrite(curvesPNG, err)
	}
	if err := net.WriteAtomically(f.path(curvesSVG), curves.SVG); err != nil {
		return f.cannotWrite(curvesSVG, err)
	}
	return f.tell(event{Event: "epoch", epochEvent: epochEventOf(epochs[len(epochs)-1], best)})
}

// cut saves what there is of a training that was stopped: a checkpoint, the averaged weights as they are, and a row for the epoch
// that has no validation.
func (f *runFolder) cut(t *net.Trainer, s *net.Stopped) error {
	c, err := f.checkpoint(t, f.rows)
	if err != nil {
		return err
	}
	if err := f.keep(c); err != nil {
		return err
	}
	w, err := averaged(c, t.Model)
	if err != nil {
		return err
	}
	if err := w.Save(f.path(lastWeights), f.mean, f.std); err != nil || s.Step == 0 {
		return err
	}
	return f.put(metricsFile, tableOfRows(f.with(partRow(s))))
}

// with is metrics.csv's rows and one more.
func (f *runFolder) with(row string) []string {
	if f.rows == nil {
		return []string{metricsHeader, row}
	}
	return append(slices.Clone(f.rows), row)
}

// put writes a text.
func (f *runFolder) put(name string, text []byte) error {
	if err := net.WriteAtomically(f.path(name), all(text)); err != nil {
		return f.cannotWrite(name, err)
	}
	return nil
}

// all writes a text.
func all(text []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	}
}

func (f *runFolder) cannotWrite(name string, err error) error {
	return orElsewhere(fmt.Errorf("writing %s: %w", f.path(name), reason(err)))
}

const elsewhere = "--out DIR with a new folder that you may write to"

// orElsewhere adds to the error of a place where nothing can be written what can be done about it, unless it has a hint.
func orElsewhere(err error) error {
	switch {
	case hintOf(err) != "": // it knows better
	case cifar.DiskFull(err):
		return hintError{err, "make room on that disk, or --out DIR with a folder on another one"}
	case errors.Is(err, fs.ErrPermission):
		return hintError{err, elsewhere}
	}
	return err
}

// stopped adds to the error that ended a training what can be done about it.
func (f *runFolder) stopped(err error, r net.Recipe) error {
	err = orElsewhere(err)
	var hints []string
	if errors.Is(err, net.ErrNotFinite) {
		hints = append(hints, fmt.Sprintf("a smaller rate may help: --lr %.3g", r.LearningRate/10))
	} else if hint := hintOf(err); hint != "" {
		hints = append(hints, hint)
	}
	if f.epochs > 0 {
		hints = append(hints, "the last good weights are in "+f.path(lastWeights))
	}
	if f.saved && !errors.Is(err, net.ErrNotFinite) {
		hints = append(hints, f.goesOn("from its last checkpoint"))
	}
	return hintError{err, strings.Join(hints, "; ")}
}

// metadata is what a weights file says of its origin: nothing in it changes when the same training runs again.
func metadata(r net.Recipe, set *cifar.Set, m *machine, kernels []string) map[string]string {
	return map[string]string{
		"seed":     strconv.FormatUint(uint64(r.Seed), 10),
		"data_md5": metadataName(set),
		"device":   m.Device().Name,
		"driver":   m.Device().Driver,
		"kernels":  strings.Join(kernels, "; "),
		"version":  version(),
	}
}
