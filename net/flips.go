package net

import (
	"context"
	"fmt"
	"math"

	"cnnvk/engine"
)

// EvaluateFlips is Evaluate with test-time flips: an image's logits are the mean of its own and those of its mirror image, and loss and ranks
// follow from these.
func EvaluateFlips(ctx context.Context, e engine.Executor, w *Weights, d Data, batch int) (score Score, predicted []uint8, err error) {
	batches, err := evaluation(w, d.Shape, batch)
	if err != nil {
		return score, nil, err
	}
	s, err := e.NewSession(ctx, w.Layout, batches.Programs(), engine.PlanOptions{Keep: []string{tensorLogits}})
	if err != nil {
		return score, nil, ofEvaluation(ctx, err)
	}
	defer s.Close()
	if err := s.WriteArena(engine.Model, w.Arena); err != nil {
		return score, nil, err
	}
	var logits []float64
	for _, images := range []Data{d, mirrored(d)} {
		if err := SetResidents(s, images); err != nil {
			return score, nil, err
		}
		seen, err := logitsOf(ctx, s, batches, images, min(batch, d.Shape.N))
		if err != nil {
			return score, nil, fmt.Errorf("net: evaluation: %w", err)
		}
		if logits == nil {
			logits = make([]float64, len(seen))
		}
		for i, v := range seen {
			logits[i] += v / 2
		}
	}
	classes := len(logits) / d.Shape.N
	for i, label := range d.Labels[:d.Shape.N] {
		row := logits[i*classes:][:classes]
		score.addLogits(row, int(label))
		predicted = append(predicted, largest(row))
	}
	if !finite(score.LossSum) {
		return score, nil, fmt.Errorf("net: evaluation: %w", ErrNotFinite)
	}
	return score, predicted, nil
}

// logitsOf are the logits (N,classes) of all images.
func logitsOf(ctx context.Context, s engine.Session, batches *Batches, d Data, batch int) (logits []float64, err error) {
	indices := make([]int, d.Shape.N)
	for i := range indices {
		indices[i] = i
	}
	err = QueueEvaluation(ctx, s, batches, d, indices, batch, func(p *engine.Program) error {
		values, err := s.Read(p, p.Tensor(tensorLogits))
		logits = append(logits, values...)
		return err
	})
	if err != nil {
		return nil, err
	}
	_, err = s.Reports()
	return logits, err
}

// mirrored is the data with left and right of each image changed.
func mirrored(d Data) Data {
	w := d.Shape.W
	out := make([]byte, len(d.Images))
	for i := range out {
		out[i] = d.Images[i/w*w+w-1-i%w]
	}
	d.Images = out
	return d
}

// addLogits counts an image, as the op cross_entropy does: of equal logits the first ranks first.
func (s *Score) addLogits(row []float64, label int) {
	top, sum, before := math.Inf(-1), 0.0, 0
	for m, v := range row {
		top = max(top, v)
		if v > row[label] || v == row[label] && m < label {
			before++
		}
	}
	for _, v := range row {
		sum += math.Exp(v - top)
	}
	s.LossSum += math.Log(sum) + top - row[label]
	s.Total++
	if before < 1 {
		s.Correct++
	}
	if before < 5 {
		s.CorrectTop5++
	}
}
