package net

import (
	"fmt"
	"slices"
	"strings"
)

// modelKind is a network that can be asked for by name.
type modelKind struct {
	name   string
	widths []int  // the reference's
	parts  string // what the widths count the channels of
	build  func(widths []int, dropout float64) (*Model, error)
	// marks are the tensors whose first dimensions are the widths, by name and number of dimensions.
	marks []mark
}

type mark struct {
	name string
	dims int
}

// models lists the networks; the first one is meant where nothing says otherwise.
var models []modelKind

func init() {
	models = []modelKind{
		{SmallCIFARNetName, SmallCIFARNetWidths, "blocks", SmallCIFARNet, []mark{
			{"features.0.pointwise.weight", 4}, {"features.2.pointwise.weight", 4}, {"features.4.pointwise.weight", 4},
			{"features.6.pointwise.weight", 4}, {"features.7.pointwise.weight", 4}, {"features.8.pointwise.weight", 4},
		}},
		{TinyNetName, TinyNetWidths, "layers", func(widths []int, _ float64) (*Model, error) { return TinyNet(widths) }, []mark{
			{"conv1.weight", 4}, {"conv2.weight", 4}, {"fc1.weight", 2},
		}},
	}
}

// ModelNames lists the networks that can be asked for.
func ModelNames() []string {
	var out []string
	for _, k := range models {
		out = append(out, k.name)
	}
	return out
}

// NewModel is the network of that name; nil widths are its reference's. Its rates of dropout, where it has any, are the reference's times
// dropout; with 0 there is none.
func NewModel(name string, widths []int, dropout float64) (*Model, error) {
	k, ok := modelNamed(name)
	if !ok {
		return nil, fmt.Errorf("net: model %q: use %s", name, modelChoice())
	}
	return k.build(widths, dropout)
}

func modelNamed(name string) (modelKind, bool) {
	at := slices.IndexFunc(models, func(k modelKind) bool { return k.name == name })
	if at < 0 {
		return modelKind{}, false
	}
	return models[at], true
}

// modelChoice names the networks in words.
func modelChoice() string { return strings.Join(ModelNames(), " or ") }

// checkWidths demands as many widths as the network has, each at least 1.
func checkWidths(name string, widths []int) error {
	k, _ := modelNamed(name)
	if len(widths) != len(k.widths) || slices.ContainsFunc(widths, func(n int) bool { return n < 1 }) {
		return fmt.Errorf("%s has %d %s of at least one channel, not widths %v", name, len(k.widths), k.parts, widths)
	}
	return nil
}
