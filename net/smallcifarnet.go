package net

import (
	"fmt"
	"slices"
)

// SmallCIFARNetName is the model's name in flags and files.
const SmallCIFARNetName = "smallcifarnet"

// smallCIFARNets have as widths the output channels of the six blocks; the reference network has 765,055 parameters.
var smallCIFARNets = family{SmallCIFARNetName, []int{64, 128, 256, 512, 512, 512}, "blocks"}

// smallCIFARNetDropout is the share of channels that each block drops in training.
var smallCIFARNetDropout = []float64{0.05, 0.10, 0.15, 0.20, 0.20, 0.20}

// SmallCIFARNet is the network of the reference recipe: six depthwise separable blocks with pooling after each of
// the first three, global average pooling and a classifier of 100 classes. Nil widths are the reference's; dropout is a factor of its
// dropout rates, 0 leaves Dropout2d out, as the golden cases do.
func SmallCIFARNet(widths []int, dropout float64) (*Model, error) {
	if widths == nil {
		widths = smallCIFARNets.widths
	}
	if err := smallCIFARNets.check(widths); err != nil {
		return nil, fmt.Errorf("net: %w", err)
	}
	m := &Model{Name: SmallCIFARNetName, Widths: slices.Clone(widths), Classes: 100}
	add := func(name string, l layer) { m.layers = append(m.layers, namedLayer{name, l}) }
	feature := func(l layer) { add(fmt.Sprintf("features.%d", len(m.layers)), l) }
	in := 3
	for i, out := range widths {
		feature(dsConv{in, out, dropout * smallCIFARNetDropout[i]})
		if i < 3 {
			feature(maxPool)
		}
		in = out
	}
	add("gap", globalAvgPool)
	add("classifier", linear{in, m.Classes})
	return m, nil
}
