package net

import (
	"fmt"
	"slices"
	"strings"
)

// modelKind is a network that can be asked for by name.
type modelKind struct {
	family
	dropout bool // it has some, whose rates a recipe can change
	build   func(widths []int, dropout float64) (*Model, error)
	// marks are the tensors whose first dimensions are the widths, by name and number of dimensions.
	marks []mark
}

// family is what networks that differ in their widths alone have in common.
type family struct {
	name   string
	widths []int  // the reference's
	parts  string // what the widths count the channels of
}

type mark struct {
	name string
	dims int
}

// models lists the networks; the first is the default.
var models = []modelKind{
	{smallCIFARNets, true, SmallCIFARNet, []mark{
		{"features.0.pointwise.weight", 4}, {"features.2.pointwise.weight", 4}, {"features.4.pointwise.weight", 4},
		{"features.6.pointwise.weight", 4}, {"features.7.pointwise.weight", 4}, {"features.8.pointwise.weight", 4},
	}},
	{tinyNets, false, func(widths []int, _ float64) (*Model, error) { return TinyNet(widths) }, []mark{
		{"conv1.weight", 4}, {"conv2.weight", 4}, {"fc1.weight", 2},
	}},
}

// ModelNames lists the networks that can be asked for.
func ModelNames() []string {
	var out []string
	for _, k := range models {
		out = append(out, k.name)
	}
	return out
}

// NewModel builds the network of that name. Nil widths are those of its reference. Its dropout rates are the reference's times dropout; 0
// leaves dropout out.
func NewModel(name string, widths []int, dropout float64) (*Model, error) {
	k, ok := modelNamed(name)
	if !ok {
		return nil, fmt.Errorf("net: model %q: use %s", name, OneOf(ModelNames()))
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

// HasDropout says whether a network has dropout, whose rates a recipe can change. It is true for an unknown name.
func HasDropout(name string) bool {
	k, known := modelNamed(name)
	return k.dropout || !known
}

// ReferenceWidths are the widths that a network has where none are given; nil for an unknown name.
func ReferenceWidths(name string) []int {
	k, _ := modelNamed(name)
	return slices.Clone(k.widths)
}

// check demands as many widths as the network has, each at least 1.
func (f family) check(widths []int) error {
	if len(widths) != len(f.widths) || slices.ContainsFunc(widths, func(n int) bool { return n < 1 }) {
		return fmt.Errorf("%s has %d %s of at least one channel, not widths %v", f.name, len(f.widths), f.parts, widths)
	}
	return nil
}

// OneOf names choices in words: "a", "a or b", "a, b or c".
func OneOf(choices []string) string {
	last := len(choices) - 1
	if last < 1 {
		return strings.Join(choices, "")
	}
	return strings.Join(choices[:last], ", ") + " or " + choices[last]
}
