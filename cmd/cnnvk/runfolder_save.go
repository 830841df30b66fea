package main

import (
	"io"
	"path/filepath"
	"slices"

	"cnnvk/cmd/cnnvk/chart"
	"cnnvk/engine/trace"
	"cnnvk/net"
	"cnnvk/net/training"
)

// saveEpoch has an epoch's files written while the device goes on with the next one. An error of those before is returned here; to
// hear of one sooner there is failed, which may be called at any time.
func (f *runFolder) saveEpoch(t *training.Trainer, e training.EpochEnded, failed func(error)) error {
	if err := f.wait(); err != nil {
		return err
	}
	epochs := f.with(metricsOf(e))
	c, err := f.checkpoint(t, epochs)
	if err != nil {
		return err
	}
	f.write(func() error { return f.save(c, t.Model, epochs) }, failed)
	return nil
}

// saveMidEpoch has a checkpoint written in the midst of an epoch, unless the one before is not written yet.
func (f *runFolder) saveMidEpoch(t *training.Trainer, failed func(error)) error {
	select {
	case err := <-f.writing:
		if f.writing = nil; err != nil {
			return err
		}
	default:
		if f.writing != nil {
			return nil
		}
	}
	c, err := f.checkpoint(t, f.metrics)
	if err != nil {
		return err
	}
	f.write(func() error { return f.writeCheckpoint(c) }, failed)
	return nil
}

// write has files written in a goroutine of its own.
func (f *runFolder) write(all func() error, failed func(error)) {
	done := make(chan error, 1)
	f.writing = done
	go func() {
		ended := f.trace.Begin(trace.Saving, "write files")
		err := all()
		ended() // before anyone may take the time line as whole
		if err != nil {
			failed(err)
		}
		done <- err
	}()
}

// wait waits until the files are written. Only then do the folder's other fields tell of the epoch.
func (f *runFolder) wait() error {
	if f.writing == nil {
		return nil
	}
	err := <-f.writing
	f.writing = nil
	return err
}

// save writes the files of an epoch's end, the checkpoint first: on resume, files that are missing are rebuilt from it.
func (f *runFolder) save(c *training.Checkpoint, m *net.Model, epochs []metrics) error {
	if err := f.writeCheckpoint(c); err != nil {
		return err
	}
	return f.writeDerived(c, m, epochs)
}

// writeDerived writes what follows from the checkpoint of an epoch's end: those of the best one, weights, curves, the event, and,
// last of all, metrics.csv.
func (f *runFolder) writeDerived(c *training.Checkpoint, m *net.Model, epochs []metrics) error {
	w, err := averaged(c, m)
	if err != nil {
		return err
	}
	weights := func(out io.Writer) error { return w.Encode(out, f.mean, f.std) }
	if err := f.writeFile(lastWeights, weights); err != nil {
		return err
	}
	f.epochs++
	if c.BestEpoch == c.Epoch {
		f.best = c.Best
		if err := f.writeFile(bestWeights, weights); err != nil {
			return err
		}
		if err := f.writeFile(bestState, c.Encode); err != nil {
			return err
		}
	}
	if err := f.draw(epochs); err != nil {
		return err
	}
	ended := epochEvent{epochs[len(epochs)-1], c.BestEpoch == c.Epoch}
	if err := f.appendEvent(event{Event: "epoch", epochEvent: &ended}); err != nil {
		return err
	}
	f.metrics = epochs
	return f.writeFile(metricsFile, all(metricsText(epochs)))
}

// draw draws the curves.
func (f *runFolder) draw(epochs []metrics) error {
	points := make([]chart.Epoch, len(epochs))
	for i, m := range epochs {
		points[i] = m.point()
	}
	curves, err := chart.Curves(filepath.Base(f.dir), points)
	if err != nil {
		return err
	}
	if err := f.writeFile(curvesPNG, curves.PNG); err != nil {
		return err
	}
	return f.writeFile(curvesSVG, curves.SVG)
}

// saveInterrupted saves what there is of a training that was stopped: a checkpoint, the averaged weights as they are, and a row for the
// epoch that has no validation.
func (f *runFolder) saveInterrupted(t *training.Trainer, s *training.Stopped) error {
	c, err := f.checkpoint(t, f.metrics)
	if err != nil {
		return err
	}
	if err := f.writeCheckpoint(c); err != nil {
		return err
	}
	w, err := averaged(c, t.Model)
	if err != nil {
		return err
	}
	weights := func(out io.Writer) error { return w.Encode(out, f.mean, f.std) }
	if err := f.writeFile(lastWeights, weights); err != nil || s.Step == 0 {
		return err
	}
	return f.writeFile(metricsFile, all(metricsText(f.with(metricsOfPart(s)))))
}

// with are the metrics of the epochs so far and of one more.
func (f *runFolder) with(m metrics) []metrics { return append(slices.Clone(f.metrics), m) }
