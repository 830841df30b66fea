package net

import (
	"math"
	"slices"
	"testing"

	"cnnvk/engine"
)

// 48 epochs of 352 steps, as PyTorch counts them. The average of the integer is float32, cut each time.
func TestCounters(t *testing.T) {
	var c Counters
	for range 16_896 {
		c.Step(0.995)
	}
	if c.Model != 16_896 || c.EMA != 16_697 {
		t.Errorf("%+v, want 16896 and 16697", c)
	}
	c = Counters{}
	c.Step(0)
	c.Step(0)
	if c.Model != 2 || c.EMA != 2 {
		t.Errorf("without memory: %+v, want 2 and 2", c)
	}
}

func TestLoadStateDictRefuses(t *testing.T) {
	w := someWeights(t, SmallCIFARNetName, narrow)
	good, err := w.Model.stateDict(w.Layout, w.Arena, 7)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(good, func(x NamedTensor) bool { return x.Name == "classifier.bias" })
	changed := func(change func(*NamedTensor)) []NamedTensor {
		out := slices.Clone(good)
		out[at].F32 = slices.Clone(out[at].F32)
		change(&out[at])
		return out
	}
	for _, c := range []struct {
		says    string
		tensors []NamedTensor
	}{
		{"tensor features.0.depthwise.weight is missing", nil},
		{"tensor classifier.bias is missing", slices.Delete(slices.Clone(good), at, at+1)},
		{"tensor classifier.scale () is not part of smallcifarnet",
			append(slices.Clone(good), NamedTensor{Name: "classifier.scale", F32: []float32{1}})},
		{"tensor gap.num_batches_tracked () is not part of smallcifarnet",
			append(slices.Clone(good), NamedTensor{Name: "gap.num_batches_tracked", I64: []int64{1}})},
		{"tensor classifier.bias is (50, 2), want (100)", changed(func(x *NamedTensor) { x.Shape = []int{50, 2} })},
		{"tensor classifier.bias is (), want (100)", changed(func(x *NamedTensor) { x.Shape, x.F32 = nil, x.F32[:1] })},
		{"tensor classifier.bias holds integers, not float32", changed(func(x *NamedTensor) { x.F32, x.I64 = nil, make([]int64, 100) })},
		{"tensor classifier.bias holds NaN at place 99", changed(func(x *NamedTensor) { x.F32[99] = float32(math.NaN()) })},
		{"tensor classifier.bias holds -Inf at place 1", changed(func(x *NamedTensor) { x.F32[1] = float32(math.Inf(-1)) })},
	} {
		if _, err := w.Model.loadStateDict(w.Layout, c.tensors); err == nil || err.Error() != c.says {
			t.Errorf("got %v, want %s", err, c.says)
		}
	}
	// Files older than PyTorch 0.4.1 have no counters.
	old := slices.DeleteFunc(slices.Clone(good), func(x NamedTensor) bool { return x.I64 != nil })
	if len(old) != len(good)-6 {
		t.Fatalf("%d counters", len(good)-len(old))
	}
	arena, err := w.Model.loadStateDict(w.Layout, old)
	if err != nil || !slices.Equal(arena, w.Arena) {
		t.Errorf("without counters: %v", err)
	}
}

func TestStateDictRefuses(t *testing.T) {
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
