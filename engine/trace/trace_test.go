package trace_test

import (
	"bytes"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"cnnvk/engine/trace"
	"cnnvk/engine/trace/tracetest"
)

// What was added in any order is read back in that of time, each span before those inside it, to the nanosecond.
func TestWrite(t *testing.T) {
	l := trace.New()
	step := trace.Span{Track: trace.Device, Name: "step", Begin: 1_000_000_001, End: 1_000_002_000}
	kernel := trace.Span{Track: trace.Device, Name: "kernel \"x\"", Begin: 1_000_000_001, End: 1_000_000_500,
		Args: map[string]any{"op": "ReLU"}}
	wait := trace.Span{Track: trace.Host, Name: "wait", Begin: 5, End: 2_000_000_000}
	for _, s := range []trace.Span{kernel, step, wait} {
		l.Add(s)
	}
	l.Note("clock", "none")
	l.Note("clock", "calibrated")
	var file bytes.Buffer
	if err := l.Write(&file); err != nil {
		t.Fatal(err)
	}
	got := tracetest.Read(t, &file)
	if want := []trace.Span{wait, step, kernel}; !reflect.DeepEqual(got.Spans, want) {
		t.Errorf("read %+v, want %+v", got.Spans, want)
	}
	if want := map[string]any{"clock": "calibrated", "spans": 3.0, "spans_left_out": 0.0}; !reflect.DeepEqual(got.About, want) {
		t.Errorf("about it: %v, want %v", got.About, want)
	}
	if err := tracetest.Nesting(got.Spans); err != nil {
		t.Error(err)
	}
}

// An error of the file ends the writing.
func TestWriteFails(t *testing.T) {
	full := errors.New("full")
	if err := trace.New().Write(failing{full}); err != full {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// Without a time line everything can be called all the same.
func TestNoTimeline(t *testing.T) {
	var l *trace.Timeline
	l.Begin(trace.Host, "x")()
	l.Add(trace.Span{})
	l.Note("x", 1)
	if l.Spans() != nil || l.At(time.Now()) != 0 {
		t.Error("something was kept")
	}
}

// Goroutines add at once, and what is too much is counted; the race detector looks on.
func TestManySpans(t *testing.T) {
	l := trace.New()
	l.Keep(1000)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 300 {
				l.Add(trace.Span{Name: "s"})
			}
		})
	}
	group.Wait()
	var file bytes.Buffer
	if err := l.Write(&file); err != nil {
		t.Fatal(err)
	}
	if about := tracetest.Read(t, &file).About; about["spans"] != 1000.0 || about["spans_left_out"] != 200.0 {
		t.Errorf("about it: %v", about)
	}
}

func TestBegin(t *testing.T) {
	l := trace.New()
	end := l.Begin(trace.Saving, "weights")
	time.Sleep(time.Millisecond)
	end()
	s := l.Spans()[0]
	if s.Name != "weights" || s.Track != trace.Saving || s.End-s.Begin < time.Millisecond || s.Begin < 0 || s.End > l.At(time.Now()) {
		t.Errorf("%+v", s)
	}
}

// The check that other tests rely on finds what is wrong.
func TestNesting(t *testing.T) {
	at := func(begin, end time.Duration) trace.Span {
		return trace.Span{Name: "s", Begin: begin, End: end}
	}
	for _, c := range []struct {
		name  string
		spans []trace.Span
		ok    bool
	}{
		{"nothing", nil, true},
		{"one after another", []trace.Span{at(0, 1), at(1, 3), at(5, 5)}, true},
		{"inside", []trace.Span{at(0, 9), at(0, 3), at(3, 9), at(4, 5)}, true},
		{"other tracks do not count", []trace.Span{at(0, 9), {Name: "s", Track: trace.Device, Begin: 3, End: 11}}, true},
		{"across", []trace.Span{at(0, 9), at(3, 10)}, false},
		{"across one of two", []trace.Span{at(0, 9), at(1, 4), at(3, 5)}, false},
		{"backwards", []trace.Span{at(3, 2)}, false},
		{"in no order", []trace.Span{at(3, 4), at(1, 2)}, false},
	} {
		if err := tracetest.Nesting(c.spans); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
