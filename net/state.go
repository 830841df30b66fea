package net

import (
	"cnnvk/net/safetensors"

	"cmp"
	"fmt"
	"slices"
	"strings"

	"cnnvk/engine"
)

// stateDict is an arena of the layout's form under PyTorch's names, with the counter of the BatchNorm layers.
func (m *Model) stateDict(l *engine.Layout, arena []float64, batches int64) ([]safetensors.Tensor, error) {
	var out []safetensors.Tensor
	for _, p := range m.parameters() {
		s, ok := l.Segment(p.name)
		if !ok || s.Offset+s.Shape.Elements() > len(arena) {
			return nil, fmt.Errorf("net: the arena has no place for %s", p.name)
		}
		values := safetensors.Rounded(arena[s.Offset:][:s.Shape.Elements()])
		out = append(out, safetensors.Tensor{Name: p.name, Shape: p.shape, F32: values})
	}
	for _, name := range m.batchNorms() {
		out = append(out, safetensors.Tensor{Name: name + ".num_batches_tracked", Shape: []int{}, I64: []int64{batches}})
	}
	return out, nil
}

// inOrder are the tensors in the order of PyTorch's state_dict, in which a BatchNorm's counter is its last entry.
func (m *Model) inOrder(tensors []safetensors.Tensor) []safetensors.Tensor {
	place := map[string]int{}
	for i, p := range m.parameters() {
		place[p.name] = 2 * i
		if layer, is := strings.CutSuffix(p.name, ".running_var"); is {
			place[layer+".num_batches_tracked"] = 2*i + 1
		}
	}
	return slices.SortedStableFunc(slices.Values(tensors), func(a, b safetensors.Tensor) int { return cmp.Compare(place[a.Name], place[b.Name]) })
}

// loadStateDict is the way back: an arena of l's form. Every tensor of the model must be there, with its shape and with
// finite values, and no other; the counters may be missing, as in files older than PyTorch 0.4.1.
func (m *Model) loadStateDict(l *engine.Layout, tensors []safetensors.Tensor) ([]float64, error) {
	byName, extra := map[string]safetensors.Tensor{}, map[string]bool{}
	for _, t := range tensors {
		byName[t.Name], extra[t.Name] = t, true
	}
	for _, name := range m.batchNorms() {
		delete(extra, name+".num_batches_tracked")
	}
	for _, p := range m.parameters() {
		t, ok := byName[p.name]
		if !ok {
			return nil, m.mismatch(p.name, "tensor %s is missing", p.name)
		}
		if !p.shape.Equal(t.Shape) {
			return nil, m.mismatch(p.name, "tensor %s is %v, want %v", p.name, engine.Shape(t.Shape), p.shape)
		}
		if err := checkValues(t); err != nil {
			return nil, err
		}
		delete(extra, p.name)
	}
	for _, t := range tensors {
		if extra[t.Name] {
			return nil, m.mismatch(t.Name, "tensor %s %v is not part of %s", t.Name, engine.Shape(t.Shape), m.Name)
		}
	}
	// Only now: widths that a damaged file names could ask for any amount of memory.
	arena := make([]float64, l.Elements)
	for _, p := range m.parameters() {
		s, _ := l.Segment(p.name)
		for i, v := range byName[p.name].F32 {
			arena[s.Offset+i] = float64(v)
		}
	}
	return arena, nil
}

// mismatch is the error about a tensor that is not as the network has it. Where the network stands in a file it is a SpecError, with the
// line of the layer that has the tensor, or that the tensor is called after.
func (m *Model) mismatch(tensor, format string, args ...any) error {
	if m.spec.file == "" {
		return fmt.Errorf(format, args...)
	}
	for name, at := tensor, strings.LastIndexByte(tensor, '.'); at >= 0; at = strings.LastIndexByte(name, '.') {
		name = name[:at]
		if line, ok := m.lines[name]; ok {
			return specErrorf(line, name, format, args...)
		}
	}
	return specErrorf(0, "", format, args...)
}

func checkValues(t safetensors.Tensor) error {
	if t.F32 == nil {
		return fmt.Errorf("tensor %s holds integers, not float32", t.Name)
	}
	for i, v := range t.F32 {
		if !finite(float64(v)) && t.F64 != nil && finite(t.F64[i]) {
			return fmt.Errorf("tensor %s holds %g at place %d, too much for float32", t.Name, t.F64[i], i)
		}
		if !finite(float64(v)) {
			return fmt.Errorf("tensor %s holds %v at place %d", t.Name, v, i)
		}
	}
	return nil
}
