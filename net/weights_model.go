package net

import (
	"cnnvk/net/safetensors"

	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"cnnvk/engine"
)

// specOf is the network that the metadata hold or name, nil if they do neither.
func specOf(meta map[string]string) (*Spec, error) {
	name, named := meta[metaModel]
	text, held := meta[metaNetwork]
	switch {
	case held:
		s, err := ParseSpec([]byte(text), "network")
		if err != nil {
			return nil, fmt.Errorf("metadata %s: %w", metaNetwork, err)
		}
		return s, nil
	case !named:
		return nil, nil
	}
	if s := builtIns[name]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("model %q is unknown to this version: it takes %s", name, OneOf(modelNames))
}

// references are the built-in networks with their files' widths.
var references = sync.OnceValue(func() map[string]*Model {
	out := map[string]*Model{}
	for name, s := range builtIns {
		if m, err := s.Build(1, CIFAR100); err == nil {
			out[name] = m
		}
	}
	return out
})

// namesOf tells by a tensor's name whether it is one of the network's; of nil, one by which the built-in networks are known.
func namesOf(s *Spec, t Task) (func(name string) bool, error) {
	if s == nil || builtIns[s.Name] == s {
		return isMark, nil
	}
	m, err := s.BuildNamed(1, t)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, p := range m.parameters() {
		names[p.name] = true
	}
	return func(name string) bool { return names[name] }, nil
}

// isMark says whether a built-in network has a tensor of that name by which it is known.
func isMark(name string) bool {
	for _, m := range references() {
		if slices.ContainsFunc(m.marks, func(m mark) bool { return m.name == name }) {
			return true
		}
	}
	return false
}

// modelOf is the network that the tensors belong to; s is nil where nothing says which.
func modelOf(tensors []safetensors.Tensor, meta map[string]string, s *Spec, in Input) (*Model, error) {
	if s == nil {
		s = closest(tensors)
	}
	t := in.Task()
	if in.Classes == nil {
		t.Classes = s.classesIn(tensors, t)
	}
	widths := s.Widths()
	if text, ok := meta[metaWidths]; ok && meta[metaNetwork] == "" {
		widths = nil
		if err := json.Unmarshal([]byte(text), &widths); err != nil {
			return nil, fmt.Errorf("metadata widths %q is no list of numbers", text)
		}
		if widths == nil {
			widths = []int{}
		}
	} else if m, err := s.Build(1, t); err == nil && len(m.marks) == len(widths) && meta[metaNetwork] == "" {
		if widths, err = m.widthsIn(tensors); err != nil {
			return nil, err
		}
	}
	s, err := s.WithWidths(widths)
	if err != nil {
		return nil, err
	}
	return s.BuildNamed(1, t)
}

// classesIn reads the number of classes off the shape of the layer that gives one value for each, or else it is the task's.
func (s *Spec) classesIn(tensors []safetensors.Tensor, t Task) int {
	m, err := s.Build(1, t)
	if err != nil {
		return t.Classes
	}
	for _, tensor := range tensors {
		if tensor.Name == m.classes.name && len(tensor.Shape) == m.classes.dims {
			return tensor.Shape[0]
		}
	}
	return t.Classes
}

// closest is the built-in network of whose marks the tensors have the most, the first of equal ones.
func closest(tensors []safetensors.Tensor) *Spec {
	best, most := modelNames[0], 0
	for _, name := range modelNames {
		found := 0
		for _, m := range references()[name].marks {
			if slices.ContainsFunc(tensors, func(t safetensors.Tensor) bool { return t.Name == m.name }) {
				found++
			}
		}
		if found > most {
			best, most = name, found
		}
	}
	return builtIns[best]
}

// widthsIn reads the network's widths off the shapes of its marks.
func (m *Model) widthsIn(tensors []safetensors.Tensor) ([]int, error) {
	widths := []int{}
	for _, mark := range m.marks {
		at := slices.IndexFunc(tensors, func(t safetensors.Tensor) bool { return t.Name == mark.name })
		if at < 0 {
			return nil, m.mismatch(mark.name, "the tensors are not those of %s: %s is missing", m.Name, mark.name)
		}
		if s := tensors[at].Shape; len(s) != mark.dims {
			return nil, m.mismatch(mark.name, "the tensors are not those of %s: %s is %v, not of %d dimensions", m.Name, mark.name, engine.Shape(s), mark.dims)
		}
		widths = append(widths, tensors[at].Shape[0])
	}
	return widths, nil
}
