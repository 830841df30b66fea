package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"cnnvk/net/training"
)

// watcher shows how a training goes.
type watcher interface {
	steps(training.Progress)
	epoch(training.EpochEnded)
	say(line string) // a line that stays
	end()
}

// newWatcher shows a training as --progress has it.
func newWatcher(s *console, p pace, began time.Time) watcher {
	lines := &lineWatcher{pace: p, out: s.words, began: began}
	switch {
	case s.quiet || s.progress == progressNone:
		return noWatcher{lines}
	case wantsBar(progressOn(s.progress, s.words)):
		return newBarWatcher(s, p, began)
	}
	return lines
}

// noWatcher says lines, but none of how far the training is.
type noWatcher struct{ *lineWatcher }

func (noWatcher) steps(training.Progress)   {}
func (noWatcher) epoch(training.EpochEnded) {}

// lineWatcher prints a line now and then, and one an epoch.
type lineWatcher struct {
	pace
	out   io.Writer
	began time.Time // of the program
	first bool      // the first step has been reported
	said  time.Time
	mu    sync.Mutex // of out: an interruption is said at any time
}

// sayEvery is the time between two lines within an epoch.
const sayEvery = 15 * time.Second

func (w *lineWatcher) steps(p training.Progress) {
	if !w.first && p.Step > 0 {
		w.first = true
		w.say(w.firstLine(p, w.began))
		w.said = time.Now()
		return
	}
	if p.Step == p.Steps || time.Since(w.said) < sayEvery {
		return
	}
	w.said = time.Now()
	w.say(w.stepLine(p))
}

func (w *lineWatcher) epoch(e training.EpochEnded) {
	w.add(e)
	w.say(w.epochLine(e, 0))
}

func (w *lineWatcher) say(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Fprintln(w.out, line)
}

func (w *lineWatcher) end() {}
