package training

import (
	"context"

	"cnnvk/engine"
	"cnnvk/net"
)

// stop waits for what is queued. The error is the *Stopped of an epoch that was cut short.
func (t *Trainer) stop(ctx context.Context, r *running) error {
	if err := t.pause(r); err != nil {
		return err
	}
	return &Stopped{r.Progress, t.run.at.Total, context.Cause(ctx)}
}

// pause waits for what is queued and notes how far the epoch is.
func (t *Trainer) pause(r *running) error {
	err := t.look(r, t.run.session.Reports)
	t.run.at.Step, t.run.at.Sum, t.run.at.Elapsed, t.run.at.LossScale = r.Step, r.sum, r.Elapsed, r.LossScale
	return err
}

// look collects the reports of steps and tells the observer. A loss or gradient that is not finite ends the training.
func (t *Trainer) look(r *running, ask func() ([]engine.Report, error)) error {
	reports, err := ask()
	if err != nil {
		return err
	}
	for _, report := range reports {
		isTraining := t.run.train.Has(report.Program)
		if isTraining {
			r.Rate = r.rate(r.Step)
		}
		if isTraining && t.Recipe.scalesLoss() && report.Results[resultNorm][engine.NormNotFinite] != 0 {
			return r.diverged(r.before + r.Step + 1)
		}
		if isTraining && !sound(report) {
			return r.notFinite("step", r.before+r.Step+1)
		}
		r.collect(report, isTraining)
	}
	t.tell(r)
	return nil
}

// tell works out the epoch's means so far. It calls OnSteps if a training step has finished since the last call.
func (t *Trainer) tell(r *running) {
	r.Images, r.Loss, r.Accuracy = r.sum.Total, r.sum.Loss(), r.sum.Accuracy()
	t.run.now = r.Progress
	if t.OnSteps != nil && r.Step > r.told {
		r.told = r.Step
		t.OnSteps(r.Progress)
	}
}

// sound says whether a training step's loss and gradients were finite, or the step was skipped since they were not.
func sound(report engine.Report) bool {
	norm := report.Results[resultNorm]
	return norm[engine.NormSkipped] != 0 || norm[engine.NormNotFinite] == 0 && finite(report.Results[net.ResultMetrics][engine.MetricLoss])
}
