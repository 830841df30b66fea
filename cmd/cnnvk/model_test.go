package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/net"
)

// ownNetwork is a file that is quick to train.
const ownNetwork = `widths: {stem: 4, body: 8}
layers:
  - [Conv2d(stem, 3, stride=2, bias=False), BatchNorm2d, SiLU]   # a comment
  - Residual:
      main: [Conv2d(body, 3, stride=2, bias=False), BatchNorm2d]
      shortcut: Conv2d(body, 1, stride=2)
      activation: ReLU6
  - AdaptiveAvgPool2d(1)
  - Flatten
  - Linear(classes)
`

// A network of the user's own is trained, made again, gone on with and evaluated; nothing but the first needs its file.
func TestOwnNetwork(t *testing.T) {
	emptyFolder(t)
	dataFile(t, "data", "test.bin", cifar.TestRecords*cifar.RecordBytes, 0, 0)
	writeFile(t, "mine.yaml", []byte(ownNetwork))
	cnnvk("summary", "--device", "cpu", "--model", "mine.yaml").ok(t)
	begin := []string{"train", "--device", "cpu", "--data", synthetic, "--batch-size", "30", "--epochs", "2"}
	cnnvk(append(begin, "--model", "mine.yaml")...).ok(t)
	cnnvk(append(begin, "--model", "mine.yaml", "--limit-steps", "2", "--out", "short")...).ok(t)
	if err := os.Remove("mine.yaml"); err != nil {
		t.Fatal(err)
	}
	cnnvk("train", "--device", "cpu", "--config", "runs/mine", "--out", "again").ok(t)
	if sum(t, "runs/mine/"+run.BestWeights) != sum(t, "again/"+run.BestWeights) {
		t.Error("a run made again from its config.yaml has other weights")
	}
	cnnvk("train", "--device", "cpu", "--config", "runs/mine", "--widths", "4,6", "--limit-steps", "1", "--out", "narrow").ok(t)
	c, err := run.ReadConfig("narrow/config.yaml")
	if err != nil || fmt.Sprint(c.Widths) != "[4 6]" || !strings.Contains(c.NetworkText, "widths: {stem: 4, body: 6}") || strings.Contains(c.NetworkText, "comment") {
		t.Errorf("%v, %v in\n%s", err, c.Widths, c.NetworkText)
	}
	if o := cnnvk("train", "--resume", "short"); o.code != 0 || !strings.Contains(o.stdout, "is finished") {
		t.Errorf("%s%s", o.stdout, o.stderr)
	}
	o := cnnvk("eval", "--device", "cpu", "--data", "data", "--weights", "narrow", "--no-report", "--json")
	o.ok(t)
	if r := object[evalResult](t, o.stdout); r.Model != "mine" || r.Params != 1_074 {
		t.Errorf("%+v", r)
	}
}

// A run goes on with its own network alone.
func TestOwnNetworkResumed(t *testing.T) {
	emptyFolder(t)
	writeFile(t, "mine.yaml", []byte(ownNetwork))
	begin := []string{"train", "--device", "cpu", "--data", synthetic, "--batch-size", "30", "--epochs", "2", "--limit-steps", "1", "--out", "run", "--resume", "auto", "--model"}
	cnnvk(append(begin, "mine.yaml")...).ok(t)
	cnnvk(append(begin, "mine.yaml")...).ok(t)
	writeFile(t, "mine.yaml", []byte(strings.Replace(ownNetwork, "SiLU", "ReLU", 1)))
	cnnvk(append(begin, "mine.yaml")...).failed(t, exitUsage, `--model mine is not the network of that name that the run in run began with$`, "--out run-2 begins another run")
	text := read(t, "run/config.yaml")
	writeFile(t, "run/config.yaml", []byte(strings.Replace(text, "SiLU", "ReLU", 1)))
	cnnvk("train", "--resume", "run").failed(t, exitFailed, `config\.yaml has another network than its checkpoint$`, "set it back to go on")
	writeFile(t, "run/config.yaml", []byte(strings.Replace(text, "SiLU", "SiLu", 1)))
	cnnvk("train", "--resume", "run").failed(t, exitFailed, `network: line \d+, 0\.2: there is no layer SiLu$`, "did you mean SiLU?")
}

// The file that summary prints is the network, for every built-in one; those that are known by name stay so.
func TestSummaryYAML(t *testing.T) {
	emptyFolder(t)
	for _, name := range net.ModelNames() {
		o := cnnvk("summary", "--model", name, "--yaml")
		o.ok(t)
		writeFile(t, "file.yaml", []byte(o.stdout))
		a, b := cnnvk("summary", "--device", "cpu", "--model", name), cnnvk("summary", "--device", "cpu", "--model", "file.yaml")
		if a.code != 0 || a.stdout != b.stdout {
			t.Errorf("%s is\n%s\nand as a file\n%s%s", name, a.stdout, b.stdout, b.stderr)
		}
	}
	cnnvk("summary", "--yaml", "--json").failed(t, exitUsage, `--yaml and --json: use one of them$`, "")
	writeFile(t, "own.yaml", []byte(cnnvk("summary", "--model", "smallcifarnet", "--yaml").stdout))
	s, err := net.ReadSpec("own.yaml")
	if err != nil || s.Stored() != "" {
		t.Errorf("a copy of a network that is known by name is held as a file: %v", err)
	}
}

// One parameter more than there may be: train warns of it, eval refuses it.
func TestOneParameterTooMany(t *testing.T) {
	emptyFolder(t)
	for _, c := range []struct {
		layers     string
		parameters int
	}{
		{"AdaptiveAvgPool2d(1), Flatten, Linear(250, bias=False), Linear(2855, bias=False), Linear(classes, bias=False)", 1_000_000},
		{"BatchNorm2d, AdaptiveAvgPool2d(1), Flatten, Linear(187, bias=False), Linear(3482, bias=False), Linear(classes)", 1_000_001},
	} {
		file := "layers: [" + c.layers + "]\n"
		writeFile(t, "large.yaml", []byte(file))
		out := filepath.Join("run", fmt.Sprint(c.parameters))
		o := cnnvk("train", "--device", "cpu", "--data", synthetic, "--model", "large.yaml", "--batch-size", "30", "--limit-steps", "1", "--val-ratio", "0", "--out", out)
		o.ok(t)
		over := c.parameters > net.MaxParameters
		if warned := strings.Contains(o.stderr, "larger than eval takes"); warned != over {
			t.Errorf("%d parameters: warned %t\n%s", c.parameters, warned, o.stderr)
		}
		says := `eval needs the test set`
		if over {
			says = fmt.Sprintf("has %d parameters: more than 1000000 are not evaluated$", c.parameters)
		}
		if o := cnnvk("eval", "--device", "cpu", "--weights", out); o.code == 0 || !strings.Contains(o.stderr, strings.TrimSuffix(says, "$")) {
			t.Errorf("%d parameters: %s", c.parameters, o.stderr)
		}
	}
}

// What is wrong with a file is told by its name and line.
func TestModelFileRefused(t *testing.T) {
	emptyFolder(t)
	writeFile(t, "bad.yaml", []byte("layers:\n  - Conv2d(8, 3)\n  - Relu\n"))
	for _, args := range []string{"train --device cpu", "summary", "bench", "tune", "eval --weights x"} {
		cnnvk(append(strings.Fields(args), "--model", "bad.yaml")...).failed(t, exitFailed, `^cnnvk: bad\.yaml: line 3, 1: there is no layer Relu$`, "did you mean ReLU?")
		cnnvk(append(strings.Fields(args), "--model", "none.yaml")...).failed(t, exitFailed, `^cnnvk: none\.yaml: no such file or directory$`, "")
		cnnvk(append(strings.Fields(args), "--model", "resnet9")...).failed(t, exitUsage, `--model "resnet9": use smallcifarnet, `, "did you mean resnet9s?")
	}
}
