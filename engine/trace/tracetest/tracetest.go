// Package tracetest reads time lines in tests.
package tracetest

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"testing"
	"time"

	"cnnvk/engine/trace"
)

// File is a trace that was read back.
type File struct {
	Spans []trace.Span // in the order of the file
	About map[string]any
}

// Read reads what Timeline.Write wrote. Anything else fails the test.
func Read(t testing.TB, r io.Reader) File {
	t.Helper()
	var parsed struct {
		Unit   string         `json:"displayTimeUnit"`
		Other  map[string]any `json:"otherData"`
		Events []struct {
			Name     string         `json:"name"`
			Phase    string         `json:"ph"`
			Time     *float64       `json:"ts"`
			Duration float64        `json:"dur"`
			Process  int            `json:"pid"`
			Thread   int            `json:"tid"`
			Args     map[string]any `json:"args"`
		} `json:"traceEvents"`
	}
	in := json.NewDecoder(r)
	in.DisallowUnknownFields()
	if err := in.Decode(&parsed); err != nil {
		t.Fatal(err)
	}
	f := File{About: parsed.Other}
	rows := map[[2]int]trace.Track{{1, 1}: trace.Host, {1, 2}: trace.Saving, {2, 1}: trace.Device}
	named := map[[2]int]bool{}
	for _, e := range parsed.Events {
		row := [2]int{e.Process, e.Thread}
		track, known := rows[row]
		if !known || e.Time == nil || e.Name == "" {
			t.Fatalf("an event of an unknown row, or without a time or a name: %+v", e)
		}
		switch e.Phase {
		case "M":
			named[row] = true
		case "X":
			begin := time.Duration(math.Round(*e.Time * 1e3))
			f.Spans = append(f.Spans, trace.Span{Track: track, Name: e.Name, Begin: begin,
				End: begin + time.Duration(math.Round(e.Duration*1e3)), Args: e.Args})
		default:
			t.Fatalf("an event of phase %q", e.Phase)
		}
	}
	if len(named) != len(rows) {
		t.Errorf("%d of %d rows have names", len(named), len(rows))
	}
	return f
}

// Nesting is the error of spans that are not as a time line wants them: in order of their begin, ending after it, and on each
// track one inside the other or apart.
func Nesting(spans []trace.Span) error {
	open := map[trace.Track][]trace.Span{}
	last := map[trace.Track]time.Duration{}
	for _, s := range spans {
		if s.End < s.Begin {
			return fmt.Errorf("%q ends at %v, before it begins, at %v", s.Name, s.End, s.Begin)
		}
		if begun, any := last[s.Track]; any && s.Begin < begun {
			return fmt.Errorf("%q at %v stands behind a span at %v", s.Name, s.Begin, begun)
		}
		last[s.Track] = s.Begin
		stack := open[s.Track]
		for len(stack) > 0 && stack[len(stack)-1].End <= s.Begin {
			stack = stack[:len(stack)-1]
		}
		if n := len(stack); n > 0 && s.End > stack[n-1].End {
			return fmt.Errorf("%q, %v to %v, sticks out of %q, %v to %v", s.Name, s.Begin, s.End, stack[n-1].Name, stack[n-1].Begin, stack[n-1].End)
		}
		open[s.Track] = append(stack, s)
	}
	return nil
}
