package main

import (
	"reflect"
	"strings"
	"testing"

	"cnnvk/net"
)

// A run's config.yaml, given to --config, gives the same run; a flag wins over it, and what it leaves out is the default.
func TestConfigAgain(t *testing.T) {
	emptyFolder(t)
	quickest(t, "--out", "a", "--seed", "5", "--lr", "0.002").ok(t)
	cnnvk("train", "--device", "cpu", "--config", "a/config.yaml", "--out", "b").ok(t)
	for _, name := range []string{configFile, splitFile, bestWeights, lastWeights} {
		if sum(t, "a/"+name) != sum(t, "b/"+name) {
			t.Errorf("%s differs", name)
		}
	}
	cnnvk("train", "--device", "cpu", "--config", "a/config.yaml", "--out", "c", "--lr", "0.003", "--limit-steps", "2").ok(t)
	c, err := readConfig("c/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := net.DefaultRecipe()
	want.Widths, want.BatchSize = []int{2, 2, 2, 2, 2, 2}, 30
	want.Seed, want.LearningRate, want.LimitSteps, want.Patience = 5, 0.003, 2, 0
	if !reflect.DeepEqual(c.Recipe, want) || c.Data != synthetic || c.Version != version() {
		t.Errorf("the run has %+v", c)
	}
}

// The data folder of the configuration is used before that of the environment, --data before both.
func TestConfigData(t *testing.T) {
	emptyFolder(t)
	t.Setenv("CNNVK_DATA", "from-environment")
	writeFile(t, "c.yaml", []byte("data: from-config\n"))
	writeFile(t, "empty.yaml", []byte("seed: 1\n"))
	for _, c := range []struct{ args, says string }{
		{"--config c.yaml", "cifar: from-config: no such folder"},
		{"--config c.yaml --data from-flag", "cifar: from-flag: no such folder"},
		{"--config c.yaml --data from-environment", "cifar: from-environment: no such folder"},
		{"--config empty.yaml", "cifar: from-environment: no such folder"},
	} {
		o := cnnvk(append([]string{"train", "--device", "cpu"}, strings.Fields(c.args)...)...)
		o.failed(t, exitFailed, c.says, "cnnvk data download")
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
		{"model: resnet\n", `c\.yaml: model "resnet": use smallcifarnet or tinynet$`, "", exitFailed, ""},
		{"widths: [1, 2]\n", `c\.yaml: widths \[1 2\]: use 6 numbers from 1 to 8192$`, "", exitFailed, ""},
		{"optimizer: adam\n", `c\.yaml: optimizer "adam": use adamw, sgd or nesterov$`, "", exitFailed, ""},
		{"data: synthetic\nbatch_size: &b 91\n", `c\.yaml: batch_size 91: use 90 or less: there are no more training images$`, "", exitFailed, ""},
		// Where a flag is at fault, it is named.
		{"epochs: 0\n", `^cnnvk: --epochs -1: use 1 or more$`, "", exitUsage, "--epochs -1"},
		{"seed: 1\n", `^cnnvk: --limit-steps 0: use 1 or more$`, "", exitUsage, "--limit-steps 0"},
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
