package main

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"
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

func diff(a, b int) int { return max(a-b, b-a) }
