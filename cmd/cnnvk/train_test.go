package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/net"
	"cnnvk/net/training"
)

// quick is a training of the synthetic set that takes a second or two.
func quick(more ...string) outcome {
	return cnnvk(append([]string{"train", "--limit-steps", "3", "--batch-size", "8"}, more...)...)
}

func quickRecipe() training.Recipe {
	r := training.DefaultRecipe()
	r.LimitSteps, r.BatchSize = 3, 8
	return r
}

// allFiles are what a run consists of.
var allFiles = []string{run.BestState, run.LastState, run.ConfigFile, run.CurvesPNG, run.CurvesSVG, run.EventsFile, run.MetricsFile, run.SplitFile, run.BestWeights, run.LastWeights}

// wholeRun are the files of a run in that folder.
func wholeRun(dir string) []string {
	var out []string
	for _, name := range allFiles {
		out = append(out, dir+"/"+name)
	}
	return out
}

func TestTrain(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	o := quick()
	o.ok(t)
	lines := strings.Split(o.stdout, "\n")
	if !strings.Contains(lines[0], "synthetic") {
		t.Errorf("the first line does not say synthetic: %q", lines[0])
	}
	for _, say := range []string{"765055 parameters", "images/s", "seed 42, into runs/smallcifarnet\n", "3 steps"} {
		if !strings.Contains(o.stdout, say) {
			t.Errorf("%q is not said:\n%s", say, o.stdout)
		}
	}
	want := []string{"runs", "runs/smallcifarnet", "runs/smallcifarnet/checkpoints", "runs/smallcifarnet/checkpoints/best.safetensors",
		"runs/smallcifarnet/checkpoints/last.safetensors", "runs/smallcifarnet/config.yaml", "runs/smallcifarnet/curves.png", "runs/smallcifarnet/curves.svg",
		"runs/smallcifarnet/events.jsonl", "runs/smallcifarnet/metrics.csv",
		"runs/smallcifarnet/split.json", "runs/smallcifarnet/weights", "runs/smallcifarnet/weights/best.safetensors",
		"runs/smallcifarnet/weights/last.safetensors"}
	if got := slices.Sorted(maps.Keys(listing(t))); !slices.Equal(got, want) {
		t.Errorf("the run folder holds %q, want %q", got, want)
	}
	t.Run("config", func(t *testing.T) { checkConfig(t, "runs/smallcifarnet/config.yaml") })
	t.Run("split", func(t *testing.T) { checkSplit(t, "runs/smallcifarnet/split.json") })
	t.Run("metrics", func(t *testing.T) { checkMetrics(t, "runs/smallcifarnet/metrics.csv", "1,3,") })
	t.Run("weights", func(t *testing.T) {
		checkWeights(t, "runs/smallcifarnet/weights/best.safetensors", 42)
		checkWeights(t, "runs/smallcifarnet/weights/last.safetensors", 42)
	})

	first := listing(t)
	quick("--seed", "42").ok(t)
	after := listing(t)
	for path, was := range first {
		if after[path] != was {
			t.Errorf("a second training changed %s", path)
		}
	}
	for _, name := range []string{run.ConfigFile, run.SplitFile, run.BestWeights, run.LastWeights} {
		if a, b := sum(t, "runs/smallcifarnet/"+name), sum(t, "runs/smallcifarnet-2/"+name); a != b {
			t.Errorf("%s of two trainings with one seed differ", name)
		}
	}
	quick("--seed", "4294967295", "--out", "other").ok(t)
	checkWeights(t, "other/weights/last.safetensors", 4294967295)
	if sum(t, "runs/smallcifarnet/"+run.LastWeights) == sum(t, "other/"+run.LastWeights) {
		t.Error("two seeds give the same weights")
	}
}

func checkConfig(t *testing.T, path string) {
	var c run.Config
	in := yaml.NewDecoder(strings.NewReader(read(t, path)))
	in.KnownFields(true)
	if err := in.Decode(&c); err != nil {
		t.Fatal(err)
	}
	if want := quickRecipe(); !reflect.DeepEqual(c.Recipe, want) {
		t.Errorf("the recipe is %+v, want %+v", c.Recipe, want)
	}
	set := cifar.Synthetic(0, testImages)
	if c.Data != "synthetic" || c.DataMD5 != set.MD5 || c.Device == "" || c.Driver == "" || c.Version != version() {
		t.Errorf("config.yaml says %+v", c)
	}
}

// The file is what the recipe's golden split is: an object with the one member "val", in the shuffle's order.
func checkSplit(t *testing.T, path string) {
	var split map[string][]int
	if err := json.Unmarshal([]byte(read(t, path)), &split); err != nil {
		t.Fatal(err)
	}
	val, _ := cifar.Split(testImages, 0.1, 42)
	if !reflect.DeepEqual(split, map[string][]int{"val": val}) {
		t.Errorf("split.json has %v, want val %v", split, val)
	}
}

// checkMetrics wants a header and a row that begins with each of those.
func checkMetrics(t *testing.T, path string, rows ...string) {
	lines := strings.Split(strings.TrimSuffix(read(t, path), "\n"), "\n")
	if len(lines) != 1+len(rows) || !strings.HasPrefix(lines[0], "epoch,steps,learning_rate,train_loss,") {
		t.Fatalf("metrics.csv has %q", lines)
	}
	for i, line := range lines {
		if strings.Count(line, ",") != strings.Count(lines[0], ",") || i > 0 && !strings.HasPrefix(line, rows[i-1]) {
			t.Errorf("row %d of metrics.csv is %q", i, line)
		}
	}
}

// checkWeights loads the file. Its metadata say where it is from, but neither when nor from which folder.
func checkWeights(t *testing.T, path string, seed uint32) {
	w, err := net.LoadWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := machine.Open(machine.Options{Device: os.Getenv("CNNVK_DEVICE")})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	kernels := w.Metadata["kernels"]
	names, err := json.Marshal(cifar.CIFAR100.Classes)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"model": "smallcifarnet", "widths": "[64,128,256,512,512,512]",
		"preprocessing": `{"mean":[0.5071,0.4867,0.4408],"std":[0.2675,0.2565,0.2761]}`,
		"seed":          fmt.Sprint(seed), "data_md5": "synthetic", "device": m.Device().Name, "driver": m.Device().Driver,
		"kernels": kernels, "version": version(), "classes": string(names), "image": "[3,32,32]",
	}
	if !maps.Equal(w.Metadata, want) {
		t.Errorf("%s has the metadata %q, want %q", path, w.Metadata, want)
	}
	if !strings.Contains(kernels, "depthwise_conv2d: ") || !strings.Contains(kernels, "; adamw: ") {
		t.Errorf("%s has the kernels %q", path, kernels)
	}
	// Three steps at decay 0.995: the average of the integer is cut to 0 each time.
	if w.Batches != 0 || w.Model.Parameters() != 765055 {
		t.Errorf("%s: %d batches, %d parameters", path, w.Batches, w.Model.Parameters())
	}
}

// Two epochs of two steps, the second of a short batch; the limit ends the third.
func TestTrainEpochs(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	p := small()
	p.syntheticImages = 12 // 10 to train on
	o := p.cnnvk("train", "--epochs", "7", "--limit-steps", "5", "--batch-size", "8", "--val-ratio", "0.2", "--opt", "nesterov", "--lr", "0.01", "--out", "a/b")
	o.ok(t)
	checkMetrics(t, "a/b/metrics.csv", "1,2,0.002,", "2,4,0.004,", "3,5,0.006")
}

// A batch of one image leaves each BatchNorm 16 values or more, so that it trains, alone and as the rest of an epoch.
func TestTrainBatchOfOne(t *testing.T) {
	emptyFolder(t)
	for batch, steps := range map[string]string{"1": "1,90,", "89": "1,2,"} {
		o := quickest(t, "--limit-steps", "90", "--epochs", "1", "--batch-size", batch, "--out", batch)
		o.ok(t)
		checkMetrics(t, batch+"/metrics.csv", steps)
		if _, err := net.LoadWeights(batch + "/weights/last.safetensors"); err != nil {
			t.Error(err)
		}
	}
}

func TestTrainOnReference(t *testing.T) {
	emptyFolder(t)
	o := cnnvk("train", "--device", "cpu", "--limit-steps", "1", "--batch-size", "2")
	o.ok(t)
	if !strings.Contains(o.stdout, "device: CPU reference") {
		t.Errorf("trained elsewhere: %s", o.stdout)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
