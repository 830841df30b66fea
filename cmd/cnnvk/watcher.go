package main

import (
	"fmt"
	"io"
	"time"

	"cnnvk/net"
)

// watcher prints how a training goes: a line now and then, and one an epoch.
type watcher struct {
	out    io.Writer
	recipe net.Recipe
	began  time.Time // of the program
	first  bool      // the first step has been reported
	said   time.Time
	spent  time.Duration // all epochs so far, validation included
	done   int           // their steps
}

// sayEvery is the time between two lines within an epoch.
const sayEvery = 15 * time.Second

func (w *watcher) steps(p net.Progress) {
	if !w.first {
		w.first = true
		fmt.Fprintf(w.out, "first %d steps done %.1f s after start\n", p.Step, time.Since(w.began).Seconds())
		w.said = time.Now()
		return
	}
	if p.Step == p.Steps || time.Since(w.said) < sayEvery {
		return
	}
	w.said = time.Now()
	fmt.Fprintf(w.out, "epoch %d/%d  step %d/%d  loss %.4f  acc %.2f %%  %.0f images/s  ETA %s\n",
		p.Epoch, w.recipe.Epochs, p.Step, p.Steps, p.Loss, 100*p.Accuracy, rate(p), w.left(p))
}

func (w *watcher) epoch(e net.EpochEnded) {
	w.spent += e.Elapsed + e.ValTime
	w.done += e.Step
	best := ""
	if e.Best {
		best = "  best"
	}
	eta := ""
	if !e.Last {
		eta = "  ETA " + w.left(net.Progress{Epoch: e.Epoch + 1, Steps: e.Steps}).String()
	}
	fmt.Fprintf(w.out, "epoch %d/%d  loss %.4f  acc %.2f %%  val loss %.4f  val acc %.2f %%  lr %.2g  %.0f images/s  %.0f s%s%s\n",
		e.Epoch, w.recipe.Epochs, e.Loss, 100*e.Accuracy, e.Validation.Loss(), 100*e.Validation.Accuracy(), e.Rate,
		rate(e.Progress), (e.Elapsed + e.ValTime).Seconds(), best, eta)
}

// left is the time that remains, at the pace of the steps so far.
func (w *watcher) left(p net.Progress) time.Duration {
	done := w.done + p.Step
	total := p.Steps * w.recipe.Epochs
	if w.recipe.LimitSteps > 0 {
		total = min(total, w.recipe.LimitSteps)
	}
	if done == 0 {
		return 0
	}
	per := (w.spent + p.Elapsed).Seconds() / float64(done)
	return (time.Duration(per*float64(max(total-done, 0))) * time.Second).Round(time.Second)
}

// rate is the images a second of an epoch so far.
func rate(p net.Progress) float64 {
	if p.Elapsed <= 0 {
		return 0
	}
	return float64(p.Images) / p.Elapsed.Seconds()
}
