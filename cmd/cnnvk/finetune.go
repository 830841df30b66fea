package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"cnnvk/cmd/cnnvk/run"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
	"cnnvk/net"
	"cnnvk/net/training"
)

// initialWeights is the flag of the weights that a training begins with.
const initialWeights = "initial-weights"

// takeInitialWeights makes a whole path of what the flag says; which bytes are there is found out when they are read.
func takeInitialWeights(r *training.Recipe) error {
	r.InitialDigest = ""
	if r.InitialWeights == "" {
		return nil
	}
	path := r.InitialWeights
	if filepath.Base(path) == run.ConfigFile {
		path = run.FolderOf(path)
	}
	path, err := filepath.Abs(run.FileIn(path, run.BestWeights, run.LastWeights)) // the run may be resumed from another folder
	r.InitialWeights = path
	return err
}

// pretrained reads the weights that the recipe begins with, nil for none, and notes their digest in the recipe. A resumed run does without.
func (j *job) pretrained(model *net.Model) (*net.Pretrained, error) {
	path := j.recipe.InitialWeights
	if path == "" || j.from != nil {
		return nil, nil
	}
	p, err := net.LoadPretrained(path, model)
	if err != nil {
		return nil, orOtherWeights(path, "--"+initialWeights+" %s", err)
	}
	digest, err := fileDigest(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, files.Reason(err))
	}
	if was := j.recipe.InitialDigest; was != "" && was != digest {
		return nil, hints.With(fmt.Errorf("%s has the SHA-256 %s, but the weights that the configuration names had %s", path, digest, was),
			"--"+initialWeights+" "+files.Quote(path)+" takes it all the same")
	}
	j.recipe.InitialDigest = digest
	return p, nil
}

// fileDigest is a file's SHA-256 in hexadecimal digits.
func fileDigest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// introducePretrained prints what a training begins with, and what of it stays.
func (j *job) introducePretrained() {
	if p := j.trainer.Pretrained; p != nil {
		j.say("initial weights: %s\n", j.recipe.InitialWeights)
		for _, note := range []string{p.Note, p.Anew()} {
			if note != "" {
				j.say("initial weights: %s\n", note)
			}
		}
	}
	if l, err := training.Layout(j.trainer.Model, j.recipe); err == nil && len(j.recipe.Freeze) > 0 {
		tensors, values := 0, 0
		for _, s := range l.Segments {
			if s.Frozen {
				tensors++
				values += s.Shape.Elements()
			}
		}
		j.say("frozen: %d of %d parameters, in %d tensors\n", values, j.trainer.Model.Parameters(), tensors)
	}
}
