package net

import (
	"cnnvk/net/safetensors"

	"math"
	"slices"
	"testing"

	"cnnvk/engine"
)

func TestLoadStateDictRefuses(t *testing.T) {
	t.Parallel()
	w := someWeights(t, SmallCIFARNetName, narrow)
	good, err := w.Model.stateDict(w.Layout, w.Arena, 7)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(good, func(x safetensors.Tensor) bool { return x.Name == "classifier.bias" })
	changed := func(change func(*safetensors.Tensor)) []safetensors.Tensor {
		out := slices.Clone(good)
		out[at].F32 = slices.Clone(out[at].F32)
		change(&out[at])
		return out
	}
	for _, c := range []struct {
		says    string
		tensors []safetensors.Tensor
	}{
		{"tensor features.0.depthwise.weight is missing", nil},
		{"tensor classifier.bias is missing", slices.Delete(slices.Clone(good), at, at+1)},
		{"tensor classifier.scale () is not part of smallcifarnet",
			append(slices.Clone(good), safetensors.Tensor{Name: "classifier.scale", F32: []float32{1}})},
		{"tensor gap.num_batches_tracked () is not part of smallcifarnet",
			append(slices.Clone(good), safetensors.Tensor{Name: "gap.num_batches_tracked", I64: []int64{1}})},
		{"tensor classifier.bias is (50, 2), want (100)", changed(func(x *safetensors.Tensor) { x.Shape = []int{50, 2} })},
		{"tensor classifier.bias is (), want (100)", changed(func(x *safetensors.Tensor) { x.Shape, x.F32 = nil, x.F32[:1] })},
		{"tensor classifier.bias holds integers, not float32", changed(func(x *safetensors.Tensor) { x.F32, x.I64 = nil, make([]int64, 100) })},
		{"tensor classifier.bias holds NaN at place 99", changed(func(x *safetensors.Tensor) { x.F32[99] = float32(math.NaN()) })},
		{"tensor classifier.bias holds -Inf at place 1", changed(func(x *safetensors.Tensor) { x.F32[1] = float32(math.Inf(-1)) })},
	} {
		if _, err := w.Model.loadStateDict(w.Layout, c.tensors); err == nil || err.Error() != c.says {
			t.Errorf("got %v, want %s", err, c.says)
		}
	}
	// Files older than PyTorch 0.4.1 have no counters.
	old := slices.DeleteFunc(slices.Clone(good), func(x safetensors.Tensor) bool { return x.I64 != nil })
	if len(old) != len(good)-6 {
		t.Fatalf("%d counters", len(good)-len(old))
	}
	arena, err := w.Model.loadStateDict(w.Layout, old)
	if err != nil || !slices.Equal(arena, w.Arena) {
		t.Errorf("without counters: %v", err)
	}
}

func TestStateDictRefuses(t *testing.T) {
	t.Parallel()
	w := someWeights(t, SmallCIFARNetName, narrow)
	if _, err := w.Model.stateDict(w.Layout, w.Arena[:10], 0); err == nil {
		t.Error("an arena that is too short was written")
	}
	other, err := engine.NewLayout(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Model.stateDict(other, w.Arena, 0); err == nil {
		t.Error("an arena of another layout was written")
	}
}
