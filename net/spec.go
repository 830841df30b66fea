package net

import (
	"fmt"
	"slices"
	"strings"

	"cnnvk/internal/hints"
)

// Spec is a network as its file says it: layers without the channels that come in, which follow from the images. docs/networks.md has the
// form. It is never changed; WithWidths makes another.
type Spec struct {
	Name   string
	file   string // that it was read from, "" for a network that stands in none of its own
	widths []width
	layers *module
}

// width is a number of channels that the file declares under a name, and that --widths overrides.
type width struct {
	name  string
	value int
	line  int
}

// module is what may stand for a layer: one layer in a line, or a Sequential of others.
type module struct {
	line     int
	call     *call   // one layer; nil for the others
	children []child // of a Sequential, or the main path of a Residual
	residual *residualSpec
}

// residualSpec is what a Residual has beside its main path.
type residualSpec struct {
	shortcut     *module // nil for the input as it is
	shortcutName string
	shortcutAt   int   // how many children come before it: initial weights are drawn in this order
	activation   *call // after the sum, nil for none
}

// child is a module under a name. Without one its children are those of the module that holds it.
type child struct {
	name   string
	listed bool // its name is its place among those that are listed
	repeat int  // how often it stands there
	flat   bool // its children stand there in its place
	*module
}

// places is how many children of its list it becomes.
func (c child) places() int {
	if !c.flat {
		return c.repeat
	}
	n := 0
	for _, below := range c.children {
		n += below.places()
	}
	return min(c.repeat*n, maxLayers)
}

// SpecError is what is wrong with a network's file.
type SpecError struct {
	Line  int    // in the file, from 1; 0 where it has none
	Layer string // the layer's name in the state_dict, "" for what is outside of the layers
	Text  string
}

func (e *SpecError) Error() string {
	switch {
	case e.Line == 0:
		return e.InLayer()
	case e.Layer == "":
		return fmt.Sprintf("line %d: %s", e.Line, e.Text)
	}
	return fmt.Sprintf("line %d, %s: %s", e.Line, e.Layer, e.Text)
}

// InLayer is the error without the line: of a network that was not read from a file of its own.
func (e *SpecError) InLayer() string {
	if e.Layer == "" {
		return e.Text
	}
	return e.Layer + ": " + e.Text
}

func specErrorf(line int, layer, format string, args ...any) error {
	return &SpecError{line, layer, fmt.Sprintf(format, args...)}
}

// orMeant adds to an error which of the names a mistyped word most likely meant.
func orMeant(err error, word string, names []string) error {
	like := hints.Near(word, names)
	if i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, word) }); i >= 0 {
		like = names[i]
	}
	if like != "" {
		return hints.With(err, "did you mean "+like+"?")
	}
	return err
}

// Widths are the values of the widths that the file declares, in its order.
func (s *Spec) Widths() []int {
	out := make([]int, len(s.widths))
	for i, w := range s.widths {
		out[i] = w.value
	}
	return out
}

// WithWidths is the network with other values for its widths; nil leaves them.
func (s *Spec) WithWidths(values []int) (*Spec, error) {
	if values == nil {
		return s, nil
	}
	if !s.GoodWidths(values) {
		return nil, fmt.Errorf("%s cannot have widths %v: use %s", s.Name, values, s.WidthsInWords())
	}
	out := *s
	out.widths = slices.Clone(s.widths)
	for i, v := range values {
		out.widths[i].value = v
	}
	return &out, nil
}

// MaxWidth is the largest width: it keeps a slip in a file from asking for more memory than any machine has.
const MaxWidth = 8192

// GoodWidths says whether the network can have those widths.
func (s *Spec) GoodWidths(values []int) bool {
	return len(values) == len(s.widths) && !slices.ContainsFunc(values, func(n int) bool { return n < 1 || n > MaxWidth })
}

// WidthsInWords says which widths the network can have.
func (s *Spec) WidthsInWords() string {
	if len(s.widths) == 0 {
		return "none: the network declares no widths"
	}
	return fmt.Sprintf("%d numbers from 1 to %d", len(s.widths), MaxWidth)
}

// HasDropout says whether the network has dropout, whose rates a recipe can change.
func (s *Spec) HasDropout() bool { return s.layers.hasDropout() }

func (m *module) hasDropout() bool {
	if m.call != nil {
		return m.call.kind.dropout
	}
	return slices.ContainsFunc(m.children, func(c child) bool { return c.hasDropout() }) ||
		m.residual != nil && m.residual.shortcut != nil && m.residual.shortcut.hasDropout()
}

// OneOf names choices in words: "a", "a or b", "a, b or c".
func OneOf(choices []string) string {
	last := len(choices) - 1
	if last < 1 {
		return strings.Join(choices, "")
	}
	return strings.Join(choices[:last], ", ") + " or " + choices[last]
}
