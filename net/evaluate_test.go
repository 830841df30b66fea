package net

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/engine/cpu"
)

// The literals are the roots of (p - x/n)² = z² p (1-p)/n, the equation that Wilson's interval solves, worked out apart.
func TestScoreInterval(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		correct, total int
		low, high      float64
	}{
		{0, 10, 0, 0.27753279986288915},
		{1, 3, 0.06149194472039624, 0.7923403991979524},
		{5, 10, 0.236593090512564, 0.763406909487436},
		{10, 10, 0.7224672001371111, 1},
		{5282, 10000, 0.5184068229048395, 0.5379715195870542},
	} {
		low, high := Score{Correct: c.correct, Total: c.total}.Interval()
		if math.Abs(low-c.low) > 1e-12 || math.Abs(high-c.high) > 1e-12 {
			t.Errorf("%d of %d: %v to %v, want %v to %v", c.correct, c.total, low, high, c.low, c.high)
		}
	}
}

func TestScore(t *testing.T) {
	t.Parallel()
	s := Score{Correct: 3, Total: 4, LossSum: 2}
	if s.Accuracy() != 0.75 || s.Loss() != 0.5 {
		t.Errorf("accuracy %g, loss %g", s.Accuracy(), s.Loss())
	}
	if none := (Score{}); none.Accuracy() != 0 || none.Loss() != 0 {
		t.Errorf("of nothing: accuracy %g, loss %g", none.Accuracy(), none.Loss())
	}
}

func someData(n int) Data {
	set := cifar.Synthetic(0, n)
	d := Data{Images: set.Images, Labels: set.Labels, Shape: ImageShape{N: n, C: cifar.Channels, H: cifar.Side, W: cifar.Side}}
	for _, channel := range cifar.NormalizeTable() {
		d.Table = append(d.Table, channel[:]...)
	}
	return d
}

// The batch size changes no result: each image is evaluated by itself, in float64.
func TestEvaluateBatches(t *testing.T) {
	t.Parallel()
	w, d := someWeights(t, SmallCIFARNetName, narrow), someData(5)
	var want Score
	for i, batch := range []int{5, 1, 2, 100} {
		s, predicted, err := Evaluate(t.Context(), cpu.New(), w, d, batch)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			want = s
		}
		if c := NewConfusion(len(cifar.CIFAR100.Classes), d.Labels, predicted); correctOf(c) != s.Correct || len(predicted) != 5 {
			t.Errorf("batches of %d: predictions %v, of which %d are right", batch, predicted, s.Correct)
		}
		if s.Total != 5 || s.Correct != want.Correct || s.CorrectTop5 != want.CorrectTop5 || math.Abs(s.LossSum-want.LossSum) > 1e-9 {
			t.Errorf("batches of %d: %+v, want %+v", batch, s, want)
		}
	}
	if loss := want.Loss(); loss < 4 || loss > 5.5 {
		t.Errorf("an untrained network has the loss %g, far from log 100", loss)
	}
}

func TestEvaluateRefuses(t *testing.T) {
	t.Parallel()
	w := someWeights(t, SmallCIFARNetName, narrow)
	for _, c := range []struct {
		n, batch int
	}{{0, 4}, {3, 0}, {3, -1}} {
		if _, _, err := Evaluate(t.Context(), cpu.New(), w, someData(c.n), c.batch); err == nil || !strings.HasPrefix(err.Error(), "net: evaluation of ") {
			t.Errorf("%d images, batch size %d: %v", c.n, c.batch, err)
		}
	}
	for i := range w.Arena {
		w.Arena[i] *= 1e300 // finite, but not what comes of it
	}
	_, _, err := Evaluate(t.Context(), cpu.New(), w, someData(2), 2)
	if !errors.Is(err, ErrNotFinite) || err.Error() != "net: evaluation: the loss is not finite" {
		t.Errorf("weights of 1e300: %v", err)
	}
}

// The error of an evaluation that was stopped is the context's cause.
func TestEvaluateStopped(t *testing.T) {
	t.Parallel()
	ctx, end := context.WithCancelCause(t.Context())
	cause := errors.New("interrupted")
	end(cause)
	_, _, err := Evaluate(ctx, cpu.New(), someWeights(t, SmallCIFARNetName, narrow), someData(5), 2)
	if !errors.Is(err, cause) || err.Error() != "net: evaluation: interrupted" {
		t.Errorf("got %v", err)
	}
}

// correctOf is the sum of the diagonal.
func correctOf(c Confusion) (sum int) {
	for label := range c.Classes {
		correct, _ := c.Class(label)
		sum += correct
	}
	return sum
}

func TestConfusion(t *testing.T) {
	t.Parallel()
	c := NewConfusion(3, []uint8{0, 0, 0, 0, 1, 2}, []uint8{0, 1, 2, 2, 1, 0})
	if correct, total := c.Class(0); correct != 1 || total != 4 {
		t.Errorf("class 0: %d of %d, want 1 of 4", correct, total)
	}
	if rival, times := c.Rival(0); rival != 2 || times != 2 {
		t.Errorf("class 0 is taken for %d, %d times; want 2, twice", rival, times)
	}
	if _, times := c.Rival(1); times != 0 {
		t.Errorf("class 1 is never taken for another, not %d times", times)
	}
	if correctOf(c) != 2 {
		t.Errorf("%d are right, want 2", correctOf(c))
	}
}
