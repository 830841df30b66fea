package machine

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cnnvk/engine/gpu"
)

func TestDamagedCeilings(t *testing.T) {
	for text, good := range map[string]bool{
		`{"gflop_s": 200, "gbyte_s": 10}`: true, `{"gflop_s": 200}`: false, `{"gflop_s": 200, "gbyte_s": -1}`: false, `{"gflop`: false, ``: false,
	} {
		var log bytes.Buffer
		s := &kernelStore{t.TempDir(), slog.New(slog.NewTextHandler(&log, nil))}
		if err := os.WriteFile(filepath.Join(s.dir, ceilingsFile), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
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
