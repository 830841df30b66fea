package main

import (
	"cnnvk/cmd/cnnvk/run"
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// told is what every event may say.
type told struct {
	Time       time.Time `json:"time"`
	Event      string    `json:"event"`
	EpochsDone int       `json:"epochs_done"`
	Steps      int       `json:"steps"`
	Reason     string    `json:"reason"`
}

// kinds lists the events of a run, in their order, and its last line.
func kinds(t *testing.T, dir string) (out []string, last told) {
	t.Helper()
	text := read(t, filepath.Join(dir, run.EventsFile))
	if text == "" {
		return nil, last // the disk was full before the first
	}
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		last = told{}
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if last.Time.IsZero() {
			t.Errorf("%q has no time", line)
		}
		out = append(out, last.Event)
	}
	return out, last
}

// TestRunIsShown: a run of three epochs leaves its events and curves, with validation and without.
func TestRunIsShown(t *testing.T) {
	emptyFolder(t)
	writeFile(t, "recipe.yaml", []byte("widths: [4, 5, 6, 7, 8, 9]\nepochs: 3\nbatch_size: 30\n"))
	for _, validation := range []string{"0.1", "0"} {
		dir := "run" + validation
		cnnvk("train", "--device", "cpu", "--data", synthetic, "--config", "recipe.yaml", "--val-ratio", validation, "--out", dir, "-q").ok(t)
		got, last := kinds(t, dir)
		if want := []string{"begin", "epoch", "epoch", "epoch", "end"}; !slices.Equal(got, want) {
			t.Errorf("events %v, want %v", got, want)
		}
		if last.EpochsDone != 3 || last.Steps == 0 || !strings.Contains(last.Reason, "3 epochs") {
			t.Errorf("the end says %+v", last)
		}
		lines := strings.Split(read(t, filepath.Join(dir, run.EventsFile)), "\n")
		if null := strings.Contains(lines[1], `"val_accuracy":null`); null != (validation == "0") {
			t.Errorf("validation %s: %s", validation, lines[1])
		}
		f, err := os.Open(filepath.Join(dir, run.CurvesPNG))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := png.Decode(f); err != nil {
			t.Error(err)
		}
		svg := read(t, filepath.Join(dir, run.CurvesSVG))
		if shown := strings.Contains(svg, ">validation<"); shown != (validation != "0") || !strings.Contains(svg, ">"+dir+"<") {
			t.Errorf("validation %s, but the curve is there: %v", validation, shown)
		}
	}
}
