package run

import (
	"cnnvk/engine/gpu"
	"cnnvk/net/training"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// What PyYAML and other readers of YAML 1.1 take for words is not written as a number.
func TestConfigFloats(t *testing.T) {
	for number, want := range map[string]string{"1e-05": "1.0e-05", "1.5e-05": "1.5e-05", "0.001": "0.001", "1e+06": "1.0e+06"} {
		if got := withPoint(number); got != want {
			t.Errorf("%s: %s, want %s", number, got, want)
		}
	}
	r := training.DefaultRecipe()
	r.LearningRate, r.WeightDecay = 1e-5, 3e-7
	text, err := Config{Recipe: r}.text()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nlearning_rate: 1.0e-05\n", "\nweight_decay: 3.0e-07\n", "\nwidths: [64, 128,"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	path := filepath.Join(t.TempDir(), "c.yaml")
	writeFile(t, path, text)
	if c, err := ReadConfig(path); err != nil || !reflect.DeepEqual(c.Recipe, r) {
		t.Errorf("read back: %+v, %v", c.Recipe, err)
	}
}

// config.yaml is the same bytes whichever library writes it: a run made again from it, or gone on with, compares them.
func TestConfigText(t *testing.T) {
	r := training.DefaultRecipe()
	r.MaxTime, r.LearningRate = 90*time.Minute, 1e-5
	c := Config{Recipe: r, Data: "/data/#1: été \\ \"x\" " + strings.Repeat("long ", 20) + "'end", DataMD5: "0123e456", Device: "llvmpipe (LLVM 15.0.6, 256 bits)",
		Driver: "no", Version: "6450000", Kernels: gpu.Choices{"linear 2x1x1 100x1x1": "linear", "conv2d 3x32x32 64x32x32 3x3/1": "1e3"}}
	got, err := c.text()
	if err != nil {
		t.Fatal(err)
	}
	if want := read(t, "testdata/config.yaml"); string(got) != want {
		t.Errorf("config.yaml is\n%s\nwant\n%s", got, want)
	}
	back, err := ReadConfig("testdata/config.yaml")
	if err != nil || !reflect.DeepEqual(back, c) {
		t.Errorf("read back: %+v, %v", back, err)
	}
}
