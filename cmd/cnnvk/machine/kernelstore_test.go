package machine

import (
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"cnnvk/engine/gpu"
)

// Compiled pipelines come back whole or not at all.
func TestPipelineStore(t *testing.T) {
	s := &kernelStore{dir: t.TempDir(), log: slog.New(slog.DiscardHandler)}
	if s.pipelines() != nil {
		t.Error("pipelines out of nothing")
	}
	s.keepPipelines([]byte("compiled"))
	if got := string(s.pipelines()); got != "compiled" {
		t.Errorf("%q came back", got)
	}
	path := filepath.Join(s.dir, pipelinesFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[35] ^= 1
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	if got := s.pipelines(); got != nil {
		t.Errorf("damaged, %q came back", got)
	}
}

// A choice of the store that names no kernel of this version is left out.
func TestUnknownChoices(t *testing.T) {
	s := &kernelStore{dir: t.TempDir(), log: slog.New(slog.DiscardHandler)}
	kept := gpu.Choices{"linear 512x1x1 100x1x1": "linear_subgroup_32x4", "linear 1x1x1 1x1x1": "linear"}
	s.keep(choicesFile, "kernels", measured{Kernels: kept, Left: kept})
	got, want := s.measured(), gpu.Choices{"linear 1x1x1 1x1x1": "linear"}
	if !maps.Equal(got.Kernels, want) || !maps.Equal(got.Left, want) {
		t.Errorf("of the store %v", got)
	}
}
