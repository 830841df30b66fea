package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"cnnvk/cifar"
	"cnnvk/engine"
	"cnnvk/net"
)

// runFolder is where a training leaves its files. Each is written whole or not at all.
type runFolder struct {
	dir      string
	metadata map[string]string // of the weights files
	rows     []string          // of metrics.csv
	best     float64           // validation accuracy of the best weights
	saved    bool              // there are weights
	made     bool              // the folder is new, not the user's empty one
}

// The files of a run.
const (
	configFile  = "config.yaml"
	splitFile   = "split.json"
	metricsFile = "metrics.csv"
	bestWeights = "weights/best.safetensors"
	lastWeights = "weights/last.safetensors"
)

// newRunFolder makes the folder: dir, which must be new or empty, or, without dir, the first free one of
// runs/NAME, runs/NAME-2, and so on.
func newRunFolder(dir, name string) (*runFolder, error) {
	if dir != "" {
		if err := checkOut(dir); err != nil {
			return nil, err
		}
		_, err := os.Stat(dir)
		return (&runFolder{dir: dir, made: errors.Is(err, fs.ErrNotExist)}).make()
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
func checkOut(dir string) error {
	if dir == "" {
		return nil
	}
	entries, err := os.ReadDir(dir)
	switch {
	case err == nil && len(entries) > 0:
		return hintError{fmt.Errorf("the run folder %s is not empty", dir), "--out " + filepath.Clean(dir) + "-2, or another new folder"}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return cannotMake(dir, err)
	}
	return nil
}

func cannotMake(dir string, err error) error {
	return hintError{fmt.Errorf("%s cannot be the run folder: %w", dir, reason(err)), "--out DIR with a new folder that you may write to"}
}

// make makes the folder for weights, and the run folder if need be.
func (f *runFolder) make() (*runFolder, error) {
	if err := os.MkdirAll(filepath.Dir(f.path(lastWeights)), 0o777); err != nil {
		f.discard()
		return nil, cannotMake(f.dir, err)
	}
	return f, nil
}

// discard takes back what was made before the training began.
func (f *runFolder) discard() {
	for _, path := range []string{f.path(splitFile), f.path(configFile), filepath.Dir(f.path(lastWeights))} {
		os.Remove(path)
	}
	if f.made {
		os.Remove(f.dir) // no more than an empty folder goes
	}
}

func (f *runFolder) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

// config is config.yaml: the recipe and where it runs.
type config struct {
	net.Recipe `yaml:",inline"`
	Data       string `yaml:"data"` // folder, or synthetic
	DataMD5    string `yaml:"data_md5"`
	Device     string `yaml:"device"`
	Driver     string `yaml:"driver"`
	Version    string `yaml:"version"`
}

// begin writes what is known before the first step: config.yaml, then split.json. If it cannot, the folder goes.
func (f *runFolder) begin(r net.Recipe, set *cifar.Set, data string, d engine.Device, val []int) (err error) {
	defer func() {
		if err != nil {
			f.discard()
		}
	}()
	if set.Synthetic {
		data = "synthetic"
	}
	text, err := yaml.Marshal(config{r, data, set.MD5, d.Name, d.Driver, version()})
	if err != nil {
		return fmt.Errorf("%s: %w", configFile, err)
	}
	if err := f.write(configFile, text); err != nil {
		return err
	}
	split, err := json.Marshal(map[string][]int{"val": val})
	if err != nil {
		return fmt.Errorf("%s: %w", splitFile, err)
	}
	return f.write(splitFile, append(split, '\n'))
}

// epoch adds a row to metrics.csv and writes the averaged weights.
func (f *runFolder) epoch(t *net.Trainer, e net.EpochEnded) error {
	if f.rows == nil {
		f.rows = []string{"epoch,steps,learning_rate,train_loss,train_accuracy,val_loss,val_accuracy,images_per_second,seconds"}
	}
	f.rows = append(f.rows, fmt.Sprintf("%d,%d,%g,%.6f,%.6f,%.6f,%.6f,%.1f,%.2f", e.Epoch, e.TotalSteps, e.Rate, e.Loss, e.Accuracy,
		e.Validation.Loss(), e.Validation.Accuracy(), rate(e.Progress), (e.Elapsed+e.ValTime).Seconds()))
	w, err := t.Averaged(f.metadata)
	if err != nil {
		return err
	}
	if err := w.Save(f.path(lastWeights), cifar.Mean, cifar.Std); err != nil {
		return err
	}
	f.saved = true
	if e.Best {
		f.best = e.Validation.Accuracy()
		if err := w.Save(f.path(bestWeights), cifar.Mean, cifar.Std); err != nil {
			return err
		}
	}
	return f.write(metricsFile, []byte(strings.Join(f.rows, "\n")+"\n"))
}

func (f *runFolder) write(name string, text []byte) error {
	err := net.WriteAtomically(f.path(name), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
	if err != nil {
		return fmt.Errorf("writing %s: %w", f.path(name), reason(err))
	}
	return nil
}

// stopped adds to the error that ended a training what can be done about it.
func (f *runFolder) stopped(err error, r net.Recipe) error {
	var hints []string
	if errors.Is(err, net.ErrNotFinite) {
		hints = append(hints, fmt.Sprintf("a smaller rate may help: --lr %.3g", r.LearningRate/10))
	} else if hint := hintOf(err); hint != "" {
		hints = append(hints, hint)
	}
	if f.saved {
		hints = append(hints, "the last good weights are in "+f.path(lastWeights))
	}
	return hintError{err, strings.Join(hints, "; ")}
}

// metadata is what a weights file says of its origin: nothing in it changes when the same training runs again.
func metadata(r net.Recipe, set *cifar.Set, m *machine, kernels []string) map[string]string {
	data := set.MD5
	if set.Synthetic {
		data = "synthetic"
	}
	return map[string]string{
		"seed":     strconv.FormatUint(uint64(r.Seed), 10),
		"data_md5": data,
		"device":   m.Device().Name,
		"driver":   m.Device().Driver,
		"kernels":  strings.Join(kernels, "; "),
		"version":  version(),
	}
}
