package net

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cnnvk/internal/hints"
	"cnnvk/net/safetensors"
	"cnnvk/net/torchfile"
)

// Weights of another number of classes give all but the head, whatever the file's form.
func TestLoadPretrained(t *testing.T) {
	t.Parallel()
	w, tensors := stateDictOf(t, SmallCIFARNetName, narrow)
	few := CIFAR100
	few.Classes = 5
	for _, c := range []struct {
		name  string
		task  Task
		anew  string
		write func(path string, tensors []safetensors.Tensor, meta map[string]string) error
	}{
		{"w.safetensors", CIFAR100, "", safetensors.Write},
		{"w.safetensors", few, "classifier: 100 classes in the file, 5 in the data: starts anew", safetensors.Write},
		{"w.pt", few, "classifier: 100 classes in the file, 5 in the data: starts anew", torchfile.Write},
		{"parallel.pth", few, "classifier: 100 classes in the file, 5 in the data: starts anew", func(path string, tensors []safetensors.Tensor, meta map[string]string) error {
			return torchfile.Write(path, within(tensors, under("module.")), meta)
		}},
	} {
		path := filepath.Join(t.TempDir(), c.name)
		if err := c.write(path, tensors, nil); err != nil {
			t.Fatal(err)
		}
		m, err := NewModel(SmallCIFARNetName, narrow, 1, c.task)
		if err != nil {
			t.Fatal(err)
		}
		p, err := LoadPretrained(path, m)
		if err != nil {
			t.Fatal(err)
		}
		if p.Anew() != c.anew || strings.Contains(p.Note, "module.") != strings.HasPrefix(c.name, "parallel") {
			t.Errorf("%s: %q, note %q, want %q", c.name, p.Anew(), p.Note, c.anew)
		}
		l, err := m.Layout(2)
		if err != nil {
			t.Fatal(err)
		}
		arena, err := m.Initial(7, l)
		if err != nil {
			t.Fatal(err)
		}
		fresh := slices.Clone(arena)
		if err := p.Put(l, arena); err != nil {
			t.Fatal(err)
		}
		for _, s := range l.Segments {
			from, _ := w.Layout.Segment(s.Name)
			want := w.Arena[from.Offset:]
			if c.anew != "" && strings.HasPrefix(s.Name, "classifier.") {
				want = fresh[s.Offset:]
			}
			if n := s.Shape.Elements(); !slices.Equal(arena[s.Offset:][:n], want[:n]) {
				t.Errorf("%s: %s has other values", c.name, s.Name)
			}
		}
	}
}

// Any other difference is an error that names the tensor, with the flag that names the file's network where it is one that is known.
func TestLoadPretrainedRefuses(t *testing.T) {
	t.Parallel()
	_, tensors := stateDictOf(t, SmallCIFARNetName, narrow)
	_, other := stateDictOf(t, TinyNetName, nil)
	at := slices.IndexFunc(tensors, func(x safetensors.Tensor) bool { return x.Name == "classifier.weight" })
	head := slices.Clone(tensors)
	head[at].Shape, head[at].F32 = []int{50, 18}, head[at].F32[:900]
	for _, c := range []struct {
		what, says, hint string
		tensors          []safetensors.Tensor
		meta             map[string]string
		widths           []int
	}{
		{"a missing tensor", "tensor classifier.bias is missing", "", slices.DeleteFunc(slices.Clone(tensors), func(x safetensors.Tensor) bool { return x.Name == "classifier.bias" }), nil, narrow},
		{"another tensor", "tensor extra (1) is not part of smallcifarnet", "", append(slices.Clone(tensors), safetensors.Tensor{Name: "extra", Shape: []int{1}, F32: []float32{1}}), nil, narrow},
		{"another head", "classifier.weight is (50, 18), want (50, ", "", head, nil, narrow},
		{"other widths", "tensor features.0.pointwise.weight is (", "--widths ", tensors, nil, []int{3, 3, 3, 3, 3, 3}},
		{"another network", "tensor features.0.depthwise.weight is missing", "--model tinynet", other, nil, narrow},
		{"a checkpoint", ErrCheckpoint.Error(), "", tensors, map[string]string{MetaFormat: CheckpointFormats + "1"}, narrow},
	} {
		path := filepath.Join(t.TempDir(), "w.safetensors")
		if err := safetensors.Write(path, c.tensors, c.meta); err != nil {
			t.Fatal(err)
		}
		m, err := NewModel(SmallCIFARNetName, c.widths, 1, CIFAR100)
		if err != nil {
			t.Fatal(err)
		}
		_, err = LoadPretrained(path, m)
		if err == nil || !strings.HasPrefix(err.Error(), "net: "+path+": ") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.what, err, c.says)
		}
		if hint := hints.Of(err); !strings.Contains(hint, c.hint) || (hint == "") != (c.hint == "") {
			t.Errorf("%s: hint %q, want %q", c.what, hint, c.hint)
		}
		if errors.Is(err, ErrCheckpoint) != (c.meta != nil) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}
