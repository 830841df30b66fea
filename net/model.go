package net

import (
	"fmt"
	"strings"

	"cnnvk/engine"
)

// Model is a network: named layers, one after the other.
type Model struct {
	Name    string // as in --model and in a weights file's metadata
	Widths  []int  // output channels of each block
	Classes int
	layers  []namedLayer
}

type namedLayer struct {
	name string
	layer
}

// MaxParameters is what a small network has at most: eval refuses a model with more trained parameters.
const MaxParameters = 1_000_000

// parameters lists the network's state in construction order.
func (m *Model) parameters() []parameter {
	var out []parameter
	for _, l := range m.layers {
		out = append(out, l.parameters(l.name)...)
	}
	return out
}

// Parameters is the number of trained parameters.
func (m *Model) Parameters() int {
	n := 0
	for _, p := range m.parameters() {
		if p.trained {
			n += p.shape.Elements()
		}
	}
	return n
}

// Layout places the network's state, with that many values per parameter for the optimiser.
func (m *Model) Layout(momentSets int) (*engine.Layout, error) {
	return engine.NewLayout(m.segments(false), momentSets)
}

// TrainLayout is the layout for a training by that recipe.
func (m *Model) TrainLayout(r Recipe) (*engine.Layout, error) {
	opt, err := optimizerOf(r)
	if err != nil {
		return nil, err
	}
	return engine.NewLayout(m.segments(r.NoDecay1D), engine.MomentSets(opt.kind))
}

// segments are the places that the state needs, for an optimiser that decays biases and BatchNorm's parameters or not.
func (m *Model) segments(noDecay1D bool) []engine.Segment {
	var out []engine.Segment
	for _, p := range m.parameters() {
		out = append(out, engine.Segment{Name: p.name, Shape: p.shape, Trained: p.trained, NoDecay: noDecay1D && len(p.shape) == 1})
	}
	return out
}

// Initial is the state that PyTorch's constructor leaves after torch.manual_seed(seed), to the bit, in l's places.
func (m *Model) Initial(seed uint32, l *engine.Layout) ([]float64, error) {
	arena := make([]float64, l.Elements)
	g := newTorchGenerator(seed)
	for _, p := range m.parameters() {
		values := make([]float32, p.shape.Elements())
		if p.fanIn > 0 {
			if err := g.kaimingUniform(values, p.fanIn); err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
		} else {
			for i := range values {
				values[i] = p.value
			}
		}
		s, ok := l.Segment(p.name)
		if !ok {
			return nil, fmt.Errorf("net: the layout has no place for %s", p.name)
		}
		for i, v := range values {
			arena[s.Offset+i] = float64(v)
		}
	}
	return arena, nil
}

// batchNorms lists the names of the BatchNorm layers, whose num_batches_tracked the host counts.
func (m *Model) batchNorms() []string {
	var out []string
	for _, p := range m.parameters() {
		if name, ok := strings.CutSuffix(p.name, ".running_mean"); ok {
			out = append(out, name)
		}
	}
	return out
}

// forward writes the network down.
func (m *Model) forward(f *forward, x *engine.Tensor) *engine.Tensor {
	for _, l := range m.layers {
		x = l.forward(f, l.name, x)
	}
	return x
}
