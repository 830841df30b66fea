package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"cnnvk/net/training"
)

// barWatcher moves a bar at the bottom of a terminal, one an epoch, and leaves a line for each epoch above it. It uses no
// colour, with or without NO_COLOR.
type barWatcher struct {
	out   io.Writer
	began time.Time // of the program
	bars  *mpb.Progress
	bar   *mpb.Bar
	back  func() // lets the log go to standard error again

	mu    sync.Mutex // the bar is drawn by a goroutine of its own
	pace  pace
	now   training.Progress
	first bool
}

func newBarWatcher(s *console, p pace, began time.Time) *barWatcher {
	w := &barWatcher{out: s.words, began: began, pace: p, now: training.Progress{Epoch: p.from.Epoch + 1}}
	w.bars = newBars(progressOn(s.progress, s.words))
	draw := func(out io.Writer, st decor.Statistics) error {
		_, err := io.WriteString(out, home+w.line(st.AvailableWidth-1)) // a line that fills the last column may wrap
		return err
	}
	// The total is never reached: the bar starts again with each epoch, and ends with the training.
	w.bar = w.bars.New(-1, filler(draw), mpb.BarFillerTrim())
	if isTerminal(s.logTo.to) {
		before := s.logTo.set(w)
		w.back = func() { s.logTo.set(before) }
	}
	return w
}

// filler is the function that draws a bar, as mpb wants it.
type filler func(io.Writer, decor.Statistics) error

func (f filler) Build() mpb.BarFiller { return mpb.BarFillerFunc(f) }

func (w *barWatcher) steps(p training.Progress) {
	w.mu.Lock()
	w.now = p
	first := !w.first && p.Step > 0
	w.first = w.first || first
	w.mu.Unlock()
	if first {
		w.say(w.pace.firstLine(p, w.began))
	}
}

func (w *barWatcher) epoch(e training.EpochEnded) {
	w.mu.Lock()
	w.pace.add(e)
	line := w.pace.epochLine(e, w.width())
	if !e.Last {
		w.now = training.Progress{Epoch: e.Epoch + 1, Steps: e.Steps}
	}
	w.mu.Unlock()
	w.say(line)
}

// width is the number of columns for a line; 0 if the terminal does not say.
func (w *barWatcher) width() int {
	return max(columnsOf(w.out)-1, 0)
}

// home brings the cursor back to the left, where mpb expects it: a Ctrl-C that the terminal shows as ^C moves it.
const home = "\r"

// Write puts whole lines above the bar.
func (w *barWatcher) Write(lines []byte) (int, error) {
	_, err := w.bars.Write(append([]byte(home), lines...))
	return len(lines), err
}

func (w *barWatcher) say(line string) { fmt.Fprintln(w, line) }

// end takes the bar away; the lines above it stay.
func (w *barWatcher) end() {
	if w.back != nil {
		w.back()
	}
	w.bar.Abort(true)
	w.bars.Wait()
}

// leastBar is the length of the shortest bar that is drawn.
const leastBar = 10

// line is the bar, with as many of its numbers as there is room for.
func (w *barWatcher) line(width int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	now, state, pace := w.now, "", ""
	loss, accuracy := "", ""
	switch {
	case now.Step == 0:
		state = "starting"
	case now.Step == now.Steps && w.pace.validates:
		state = "validating"
	case now.Step == now.Steps:
		state = "saving"
	default:
		state, pace = "ETA "+w.pace.left(now).String(), rateText(now)
	}
	if now.Step > 0 {
		loss, accuracy = lossText(now), accuracyText(now)
	}
	const place = "\x00" // stands for the bar until its length is known
	bar := place + strings.Repeat(" ", leastBar-1)
	text := fit(width, part{0, w.pace.epochOf(now)}, part{1, bar}, part{3, loss}, part{5, accuracy}, part{4, pace}, part{2, state})
	return strings.Replace(text, bar, barOf(now, max(width-len(text)+leastBar, leastBar)), 1)
}

// barOf draws how much of an epoch is done, that many columns wide.
func barOf(p training.Progress, width int) string {
	room := width - 2
	done := 0
	if p.Steps > 0 {
		done = room * p.Step / p.Steps
	}
	bar := strings.Repeat("=", done) + strings.Repeat(" ", room-done)
	if done < room {
		bar = bar[:done] + ">" + bar[done+1:]
	}
	return "[" + bar + "]"
}
