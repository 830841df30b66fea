package net

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"cnnvk/internal/hints"
)

// maxLayers is how many layers a network may have, each repeat counted.
const maxLayers = 1000

// maxModules bounds the blocks around them, which may be empty.
const maxModules = 16 * maxLayers

// Task is what a network is built for: the shape of its images and how many classes it tells apart.
type Task struct{ C, H, W, Classes int }

// image is the shape of the images.
func (t Task) image() [3]int { return [3]int{t.C, t.H, t.W} }

// CIFAR100 is the task of the reference.
var CIFAR100 = Task{C: 3, H: 32, W: 32, Classes: 100}

// step is a layer with its name in the state_dict.
type step struct {
	name string
	layer
}

// BuildNamed is Build whose error says of which network: of a file's by its lines, of another by its name, without lines.
func (s *Spec) BuildNamed(dropout float64, t Task) (*Model, error) {
	m, err := s.Build(dropout, t)
	var in *SpecError
	switch {
	case err == nil:
		return m, nil
	case s.file != "":
		return nil, inFile(s.file, err)
	case errors.As(err, &in):
		return nil, fmt.Errorf("network %s: %s", s.Name, in.InLayer())
	}
	return nil, err
}

// Build makes the network for a task; its rates of dropout are the file's times dropout, with 0 there is none. The error is a SpecError.
func (s *Spec) Build(dropout float64, t Task) (*Model, error) {
	b := &specBuilder{names: map[string]int{wordClasses: t.Classes}, dropout: dropout, lines: map[string]int{}, marks: map[string]mark{}}
	for _, w := range s.widths {
		b.names[w.name] = w.value
	}
	steps, out, err := b.module(s.layers, "", shape{c: t.C, h: t.H, w: t.W})
	if err != nil {
		return nil, err
	}
	if b.last == nil {
		return nil, specErrorf(s.layers.line, "", "there are no layers")
	}
	if out.c != t.Classes || out.h*out.w != 1 {
		return nil, specErrorf(b.last.line, b.lastName, "the last layer gives %v, not one value for each of the %d classes: end with Linear(%s)", out, t.Classes, wordClasses)
	}
	m := &Model{Name: s.Name, Widths: s.Widths(), Task: t, spec: s, steps: steps, lines: b.lines}
	m.classes = b.marks[wordClasses]
	for _, w := range s.widths {
		if mark, ok := b.marks[w.name]; ok {
			m.marks = append(m.marks, mark)
		}
	}
	return m, nil
}

// specBuilder follows the images through a network's layers.
type specBuilder struct {
	names    map[string]int // what stands for a number
	dropout  float64        // factor of the rates
	layers   int
	modules  int
	lines    map[string]int // of the layers, by name
	marks    map[string]mark
	last     *call
	lastName string
}

// module makes the layers of a module.
func (b *specBuilder) module(m *module, name string, in shape) ([]step, shape, error) {
	switch {
	case m.call != nil:
		return b.layer(m.call, name, in)
	case m.residual != nil:
		return b.residual(m, name, in)
	}
	return b.sequential(m.children, name, in)
}

// sequential makes layers that follow one another.
func (b *specBuilder) sequential(children []child, name string, in shape) (out []step, at shape, err error) {
	place := 0
	var each func(children []child) error
	each = func(children []child) error {
		for _, c := range children {
			for range c.repeat {
				if b.modules++; b.modules > maxModules {
					return specErrorf(c.line, name, "the network has more than %d layers and blocks", maxModules)
				}
				if c.flat {
					if err := each(c.children); err != nil {
						return err
					}
					continue
				}
				own := c.name
				if c.listed {
					own = strconv.Itoa(place)
					place++
				}
				steps, next, err := b.module(c.module, below(name, own), in)
				if err != nil {
					return err
				}
				out, in = append(out, steps...), next
			}
		}
		return nil
	}
	err = each(children)
	return out, in, err
}

// layer makes one layer.
func (b *specBuilder) layer(c *call, name string, in shape) ([]step, shape, error) {
	if b.layers++; b.layers > maxLayers {
		return nil, in, specErrorf(c.line, name, "the network has more than %d layers", maxLayers)
	}
	if line, twice := b.lines[name]; twice {
		return nil, in, specErrorf(c.line, name, "the layer of line %d has this name, too", line)
	}
	b.lines[name], b.last, b.lastName = c.line, c, name
	l, out, err := b.make(c, in)
	if err != nil {
		return nil, in, located(err, c.line, name)
	}
	for w, m := range marksOf(c, l, name) {
		if _, marked := b.marks[w]; !marked {
			b.marks[w] = m
		}
	}
	return []step{{name, l}}, out, nil
}

// residual makes a sum of two paths, in the order in which their layers draw initial weights.
func (b *specBuilder) residual(m *module, name string, in shape) ([]step, shape, error) {
	spec, r, beside := m.residual, &residual{}, in
	main, out, err := b.sequential(m.children[:spec.shortcutAt], name, in)
	if err == nil && spec.shortcut != nil {
		r.before = len(main)
		r.shortcut, beside, err = b.module(spec.shortcut, below(name, spec.shortcutName), in)
	}
	if err != nil {
		return nil, in, err
	}
	rest, out, err := b.sequential(m.children[spec.shortcutAt:], name, out)
	if err != nil {
		return nil, in, err
	}
	r.main = append(slices.Clip(main), rest...)
	if out != beside {
		return nil, in, specErrorf(m.line, name, "%s", unlike(in, out, beside, spec.shortcut != nil))
	}
	if c := spec.activation; c != nil {
		if r.activation, _, err = b.make(c, out); err != nil {
			return nil, in, located(err, c.line, name)
		}
	}
	return []step{{name, r}}, out, nil
}

// make has a layer's kind make it.
func (b *specBuilder) make(c *call, in shape) (layer, shape, error) {
	names := maps.Clone(b.names)
	names[wordIn] = in.c
	a := &arguments{call: c, names: names, dropout: b.dropout}
	if in.flat && c.kind.images {
		a.failf("%v come in, which are no images", in)
		return nil, in, a.err
	}
	l, out := c.kind.build(a, in)
	return l, out, a.err
}

// unlike says how the two paths of a sum differ.
func unlike(in, main, beside shape, own bool) string {
	switch channels := main.h == beside.h && main.w == beside.w && main.flat == beside.flat; {
	case channels && own:
		return fmt.Sprintf("the main path gives %d channels, the shortcut gives %d", main.c, beside.c)
	case channels:
		return fmt.Sprintf("%d channels come in, the main path gives %d: a %s can bring them together", in.c, main.c, keyShortcut)
	case own:
		return fmt.Sprintf("the main path gives %v, the shortcut gives %v", main, beside)
	}
	return fmt.Sprintf("%v come in, the main path gives %v: a %s can bring them together", in, main, keyShortcut)
}

// located adds to an error where it is in the file.
func located(err error, line int, name string) error {
	var known *SpecError
	if errors.As(err, &known) {
		return err
	}
	at := error(&SpecError{line, name, err.Error()})
	if hint := hints.Of(err); hint != "" {
		return hints.With(at, hint)
	}
	return at
}

// inFile adds a file's name to an error, and keeps its hint the outermost.
func inFile(path string, err error) error {
	named := fmt.Errorf("%s: %w", path, err)
	if hint := hints.Of(err); hint != "" {
		return hints.With(named, hint)
	}
	return named
}
