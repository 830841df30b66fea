package net

import (
	"context"
	"errors"
	"fmt"
	"math"

	"cnnvk/engine"
)

// ErrNotFinite ends a training or an evaluation in which the loss or a gradient is infinite or NaN.
var ErrNotFinite = errors.New("the loss is not finite")

// Score is the outcome of an evaluation.
type Score struct {
	Correct     int
	CorrectTop5 int
	Total       int
	LossSum     float64 // of the plain cross-entropy
}

// Accuracy is the share of correct answers, 0 to 1.
func (s Score) Accuracy() float64 { return float64(s.Correct) / float64(max(s.Total, 1)) }

// Loss is the mean cross-entropy.
func (s Score) Loss() float64 { return s.LossSum / float64(max(s.Total, 1)) }

// Interval is the 95 % confidence interval of the accuracy, 0 to 1: Wilson's score interval (1927).
func (s Score) Interval() (low, high float64) {
	const z = 1.959963984540054
	n, p := float64(max(s.Total, 1)), s.Accuracy()
	mid := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return mid - half, mid + half
}

// EvaluationPrograms are what an evaluation of such images runs: a program for each batch size.
func EvaluationPrograms(w *Weights, d ImageShape, batch int) ([]*engine.Program, error) {
	b, err := evaluation(w, d, batch)
	if err != nil {
		return nil, err
	}
	return b.Programs(), nil
}

// Evaluate runs the weights over all of d in order, without smoothing or dropout. predicted is the class found for each image: that
// with the largest logit, the first of equal ones.
func Evaluate(ctx context.Context, e engine.Executor, w *Weights, d Data, batch int) (score Score, predicted []uint8, err error) {
	batches, err := evaluation(w, d.Shape, batch)
	if err != nil {
		return score, nil, err
	}
	s, err := e.NewSession(ctx, w.Layout, batches.Programs(), engine.PlanOptions{Keep: []string{tensorLogits}})
	if err != nil {
		return score, nil, ofEvaluation(ctx, err)
	}
	defer s.Close()
	if err := SetResidents(s, d); err != nil {
		return score, nil, err
	}
	if err := s.WriteArena(engine.Model, w.Arena); err != nil {
		return score, nil, err
	}
	score, predicted, err = runEval(ctx, s, batches, d, min(batch, d.Shape.N))
	return score, predicted, ofEvaluation(ctx, err)
}

func evaluation(w *Weights, d ImageShape, batch int) (*Batches, error) {
	if batch < 1 || d.N < 1 {
		return nil, fmt.Errorf("net: evaluation of %d images at batch size %d: both must be at least 1", d.N, batch)
	}
	return WriteBatches(d.N, min(batch, d.N), func(n int) (*engine.Program, error) {
		return EvalProgram(w.Model, w.Layout, engine.Model, w.Stored, d, n)
	})
}

// ofEvaluation adds to an error that says nothing of where it comes from, that it is an evaluation's.
func ofEvaluation(ctx context.Context, err error) error {
	if errors.Is(err, ErrNotFinite) || err != nil && ctx.Err() != nil {
		return fmt.Errorf("net: evaluation: %w", err)
	}
	return err
}

// runEval runs evaluation programs over all images, until ctx ends.
func runEval(ctx context.Context, s engine.Session, batches *Batches, d Data, batch int) (score Score, predicted []uint8, err error) {
	indices := make([]int, d.Shape.N)
	for i := range indices {
		indices[i] = i
	}
	err = QueueEvaluation(ctx, s, batches, d, indices, batch, func(p *engine.Program) error {
		logits := p.Tensor(tensorLogits)
		data, err := s.Read(p, logits)
		for n := range len(data) / logits.C() {
			predicted = append(predicted, largest(data[n*logits.C():][:logits.C()]))
		}
		return err
	})
	if err != nil {
		return score, nil, err
	}
	reports, err := s.Reports()
	if err != nil {
		return score, nil, err
	}
	for _, r := range reports {
		score.Add(r)
	}
	if !finite(score.LossSum) {
		return score, nil, ErrNotFinite
	}
	return score, predicted, nil
}

// Add counts a batch, by the report of its step.
func (s *Score) Add(r engine.Report) {
	metrics := r.Results[ResultMetrics]
	s.LossSum += metrics[engine.MetricLoss]
	s.Correct += int(metrics[engine.MetricTop1])
	s.CorrectTop5 += int(metrics[engine.MetricTop5])
	s.Total += r.Program.Batch
}

// largest is the place of the largest value, the first of equal ones.
func largest(values []float64) uint8 {
	best := 0
	for i, v := range values {
		if v > values[best] {
			best = i
		}
	}
	return uint8(best)
}

// QueueEvaluation queues evaluation programs over images until ctx ends. It calls each, if set, after every batch.
func QueueEvaluation(ctx context.Context, s engine.Session, batches *Batches, d Data, images []int, batch int, each func(*engine.Program) error) error {
	for from := 0; from < len(images); from += batch {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p, r, err := batches.Fill(d, images[from:min(from+batch, len(images))])
		if err != nil {
			return err
		}
		if err := s.Run(p, r); err != nil {
			return err
		}
		if each == nil {
			continue
		}
		if err := each(p); err != nil {
			return err
		}
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
