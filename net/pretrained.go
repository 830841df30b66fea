package net

import (
	"fmt"
	"slices"
	"strings"

	"cnnvk/engine"
	"cnnvk/internal/hints"
	"cnnvk/net/safetensors"
)

// Pretrained are weights of a file from which another training of their network begins.
type Pretrained struct {
	Batches int64  // num_batches_tracked
	Note    string // in one line, what reading changed of a file of another form; "" for nothing

	of   *Weights // of the file
	to   *Model   // of the training
	anew map[string]bool
}

// LoadPretrained reads weights, safetensors or PyTorch's, with which a training of m can begin. All tensors must have the names and shapes
// of m's, but for a head of another size: parameters whose shape follows from the number of classes start anew where the file has another
// number. The error names the file and the tensor.
func LoadPretrained(path string, m *Model) (*Pretrained, error) {
	tensors, meta, note, err := readTensors(path)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(meta[MetaFormat], CheckpointFormats) {
		return nil, fmt.Errorf("net: %s: %w", path, ErrCheckpoint)
	}
	known, err := namesOf(m.spec, m.Task)
	if err != nil {
		return nil, err
	}
	tensors, unwrapped, err := unwrap(tensors, known)
	if err != nil {
		return nil, orOneNetwork(m.spec.orLine(path, err), path)
	}
	p := &Pretrained{Note: joinNotes(note, unwrapped), anew: map[string]bool{}}
	if p.of, err = m.forClassesOf(tensors); err != nil {
		return nil, orItsNetwork(m.spec.orLine(path, err), m, tensors, meta)
	}
	for _, t := range tensors {
		if strings.HasSuffix(t.Name, ".num_batches_tracked") {
			p.Batches = counterOf(t, p.Batches)
		}
	}
	p.to = m
	for _, a := range m.parameters() {
		if b, _ := p.of.Layout.Segment(a.name); !a.shape.Equal(b.Shape) {
			p.anew[a.name] = true
		}
	}
	return p, nil
}

// forClassesOf are the tensors as weights of the network, for as many classes as they have.
func (m *Model) forClassesOf(tensors []safetensors.Tensor) (*Weights, error) {
	t := m.Task
	t.Classes = m.spec.classesIn(tensors, t)
	of, err := m.spec.BuildNamed(1, t)
	if err != nil {
		return nil, err
	}
	return NewWeights(of, tensors)
}

// orItsNetwork adds a hint to the error of tensors that are another network's: the flags that name it.
func orItsNetwork(err error, m *Model, tensors []safetensors.Tensor, meta map[string]string) error {
	w, other := weightsOf(tensors, meta, nil)
	switch {
	case other != nil || hints.Of(err) != "":
		return err
	case w.Model.Name != m.Name && w.Model.Stored() == "":
		return hints.With(err, "the file is of "+w.Model.Name+": --model "+w.Model.Name)
	case w.Model.Name != m.Name:
		return hints.With(err, "the file is of the network "+w.Model.Name+": --model "+w.Model.Name+".yaml, with its file")
	case !slices.Equal(w.Model.Widths, m.Widths):
		return hints.With(err, "the file has other widths: --widths "+strings.ReplaceAll(strings.Trim(fmt.Sprint(w.Model.Widths), "[]"), " ", ","))
	}
	return err
}

// Anew says in one line what of the network starts anew, "" for nothing.
func (p *Pretrained) Anew() string {
	var layers []string
	for _, a := range p.to.parameters() {
		layer := a.name[:max(strings.LastIndexByte(a.name, '.'), 0)]
		if p.anew[a.name] && !slices.Contains(layers, layer) {
			layers = append(layers, layer)
		}
	}
	if len(layers) == 0 {
		return ""
	}
	return fmt.Sprintf("%s: %d classes in the file, %d in the data: starts anew", strings.Join(layers, ", "), p.of.Model.Classes, p.to.Classes)
}

// Put brings an arena of the layout's form, which has initial values, to those of the file. What starts anew keeps its values.
func (p *Pretrained) Put(l *engine.Layout, arena []float64) error {
	for _, a := range p.to.parameters() {
		if p.anew[a.name] {
			continue
		}
		from, _ := p.of.Layout.Segment(a.name)
		to, ok := l.Segment(a.name)
		if !ok {
			return fmt.Errorf("net: the layout has no place for %s", a.name)
		}
		copy(arena[to.Offset:][:to.Shape.Elements()], p.of.Arena[from.Offset:])
	}
	return nil
}
