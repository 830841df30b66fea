package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cnnvk/cmd/cnnvk/run"
)

// Weights of 6 classes begin a training of 4, in either form and with the same outcome; what is frozen is in the end what it was.
func TestFineTune(t *testing.T) {
	emptyFolder(t)
	config := narrowConfig(t)
	train := func(data, out string, more ...string) outcome {
		return cnnvk(append([]string{"train", "--device", "cpu", "--config", config, "--data", data, "--epochs", "1", "--limit-steps", "3", "--out", out}, more...)...)
	}
	train("synthetic:16x16x3:6", "first").ok(t)
	cnnvk("convert", "first", "first.pt").ok(t)
	for _, from := range []string{"first", "first/config.yaml", "first/weights/best.safetensors", "first.pt"} {
		out := "from " + strings.ReplaceAll(from, "/", " ")
		o := train("synthetic:16x16x3:4", out, "--initial-weights", from, "--freeze", "features.*", "--freeze", "nothing*")
		o.failed(t, exitUsage, `--freeze "nothing\*": use a pattern that names parameters of smallcifarnet: features.0.depthwise.weight, `, "")
		o = train("synthetic:16x16x3:4", out, "--initial-weights", from, "--freeze", "features.*")
		o.ok(t)
		for _, line := range []string{`initial weights: classifier: 6 classes in the file, 4 in the data: starts anew`, `frozen: \d+ of \d+ parameters, in 24 tensors`} {
			if !regexp.MustCompile("(?m)^" + line + "$").MatchString(o.stdout) {
				t.Errorf("%s: no line %q in %s", from, line, o.stdout)
			}
		}
		was, _ := tensorsIn(t, "first/"+run.BestWeights)
		is, _ := tensorsIn(t, out+"/"+run.BestWeights)
		for i, x := range is {
			parameter := !strings.Contains(x.Name, "running") && x.F32 != nil
			if strings.HasPrefix(x.Name, "features.") && parameter && string(bytesOf(t, x)) != string(bytesOf(t, was[i])) {
				t.Errorf("%s: %s has changed", from, x.Name)
			}
		}
		if first := "from first/"; out != "from first" {
			a, _ := tensorsIn(t, first+run.BestWeights)
			for i := range a {
				if string(bytesOf(t, a[i])) != string(bytesOf(t, is[i])) {
					t.Errorf("%s: %s differs from what came of the run's folder", from, a[i].Name)
				}
			}
		}
	}
}

// The configuration names the file and its digest: the same again takes the same bytes, or says that they are others. A run goes on without it.
func TestFineTuneConfig(t *testing.T) {
	emptyFolder(t)
	saveWeights(t, "w.safetensors", []int{2, 2, 2, 2, 2, 2})
	begin := []string{"train", "--device", "cpu", "--config", narrowConfig(t), "--epochs", "3", "--initial-weights", "w.safetensors", "--freeze", "features.[0-2].*", "--out"}
	cutTraining(t, run.MetricsFile, begin...)
	text := read(t, "run/"+run.ConfigFile)
	path, err := filepath.Abs("w.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"initial_weights: " + path + "\n", "freeze:\n    - features.[0-2].*\n"} {
		if !strings.Contains(text, line) {
			t.Errorf("no %q in %s", line, text)
		}
	}
	if !regexp.MustCompile(`(?m)^initial_weights_sha256: [0-9a-f]{64}$`).MatchString(text) {
		t.Errorf("no digest in %s", text)
	}
	cnnvk("train", "--device", "cpu", "--config", "whole", "--out", "again").ok(t)
	sameWeights(t, "again", "whole")

	if err := os.Rename("w.safetensors", "moved.safetensors"); err != nil {
		t.Fatal(err)
	}
	cnnvk("train", "--device", "cpu", "--config", "whole", "--out", "without").failed(t, exitFailed, "w.safetensors: no such file or directory", "cnnvk train leaves weights in")
	cnnvk(append(begin, "run", "--resume", "auto")...).ok(t)
	sameRun(t, "run", "whole")
	other := append(begin[:len(begin):len(begin)], "run", "--resume", "auto", "--initial-weights", "moved.safetensors")
	cnnvk(other...).failed(t, exitUsage, "--initial-weights .*moved.safetensors is not what the run in run began with", "it goes on with the flags")

	writeFile(t, "w.safetensors", []byte(read(t, "whole/"+run.BestWeights)))
	cnnvk("train", "--device", "cpu", "--config", "whole", "--out", "others").failed(t, exitFailed, "w.safetensors has the SHA-256 [0-9a-f]{64}, but ", "--initial-weights ")
	cnnvk("train", "--device", "cpu", "--config", "whole", "--out", "others", "--initial-weights", "w.safetensors", "--epochs", "1").ok(t)
}

// sameWeights demands the same best weights of two runs.
func sameWeights(t *testing.T, a, b string) {
	t.Helper()
	if read(t, a+"/"+run.BestWeights) != read(t, b+"/"+run.BestWeights) {
		t.Errorf("%s and %s have other weights", a, b)
	}
}
