package net

import (
	"errors"
	"math"
	"slices"
	"testing"

	"cnnvk/engine/cpu"
)

// Images and their mirror images have the same score with flips, in batches of any size; of images that are their own mirror images it is that
// without flips.
func TestEvaluateFlips(t *testing.T) {
	t.Parallel()
	w, d := someWeights(t, TinyNetName, []int{3, 5, 7}), someData(9)
	want, predicted, err := EvaluateFlips(t.Context(), cpu.New(), w, d, 4)
	if err != nil {
		t.Fatal(err)
	}
	got, again, err := EvaluateFlips(t.Context(), cpu.New(), w, mirrored(d), 9)
	if err != nil || !slices.Equal(again, predicted) || got.Correct != want.Correct || math.Abs(got.LossSum-want.LossSum) > 1e-9 {
		t.Errorf("mirrored: %+v, want %+v, %v", got, want, err)
	}
	if plain, _, _ := Evaluate(t.Context(), cpu.New(), w, d, 4); math.Abs(plain.LossSum-want.LossSum) < 1e-6 {
		t.Errorf("flips change nothing: %v, %v", plain.LossSum, want.LossSum)
	}
	symmetric := mirrored(d)
	for i := range symmetric.Images {
		if i%d.Shape.W < d.Shape.W/2 {
			symmetric.Images[i] = d.Images[i]
		}
	}
	plain, own, err := Evaluate(t.Context(), cpu.New(), w, symmetric, 4)
	if err != nil {
		t.Fatal(err)
	}
	got, again, err = EvaluateFlips(t.Context(), cpu.New(), w, symmetric, 4)
	if err != nil || got.Correct != plain.Correct || got.CorrectTop5 != plain.CorrectTop5 || got.Total != 9 || math.Abs(got.LossSum-plain.LossSum) > 1e-9 || !slices.Equal(own, again) {
		t.Errorf("symmetric: %+v, want %+v, %v", got, plain, err)
	}
	for i := range w.Arena {
		w.Arena[i] *= 1e300
	}
	if _, _, err := EvaluateFlips(t.Context(), cpu.New(), w, d, 4); !errors.Is(err, ErrNotFinite) {
		t.Errorf("weights of 1e300: %v", err)
	}
}

// torch.nn.functional.cross_entropy of these logits is 1.4401896985 for label 1 and 0.4401896985 for label 2.
func TestAddLogits(t *testing.T) {
	t.Parallel()
	var s Score
	s.addLogits([]float64{-1, 1, 2, 0}, 1)
	s.addLogits([]float64{-1, 1, 2, 0}, 2)
	if math.Abs(s.LossSum-1.8803793970) > 1e-9 || s.Correct != 1 || s.CorrectTop5 != 2 || s.Total != 2 {
		t.Errorf("%+v", s)
	}
	s = Score{}
	s.addLogits([]float64{1, 1, 1, 1, 1, 1}, 5) // sixth
	s.addLogits([]float64{1, 1, 1, 1, 1, 1}, 0) // first
	if s.Correct != 1 || s.CorrectTop5 != 1 {
		t.Errorf("equal logits: %+v", s)
	}
}
