package net

import "cnnvk/engine"

// LayerSummary is a row of a model's summary.
type LayerSummary struct {
	Name         string `json:"name"`
	Kind         string `json:"kind"`          // DSConv, MaxPool2d, ...
	Output       []int  `json:"output"`        // (C,H,W) of one image
	Parameters   int    `json:"parameters"`    // trained ones
	MultiplyAdds int64  `json:"multiply_adds"` // forward, of one image
}

// Summary lists the layers for images of that shape.
func (m *Model) Summary(d ImageShape) ([]LayerSummary, error) {
	l, err := m.Layout(0)
	if err != nil {
		return nil, err
	}
	b := engine.NewBuilder("summary of "+m.Name, l, 1)
	f := &forward{b: b, weights: engine.Model}
	x := Gather(b, d, 1)
	var out []LayerSummary
	var costs int64
	for _, layer := range m.layers {
		x = layer.forward(f, layer.name, x)
		row := LayerSummary{Name: layer.name, Kind: layer.kind(), Output: x.Shape[1:], MultiplyAdds: b.MultiplyAdds() - costs}
		costs += row.MultiplyAdds
		for _, p := range layer.parameters(layer.name) {
			if p.trained {
				row.Parameters += p.shape.Elements()
			}
		}
		out = append(out, row)
	}
	_, err = b.Program()
	return out, err
}
