package net

import (
	"slices"
	"strings"
	"testing"

	"cnnvk/engine"
)

func TestBatchSizes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n, batch int
		want     []int
	}{
		{45_000, 128, []int{128, 72}}, {5_000, 128, []int{128, 8}}, {10_000, 128, []int{128, 16}},
		{9, 4, []int{4, 1}}, {10, 5, []int{5}}, {3, 5, []int{3}}, {1, 1, []int{1}}, {7, 1, []int{1}},
	} {
		if got := batchSizes(c.n, c.batch); !slices.Equal(got, c.want) {
			t.Errorf("%d in batches of %d: %v, want %v", c.n, c.batch, got, c.want)
		}
	}
}

// A batch is run by the program of its size, whose inputs are the same ones every time; another program of that size is none of them.
func TestBatches(t *testing.T) {
	t.Parallel()
	w, d := someWeights(t, SmallCIFARNetName, narrow), someData(5)
	write := func(n int) (*engine.Program, error) {
		return EvalProgram(w.Model, w.Layout, engine.Model, engine.Float, d.Shape, n)
	}
	b, err := WriteBatches(5, 3, write)
	if err != nil {
		t.Fatal(err)
	}
	list := b.Programs()
	if len(list) != 2 || list[0].Batch != 3 || list[1].Batch != 2 {
		t.Fatalf("programs %v", list)
	}
	other, err := write(3)
	if err != nil {
		t.Fatal(err)
	}
	if !b.Has(list[0]) || !b.Has(list[1]) || b.Has(other) {
		t.Error("programs are not told apart")
	}
	p, first, err := b.Fill(d, []int{4, 1})
	if err != nil || p != list[1] {
		t.Fatalf("%v, %v", p, err)
	}
	if got, want := first.Uints(inputLabels), []uint32{uint32(d.Labels[4]), uint32(d.Labels[1])}; !slices.Equal(got, want) {
		t.Errorf("labels %d, want %d", got, want)
	}
	_, second, err := b.Fill(d, []int{0, 3})
	if got := second.Uints(inputIndices); err != nil || second != first || !slices.Equal(got, []uint32{0, 3}) {
		t.Errorf("filled again: indices %d, %v", got, err)
	}
	if _, _, err := b.Fill(d, []int{0}); err == nil || !strings.Contains(err.Error(), "no program for a batch of 1") {
		t.Errorf("a batch of one: %v", err)
	}
}
