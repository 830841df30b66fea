package net

import (
	"fmt"
	"strings"

	"cnnvk/engine"
)

// Model is a network for a task, as Spec.Build makes it.
type Model struct {
	Name   string // as in a weights file's metadata
	Widths []int  // the file's, in its order
	Task
	spec  *Spec
	steps []step
	lines map[string]int // of the layers in the network's text, by name
	marks []mark         // a tensor for each width
	// classes is a tensor whose first dimension is their number; no name for none.
	classes mark
}

// mark is a tensor whose first dimension is a width, by name and number of dimensions.
type mark struct {
	name string
	dims int
}

// MaxParameters is what a small network has at most: eval refuses a model with more trained parameters.
const MaxParameters = 1_000_000

// parameters lists the network's state in construction order.
func (m *Model) parameters() []parameter { return parametersOf(m.steps) }

// Parameters is the number of trained parameters.
func (m *Model) Parameters() int { return trained(m.parameters()) }

func trained(list []parameter) int {
	n := 0
	for _, p := range list {
		if p.trained {
			n += p.shape.Elements()
		}
	}
	return n
}

// Layout says where the network's state lies in the arenas. The optimiser keeps momentSets values per parameter.
func (m *Model) Layout(momentSets int) (*engine.Layout, error) {
	return engine.NewLayout(m.Segments(), momentSets)
}

// Segments lists the network's state, a segment for each tensor, in construction order.
func (m *Model) Segments() []engine.Segment {
	var out []engine.Segment
	for _, p := range m.parameters() {
		out = append(out, engine.Segment{Name: p.name, Shape: p.shape, Trained: p.trained})
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

// Forward writes the network down as an evaluation runs it, with the weights in that arena: x (N,C,H,W) becomes logits (N,Classes).
func (m *Model) Forward(b *engine.Builder, weights engine.Arena, x *engine.Tensor) *engine.Tensor {
	return m.forward(&forward{b: b, weights: weights}, x)
}

// ForwardTraining writes it down as training runs it: BatchNorm2d takes the batch's own statistics, and Dropout2d draws from the step
// input random, which engine.RandomElements describes.
func (m *Model) ForwardTraining(b *engine.Builder, x, random *engine.Tensor) *engine.Tensor {
	return m.forward(&forward{b: b, weights: engine.Model, random: random}, x)
}

// forward gives logits that are Float, whatever the program stores: the features are cast before a last Linear, or else what comes out.
func (m *Model) forward(f *forward, x *engine.Tensor) *engine.Tensor {
	before, classifier := m.steps, []step(nil)
	if last := len(m.steps) - 1; x.DType.Half() {
		if _, is := m.steps[last].layer.(linear); is {
			before, classifier = m.steps[:last], m.steps[last:]
		}
	}
	x = f.run(before, x)
	if x.DType.Half() {
		x = f.apply(engine.Cast, nil, x)
	}
	return f.run(classifier, x)
}
