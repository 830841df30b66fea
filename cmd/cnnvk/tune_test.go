package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"cnnvk/cmd/cnnvk/run"
	"cnnvk/engine/gpu"
	"cnnvk/net"
)

// tuning makes the test measure kernels, of which the poorest device has few.
func tuning(t *testing.T) {
	t.Helper()
	emptyFolder(t)
	needVulkan(t)
	t.Setenv("CNNVK_NO_TUNE", "0")
	t.Setenv("CNNVK_PROFILE", "floor")
	t.Setenv(widthVariable, "256")
}

// storedFile finds the one file of that name in the cache.
func storedFile(t *testing.T, name string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "cnnvk", "devices", "*", name))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: found %q, %v", name, found, err)
	}
	return found[0]
}

// Kernels are measured once, kept, shown, and pinned by a run's config.yaml; a damaged file is no more than a warning.
func TestTune(t *testing.T) {
	tuning(t)
	first := cnnvk("tune", "--batch-size", "2")
	first.ok(t)
	products := regexp.MustCompile(`(?m)^(pointwise_conv2d|linear)(_backward_\w+)? [\dx ]+  \S+$`)
	if n := len(products.FindAllString(first.stdout, -1)); n < 15 || !strings.Contains(first.stdout, "tuning: measuring kernels") {
		t.Errorf("%d products:\n%s", n, first.stdout)
	}
	again := cnnvk("tune", "--batch-size", "2")
	again.ok(t)
	if strings.Contains(again.stdout, "tuning:") || len(products.FindAllString(again.stdout, -1)) < 15 {
		t.Errorf("the second time:\n%s", again.stdout)
	}

	var list deviceList
	shown := cnnvk("devices", "--json")
	shown.ok(t)
	if err := json.Unmarshal([]byte(shown.stdout), &list); err != nil {
		t.Fatal(err)
	}
	kernels, inWords := list.Devices[0].Kernels, cnnvk("devices", "-v").stdout
	for key, name := range kernels {
		if !strings.Contains(again.stdout, name) || !strings.Contains(inWords, key) {
			t.Errorf("%s: %s is not shown", key, name)
		}
	}

	// Another choice, as another machine would have made it, is taken from the store, and from a config.yaml.
	key := slices.Sorted(maps.Keys(kernels))[0]
	other, anothers := "pointwise_conv2d", "linear 7x1x1 7x1x1" // of a network with another classifier
	if kernels[key] == other {
		other += "_any"
	}
	entry := regexp.MustCompile(regexp.QuoteMeta(fmt.Sprintf("%q", key)) + `:\s*"[^"]*"`)
	text := entry.ReplaceAllString(read(t, storedFile(t, "kernels.json")), fmt.Sprintf("%q: %q, %q: %q", key, other, anothers, "linear_any"))
	writeFile(t, storedFile(t, "kernels.json"), []byte(text))
	cnnvk("train", "--limit-steps", "1", "--batch-size", "2", "--out", "run").ok(t)
	var c struct{ Kernels gpu.Choices }
	if err := yaml.Unmarshal([]byte(read(t, "run/config.yaml")), &c); err != nil || c.Kernels[key] != other || c.Kernels[anothers] != "" {
		t.Errorf("config.yaml has %q, want %q for %q and none for %q (%v)", c.Kernels, other, key, anothers, err)
	}
	writeFile(t, storedFile(t, "kernels.json"), []byte("{"))
	cnnvk("train", "--config", "run/config.yaml", "--out", "again").ok(t)
	if a, b := read(t, "run/weights/last.safetensors"), read(t, "again/weights/last.safetensors"); a != b {
		t.Error("a run made of a config.yaml came to other weights")
	}
	o := cnnvk("devices")
	o.ok(t)
}

// What the time before a training did not suffice for keeps its built-in kernel: in that run for good, in others until tune measures it.
func TestTuneGoesOn(t *testing.T) {
	tuning(t)
	t.Setenv("CNNVK_VALIDATION", "") // TestTune has the layer watch
	config := narrowConfig(t)
	tune := []string{"tune", "--batch-size", "30", "--widths", "2,2,2,2,2,2"}
	cnnvk(tune...).ok(t)
	const left, builtIn, other = "pointwise_conv2d 3x32x32 2x32x32", "pointwise_conv2d_windows", "pointwise_conv2d_any"
	entry := regexp.MustCompile(regexp.QuoteMeta(fmt.Sprintf("%q", left)) + `:\s*"([^"]*)"`)
	store := storedFile(t, "kernels.json")
	text := entry.ReplaceAllString(read(t, store), `"linear 7x1x1 7x1x1": "linear"`)
	writeFile(t, store, []byte(strings.Replace(text, "{", fmt.Sprintf("{%q: {%q: %q},", "left", left, builtIn), 1)))
	kernel := func(run string) string {
		t.Helper()
		var c struct{ Kernels gpu.Choices }
		if err := yaml.Unmarshal([]byte(read(t, run+"/config.yaml")), &c); err != nil {
			t.Fatal(err)
		}
		return c.Kernels[left]
	}
	before := read(t, store)
	cutTraining(t, run.LastState, "train", "--config", config, "--epochs", "2", "--out")
	if kernel("run") != builtIn || read(t, store) != before {
		t.Errorf("the run began with %q for %s; the store has\n%s", kernel("run"), left, read(t, store))
	}
	o := cnnvk(tune...)
	o.ok(t)
	if !strings.Contains(o.stdout, "measuring kernels for 1 sizes") || strings.Contains(read(t, store), `"left"`) {
		t.Errorf("tune does not go on:\n%s\n%s", o.stdout, read(t, store))
	}
	writeFile(t, store, []byte(entry.ReplaceAllString(read(t, store), fmt.Sprintf("%q: %q", left, other))))
	cnnvk("train", "--resume", "run").ok(t)
	sameRun(t, "run", "whole")
	cnnvk("train", "--config", config, "--limit-steps", "1", "--out", "later").ok(t)
	if kernel("run") != builtIn || kernel("later") != other {
		t.Errorf("the resumed run has %q, a later one %q", kernel("run"), kernel("later"))
	}
}

func TestRestOfTuning(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ device, named, model, want string }{
		{"", "", net.SmallCIFARNetName, "cnnvk tune --model smallcifarnet"},
		{"1", "resnet9s", "resnet9s", "cnnvk tune --device 1 --model resnet9s"},
		{"", "my net.yaml", "mine", "cnnvk tune --model 'my net.yaml' --widths 4,5"},
		{"", "", "mine", "cnnvk tune --model FILE.yaml"}, // of a config.yaml
		{"", "tinynet", "tinynet", "cnnvk tune --model tinynet --widths 4,5"},
	} {
		m := &net.Model{Name: c.model, Widths: net.ReferenceWidths(c.model)}
		if strings.HasSuffix(c.want, "4,5") {
			m.Widths = []int{4, 5}
		}
		if got := restOfTuning(c.device, c.named, m); got != c.want {
			t.Errorf("%v: %s", c, got)
		}
	}
}

// Without tuning nothing is measured and nothing stored is used.
func TestNoTune(t *testing.T) {
	tuning(t)
	o := cnnvk("train", "--limit-steps", "1", "--batch-size", "2", "--out", "run", "--no-tune")
	o.ok(t)
	if strings.Contains(o.stdout, "tuning:") || !strings.Contains(read(t, "run/config.yaml"), "kernels: {}") {
		t.Errorf("%s\n%s", o.stdout, read(t, "run/config.yaml"))
	}
	if found, _ := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "cnnvk", "devices", "*", "kernels.json")); len(found) > 0 {
		t.Errorf("stored: %q", found)
	}
}

// Where a config.yaml or the store names a kernel that there is not, or one that the device cannot run, the user is told that another
// runs. What is known is taken all the same, and what is not is not written again.
func TestUnknownKernels(t *testing.T) {
	tuning(t)
	t.Setenv("CNNVK_VALIDATION", "") // TestTune has the layer watch
	cnnvk("train", "--limit-steps", "1", "--batch-size", "2", "--out", "run", "--no-tune").ok(t)
	const known, unknown = "pointwise_conv2d 3x32x32 64x32x32: pointwise_conv2d_any", "linear 512x1x1 100x1x1: linear_subgroup_32x4"
	const impossible = "pointwise_conv2d 64x16x16 128x16x16: pointwise_conv2d_shuffle_32x4" // under the floor profile
	text := strings.Replace(read(t, "run/config.yaml"), "kernels: {}",
		"kernels:\n    "+strings.Join([]string{known, unknown, impossible}, "\n    "), 1)
	writeFile(t, "other.yaml", []byte(text))
	o := cnnvk("train", "--config", "other.yaml", "--out", "other")
	o.ok(t)
	for line, says := range map[string]string{unknown: "does not have: another runs", impossible: "cannot run on this device: another runs"} {
		if !regexp.MustCompile(`level=WARN .*` + says + `.*` + regexp.QuoteMeta(line)).MatchString(o.stderr) {
			t.Errorf("no warning of %q:\n%s", line, o.stderr)
		}
	}
	if strings.Count(o.stderr, "WARN") != 2 {
		t.Errorf("other warnings:\n%s", o.stderr)
	}
	if written := read(t, "other/config.yaml"); !strings.Contains(written, known) || strings.Contains(written, unknown) {
		t.Errorf("written: %s", written)
	}
	o = cnnvk("train", "--config", "run/config.yaml", "--out", "again")
	o.ok(t)
	if strings.Contains(o.stderr, "WARN") {
		t.Errorf("a configuration without kernels warns:\n%s", o.stderr)
	}
}
