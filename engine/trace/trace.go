// Package trace keeps a time line of what a program does, on the host and on its device, and writes it in the form that
// Perfetto (ui.perfetto.dev) and chrome://tracing show: Chrome's Trace Event Format.
//
// A nil *Timeline accepts everything and keeps nothing, so code need not ask whether it is being traced.
package trace

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// Track is a row of the time line. Two spans on a track are nested or do not overlap.
type Track int

const (
	Host   Track = iota // the goroutine that keeps the device busy
	Saving              // the one that writes files beside it
	Device              // what the device does: submissions, in them steps, in those kernels
)

// tracks are the rows as they are shown: a process with its threads is a group of rows.
var tracks = []struct {
	process, thread int
	group, name     string
}{
	Host:   {1, 1, "host", "steps"},
	Saving: {1, 2, "host", "files"},
	Device: {2, 1, "device", "submissions, steps, kernels"},
}

// Span is something that took some time. Times count from the beginning of the time line.
type Span struct {
	Track      Track
	Name       string
	Begin, End time.Duration
	Args       map[string]any // more about it, may be nil
}

// maxSpans is how many spans a time line keeps: enough for fifty epochs of CIFAR-100, and a file that a browser can open.
const maxSpans = 300_000

// Timeline collects spans, from any goroutine.
type Timeline struct {
	began time.Time
	most  int // spans kept

	mu    sync.Mutex
	spans []Span
	lost  int // spans past the most
	facts map[string]any
}

// New begins a time line.
func New() *Timeline { return &Timeline{began: time.Now(), most: maxSpans, facts: map[string]any{}} }

// Begin starts a span, which the returned function ends.
func (l *Timeline) Begin(track Track, name string) (end func()) {
	if l == nil {
		return func() {}
	}
	began := time.Now()
	return func() { l.Add(Span{Track: track, Name: name, Begin: l.At(began), End: l.At(time.Now())}) }
}

// At is a moment's place on the time line.
func (l *Timeline) At(t time.Time) time.Duration {
	if l == nil {
		return 0
	}
	return t.Sub(l.began)
}

// Add adds a span.
func (l *Timeline) Add(s Span) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.spans) == l.most {
		l.lost++
		return
	}
	l.spans = append(l.spans, s)
}

// Note adds a fact about the time line as a whole; a later one of the same name replaces it.
func (l *Timeline) Note(name string, value any) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.facts[name] = value
}

// event is a line of the file. Times are microseconds.
type event struct {
	Name     string         `json:"name"`
	Phase    string         `json:"ph"` // X is a span, M says how something is called
	Time     float64        `json:"ts"`
	Duration float64        `json:"dur"`
	Process  int            `json:"pid"`
	Thread   int            `json:"tid"`
	Args     map[string]any `json:"args,omitempty"`
}

// Write writes the time line as one JSON object, an event a line.
func (l *Timeline) Write(w io.Writer) error {
	spans := l.Spans()
	var events []event
	for _, t := range tracks {
		events = append(events,
			event{Name: "process_name", Phase: "M", Process: t.process, Thread: t.thread, Args: map[string]any{"name": t.group}},
			event{Name: "thread_name", Phase: "M", Process: t.process, Thread: t.thread, Args: map[string]any{"name": t.name}})
	}
	for _, s := range spans {
		t := tracks[s.Track]
		events = append(events, event{s.Name, "X", micros(s.Begin), micros(s.End - s.Begin), t.process, t.thread, s.Args})
	}
	for i, e := range events {
		text, err := json.Marshal(e)
		if err != nil {
			return err
		}
		before := ",\n"
		if i == 0 {
			before = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n"
		}
		if _, err := fmt.Fprintf(w, "%s%s", before, text); err != nil {
			return err
		}
	}
	facts, err := json.Marshal(l.about())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\n],\"otherData\":%s}\n", facts)
	return err
}

// Spans are those added so far, by track and time, each before those inside it.
func (l *Timeline) Spans() []Span {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	spans := slices.Clone(l.spans)
	slices.SortStableFunc(spans, func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.Track, b.Track), cmp.Compare(a.Begin, b.Begin), cmp.Compare(b.End, a.End))
	})
	return spans
}

// about are the facts, and whether spans are missing.
func (l *Timeline) about() map[string]any {
	l.mu.Lock()
	defer l.mu.Unlock()
	facts := map[string]any{"spans": len(l.spans), "spans_left_out": l.lost}
	for name, value := range l.facts {
		facts[name] = value
	}
	return facts
}

// micros keeps the nanoseconds behind the point.
func micros(d time.Duration) float64 { return float64(d) / 1e3 }
