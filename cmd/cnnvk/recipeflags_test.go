package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
	"go.yaml.in/yaml/v3"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/internal/hints"
	"cnnvk/net"
	"cnnvk/net/training"
)

// parsed is what train would make of those flags, without training.
func parsed(t *testing.T, args ...string) (run.Config, error) {
	t.Helper()
	app := small().app(new(bytes.Buffer), new(bytes.Buffer))
	var got run.Config
	var err error
	for _, c := range app.Commands {
		if c.Name == "train" {
			c.Action = func(c *cli.Context) error {
				got, err = configOf(c)
				return nil
			}
		}
	}
	if failed := app.Run(append([]string{"cnnvk", "train"}, args...)); failed != nil {
		t.Fatal(failed)
	}
	return got, err
}

// someValues are values of the flags that the default recipe does not have, and what else they need.
var someValues = map[string]string{
	"widths": "--widths 1,2,3,4,5,6", "epochs": "--epochs 7", "max-time": "--max-time 90m", "limit-steps": "--limit-steps 9",
	"batch-size": "--batch-size 64", "seed": "--seed 4294967295", "opt": "--opt nesterov", "momentum": "--momentum 0.8 --opt sgd",
	"weight-decay": "--weight-decay 0.01",
	"muon-lr":      "--opt muon --muon-lr 0.1", "muon-momentum": "--opt muon --muon-momentum 0.9", "muon-decay": "--opt muon --muon-decay 0.01", "muon-rest": "--opt muon --muon-rest nesterov", "no-decay-1d": "--no-decay-1d", "group": "--group fc.*:rate=0.1:decay=0 --group *.bn.*:decay=0", "clip-grad": "--clip-grad 0", "lr": "--lr 0.05", "sched": "--sched linear",
	"warmup-epochs": "--warmup-epochs 0", "warmup-steps": "--warmup-steps 100", "warmup-share": "--warmup-share 0.15", "sched-on-updates": "--sched-on-updates", "decay-epochs": "--decay-epochs 20 --sched step", "decay-rate": "--decay-rate 0.5 --sched step",
	"smoothing": "--smoothing 0", "mixup": "--mixup 0.2", "cutmix": "--cutmix 1", "model-ema-decay": "--model-ema-decay 0.9", "normalize": "--normalize=false",
	"split": "--split stratified", "val-ratio": "--val-ratio 0", "patience": "--patience 0", "augment": "--augment crop-flip", "sizes": "--sizes 24,32", "reflect-padding": "--reflect-padding", "alternate-flips": "--alternate-flips", "dropout": "--dropout 0.5", "model": "--model tinynet",
	"amp": "--amp", "amp-dtype": "--amp --amp-dtype bfloat16", "amp-initial-scale": "--amp --amp-initial-scale 1024",
	"initial-weights": "--initial-weights w.pt", "freeze": "--freeze features.* --freeze classifier.bias",
}

// Each key of a recipe has a flag, and what a flag says comes back from the config.yaml that the run would have.
func TestRecipeFlags(t *testing.T) {
	emptyFolder(t)
	names := recipeFlagNames()
	for key := range run.Fields(reflect.ValueOf(training.Recipe{})) {
		// --model gives the network, --initial-weights the digest of the file.
		if names[key] == "" && key != "recipe" && key != "network" && key != "initial_weights_sha256" {
			t.Errorf("the key %s has no flag", key)
		}
	}
	d := training.DefaultRecipe()
	for _, f := range recipeFlags() {
		words, known := someValues[f.name()]
		if !known {
			t.Errorf("no value of --%s is tested", f.name())
			continue
		}
		first, err := parsed(t, strings.Fields(words)...)
		if err != nil {
			t.Errorf("%s: %v", words, err)
			continue
		}
		got := run.Fields(reflect.ValueOf(first.Recipe))[f.key].Interface()
		if reflect.DeepEqual(got, run.Fields(reflect.ValueOf(d))[f.key].Interface()) {
			t.Errorf("%s changes nothing: %v", words, got)
		}
		text, err := yaml.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, "c.yaml", text)
		again, err := parsed(t, "--config", "c.yaml")
		if err != nil || !reflect.DeepEqual(again.Recipe, first.Recipe) {
			t.Errorf("%s: %+v, by way of config.yaml %+v, %v", words, first.Recipe, again.Recipe, err)
		}
	}
}

// A named recipe gives all values; a file's win over it, and flags over both.
func TestRecipeLayers(t *testing.T) {
	emptyFolder(t)
	tiny, err := training.RecipeNamed("tinynet")
	if err != nil {
		t.Fatal(err)
	}
	here := func(change func(*training.Recipe)) training.Recipe {
		r := tiny
		change(&r)
		return r
	}
	writeFile(t, "part.yaml", []byte("epochs: 3\nlearning_rate: 0.1\n"))
	writeFile(t, "named.yaml", []byte("learning_rate: 0.1\nrecipe: tinynet\noptimizer: nesterov\n"))
	for _, c := range []struct {
		args string
		want training.Recipe
	}{
		{"", training.DefaultRecipe()},
		{"--recipe smallcifarnet", training.DefaultRecipe()},
		{"--recipe tinynet", here(func(r *training.Recipe) {})},
		{"--recipe tinynet --epochs 9 --normalize", here(func(r *training.Recipe) { r.Epochs, r.Normalize = 9, true })},
		{"--recipe tinynet --config part.yaml --lr 0.2", here(func(r *training.Recipe) { r.Epochs, r.LearningRate = 3, 0.2 })},
		{"--config named.yaml", here(func(r *training.Recipe) { r.LearningRate, r.Optimizer, r.Momentum = 0.1, training.Nesterov, 0.9 })},
		{"--recipe tinynet --config named.yaml --opt sgd", here(func(r *training.Recipe) { r.LearningRate = 0.1 })},
	} {
		got, err := parsed(t, strings.Fields(c.args)...)
		if err != nil || !reflect.DeepEqual(got.Recipe, c.want) {
			t.Errorf("%q: %+v, %v, want %+v", c.args, got.Recipe, err, c.want)
		}
	}
	for _, c := range []struct{ args, says, hint string }{
		{"--recipe tinynat", `--recipe "tinynat": use smallcifarnet, smallcifarnet-light, smallcifarnet-medium, tinynet, resnet9s, ds-resnet, resnet20, wrn-16-2 or mobilenetv2`, "did you mean tinynet?"},
		{"--recipe large", `--recipe "large": use smallcifarnet, smallcifarnet-light, smallcifarnet-medium, tinynet, resnet9s, ds-resnet, resnet20, wrn-16-2 or mobilenetv2`, ""},
		{"--recipe smallcifarnet --config named.yaml", "--recipe smallcifarnet: named.yaml is of the recipe tinynet", ""},
	} {
		if _, err := parsed(t, strings.Fields(c.args)...); err == nil || err.Error() != c.says || hints.Of(err) != c.hint {
			t.Errorf("%q: %v, hint %q", c.args, err, hints.Of(err))
		}
	}
	writeFile(t, "c.yaml", []byte("epochs: 3\nrecipe: tinynetz\n"))
	cnnvk("train", "--config", "c.yaml").failed(t, exitFailed, `^cnnvk: c\.yaml: line 2: recipe "tinynetz": use smallcifarnet, smallcifarnet-light, smallcifarnet-medium, tinynet, .* or mobilenetv2$`, "did you mean tinynet?")
}

// The time in config.yaml is the record of a number of epochs; without that number it is to be measured.
func TestRecipeMaxTime(t *testing.T) {
	emptyFolder(t)
	writeFile(t, "run.yaml", []byte("epochs: 12\nmax_time: 1h\n"))
	writeFile(t, "wish.yaml", []byte("max_time: 1h\n"))
	for _, c := range []struct {
		args   string
		epochs int
		time   string
	}{
		{"--max-time 30m", 0, "30m0s"},
		{"--config run.yaml", 12, "1h0m0s"},
		{"--config wish.yaml", 0, "1h0m0s"},
		{"--config run.yaml --lr 0.1", 12, "1h0m0s"},
		{"--config run.yaml --epochs 5", 5, "0s"},
		{"--config run.yaml --max-time 2h", 0, "2h0m0s"},
	} {
		got, err := parsed(t, strings.Fields(c.args)...)
		if err != nil || got.Epochs != c.epochs || got.MaxTime.String() != c.time {
			t.Errorf("%q: %d epochs in %v, %v", c.args, got.Epochs, got.MaxTime, err)
		}
	}
}

// The help and the shells' completion know all named recipes.
func TestRecipeNames(t *testing.T) {
	o := cnnvk("train", "--help")
	o.ok(t)
	_, list, _ := strings.Cut(o.stdout, "\nRECIPES:\n")
	if lines := strings.Split(strings.TrimSpace(list), "\n"); len(lines) != len(training.Recipes) {
		t.Errorf("the help lists %q", lines)
	}
	if !slices.Equal(choices["recipe"], training.RecipeNames()) {
		t.Errorf("completion offers %v", choices["recipe"])
	}
}

// Training on all images leaves metrics.csv without validation, and best weights that are the last.
func TestTrainNoValidation(t *testing.T) {
	emptyFolder(t)
	o := quickest(t, "--epochs", "2", "--limit-steps", "8", "--val-ratio", "0", "--normalize=false", "--out", "a")
	o.ok(t)
	if strings.Contains(o.stdout, "  val ") || !strings.Contains(o.stdout, "weights of the last epoch in a/weights/best.safetensors") {
		t.Errorf("it says\n%s", o.stdout)
	}
	rows := strings.Split(strings.TrimSpace(read(t, "a/metrics.csv")), "\n")
	if len(rows) != 3 {
		t.Fatalf("metrics.csv has %q", rows)
	}
	for _, row := range rows[1:] {
		if cells := strings.Split(row, ","); len(cells) != 10 || cells[5] != "" || cells[6] != "" || cells[4] == "" || cells[7] == "" {
			t.Errorf("the row %q", row)
		}
	}
	if sum(t, "a/"+run.BestWeights) != sum(t, "a/"+run.LastWeights) || read(t, "a/split.json") != "{\"val\":[]}\n" {
		t.Errorf("the best weights are not the last, or the split is %s", read(t, "a/split.json"))
	}
	w, err := net.LoadWeights("a/" + run.BestWeights)
	if err != nil {
		t.Fatal(err)
	}
	if got := w.Metadata["preprocessing"]; got != `{"mean":[0,0,0],"std":[1,1,1]}` {
		t.Errorf("preprocessing %s", got)
	}
	mean, std, _, err := normalizedBy(t, w)
	if table := cifar.InputTable(mean, std); err != nil || table[1][51] != 0.2 {
		t.Errorf("eval takes byte 51 as %v, %v", table[1][51], err)
	}
}

// The images of a stratified validation are those that split.json names.
func TestTrainStratified(t *testing.T) {
	emptyFolder(t)
	quickest(t, "--limit-steps", "1", "--split", "stratified", "--seed", "7", "--out", "a").ok(t)
	var split map[string][]int
	if err := json.Unmarshal([]byte(read(t, "a/split.json")), &split); err != nil {
		t.Fatal(err)
	}
	want, _ := cifar.SplitStratified(cifar.Synthetic(0, testImages).Labels, 0.1, 7)
	if len(want) != 10 || !slices.Equal(split["val"], want) {
		t.Errorf("split.json has %v, want %v", split, want)
	}
}

// The baseline's recipe trains on all images, without an average, and leaves weights that eval takes.
func TestTrainTinyNet(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	o := cnnvk("train", "--recipe", "tinynet", "--data", synthetic, "--epochs", "2")
	o.ok(t)
	if !strings.Contains(o.stdout, "model: tinynet, 556708 parameters\n") || strings.Contains(o.stdout, "  val ") {
		t.Errorf("it says\n%s", o.stdout)
	}
	checkMetrics(t, "runs/tinynet/metrics.csv", "1,4,0.001,", "2,8,0.001,") // 100 images in batches of 32
	w, err := net.LoadWeights("runs/tinynet/" + run.BestWeights)
	if err != nil || w.Model.Name != net.TinyNetName || sum(t, "runs/tinynet/"+run.BestWeights) != sum(t, "runs/tinynet/"+run.LastWeights) {
		t.Errorf("%v, %v", w, err)
	}
}
