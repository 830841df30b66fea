package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"cnnvk/cmd/cnnvk/run"
	"cnnvk/internal/files"
	"cnnvk/internal/filetype"
	"cnnvk/internal/hints"
	"cnnvk/net"
)

// whereWeights is a hint for those who have none.
const whereWeights = "cnnvk train leaves weights in runs/smallcifarnet/" + run.BestWeights

// weightsEndings are how files of weights are called that are read.
var weightsEndings = []string{".safetensors", ".pt", ".pth"}

// evalWeights is how a file of weights is typed.
const evalWeights = "--weights %s"

func weightsFlag() cli.Flag {
	return &cli.PathFlag{Name: "weights", Usage: "`FILE` of weights, safetensors or PyTorch's .pt, or the folder of a run"}
}

// ofModelFlag is --model beside --weights.
func ofModelFlag() cli.Flag {
	return modelFlag("the network of weights that do not say it: `NAME` of one that is built in, or a FILE.yaml of your own", "as the weights say")
}

func normalizeFlag() cli.Flag {
	return &cli.BoolFlag{Name: "normalize", DefaultText: "as the weights were trained", Usage: "bring the images to mean 0 and deviation 1; --normalize=false only scales them to 0..1"}
}

// weightsNamed reads the weights that --weights names, which becomes their path, and tells what network they are of.
func weightsNamed(c *cli.Context, s *console) (path string, w *net.Weights, in net.Input, err error) {
	named := c.String("weights")
	path = weightsIn(named)
	if err := c.Set("weights", path); err != nil { // errors name the file
		return "", nil, in, err
	}
	if w, err = tellWeights(c, s, named, path, evalWeights); err != nil {
		return "", nil, in, err
	}
	if err := sayModel(s, path, w); err != nil {
		return "", nil, in, err
	}
	if in, err = inputOf(w); err != nil {
		return "", nil, in, orOtherWeights(path, evalWeights, fmt.Errorf("the weights in %s: %w", path, err))
	}
	return path, w, in, nil
}

// sayModel prints the parameter count, and refuses a model of more than net.MaxParameters.
func sayModel(s *console, path string, w *net.Weights) error {
	n := w.Model.Parameters()
	s.say("model: %s, %d parameters\n", w.Model.Name, n)
	if n > net.MaxParameters {
		return fmt.Errorf("the model in %s has %d parameters: more than %d are not evaluated", path, n, net.MaxParameters)
	}
	return nil
}

// weightsIn is the file of weights that a path names: itself, or the best of a run.
func weightsIn(named string) string {
	if filepath.Base(named) == run.ConfigFile {
		named = run.FolderOf(named)
	}
	return run.FileIn(named, run.BestWeights, run.LastWeights)
}

// tellWeights is loadWeights that says which file it was where a path named a run, and what was made of it.
func tellWeights(c *cli.Context, s *console, named, path, typed string) (*net.Weights, error) {
	w, err := loadWeights(c, path, typed)
	if err != nil {
		return nil, err
	}
	if path != named {
		s.say("weights: %s\n", path)
	}
	if w.Note != "" {
		s.say("weights: %s\n", w.Note)
	}
	return w, nil
}

// loadWeights reads weights, of the network that --model names if it is set. typed is how a file of weights, %s, is typed in a hint.
func loadWeights(c *cli.Context, path, typed string) (*net.Weights, error) {
	var of *net.Spec
	if name := c.String("model"); name != "" {
		var err error
		if of, err = specNamed(name); err != nil {
			return nil, err
		}
	}
	w, err := net.LoadWeightsOf(path, of)
	if err != nil {
		return nil, orOtherWeights(path, typed, err)
	}
	return w, nil
}

// orOtherWeights adds a hint to the error of weights that cannot be used.
func orOtherWeights(path, typed string, err error) error {
	switch {
	case hints.Of(err) != "":
		return err
	case errors.Is(err, net.ErrCheckpoint):
		return orWeightsIn(filepath.Dir(filepath.Dir(path)), filepath.Join("weights", filepath.Base(path)), typed, err)
	case errors.Is(err, filetype.ErrFolder):
		return orWeightsIn(path, run.BestWeights, typed, err)
	case errors.Is(err, fs.ErrNotExist):
		return hints.With(err, whereWeights)
	case errors.Is(err, fs.ErrPermission):
		return hints.With(err, "chmod u+r gives its owner the right to read a file, chmod u+x to open what is in a folder")
	}
	return hints.With(err, "weights are what cnnvk train saved, or the whole state_dict of a network that is built in, or of the one that --model names; a damaged file is best copied again")
}

// orWeightsIn adds a hint that names a file of weights in the folder: the one that was looked for, another of a run, or any.
func orWeightsIn(dir, name, typed string, err error) error {
	names := []string{name, run.BestWeights, run.LastWeights}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if slices.Contains(weightsEndings, filepath.Ext(e.Name())) {
			names = append(names, e.Name())
		}
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if info, missing := os.Stat(path); missing == nil && info.Mode().IsRegular() {
			return hints.With(err, fmt.Sprintf(typed, files.Quote(path)))
		}
	}
	return hints.With(err, whereWeights)
}
