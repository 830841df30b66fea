package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/net/training"
)

// A run's config.yaml, given to --config, gives the same run; a flag wins over it, and what it leaves out is the default.
func TestConfigAgain(t *testing.T) {
	emptyFolder(t)
	quickest(t, "--out", "a", "--seed", "5", "--lr", "0.002").ok(t)
	o := cnnvk("train", "--device", "cpu", "--config", "a/config.yaml", "--out", "b")
	o.ok(t)
	if strings.Contains(o.stderr, "another version") {
		t.Errorf("of this version: %s", o.stderr)
	}
	for _, name := range []string{run.ConfigFile, run.SplitFile, run.BestWeights, run.LastWeights} {
		if sum(t, "a/"+name) != sum(t, "b/"+name) {
			t.Errorf("%s differs", name)
		}
	}
	older := regexp.MustCompile(`(?m)^version: .*$`).ReplaceAllString(read(t, "a/config.yaml"), "version: v0")
	writeFile(t, "a/config.yaml", []byte(older))
	o = cnnvk("train", "--device", "cpu", "--config", "a/config.yaml", "--out", "older")
	if o.code != exitDone || strings.Count(o.stderr, "the configuration is of another version") != 1 || !strings.Contains(o.stderr, "v0") {
		t.Errorf("of another version: exit code %d: %s", o.code, o.stderr)
	}
	cnnvk("train", "--device", "cpu", "--config", "a/config.yaml", "--out", "c", "--lr", "0.003", "--limit-steps", "2").ok(t)
	c, err := run.ReadConfig("c/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := training.DefaultRecipe()
	want.Widths, want.BatchSize = []int{2, 2, 2, 2, 2, 2}, 30
	want.Seed, want.LearningRate, want.LimitSteps, want.Patience = 5, 0.003, 2, 0
	if !reflect.DeepEqual(c.Recipe, want) || c.Data != synthetic || c.Version != version() {
		t.Errorf("the run has %+v", c)
	}
}

// A run's folder, or what is in it, names the run where one of its files is wanted.
func TestRunFolderForFile(t *testing.T) {
	emptyFolder(t)
	quickest(t, "--seed", "5", "--out", "run").ok(t)
	for _, path := range []string{"run", "run/", "run/checkpoints", "run/config.yaml", "run/checkpoints/last.safetensors", "run/weights/best.safetensors"} {
		if c, err := parsed(t, "--config", path); err != nil || c.Seed != 5 {
			t.Errorf("--config %s: seed %d, %v", path, c.Seed, err)
		}
	}
	writeFile(t, "run/other.yaml", []byte("seed: 6\n"))
	if c, err := parsed(t, "--config", "run/other.yaml"); err != nil || c.Seed != 6 {
		t.Errorf("another file in a run's folder: %+v, %v", c, err)
	}
	writeFile(t, "run/config.yaml", []byte("epochs: 0\n"))
	cnnvk("train", "--config", "run").failed(t, exitFailed, `^cnnvk: run/config\.yaml: epochs 0: use 1 or more$`, "")

	weights := func(path, want string) {
		t.Helper()
		o := cnnvk("eval", "--device", "cpu", "--weights", path)
		o.failed(t, exitUsage, `eval needs the test set`, "cnnvk data download")
		if !strings.HasPrefix(o.stdout, "weights: "+want+"\n") {
			t.Errorf("--weights %s:\n%s", path, o.stdout)
		}
	}
	for _, path := range []string{"run", "run/weights", "run/checkpoints", "run/config.yaml"} {
		weights(path, "run/weights/best.safetensors")
	}
	if err := os.Remove("run/" + run.BestWeights); err != nil {
		t.Fatal(err)
	}
	weights("run", "run/weights/last.safetensors")
	cnnvk("eval", "--weights", ".").failed(t, exitFailed, `\.: it is a folder, not a file$`, whereWeights)
}

// Another network's run does not pin kernels, nor does one that is told to take built-in ones.
func TestConfigKernels(t *testing.T) {
	emptyFolder(t)
	t.Setenv("CNNVK_NO_TUNE", "")
	writeFile(t, "c.yaml", []byte("widths: [2, 2, 2, 2, 2, 2]\nkernels:\n    linear 2x1x1 100x1x1: linear\n"))
	for args, pinned := range map[string]int{
		"": 1, "--lr 0.1 --batch-size 64": 1, "--widths 2,2,2,2,2,2": 1,
		"--widths 2,2,2,2,2,4": 0, "--model tinynet": 0, "--no-tune": 0,
	} {
		c, err := parsed(t, append([]string{"--config", "c.yaml"}, strings.Fields(args)...)...)
		if err != nil || len(c.Kernels) != pinned {
			t.Errorf("%q: %v, %v", args, c.Kernels, err)
		}
	}
}

// A run is where it was begun, and its data folder where it was then: the run's file finds it from anywhere.
func TestConfigElsewhere(t *testing.T) {
	emptyFolder(t)
	dataFile(t, "data", "train.bin", cifar.TrainRecords*cifar.RecordBytes, 0, 0)
	at, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	quickest(t, "--data", "data", "--val-ratio", "0", "--out", "run").ok(t)
	c, err := run.ReadConfig("run/config.yaml")
	if want := filepath.Join(at, "data"); err != nil || c.Data != want {
		t.Errorf("the data folder is %q, %v, want %q", c.Data, err, want)
	}
}

// The data folder of the configuration is used before that of the environment, --data before both.
func TestConfigData(t *testing.T) {
	emptyFolder(t)
	t.Setenv("CNNVK_DATA", "from-environment")
	writeFile(t, "c.yaml", []byte("data: from-config\n"))
	writeFile(t, "empty.yaml", []byte("seed: 1\n"))
	for _, c := range []struct{ args, says, hint string }{
		{"--config c.yaml", "cifar: from-config: no such folder", "--data DIR says where the run's images are now"},
		{"--config c.yaml --data from-flag", "cifar: from-flag: no such folder", "cnnvk data download"},
		{"--config c.yaml --data from-environment", "cifar: from-environment: no such folder", "cnnvk data download"},
		{"--config empty.yaml", "cifar: from-environment: no such folder", "cnnvk data download"},
	} {
		o := cnnvk(append([]string{"train", "--device", "cpu"}, strings.Fields(c.args)...)...)
		o.failed(t, exitFailed, c.says, c.hint)
	}
	cnnvk("train", "--device", "cpu", "--config", narrowConfig(t), "--data", synthetic, "--limit-steps", "1").ok(t)
}

// A file that cannot be used is refused in one line, which names it and the key.
func TestConfigRefused(t *testing.T) {
	emptyFolder(t)
	before := listing(t)
	for _, c := range []struct {
		text, says, hint string
		code             int
		more             string
	}{
		{"epoch: 3\n", `^cnnvk: c\.yaml: line 1: unknown key "epoch"$`, "did you mean epochs?", exitFailed, ""},
		{"seed: 1\ncolour: red\n", `c\.yaml: line 2: unknown key "colour"$`, "", exitFailed, ""},
		{"epochs: three\n", `c\.yaml: line 1: epochs "three": use a whole number$`, "", exitFailed, ""},
		{"epochs: 1.5\n", `c\.yaml: line 1: epochs "1\.5": use a whole number$`, "", exitFailed, ""},
		{"epochs:\n", `c\.yaml: line 1: epochs: use a whole number$`, "", exitFailed, ""},
		{"seed: -1\n", `c\.yaml: line 1: seed "-1": use 0 to 4294967295$`, "", exitFailed, ""},
		{"seed: 4294967296\n", `seed "4294967296": use 0 to 4294967295$`, "", exitFailed, ""},
		{"widths: wide\n", `widths "wide": use a list of whole numbers$`, "", exitFailed, ""},
		{"widths: [1, 2, 3, 4, 5, 6.5]\n", `widths: use a list of whole numbers$`, "", exitFailed, ""},
		{"optimizer: [adamw]\n", `optimizer: use words$`, "", exitFailed, ""},
		{"learning_rate: fast\n", `learning_rate "fast": use a number$`, "", exitFailed, ""},
		{"normalize: maybe\n", `normalize "maybe": use true or false$`, "", exitFailed, ""},
		{"max_time: soon\n", `max_time "soon": use a time such as 1h or 90m$`, "", exitFailed, ""},
		{"max_time: 90\n", `max_time "90": use a time such as 1h or 90m$`, "", exitFailed, ""},
		{"seed: 1\nseed: 2\n", `c\.yaml: (yaml: )?.*line 2.* (there twice|already defined)`, "", exitFailed, ""},
		{"- seed\n", `c\.yaml: line 1: is no list of keys and values$`, "", exitFailed, ""},
		{"", `c\.yaml: is empty$`, "", exitFailed, ""},
		{"seed: [1\n", `c\.yaml: yaml: line 1: `, "", exitFailed, ""},
		{"epochs: 0\n", `^cnnvk: c\.yaml: epochs 0: use 1 or more$`, "", exitFailed, ""},
		{"label_smoothing: 2\n", `c\.yaml: label_smoothing 2: use a number from 0 to below 1$`, "", exitFailed, ""},
		{"model: resnet\n", `c\.yaml: model "resnet": use smallcifarnet, tinynet, .* or a file such as mine.yaml$`, "", exitFailed, ""},
		{"widths: [1, 2]\n", `c\.yaml: widths \[1 2\]: use 6 numbers from 1 to 8192$`, "", exitFailed, ""},
		{"optimizer: adam\n", `c\.yaml: optimizer "adam": use adamw, sgd, nesterov or muon$`, "", exitFailed, ""},
		{"data: synthetic\nbatch_size: &b 91\n", `c\.yaml: batch_size 91: use 90 or less: there are no more training images$`, "", exitFailed, ""},
		// Where a flag is at fault, it is named.
		{"epochs: 0\n", `^cnnvk: --epochs -1: use 1 or more$`, "", exitUsage, "--epochs -1"},
		{"seed: 1\n", `^cnnvk: --limit-steps -1: use 1 or more, or 0 for no limit$`, "", exitUsage, "--limit-steps -1"},
	} {
		t.Run(c.text+c.more, func(t *testing.T) {
			writeFile(t, "c.yaml", []byte(c.text))
			args := append([]string{"train", "--device", "cpu", "--config", "c.yaml"}, strings.Fields(c.more)...)
			cnnvk(args...).failed(t, c.code, c.says, c.hint)
		})
	}
	cnnvk("train", "--config", "nowhere.yaml").failed(t, exitFailed, `^cnnvk: nowhere\.yaml: no such file or directory$`, "every run folder has a config.yaml")
	cnnvk("train", "--config", ".").failed(t, exitFailed, `^cnnvk: \.: is a directory$`, "")
	delete(before, "c.yaml")
	after := listing(t)
	delete(after, "c.yaml")
	if !reflect.DeepEqual(before, after) {
		t.Errorf("left over: %v", after)
	}
}
