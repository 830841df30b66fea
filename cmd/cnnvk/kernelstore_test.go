package main

import (
	"log/slog"
	"path/filepath"
	"testing"
)

// Compiled pipelines come back whole or not at all.
func TestPipelineStore(t *testing.T) {
	emptyFolder(t)
	s := &kernelStore{dir: t.TempDir(), log: slog.New(slog.DiscardHandler)}
	if s.pipelines() != nil {
		t.Error("pipelines out of nothing")
	}
	s.keepPipelines([]byte("compiled"))
	if got := string(s.pipelines()); got != "compiled" {
		t.Errorf("%q came back", got)
	}
	flip(t, filepath.Join(s.dir, pipelinesFile), 35, 1)
	if got := s.pipelines(); got != nil {
		t.Errorf("damaged, %q came back", got)
	}
}
