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
