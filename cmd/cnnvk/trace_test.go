package main

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"cnnvk/engine/trace"
	"cnnvk/engine/trace/tracetest"
)

// readTrace reads a trace and checks its form: spans nest, and the device did nothing before the host submitted it or after the
// host heard that it was done.
func readTrace(t *testing.T, path string) tracetest.File {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	f := tracetest.Read(t, file)
	if err := tracetest.Nesting(f.Spans); err != nil {
		t.Error(err)
	}
	for _, key := range []string{"command", "version", "device", "driver", "spans", "spans_left_out"} {
		if f.About[key] == nil {
			t.Errorf("the trace does not tell its %s: %v", key, f.About)
		}
	}
	micros := func(v any) time.Duration { return time.Duration(v.(float64) * 1e3) }
	for _, s := range f.Spans {
		if s.Track != trace.Device || s.Args["submitted_us"] == nil {
			continue
		}
		if s.Begin < micros(s.Args["submitted_us"]) || s.End > micros(s.Args["heard_us"]) {
			t.Errorf("%s, %v to %v, is not within %v", s.Name, s.Begin, s.End, s.Args)
		}
	}
	return f
}

// count counts the spans on a track whose name begins with that.
func count(f tracetest.File, track trace.Track, name string) int {
	n := 0
	for _, s := range f.Spans {
		if s.Track == track && strings.HasPrefix(s.Name, name) {
			n++
		}
	}
	return n
}

// A training leaves a time line of its epochs, steps and files, and tells how busy the device was.
func TestTrainTrace(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	o := cnnvk("train", "--epochs", "2", "--batch-size", "30", "--out", "run", "--trace", "train.json", "-v") // steps long enough to keep the device busy
	o.ok(t)
	f := readTrace(t, "train.json")
	for name, want := range map[string]int{"epoch ": 2, "validation": 2, "read checkpoint": 2, "submit": -1, "fill record": 3 + 3 + 1 + 1} {
		if got := count(f, trace.Host, name); got != want && want >= 0 || got == 0 {
			t.Errorf("%d spans %q, want %d", got, name, want)
		}
	}
	if n := count(f, trace.Saving, "write files"); n != 2 {
		t.Errorf("files were written %d times", n)
	}
	clock, _ := f.About["device clock"].(string)
	switch {
	case strings.HasPrefix(clock, "none"):
		t.Skip("the device has no timestamps")
	case !strings.HasPrefix(clock, "anchored") && clock != "VK_EXT_calibrated_timestamps":
		t.Errorf("the clocks were brought together by %q", clock)
	}
	if train, eval := count(f, trace.Device, "train batch 30"), count(f, trace.Device, "eval batch 10"); train != 6 || eval != 2 {
		t.Errorf("%d training steps and %d evaluations on the device", train, eval)
	}
	// The kernels of both batch sizes are there.
	if adamw, metrics := count(f, trace.Device, "adamw"), count(f, trace.Device, "cross_entropy_metrics"); adamw != 6 || metrics != 8 {
		t.Errorf("%d kernels adamw, %d cross_entropy_metrics", adamw, metrics)
	}
	checkBusy(t, "run/metrics.csv", o.stderr)
}

// checkBusy wants each epoch to say that the device worked most of its time, though everything is watched by the validation layer.
func checkBusy(t *testing.T, metrics, log string) {
	t.Helper()
	for i, line := range strings.Split(strings.TrimSpace(read(t, metrics)), "\n")[1:] {
		fields := strings.Split(line, ",")
		share := fields[len(fields)-1]
		if busy, err := strconv.ParseFloat(share, 64); err != nil || busy < 0.5 || busy > 1 {
			t.Errorf("row %d: the device was busy %q of the time", i, share)
		}
		if want := "msg=device epoch=" + fields[0] + " busy=" + share; !strings.Contains(log, want) {
			t.Errorf("%q is not logged", want)
		}
	}
}

func TestBenchTrace(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	cnnvk("bench", "--batch-size", "2", "--repeats", "1", "--trace", "bench.json").ok(t)
	f := readTrace(t, "bench.json")
	submissions := count(f, trace.Device, "submission of 1")
	if submissions < 2*(warmUps+1) {
		t.Errorf("%d submissions", submissions)
	}
	if clock, _ := f.About["device clock"].(string); strings.HasPrefix(clock, "none") {
		return // without the device's time no step is drawn
	}
	train, eval := count(f, trace.Device, "train batch 2"), count(f, trace.Device, "eval batch 2")
	if min(train, eval) < warmUps+1 || submissions != train+eval {
		t.Errorf("%d submissions, %d training steps, %d evaluations", submissions, train, eval)
	}
}

// The reference executor has no device to be drawn, but a time line. A training that fails leaves one, too.
func TestTraceOnReference(t *testing.T) {
	emptyFolder(t)
	train := func(more ...string) outcome {
		return cnnvk(append([]string{"train", "--device", "cpu", "--config", narrowConfig(t), "--epochs", "1", "--out"}, more...)...)
	}
	train("run", "--trace", "cpu.json").ok(t)
	if f := readTrace(t, "cpu.json"); count(f, trace.Host, "epoch 1") != 1 || count(f, trace.Device, "") != 0 {
		t.Errorf("%+v", f.Spans)
	}
	train("lost", "--trace", "lost.json", "--opt", "sgd", "--lr", "1e300").failed(t, exitFailed, "the loss is not finite$", "--lr")
	readTrace(t, "lost.json")
	before := listing(t)
	train("none", "--trace", "nowhere/x.json").failed(t, exitFailed, `^cnnvk: writing nowhere/x.json: `, "--trace FILE in a folder")
	train("none", "--trace", "run").failed(t, exitFailed, `^cnnvk: writing run: not a regular file`, "--trace FILE in a folder")
	unchanged(t, before)
}
