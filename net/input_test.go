package net

import (
	"maps"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"cnnvk/cifar"
)

// What weights say of their images comes back from their file; files that say nothing of them name nothing, and what is wrong is refused.
func TestInput(t *testing.T) {
	t.Parallel()
	form := cifar.CIFAR100
	want := Input{Classes: form.Classes, Image: ImageShape{C: 3, H: 32, W: 32}, Mean: form.Mean, Std: form.Std}
	metadata, err := want.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	w := someWeights(t, SmallCIFARNetName, narrow)
	w.Metadata = metadata
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := w.Save(path, form.Mean, form.Std); err != nil {
		t.Fatal(err)
	}
	if got, err := InputOf(load(t, path).Metadata); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := InputOf(nil); err != nil || !reflect.DeepEqual(got, Input{}) {
		t.Errorf("of nothing: %+v, %v", got, err)
	}
	for _, c := range []struct{ key, value, says string }{
		{"classes", `[]`, "no list of names"},
		{"classes", `7`, "no list of names"},
		{"image", `[3,32]`, "no shape of an image"},
		{"image", `[3,32,0]`, "no shape of an image"},
		{"image", `[3,32,8193]`, "no shape of an image"},
		{"image", `cat`, "no shape of an image"},
		{"preprocessing", `{"mean":[0,0],"std":[1]}`, "no mean and std"},
		{"preprocessing", `{"mean":[],"std":[]}`, "no mean and std"},
	} {
		broken := maps.Clone(metadata)
		broken[c.key] = c.value
		if _, err := InputOf(broken); err == nil || !strings.Contains(err.Error(), c.key) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %s: %v", c.key, c.value, err)
		}
	}
}
