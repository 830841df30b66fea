package run

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"

	"cnnvk/cmd/cnnvk/chart"
	"cnnvk/engine/trace"
	"cnnvk/internal/files"
	"cnnvk/net"
	"cnnvk/net/training"
)

// SaveEpoch writes an epoch's files in a goroutine, while the device goes on with the next epoch. It calls failed at once if that fails;
// the error is returned by the next SaveEpoch, SaveMidEpoch or Wait.
func (f *Folder) SaveEpoch(t *training.Trainer, e training.EpochEnded, failed func(error)) error {
	if err := f.Wait(); err != nil {
		return err
	}
	epochs := f.with(MetricsOf(e))
	c, err := f.checkpoint(t, epochs)
	if err != nil {
		return err
	}
	f.write(func() error { return f.save(c, t.Model, epochs) }, failed)
	return nil
}

// SaveMidEpoch writes a checkpoint in the middle of an epoch as SaveEpoch does. It does nothing while earlier files are being written.
func (f *Folder) SaveMidEpoch(t *training.Trainer, failed func(error)) error {
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

// write calls all, which writes files, in a goroutine.
func (f *Folder) write(all func() error, failed func(error)) {
	done := make(chan error, 1)
	f.writing = done
	go func() {
		ended := f.Trace.Begin(trace.Saving, "write files")
		err := all()
		ended() // before done, after which the time line may be written
		if err != nil {
			failed(err)
		}
		done <- err
	}()
}

// Wait waits until the files are written. Only then do the folder's fields Best and Epochs count the epoch.
func (f *Folder) Wait() error {
	if f.writing == nil {
		return nil
	}
	err := <-f.writing
	f.writing = nil
	return err
}

// save writes the files of an epoch's end, the checkpoint first: on resume, files that are missing are rebuilt from it.
func (f *Folder) save(c *training.Checkpoint, m *net.Model, epochs []Metrics) error {
	if err := f.writeCheckpoint(c); err != nil {
		return err
	}
	return f.writeDerived(c, m, epochs)
}

// writeDerived writes what follows from the checkpoint of an epoch's end: the best checkpoint, weights, curves, the event and, last of
// all, metrics.csv.
func (f *Folder) writeDerived(c *training.Checkpoint, m *net.Model, epochs []Metrics) error {
	w, err := averaged(c, m)
	if err != nil {
		return err
	}
	weights := func(out io.Writer) error { return w.Encode(out, f.Mean, f.Std) }
	if err := f.writeFile(LastWeights, weights); err != nil {
		return err
	}
	f.Epochs++
	if c.BestEpoch == c.Epoch {
		f.Best = c.Best
		if err := f.writeFile(BestWeights, weights); err != nil {
			return err
		}
		if err := f.writeFile(BestState, c.Encode); err != nil {
			return err
		}
	}
	if err := f.draw(epochs); err != nil {
		return err
	}
	ended := epochEvent{epochs[len(epochs)-1], c.BestEpoch == c.Epoch}
	if err := f.AppendEvent(Event{Event: "epoch", epochEvent: &ended}); err != nil {
		return err
	}
	f.metrics = epochs
	return f.writeFile(MetricsFile, files.Bytes(metricsText(epochs)))
}

// draw draws the curves.
func (f *Folder) draw(epochs []Metrics) error {
	points := make([]chart.Epoch, len(epochs))
	for i, m := range epochs {
		points[i] = m.point()
	}
	curves, err := chart.Curves(filepath.Base(f.Dir), points)
	if err != nil {
		return err
	}
	if err := f.writeFile(CurvesPNG, curves.At(f.CurvesDPI)); err != nil {
		return err
	}
	return f.writeFile(CurvesSVG, curves.SVG)
}

// SaveInterrupted saves a training that was stopped: a checkpoint, the averaged weights as they are now, and a row of metrics.csv for the
// epoch that was cut short, without validation.
func (f *Folder) SaveInterrupted(t *training.Trainer, s *training.Stopped) error {
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
	weights := func(out io.Writer) error { return w.Encode(out, f.Mean, f.Std) }
	if err := f.writeFile(LastWeights, weights); err != nil || s.Step == 0 {
		return err
	}
	return f.writeFile(MetricsFile, files.Bytes(metricsText(f.with(metricsOfPart(s)))))
}

// with are the metrics of the epochs so far and of one more.
func (f *Folder) with(m Metrics) []Metrics { return append(slices.Clone(f.metrics), m) }

// WriteConfig writes config.yaml, unless the file is the same already.
func (f *Folder) WriteConfig(c Config) error {
	text, err := c.text()
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(f.Path(ConfigFile)); err == nil && bytes.Equal(old, text) {
		return nil
	}
	return f.writeFile(ConfigFile, files.Bytes(text))
}
