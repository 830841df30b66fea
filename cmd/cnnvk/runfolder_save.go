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
	rows := f.with(metricsRow(e))
	c, err := f.checkpoint(t, rows)
	if err != nil {
		return err
	}
	f.write(func() error { return f.save(c, t.Model, rows) }, failed)
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
	c, err := f.checkpoint(t, f.rows)
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
func (f *runFolder) save(c *training.Checkpoint, m *net.Model, rows []string) error {
	if err := f.writeCheckpoint(c); err != nil {
		return err
	}
	return f.writeDerived(c, m, rows)
}

// writeDerived writes what follows from the checkpoint of an epoch's end: those of the best one, weights, curves, the event, and,
// last of all, metrics.csv.
func (f *runFolder) writeDerived(c *training.Checkpoint, m *net.Model, rows []string) error {
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
	if err := f.draw(rows, c.BestEpoch == c.Epoch); err != nil {
		return err
	}
	f.rows = rows
	return f.writeFile(metricsFile, all(tableOfRows(rows)))
}

// draw draws the curves of the rows, and tells of the epoch that the last of them is of.
func (f *runFolder) draw(rows []string, best bool) error {
	epochs, err := curvesOf(rows)
	if err != nil {
		return err
	}
	curves, err := chart.Curves(filepath.Base(f.dir), epochs)
	if err != nil {
		return err
	}
	if err := f.writeFile(curvesPNG, curves.PNG); err != nil {
		return err
	}
	if err := f.writeFile(curvesSVG, curves.SVG); err != nil {
		return err
	}
	return f.appendEvent(event{Event: "epoch", epochEvent: epochEventOf(epochs[len(epochs)-1], best)})
}

// saveInterrupted saves what there is of a training that was stopped: a checkpoint, the averaged weights as they are, and a row for the
// epoch that has no validation.
func (f *runFolder) saveInterrupted(t *training.Trainer, s *training.Stopped) error {
	c, err := f.checkpoint(t, f.rows)
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
	return f.writeFile(metricsFile, all(tableOfRows(f.with(partRow(s)))))
}

// with is metrics.csv's rows and one more.
func (f *runFolder) with(row string) []string {
	if f.rows == nil {
		return []string{metricsHeader, row}
	}
	return append(slices.Clone(f.rows), row)
}
