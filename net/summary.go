package net

import "cnnvk/engine"

// LayerSummary is a row of a model's summary.
type LayerSummary struct {
	Name         string `json:"name"`
	Kind         string `json:"kind"`          // Conv2d, MaxPool2d, ...; a Residual is the sum behind its layers
	Output       []int  `json:"output"`        // (C,H,W) of one image
	Parameters   int    `json:"parameters"`    // trained ones
	MultiplyAdds int64  `json:"multiply_adds"` // forward, of one image
}

// Summary lists the layers for images of that shape, in the order of the file.
func (m *Model) Summary(d ImageShape) ([]LayerSummary, error) {
	l, err := m.Layout(0)
	if err != nil {
		return nil, err
	}
	b := engine.NewBuilder("summary of "+m.Name, l, 1)
	rows, costs := map[any]LayerSummary{}, int64(0)
	f := &forward{b: b, weights: engine.Model, observe: func(s step, y *engine.Tensor) {
		rows[s.key()] = LayerSummary{Name: s.name, Kind: s.kind(), Output: y.Shape[1:], Parameters: trainedIn(s), MultiplyAdds: b.MultiplyAdds() - costs}
		costs = b.MultiplyAdds()
	}}
	m.forward(f, Gather(b, d, 1))
	if _, err := b.Program(); err != nil {
		return nil, err
	}
	var out []LayerSummary
	eachStep(m.steps, func(s step) { out = append(out, rows[s.key()]) })
	return out, nil
}

// key tells a network's layers apart; a Residual may have the name of a module that it stands in.
func (s step) key() any {
	if r, sum := s.layer.(*residual); sum {
		return r
	}
	return s.name
}

// trainedIn is the number of trained parameters of a layer; those of a Residual are its layers'.
func trainedIn(s step) int {
	if _, sum := s.layer.(*residual); sum {
		return 0
	}
	return trained(s.parameters(s.name))
}

// eachStep visits the layers in the order of the file, each Residual behind its own.
func eachStep(steps []step, visit func(step)) {
	for _, s := range steps {
		if r, is := s.layer.(*residual); is {
			for _, path := range r.paths() {
				eachStep(path, visit)
			}
		}
		visit(s)
	}
}
