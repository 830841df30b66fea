package net

import (
	"context"
	"errors"
	"fmt"
	"math"

	"cnnvk/engine"
)

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

func (s *Score) add(metrics []float64, batch int) {
	s.LossSum += metrics[engine.MetricLoss]
	s.Correct += int(metrics[engine.MetricTop1])
	s.CorrectTop5 += int(metrics[engine.MetricTop5])
	s.Total += batch
}

// EvaluationPrograms writes what an evaluation of such images runs: a program for every batch size.
func EvaluationPrograms(w *Weights, d ImageShape, batch int) ([]*engine.Program, error) {
	programs, err := evaluation(w, d, batch)
	return values(programs), err
}

// evaluation is EvaluationPrograms, by batch size.
func evaluation(w *Weights, d ImageShape, batch int) (map[int]*engine.Program, error) {
	if batch < 1 || d.N < 1 {
		return nil, fmt.Errorf("net: evaluation of %d images at batch size %d: both must be at least 1", d.N, batch)
	}
	programs := map[int]*engine.Program{}
	for _, n := range batchSizes(d.N, min(batch, d.N)) {
		p, err := EvalProgram(w.Model, w.Layout, engine.Model, d, n)
		if err != nil {
			return nil, err
		}
		programs[n] = p
	}
	return programs, nil
}

// Evaluate runs the weights over all of d in order, without smoothing or dropout. predicted is the class found for each image: that
// with the largest logit, the first of equal ones.
func Evaluate(ctx context.Context, e engine.Executor, w *Weights, d Data, batch int) (score Score, predicted []uint8, err error) {
	programs, err := evaluation(w, d.Shape, batch)
	if err != nil {
		return score, nil, err
	}
	s, err := e.NewSession(w.Layout, values(programs), engine.PlanOptions{Keep: []string{tensorLogits}})
	if err != nil {
		return score, nil, err
	}
	defer s.Close()
	if err := SetResidents(s, d); err != nil {
		return score, nil, err
	}
	if err := s.WriteArena(engine.Model, w.Arena); err != nil {
		return score, nil, err
	}
	score, predicted, err = runEval(ctx, s, programs, d, min(batch, d.Shape.N))
	if errors.Is(err, ErrNotFinite) || err != nil && ctx.Err() != nil {
		err = fmt.Errorf("net: evaluation: %w", err)
	}
	return score, predicted, err
}

// runEval runs evaluation programs, by batch size, over all images, until ctx ends.
func runEval(ctx context.Context, s engine.Session, programs map[int]*engine.Program, d Data, batch int) (score Score, predicted []uint8, err error) {
	indices := make([]int, d.Shape.N)
	for i := range indices {
		indices[i] = i
	}
	err = queueEval(ctx, s, programs, d, indices, batch, func() error {
		p := programs[min(batch, len(indices)-len(predicted))]
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
		score.add(r.Results[ResultMetrics], r.Program.Batch)
	}
	if !finite(score.LossSum) {
		return score, nil, ErrNotFinite
	}
	return score, predicted, nil
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

// queueEval queues evaluation programs over the images at indices, until ctx ends, and calls each, if set, after every one.
func queueEval(ctx context.Context, s engine.Session, programs map[int]*engine.Program, d Data, indices []int, batch int, each func() error) error {
	records := map[int]*engine.Record{}
	for from := 0; from < len(indices); from += batch {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		part := indices[from:min(from+batch, len(indices))]
		p := programs[len(part)]
		if p == nil {
			return fmt.Errorf("net: no program for a batch of %d", len(part))
		}
		r := records[len(part)]
		if r == nil {
			r = engine.NewRecord(p)
			records[len(part)] = r
		}
		FillBatch(r, d, part)
		if err := s.Run(p, r); err != nil {
			return err
		}
		if each == nil {
			continue
		}
		if err := each(); err != nil {
			return err
		}
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// batchSizes are the sizes into which n things fall at that batch size: it, and what is left over.
func batchSizes(n, batch int) []int {
	var out []int
	if n == 0 {
		return nil
	}
	if n >= batch {
		out = append(out, batch)
	}
	if rest := n % batch; rest > 0 {
		out = append(out, rest)
	}
	return out
}

// values lists the programs, largest batch first, so that a session is made alike every time.
func values(programs map[int]*engine.Program) []*engine.Program {
	var out []*engine.Program
	most := 0
	for n := range programs {
		most = max(most, n)
	}
	for n := most; n > 0; n-- {
		if p := programs[n]; p != nil {
			out = append(out, p)
		}
	}
	return out
}
