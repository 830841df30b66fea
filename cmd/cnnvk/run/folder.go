package run

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cnnvk/cmd/cnnvk/chart"
	"cnnvk/engine/trace"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
	"cnnvk/net"
	"cnnvk/net/training"
)

// Folder is where a training leaves its files. Each is written whole or not at all.
type Folder struct {
	Dir       string
	Identity  map[string]string // of the training, in its checkpoints
	Mean      []float64         // by channel of the images, in the weights files too
	Std       []float64
	Trace     *trace.Timeline // of the writing, may be nil
	Best      float64         // validation accuracy of the best weights
	Epochs    int             // whose weights are saved
	CurvesDPI int             // dots per inch of curves.png
	metrics   []Metrics       // of the epochs that are over
	saved     bool            // there is a checkpoint
	made      bool            // the folder is new, not the user's
	force     bool            // a run that is there is replaced
	resumed   bool            // the run that is there goes on
	lock      *os.File        // held as long as the folder is this training's own
	writing   chan error      // of an epoch whose files are being written; nil if none is
}

// The files of a run.
const (
	ConfigFile  = "config.yaml"
	SplitFile   = "split.json"
	MetricsFile = "metrics.csv"
	CurvesPNG   = "curves.png"
	CurvesSVG   = "curves.svg"
	BestWeights = "weights/best.safetensors"
	LastWeights = "weights/last.safetensors"
	BestState   = "checkpoints/best.safetensors"
	LastState   = "checkpoints/last.safetensors"
)

// New makes the folder: dir, which must be new or empty unless force is set, or, without dir, the first free
// one of runs/NAME, runs/NAME-2, and so on. It is this training's own until close.
func New(dir, name string, force bool) (*Folder, error) {
	if dir != "" {
		if err := CheckOut(dir, force); err != nil {
			return nil, err
		}
		_, err := os.Stat(dir)
		f := &Folder{Dir: dir, CurvesDPI: chart.DPI, force: force, made: errors.Is(err, fs.ErrNotExist)}
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
		return (&Folder{Dir: dir, CurvesDPI: chart.DPI, made: true}).make()
	}
}

// Reopen makes the folder of an earlier training this one's own.
func Reopen(dir string) (*Folder, error) {
	config := filepath.Join(dir, ConfigFile)
	if _, err := os.Stat(config); err != nil {
		return nil, hints.With(fmt.Errorf("%s cannot be resumed: %s: %w", dir, config, files.Reason(err)), "--resume takes the folder of a run that cnnvk train began")
	}
	f, err := (&Folder{Dir: dir, CurvesDPI: chart.DPI, force: true, resumed: true}).make()
	switch {
	case errors.As(err, new(folderInUse)):
		return nil, hints.With(err, "it goes on by itself; what has stopped can be resumed")
	case errors.Is(err, fs.ErrPermission):
		return nil, hints.With(err, mayWrite)
	}
	return f, err
}

// CheckOut says whether --out can be a run folder, and changes nothing.
func CheckOut(dir string, force bool) error {
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

// make locks the folder and makes the folders for weights and checkpoints in it. If it is locked, or not empty without force, another
// training came first and nothing is touched. Temporary files of a killed training are removed.
func (f *Folder) make() (_ *Folder, err error) {
	if f.lock, err = lockFolder(f.Dir); err == nil && !f.force {
		err = checkEmpty(f.Dir)
	}
	if err != nil {
		f.giveUp()
		return nil, err
	}
	for _, name := range []string{LastWeights, LastState} {
		if err := os.MkdirAll(filepath.Dir(f.Path(name)), 0o777); err != nil {
			f.Discard()
			return nil, cannotMake(f.Dir, err)
		}
		files.Sweep(filepath.Dir(f.Path(name)))
	}
	files.Sweep(f.Dir)
	return f, nil
}

// notTheUsers are the names of files that the user did not put there: the lock of a training that was killed at its start, and what file
// systems and file managers leave in a folder.
var notTheUsers = []string{LockFile, "lost+found", ".DS_Store", "Thumbs.db", "desktop.ini"}

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

// leftOver says whether an entry of a folder was left by a training that was killed before it wrote config.yaml. Besides the lock, these
// are temporary files, and folders for weights and checkpoints without any.
func leftOver(dir string, e fs.DirEntry) bool {
	if !e.IsDir() {
		return files.IsTemporary(e.Name())
	}
	if e.Name() != path.Dir(LastWeights) && e.Name() != path.Dir(LastState) {
		return false
	}
	inside, err := os.ReadDir(filepath.Join(dir, e.Name()))
	return err == nil && !slices.ContainsFunc(inside, func(e fs.DirEntry) bool { return !files.IsTemporary(e.Name()) })
}

// Begin writes what is known before the first step: config.yaml and split.json. An earlier run in the folder is removed only when both
// are on the disk under temporary names; its checkpoints go first, since none may stand beside another run's config.yaml. On an error a
// folder that New made is removed.
func (f *Folder) Begin(c Config, val []int) (err error) {
	defer func() {
		if err != nil {
			f.Discard()
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
	first := []struct {
		name string
		text []byte
	}{{ConfigFile, text}, {SplitFile, split}, {LastWeights, nil}, {LastState, nil}} // the last two for their folders' rights alone
	var staged []*files.Staged
	for _, file := range first {
		s, err := f.stage(file.name, files.Bytes(file.text))
		if err != nil {
			return err
		}
		defer s.Discard()
		staged = append(staged, s)
	}
	if err := f.remove(LastState, BestState); err != nil {
		return err
	}
	for i, s := range staged[:2] {
		if err := f.commit(first[i].name, s); err != nil {
			return err
		}
	}
	return f.remove(append(reportPaths(), MetricsFile, EventsFile, CurvesPNG, CurvesSVG, BestWeights, LastWeights)...)
}

// Discard removes what was made before the training began. The files of a run that was to be replaced stay.
func (f *Folder) Discard() {
	made := []string{path.Dir(LastWeights), path.Dir(LastState)} // which go if they are empty
	if !f.force {
		made = append(made, SplitFile, ConfigFile, EventsFile)
	}
	for _, name := range made {
		f.remove(name)
	}
	f.giveUp()
}

// giveUp leaves the folder as it is, unless it is new and empty.
func (f *Folder) giveUp() {
	own := f.lock == nil || f.owned() == nil
	f.Close()
	if f.made && own {
		os.Remove(f.Dir) // which fails unless the folder is empty
	}
}

// Close lets others train in the folder.
func (f *Folder) Close() {
	if f.lock != nil {
		files.RemoveLocked(f.lock)
		f.lock = nil
	}
}

// Stopped adds a hint to the error that ended a training. It names no file that was deleted, nor any in a folder that is no longer this
// training's.
func (f *Folder) Stopped(err error, r training.Recipe) error {
	if errors.As(err, new(lostFolder)) {
		return err
	}
	err = f.orElsewhere(err)
	var advice []string
	if errors.Is(err, net.ErrNotFinite) {
		smaller := fmt.Sprintf("--lr %.3g", r.LearningRate/10)
		if f.resumed {
			smaller = f.RestartHintWith(smaller)
		}
		advice = append(advice, "a smaller rate may help: "+smaller)
	} else if hint := hints.Of(err); hint != "" {
		advice = append(advice, hint)
	}
	if f.Epochs > 0 && f.Has(LastWeights) {
		advice = append(advice, "the last good weights are in "+f.Path(LastWeights))
	}
	if f.saved && f.Has(ConfigFile) && f.Has(LastState) && !errors.Is(err, net.ErrNotFinite) {
		advice = append(advice, f.ResumeHint("from its last checkpoint"))
	}
	return hints.With(err, strings.Join(advice, "; "))
}

// Validated says whether the epochs so far were validated.
func (f *Folder) Validated() bool {
	return slices.ContainsFunc(f.metrics, func(m Metrics) bool { return !math.IsNaN(float64(m.ValAccuracy)) })
}
