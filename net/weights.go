package net

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"

	"cnnvk/engine"
	"cnnvk/internal/hints"
	"cnnvk/net/safetensors"
	"cnnvk/net/torchfile"
)

// Weights are a network with trained values: what a weights file holds.
type Weights struct {
	Model    *Model
	Layout   *engine.Layout
	Arena    []float64 // parameters and statistics, in the layout's places
	Batches  int64     // num_batches_tracked
	Metadata map[string]string
	Stored   engine.DType // what an evaluation stores activations as
	Note     string       // in one line, what reading changed of a file of another form; "" for nothing

	tensors []safetensors.Tensor // of the file, under the network's names; nil where there is none
}

// The keys of a weights file's metadata that say what the tensors belong to.
const (
	metaModel         = "model"
	metaWidths        = "widths"
	metaNetwork       = "network" // the file; without it model and widths name a network that is built in
	metaPreprocessing = "preprocessing"
)

// preprocessing is how images become the network's input, as the metadata holds it.
type preprocessing struct {
	Mean []float64 `json:"mean"`
	Std  []float64 `json:"std"`
}

// Save makes a safetensors file of the weights, whole or not at all: see Encode.
func (w *Weights) Save(path string, mean, std []float64) error {
	tensors, meta, err := w.contents(mean, std)
	if err != nil {
		return err
	}
	return safetensors.Write(path, tensors, meta)
}

// Encode writes the weights as safetensors under PyTorch's names. Model and preprocessing join the metadata given.
func (w *Weights) Encode(out io.Writer, mean, std []float64) error {
	tensors, meta, err := w.contents(mean, std)
	if err != nil {
		return err
	}
	return safetensors.Encode(out, tensors, meta)
}

func (w *Weights) contents(mean, std []float64) (tensors []safetensors.Tensor, meta map[string]string, err error) {
	if tensors, err = w.Model.stateDict(w.Layout, w.Arena, w.Batches); err != nil {
		return nil, nil, err
	}
	if meta, err = w.describe(); err != nil {
		return nil, nil, err
	}
	text, err := json.Marshal(preprocessing{mean, std})
	if err != nil {
		return nil, nil, err
	}
	meta[metaPreprocessing] = string(text)
	return tensors, meta, nil
}

// File is what a file of the same weights in another form holds: the tensors of the file that they were read from, under the network's
// names and in its order, and its metadata, with the network.
func (w *Weights) File() ([]safetensors.Tensor, map[string]string, error) {
	tensors, err := w.tensors, error(nil)
	if tensors == nil {
		if tensors, err = w.Model.stateDict(w.Layout, w.Arena, w.Batches); err != nil {
			return nil, nil, err
		}
	}
	meta, err := w.describe()
	return w.Model.inOrder(tensors), meta, err
}

// describe is the metadata, with the network.
func (w *Weights) describe() (map[string]string, error) {
	meta := map[string]string{metaModel: w.Model.Name}
	maps.Copy(meta, w.Metadata)
	if text := w.Model.Stored(); text != "" {
		meta[metaNetwork] = text
	}
	values := map[string]any{metaWidths: w.Model.Widths}
	if t := w.Model.Task; meta[metaImage] == "" && t.image() != CIFAR100.image() {
		values[metaImage] = t.image()
	}
	for key, value := range values {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		meta[key] = string(text)
	}
	return meta, nil
}

// LoadWeights reads a weights file, safetensors or PyTorch's. The network follows from the metadata, or, in a file of PyTorch's, from the tensors'
// names and shapes. Names of modules around the network are taken off: see unwrap. The error names the file and the tensor.
func LoadWeights(path string) (*Weights, error) { return LoadWeightsOf(path, nil) }

// LoadWeightsOf reads weights of a network that is known beforehand; nil is LoadWeights.
func LoadWeightsOf(path string, of *Spec) (*Weights, error) {
	tensors, meta, note, err := readTensors(path)
	if err != nil {
		return nil, err
	}
	w, err := weightsOf(tensors, meta, of)
	if err != nil {
		return nil, orOneNetwork(of.orLine(path, err), path)
	}
	w.Note = joinNotes(note, w.Note)
	return w, nil
}

// joinNotes makes one line of two, which may be empty.
func joinNotes(a, b string) string {
	if a != "" && b != "" {
		return a + "; " + b
	}
	return a + b
}

// readTensors reads a file of tensors in safetensors or in PyTorch's form, whatever it is called.
func readTensors(path string) (tensors []safetensors.Tensor, meta map[string]string, note string, err error) {
	if torchfile.Is(path) {
		return torchfile.Read(path)
	}
	tensors, meta, err = safetensors.Read(path)
	return tensors, meta, "", err
}

// orLine adds to the error about a file of weights its path and, where they do not fit the network that was known beforehand, the network's
// file with the line.
func (s *Spec) orLine(weights string, err error) error {
	var at *SpecError
	if s == nil || s.file == "" || !errors.As(err, &at) {
		return fmt.Errorf("net: %s: %w", weights, err)
	}
	return inFile(s.file, hints.With(&SpecError{at.Line, at.Layer, weights + ": " + at.Text}, hints.Of(err)))
}

// MetaFormat is the key of the metadata under which a checkpoint of a training says what it is: CheckpointFormats and a version.
const (
	MetaFormat        = "format"
	CheckpointFormats = "cnnvk checkpoint "
)

// ErrCheckpoint says that a file is a checkpoint, not a file of weights.
var ErrCheckpoint = errors.New("it is a checkpoint to resume a run from: take a file of weights")

func weightsOf(tensors []safetensors.Tensor, meta map[string]string, of *Spec) (*Weights, error) {
	if strings.HasPrefix(meta[MetaFormat], CheckpointFormats) {
		return nil, ErrCheckpoint
	}
	in, err := InputOf(meta)
	if err != nil {
		return nil, err
	}
	if of == nil {
		if of, err = specOf(meta); err != nil {
			return nil, err
		}
	}
	known, err := namesOf(of, in.Task())
	if err != nil {
		return nil, err
	}
	tensors, note, err := unwrap(tensors, known)
	if err != nil {
		return nil, err
	}
	m, err := modelOf(tensors, meta, of, in)
	if err != nil {
		return nil, err
	}
	w, err := NewWeights(m, tensors)
	if err != nil {
		return nil, err
	}
	w.Metadata, w.Note, w.tensors = meta, note, tensors
	for _, t := range tensors {
		if strings.HasSuffix(t.Name, ".num_batches_tracked") {
			w.Batches = counterOf(t, w.Batches)
		}
	}
	return w, nil
}

// NewWeights are the weights that a state_dict holds, whose counters are not read.
func NewWeights(m *Model, tensors []safetensors.Tensor) (*Weights, error) {
	l, err := m.Layout(0)
	if err != nil {
		return nil, err
	}
	arena, err := m.loadStateDict(l, tensors)
	if err != nil {
		return nil, err
	}
	return &Weights{Model: m, Layout: l, Arena: arena}, nil
}

// counterOf is a counter's value, which conversions store in various types. Where it is not a whole number, it is other: nothing is
// computed with the counter.
func counterOf(t safetensors.Tensor, other int64) int64 {
	switch {
	case len(t.I64) == 1:
		return t.I64[0]
	case len(t.F32) == 1 && t.F32[0] >= 0 && t.F32[0] < 1<<53:
		return int64(t.F32[0])
	}
	return other
}
