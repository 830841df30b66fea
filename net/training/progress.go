package training

import (
	"fmt"
	"math"
	"time"

	"cnnvk/engine"
	"cnnvk/net"
)

// Progress is how far an epoch is.
type Progress struct {
	Epoch, Step, Steps int // epoch from 1; steps done in it, of how many
	Images             int
	Elapsed            time.Duration // since the epoch began
	Loss, Accuracy     float64       // means over the epoch's samples so far
	Rate               float64       // of learning: the epoch's, or that of the last step
	LossScale
}

// LossScale says how a training in float16 goes whose loss is scaled; it is zero where it is not.
type LossScale struct {
	Scale   float64 `json:"loss_scale,omitempty"`    // of the last step
	Skipped int     `json:"skipped_steps,omitempty"` // steps of the epoch so far whose gradients have overflowed, so that they updated nothing
}

// ImagesPerSecond is the pace since the epoch began; 0 before its first step.
func (p Progress) ImagesPerSecond() float64 {
	if p.Elapsed <= 0 {
		return 0
	}
	return float64(p.Images) / p.Elapsed.Seconds()
}

// EpochEnded is the outcome of an epoch.
type EpochEnded struct {
	Progress
	Validation net.Score     // of the validation images: see validate
	ValTime    time.Duration // the validation's share of the time
	Wall       time.Duration // from the end of the last validation, or the start of the training, to the end of this one
	Busy       time.Duration // the part of Wall in which the device worked; 0 if unknown
	Best       bool          // the best validation accuracy so far; without validation every epoch is the best
	Last       bool          // no epoch follows
	TotalSteps int           // optimiser steps in the run so far
}

// BusyShare is Busy as a share of Wall, 0 to 1; 0 if unknown.
func (e EpochEnded) BusyShare() float64 { return float64(e.Busy) / float64(max(e.Wall, 1)) }

// Stopped is the end of a training whose context ended. What was queued is done: the weights are those of the last step.
type Stopped struct {
	Progress       // of the epoch that was cut short; all of its steps are done where its validation was
	TotalSteps int // optimiser steps in the run
	cause      error
}

func (s *Stopped) Error() string {
	return fmt.Sprintf("net: after step %d (epoch %d): %v", s.TotalSteps, s.Epoch, s.cause)
}

// Unwrap is the cause of the context's end, which wraps context.Canceled.
func (s *Stopped) Unwrap() error { return s.cause }

// running is an epoch under way.
type running struct {
	EpochEnded
	before   int // optimiser steps of the run before the epoch
	rate     func(step int) float64
	sum      net.Score // of the training steps that are done
	queued   int       // training steps
	began    time.Time // the first of them was queued
	trained  time.Time // the last of them so far was done
	finished time.Time // the last step of any kind was
	told     int       // steps that the observer knows of
}

// begin is an epoch under way of which those steps are done that the position names.
func begin(p Position) *running {
	now := time.Now()
	r := &running{before: p.Total - p.Step, sum: p.Sum, queued: p.Step, told: p.Step, began: now.Add(-p.Elapsed), trained: now, finished: now}
	r.Step, r.Elapsed, r.LossScale = p.Step, p.Elapsed, p.LossScale
	return r
}

// collect adds the report of a training step, or else of a validation batch.
func (r *running) collect(report engine.Report, isTraining bool) {
	r.finished = report.Done
	if !isTraining {
		r.Validation.Add(report)
		return
	}
	if norm := report.Results[resultNorm]; norm[engine.NormLossScale] > 0 {
		r.Scale = norm[engine.NormLossScale]
		r.Skipped += int(norm[engine.NormSkipped])
	}
	if finite(report.Results[net.ResultMetrics][engine.MetricLoss]) { // else the step was skipped
		r.sum.Add(report)
	}
	r.Step++
	r.trained = report.Done
	r.Elapsed = r.trained.Sub(r.began)
}

// diverged is the error of a step whose gradients have overflowed once more at the smallest loss scale.
func (r *running) diverged(step int) error {
	return fmt.Errorf("net: step %d (epoch %d, learning rate %.4g): the gradients have overflowed in %d steps in a row, the loss scale being 1: %w",
		step, r.Epoch, r.Rate, engine.LossScaleAttempts, net.ErrNotFinite)
}

// notFinite is the error of a step or a batch whose loss or gradient is not finite; what names it.
func (r *running) notFinite(what string, step int) error {
	return fmt.Errorf("net: %s %d (epoch %d, learning rate %.4g): %w", what, step, r.Epoch, r.Rate, net.ErrNotFinite)
}

// meter tells what share of the time a device worked, from readings of how long it has worked by then.
type meter struct {
	at   time.Time
	busy time.Duration
}

// read takes a reading, and returns what has passed since the one before.
func (m *meter) read(at time.Time, busy time.Duration) (wall, worked time.Duration) {
	wall, worked = at.Sub(m.at), busy-m.busy
	*m = meter{at, busy}
	return wall, worked
}

// limited reports whether the limit of steps is reached.
func (t *Trainer) limited() bool {
	return t.Recipe.LimitSteps > 0 && t.run.at.Total >= t.Recipe.LimitSteps
}

// StepsPerEpoch is the number of steps of a whole epoch; the last may be of fewer images.
func (t *Trainer) StepsPerEpoch() int {
	return (len(t.Train) + t.Recipe.BatchSize - 1) / t.Recipe.BatchSize
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
