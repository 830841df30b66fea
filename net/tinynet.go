package net

import (
	"fmt"
	"slices"

	"cnnvk/engine"
)

// TinyNetName is the model's name in flags and files.
const TinyNetName = "tinynet"

// tinyNets have as widths the outputs of the two convolutions and of the first Linear; the baseline has 556,708 parameters.
var tinyNets = family{TinyNetName, []int{32, 64, 128}, "layers"}

// tinyNetPixels is what two poolings leave of an image of 32 x 32.
const tinyNetPixels = 8 * 8

// TinyNet is the baseline beside SmallCIFARNet: two convolutions with pooling, two Linears, no normalisation, for images of
// 32 x 32. Nil widths are the baseline's.
func TinyNet(widths []int) (*Model, error) {
	if widths == nil {
		widths = tinyNets.widths
	}
	if err := tinyNets.check(widths); err != nil {
		return nil, fmt.Errorf("net: %w", err)
	}
	const classes = 100
	return &Model{Name: TinyNetName, Widths: slices.Clone(widths), Classes: classes, layers: []namedLayer{
		{"conv1", conv2d{3, widths[0], engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1}}},
		{"relu1", relu},
		{"pool1", maxPool},
		{"conv2", conv2d{widths[0], widths[1], engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1}}},
		{"relu2", relu},
		{"pool2", maxPool},
		{"flatten", flatten},
		{"fc1", linear{widths[1] * tinyNetPixels, widths[2]}},
		{"relu3", relu},
		{"fc2", linear{widths[2], classes}},
	}}, nil
}
