package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"cnnvk/cmd/cnnvk/run"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
	"cnnvk/net"
	"cnnvk/net/safetensors"
)

// whereWeights is a hint for those who have none.
const whereWeights = "cnnvk train leaves weights in runs/smallcifarnet/" + run.BestWeights

// loadWeights reads weights, of the network that --model names if it is set.
func loadWeights(c *cli.Context, path string) (*net.Weights, error) {
	var of *net.Spec
	if name := c.String("model"); name != "" {
		var err error
		if of, err = specNamed(name); err != nil {
			return nil, err
		}
	}
	w, err := net.LoadWeightsOf(path, of)
	if err != nil {
		return nil, orOtherWeights(path, err)
	}
	return w, nil
}

// orOtherWeights adds a hint to the error of weights that cannot be evaluated.
func orOtherWeights(path string, err error) error {
	switch {
	case hints.Of(err) != "":
		return err
	case errors.Is(err, net.ErrCheckpoint):
		return orWeightsIn(filepath.Dir(filepath.Dir(path)), filepath.Join("weights", filepath.Base(path)), err)
	case errors.Is(err, safetensors.ErrFolder):
		return orWeightsIn(path, run.BestWeights, err)
	case errors.Is(err, fs.ErrNotExist):
		return hints.With(err, whereWeights)
	case errors.Is(err, fs.ErrPermission):
		return hints.With(err, "chmod u+r gives its owner the right to read a file, chmod u+x to open what is in a folder")
	}
	return hints.With(err, "eval takes what cnnvk train saved, or the whole state_dict of a network that is built in, or of the one that --model names; a damaged file is best copied again")
}

// orWeightsIn adds a hint that names a file of weights in the folder: the one that was looked for, another of a run, or any.
func orWeightsIn(dir, name string, err error) error {
	names := []string{name, run.BestWeights, run.LastWeights}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".safetensors" {
			names = append(names, e.Name())
		}
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if info, missing := os.Stat(path); missing == nil && info.Mode().IsRegular() {
			return hints.With(err, "--weights "+files.Quote(path))
		}
	}
	return hints.With(err, whereWeights)
}
