package net

import (
	"math"
	"slices"
	"testing"

	"cnnvk/engine/cpu"
)

// A predictor finds the classes that an evaluation finds, in whole and in short batches.
func TestPredictor(t *testing.T) {
	t.Parallel()
	w, d := someWeights(t, SmallCIFARNetName, narrow), someData(5)
	_, want, err := Evaluate(t.Context(), cpu.New(), w, d, 5)
	if err != nil {
		t.Fatal(err)
	}
	shape := d.Shape
	shape.N = 2
	p, err := NewPredictor(t.Context(), cpu.New(), w, shape, d.Table)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	image := shape.C * shape.H * shape.W
	var found []uint8
	for batch := range slices.Chunk(d.Images, 2*image) {
		logits, err := p.Logits(batch)
		if err != nil || len(logits) != len(batch)/image {
			t.Fatalf("%d rows of logits, %v", len(logits), err)
		}
		for _, row := range logits {
			found = append(found, uint8(Top(row, 1)[0].Label))
		}
	}
	if !slices.Equal(found, want) {
		t.Errorf("found %v, an evaluation %v", found, want)
	}
	for _, n := range []int{0, 1, image + 1, 3 * image} {
		if _, err := p.Logits(make([]byte, n)); err == nil {
			t.Errorf("%d bytes are taken for images", n)
		}
	}
}

func TestPredictorNotFinite(t *testing.T) {
	t.Parallel()
	w, d := someWeights(t, TinyNetName, nil), someData(1)
	for i := range w.Arena {
		w.Arena[i] = math.Inf(1)
	}
	p, err := NewPredictor(t.Context(), cpu.New(), w, d.Shape, d.Table)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if logits, err := p.Logits(d.Images); err == nil {
		t.Errorf("infinite weights predict %v", logits)
	}
}

func TestTop(t *testing.T) {
	t.Parallel()
	e := math.E
	all := Top([]float64{1, 1002, 1003, 1002}, 9)
	want := []Guess{{2, 1003, e / (e + 2)}, {1, 1002, 1 / (e + 2)}, {3, 1002, 1 / (e + 2)}, {0, 1, 0}}
	for i, g := range all {
		if g.Label != want[i].Label || g.Logit != want[i].Logit || math.Abs(g.Probability-want[i].Probability) > 1e-15 {
			t.Errorf("guess %d is %+v, want %+v", i, g, want[i])
		}
	}
	if len(all) != 4 || len(Top([]float64{3, 4}, 1)) != 1 {
		t.Errorf("%d guesses of 4 classes", len(all))
	}
}
