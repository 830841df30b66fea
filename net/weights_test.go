package net

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/net/safetensors"
)

// narrow are widths of a network that is quick to run.
var narrow = []int{4, 5, 6, 7, 8, 9}

// someWeights are a network's initial weights, with statistics that tell its layers apart.
func someWeights(t *testing.T, model string, widths []int) *Weights {
	t.Helper()
	m, err := NewModel(model, widths, 1, CIFAR100)
	w := initialWeights(t, m, err)
	for k, s := range w.Layout.Segments {
		for i := range s.Shape.Elements() {
			if !s.Trained {
				w.Arena[s.Offset+i] = 0.5 + float64(k) + float64(i)/1024
			}
		}
	}
	w.Batches = 16_697
	return w
}

// initialWeights are a model's initial weights. An error of building the model fails the test.
func initialWeights(t testing.TB, m *Model, err error) *Weights {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	l, err := m.Layout(0)
	if err != nil {
		t.Fatal(err)
	}
	arena, err := m.Initial(3, l)
	if err != nil {
		t.Fatal(err)
	}
	return &Weights{Model: m, Layout: l, Arena: arena}
}

// Saving and loading gives every value back; the network follows from the metadata, or, without them, from the tensors.
func TestWeightsRoundTrip(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		model  string
		widths []int
	}{{SmallCIFARNetName, nil}, {SmallCIFARNetName, narrow}, {TinyNetName, nil}, {TinyNetName, []int{2, 3, 5}}} {
		want := someWeights(t, c.model, c.widths)
		if c.model == TinyNetName { // it has no BatchNorm that would count batches
			want.Batches = 0
		}
		want.Metadata = map[string]string{"seed": "3"}
		path := filepath.Join(t.TempDir(), "w.safetensors")
		if err := want.Save(path, cifar.CIFAR100.Mean, cifar.CIFAR100.Std); err != nil {
			t.Fatal(err)
		}
		got := load(t, path)
		checkSameWeights(t, got, want)
		if got.Metadata["seed"] != "3" || got.Metadata["model"] != c.model || len(want.Metadata) != 1 {
			t.Errorf("metadata %q", got.Metadata)
		}
		in, err := InputOf(got.Metadata)
		if !slices.Equal(in.Mean, cifar.CIFAR100.Mean) || !slices.Equal(in.Std, cifar.CIFAR100.Std) || err != nil {
			t.Errorf("input %+v, %v", in, err)
		}

		// What PyTorch would write: the same tensors and no metadata.
		tensors, _, err := safetensors.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := safetensors.Write(path, tensors, nil); err != nil {
			t.Fatal(err)
		}
		got = load(t, path)
		checkSameWeights(t, got, want)
		if in, err := InputOf(got.Metadata); in.Mean != nil || err != nil {
			t.Errorf("normalisation without metadata: %+v, %v", in, err)
		}
	}
}

func load(t *testing.T, path string) *Weights {
	t.Helper()
	w, err := LoadWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func checkSameWeights(t *testing.T, got, want *Weights) {
	t.Helper()
	if got.Model.Name != want.Model.Name || !slices.Equal(got.Model.Widths, want.Model.Widths) || got.Batches != want.Batches {
		t.Errorf("%s %v after %d batches, want %s %v after %d", got.Model.Name, got.Model.Widths, got.Batches,
			want.Model.Name, want.Model.Widths, want.Batches)
	}
	if !reflect.DeepEqual(got.Layout.Segments, want.Layout.Segments) || !slices.Equal(got.Arena, want.Arena) {
		t.Error("another arena")
	}
}

// The same weights give the same bytes, whatever map order the metadata come in.
func TestWeightsSaveRepeats(t *testing.T) {
	t.Parallel()
	w := someWeights(t, SmallCIFARNetName, narrow)
	w.Metadata = map[string]string{"a": "1", "b": "2", "c": "3", "d": "4"}
	dir := t.TempDir()
	first := ""
	for range 5 {
		path := filepath.Join(dir, "w.safetensors")
		if err := w.Save(path, cifar.CIFAR100.Mean, cifar.CIFAR100.Std); err != nil {
			t.Fatal(err)
		}
		if text := readText(t, path); first == "" {
			first = text
		} else if text != first {
			t.Fatal("two files differ")
		}
		w.Metadata = maps.Clone(w.Metadata)
	}
}

func TestModelOfRefuses(t *testing.T) {
	t.Parallel()
	shaped := func(shape ...int) []safetensors.Tensor {
		return []safetensors.Tensor{{Name: "features.0.pointwise.weight", Shape: shape}}
	}
	for _, c := range []struct {
		says    string
		tensors []safetensors.Tensor
		meta    map[string]string
	}{
		{`model "resnet" is unknown to this version: it takes smallcifarnet, tinynet, resnet9s, ds-resnet, resnet20, wrn-16-2 or mobilenetv2`, nil, map[string]string{"model": "resnet"}},
		{`metadata widths "64" is no list of numbers`, nil, map[string]string{"widths": "64"}},
		{"smallcifarnet cannot have widths []: use 6 numbers from 1 to 8192", nil, map[string]string{"widths": "null"}},
		{"smallcifarnet cannot have widths [1 2 3 4 5 -6]: use 6 numbers from 1 to 8192", nil, map[string]string{"widths": "[1,2,3,4,5,-6]"}},
		{"the tensors are not those of smallcifarnet: features.0.pointwise.weight is missing", nil, nil},
		{"the tensors are not those of smallcifarnet: features.0.pointwise.weight is (64, 3), not of 4 dimensions", shaped(64, 3), nil},
		{"the tensors are not those of smallcifarnet: features.2.pointwise.weight is missing", shaped(64, 3, 1, 1), nil},
		{"tinynet cannot have widths [1 2]: use 3 numbers from 1 to 8192", nil, map[string]string{"model": "tinynet", "widths": "[1,2]"}},
		{"the tensors are not those of tinynet: conv2.weight is missing",
			[]safetensors.Tensor{{Name: "conv1.weight", Shape: []int{1, 3, 3, 3}}}, nil},
		{"the tensors are not those of tinynet: conv1.weight is missing", nil, map[string]string{"model": "tinynet"}},
	} {
		s, err := specOf(c.meta)
		if err == nil {
			_, err = modelOf(c.tensors, c.meta, s, Input{})
		}
		if err == nil || err.Error() != c.says {
			t.Errorf("got %v, want %s", err, c.says)
		}
	}
}

// Widths that a file has as a list, not as its text, are told as they are.
func TestLoadWeightsMetadata(t *testing.T) {
	t.Parallel()
	path := writeBytes(t, "f", fileHeader(`{"__metadata__":{"model":"tinynet","widths":[1,2]}}`))
	if _, err := LoadWeights(path); err == nil || !strings.Contains(err.Error(), "cannot have widths [1 2]") {
		t.Error(err)
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The number of classes and the shape of the images come back from a file, also from one that has no metadata of them: the classes then follow
// from the last layer.
func TestWeightsOfTask(t *testing.T) {
	t.Parallel()
	for _, name := range modelNames {
		task := Task{C: 1, H: 28, W: 36, Classes: 10}
		m, err := NewModel(name, nil, 1, task)
		if err != nil {
			t.Fatal(err)
		}
		l, err := m.Layout(0)
		if err != nil {
			t.Fatal(err)
		}
		w := &Weights{Model: m, Layout: l, Arena: make([]float64, l.Elements)}
		path := filepath.Join(t.TempDir(), "w.safetensors")
		if err := w.Save(path, []float64{0}, []float64{1}); err != nil {
			t.Fatal(err)
		}
		if got := load(t, path); got.Model.Task != task || got.Model.Name != name || got.Metadata["image"] != "[1,28,36]" {
			t.Errorf("%s is %s for %+v, metadata %v", name, got.Model.Name, got.Model.Task, got.Metadata)
		}
	}
}

// Weights that are not those of the file that says which network they are for: the line of the layer is told.
func TestWeightsOfOtherFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "mine.yaml")
	read := func(layers string) *Spec {
		t.Helper()
		if err := os.WriteFile(file, []byte("widths: {body: 4}\nlayers:\n  - "+strings.ReplaceAll(layers, "; ", "\n  - ")+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		s, err := ReadSpec(file)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	// The widths and, as the last layer's, the classes are those of the weights.
	const layers = "Conv2d(body, 3, bias=False); SqueezeExcitation(2); AdaptiveAvgPool2d(1); Linear(5); Linear(classes)"
	m, err := read(layers).Build(1, CIFAR100)
	if err != nil {
		t.Fatal(err)
	}
	l, err := m.Layout(0)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "w.safetensors")
	if err := (&Weights{Model: m, Layout: l, Arena: make([]float64, l.Elements)}).Save(path, []float64{0, 0, 0}, []float64{1, 1, 1}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ layers, says string }{
		{layers, ""},
		{strings.Replace(layers, "Linear(5)", "Linear(6)", 1), "line 6, 3: W: tensor 3.weight is (5, 4), want (6, 4)"},
		{strings.Replace(layers, "Linear(5)", "Linear(5, bias=False)", 1), "line 6, 3: W: tensor 3.bias (5) is not part of mine"},
		{strings.Replace(layers, "bias=False", "bias=True", 1), "line 3, 0: W: tensor 0.bias is missing"},
		{strings.Replace(layers, "Excitation(2)", "Excitation(3)", 1), "line 4, 1: W: tensor 1.fc1.weight is (2, 4, 1, 1), want (3, 4, 1, 1)"},
		{strings.Replace(layers, "Linear(5); ", "", 1), "W: tensor 4.bias (100) is not part of mine"},
		{strings.Replace(layers, "SqueezeExcitation(2)", "BatchNorm2d", 1), "line 4, 1: W: tensor 1.weight is missing"},
		{strings.Replace(layers, "Conv2d", "one: Conv2d", 1), "line 3, 0.one: W: tensor 0.one.weight is missing"},
		{layers + "; ReLU; MaxPool2d(2)", "line 9, 6: W: MaxPool2d: 100 features come in, which are no images"},
	} {
		says := strings.Replace(c.says, "W", path, 1)
		if says != "" {
			says = file + ": " + says
		}
		_, err := LoadWeightsOf(path, read(c.layers))
		if got := fmt.Sprint(err); err == nil && says != "" || err != nil && got != says {
			t.Errorf("%s\ngot  %s\nwant %s", c.layers, got, says)
		}
	}
}
