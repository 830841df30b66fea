package main

import (
	"bytes"
	"encoding/json"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/net"
	"cnnvk/net/training"
)

// TestEvalReference evaluates PyTorch's weights on the real test set: the counts and the loss are PyTorch's own.
func TestEvalReference(t *testing.T) {
	folder, data := sharedPath(t, "CNNVK_WEIGHTS"), sharedPath(t, "CNNVK_DATA")
	emptyFolder(t)
	needVulkan(t)
	var want struct {
		Params int     `json:"params"`
		Top1   int     `json:"test_correct"`
		Top5   int     `json:"test_top5_correct"`
		Total  int     `json:"test_total"`
		Loss   float64 `json:"test_loss"`
	}
	if err := json.Unmarshal([]byte(read(t, filepath.Join(folder, "smallcifarnet_reference.json"))), &want); err != nil {
		t.Fatal(err)
	}
	weights := filepath.Join(folder, "smallcifarnet_reference.safetensors")
	o := cnnvk("eval", "--json", "--data", data, "--weights", weights)
	o.ok(t)
	r := object[evalResult](t, o.stdout)
	t.Logf("%+v", r)
	// Sums in float32 turn over an image in a few thousand; the tolerance is the issue's.
	if r.Params != want.Params || r.Total != want.Total || diff(r.Correct, want.Top1) > 2 || diff(r.CorrectTop5, want.Top5) > 2 {
		t.Errorf("got %+v, want %+v", r, want)
	}
	if math.Abs(r.Loss-want.Loss) > 1e-4 || math.Abs(r.Accuracy-float64(r.Correct)/100) > 1e-9 {
		t.Errorf("loss %g, accuracy %g, want loss %g", r.Loss, r.Accuracy, want.Loss)
	}
	if !(r.Interval95[0] < r.Accuracy && r.Accuracy < r.Interval95[1]) || !strings.Contains(o.stderr, "765055 parameters") {
		t.Errorf("interval %v, said %q", r.Interval95, o.stderr)
	}
}

// Images are normalised as the weights were trained; where their file does not say, as their network's recipe does, and that is said.
// A flag wins over both.
func TestEvalNormalization(t *testing.T) {
	const scaled = `{"mean":[0,0,0],"std":[1,1,1]}`
	for _, c := range []struct {
		model, says, args string
		normalized        bool
		told              string
	}{
		{net.SmallCIFARNetName, scaled, "", false, ""},
		{net.SmallCIFARNetName, scaled, "--normalize", true, ""},
		{net.SmallCIFARNetName, "", "", true, "input: normalised by channel, as in the recipe smallcifarnet, for the weights do not say (--normalize=false: scaled to 0..1)\n"},
		{net.SmallCIFARNetName, "", "--normalize=false", false, ""},
		{net.TinyNetName, "", "", false, "input: scaled to 0..1, as in the recipe tinynet, for the weights do not say (--normalize=true: normalised by channel)\n"},
		{net.TinyNetName, "", "--normalize", true, ""},
	} {
		w := &net.Weights{Model: &net.Model{Name: c.model, Task: net.CIFAR100}, Metadata: map[string]string{}}
		if c.says != "" {
			w.Metadata["preprocessing"] = c.says
		}
		mean, std, told, err := normalizedBy(t, w, strings.Fields(c.args)...)
		wantMean, wantStd := normalization(training.Recipe{Normalize: c.normalized}, cifar.Synthetic(1, 1))
		if err != nil || !slices.Equal(mean, wantMean) || !slices.Equal(std, wantStd) || told != c.told {
			t.Errorf("%s, metadata %q, %s: mean %v, std %v, %v, told %q", c.model, c.says, c.args, mean, std, err, told)
		}
	}
	for _, says := range []string{`{"mean":[0,0,0],"std":[1,0,1]}`, `{"mean":[0],"std":[1]}`} {
		w := &net.Weights{Model: &net.Model{Name: net.TinyNetName, Task: net.CIFAR100}, Metadata: map[string]string{"preprocessing": says}}
		if _, _, _, err := normalizedBy(t, w); err == nil || !strings.Contains(err.Error(), "cannot be normalised") {
			t.Errorf("%s: %v", says, err)
		}
	}
}

// normalizedBy is what eval with those flags brings images to, and what it says of that.
func normalizedBy(t *testing.T, w *net.Weights, args ...string) (mean, std []float64, told string, err error) {
	t.Helper()
	var out bytes.Buffer
	app := small().app(&out, new(bytes.Buffer))
	app.Command("eval").Action = func(c *cli.Context) error {
		s, failed := small().newConsole(c, false)
		if failed != nil {
			return failed
		}
		var in net.Input
		if in, err = inputOf(w); err == nil {
			mean, std = normalizing(c, s, w, in)(cifar.Synthetic(1, 1))
		}
		return nil
	}
	if failed := app.Run(append([]string{"cnnvk", "eval"}, args...)); failed != nil {
		t.Fatal(failed)
	}
	return mean, std, out.String(), err
}

func diff(a, b int) int { return max(a-b, b-a) }
