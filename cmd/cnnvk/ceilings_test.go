package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cnnvk/engine/gpu"
)

// Of two ceilings the one counts that is nearer.
func TestNearer(t *testing.T) {
	c := gpu.Ceilings{Flops: 200e9, Bytes: 10e9}
	for _, x := range []struct {
		flops, bytes float64
		took         time.Duration
		want         string
	}{
		{100e9, 1e9, time.Second, "50 % flop"}, {100e9, 9e9, time.Second, "90 % memory"}, {1e9, 1e6, 10 * time.Millisecond, "50 % flop"},
		{0, 20e9, time.Second, "200 % memory"}, {0, 0, time.Second, "0 % memory"}, {1, 1, 0, "-"},
	} {
		if got := nearer(c, x.flops, x.bytes, x.took); got != x.want {
			t.Errorf("%+v: %s", x, got)
		}
	}
}

// Ceilings are measured once and kept, unless one asks for new ones or the file is damaged.
func TestCeilingsAreKept(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	profile := func(more ...string) bool {
		o := cnnvk(append([]string{"bench", "--batch-size", "1", "--repeats", "1", "--profile"}, more...)...)
		if strings.Contains(o.stderr, "has no timestamps") {
			t.Skip(o.stderr)
		}
		if o.code != exitDone || !strings.Contains(o.stdout, "\nceilings: ") {
			t.Fatalf("%+v", o)
		}
		return strings.Contains(o.stdout, "measuring what the device can do at most\n")
	}
	if !profile() || profile() {
		t.Error("they were not measured at first, or once more")
	}
	kept, err := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "cnnvk", "devices", "*", ceilingsFile))
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept in %q, %v", kept, err)
	}
	before := read(t, kept[0])
	if !profile("--ceilings") {
		t.Error("--ceilings does not measure")
	}
	if read(t, kept[0]) == before {
		t.Error("what --ceilings measured is not kept")
	}
}

func TestDamagedCeilings(t *testing.T) {
	for text, good := range map[string]bool{
		`{"gflop_s": 200, "gbyte_s": 10}`: true, `{"gflop_s": 200}`: false, `{"gflop_s": 200, "gbyte_s": -1}`: false, `{"gflop`: false, ``: false,
	} {
		var log bytes.Buffer
		s := &kernelStore{t.TempDir(), slog.New(slog.NewTextHandler(&log, nil))}
		writeFile(t, filepath.Join(s.dir, ceilingsFile), []byte(text))
		if c, ok := s.ceilings(); ok != good || good && (c != gpu.Ceilings{Flops: 200e9, Bytes: 10e9}) {
			t.Errorf("%q: %+v, %t", text, c, ok)
		}
		if warned := strings.Contains(log.String(), "ceilings measured earlier cannot be read"); warned == good {
			t.Errorf("%q: %s", text, log.String())
		}
	}
	var log bytes.Buffer
	if _, ok := (&kernelStore{t.TempDir(), slog.New(slog.NewTextHandler(&log, nil))}).ceilings(); ok || log.Len() > 0 {
		t.Errorf("of no file: %t, %s", ok, log.String())
	}
}
