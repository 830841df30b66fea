package net

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"cnnvk/engine"
)

// Weights are a network with trained values: what a weights file holds.
type Weights struct {
	Model    *Model
	Layout   *engine.Layout
	Arena    []float64 // parameters and statistics, in the layout's places
	Batches  int64     // num_batches_tracked
	Metadata map[string]string
	Note     string // what was changed in reading a file that was written otherwise, in a line, or ""
}

// The keys of a weights file's metadata that say what the tensors belong to.
const (
	metaModel         = "model"
	metaWidths        = "widths"
	metaPreprocessing = "preprocessing"
)

// preprocessing is how images become the network's input, as the metadata holds it.
type preprocessing struct {
	Mean []float64 `json:"mean"`
	Std  []float64 `json:"std"`
}

// Save makes a safetensors file of the weights, whole or not at all: see Encode.
func (w *Weights) Save(path string, mean, std [3]float64) error {
	return save(path, func(out io.Writer) error { return w.Encode(out, mean, std) })
}

// Encode writes the weights as safetensors under PyTorch's names. Model and preprocessing join the metadata given.
func (w *Weights) Encode(out io.Writer, mean, std [3]float64) error {
	tensors, err := w.Model.stateDict(w.Layout, w.Arena, w.Batches)
	if err != nil {
		return err
	}
	meta := map[string]string{metaModel: w.Model.Name}
	for k, v := range w.Metadata {
		meta[k] = v
	}
	for key, value := range map[string]any{metaWidths: w.Model.Widths, metaPreprocessing: preprocessing{mean[:], std[:]}} {
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		meta[key] = string(text)
	}
	return encodeSafetensors(out, tensors, meta)
}

// LoadWeights reads a weights file. The network follows from the metadata, or, in a file of PyTorch's, from the tensors'
// names and shapes. Names may stand under those of modules around the network. The error names the file and the tensor.
func LoadWeights(path string) (*Weights, error) {
	tensors, meta, err := ReadSafetensors(path)
	if err != nil {
		return nil, err
	}
	w, err := weightsOf(tensors, meta)
	if err != nil {
		return nil, orOneNetwork(fmt.Errorf("net: %s: %w", path, err), path)
	}
	return w, nil
}

// ErrCheckpoint is a checkpoint in the place of weights.
var ErrCheckpoint = errors.New("it is a checkpoint to resume a run from: take a file of weights")

func weightsOf(tensors []NamedTensor, meta map[string]string) (*Weights, error) {
	if strings.HasPrefix(meta[metaFormat], checkpointFormats) {
		return nil, ErrCheckpoint
	}
	tensors, note, err := unwrap(tensors)
	if err != nil {
		return nil, err
	}
	m, err := modelOf(tensors, meta)
	if err != nil {
		return nil, err
	}
	l, err := m.Layout(0)
	if err != nil {
		return nil, err
	}
	arena, err := m.loadStateDict(l, tensors)
	if err != nil {
		return nil, err
	}
	w := &Weights{Model: m, Layout: l, Arena: arena, Metadata: meta, Note: note}
	for _, t := range tensors {
		if strings.HasSuffix(t.Name, ".num_batches_tracked") {
			w.Batches = counterOf(t, w.Batches)
		}
	}
	return w, nil
}

// counterOf is the whole number that a tensor holds, of whatever type a conversion has made it, or else the other number: nothing is
// computed with it.
func counterOf(t NamedTensor, other int64) int64 {
	switch {
	case len(t.I64) == 1:
		return t.I64[0]
	case len(t.F32) == 1 && t.F32[0] >= 0 && t.F32[0] < 1<<53:
		return int64(t.F32[0])
	}
	return other
}

// modelOf finds out which network the tensors belong to.
func modelOf(tensors []NamedTensor, meta map[string]string) (*Model, error) {
	kind := closest(tensors)
	if name, ok := meta[metaModel]; ok {
		if kind, ok = modelNamed(name); !ok {
			return nil, fmt.Errorf("model %q is unknown to this version: it takes %s", name, OneOf(ModelNames()))
		}
	}
	var widths []int
	if text, ok := meta[metaWidths]; ok {
		if err := json.Unmarshal([]byte(text), &widths); err != nil {
			return nil, fmt.Errorf("metadata widths %q is no list of numbers", text)
		}
	} else {
		var err error
		if widths, err = kind.widthsOf(tensors); err != nil {
			return nil, err
		}
	}
	if err := kind.check(widths); err != nil {
		return nil, err
	}
	return kind.build(widths, 1)
}

// closest is the network of whose marks the tensors have the most, the first of equal ones.
func closest(tensors []NamedTensor) modelKind {
	best, most := models[0], 0
	for _, k := range models {
		found := 0
		for _, m := range k.marks {
			if slices.ContainsFunc(tensors, func(t NamedTensor) bool { return t.Name == m.name }) {
				found++
			}
		}
		if found > most {
			best, most = k, found
		}
	}
	return best
}

// widthsOf reads the network's widths off the shapes of its marks.
func (k modelKind) widthsOf(tensors []NamedTensor) ([]int, error) {
	var widths []int
	for _, m := range k.marks {
		at := slices.IndexFunc(tensors, func(t NamedTensor) bool { return t.Name == m.name })
		if at < 0 {
			return nil, fmt.Errorf("the tensors are not those of %s: %s is missing", k.name, m.name)
		}
		if s := tensors[at].Shape; len(s) != m.dims {
			return nil, fmt.Errorf("the tensors are not those of %s: %s is %v, not of %d dimensions", k.name, m.name, engine.Shape(s), m.dims)
		}
		widths = append(widths, tensors[at].Shape[0])
	}
	return widths, nil
}

// Normalization is the mean and standard deviation that the file's metadata names; false if it names none.
func (w *Weights) Normalization() (mean, std [3]float64, named bool, err error) {
	text, ok := w.Metadata[metaPreprocessing]
	if !ok {
		return mean, std, false, nil
	}
	var p preprocessing
	if err := json.Unmarshal([]byte(text), &p); err != nil || len(p.Mean) != 3 || len(p.Std) != 3 {
		return mean, std, false, fmt.Errorf("net: metadata preprocessing %q is no mean and std of three channels", text)
	}
	return [3]float64(p.Mean), [3]float64(p.Std), true, nil
}
