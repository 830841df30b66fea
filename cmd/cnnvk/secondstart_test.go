package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a first start measured and compiled, a second one finds: it says nothing of tuning, and the cache stays as it is.
func TestSecondStart(t *testing.T) {
	for _, variable := range []string{"MESA_SHADER_CACHE_DIR", "MESA_SHADER_CACHE_DISABLE"} {
		t.Setenv(variable, "") // which puts it back in the end
		os.Unsetenv(variable)
	}
	openWidth(t)
	config := narrowConfig(t)
	train := func() string {
		t.Helper()
		o := cnnvk("train", "--config", config, "--limit-steps", "1", "--out", t.TempDir()+"/run")
		o.ok(t)
		return o.stdout
	}
	if first := train(); !strings.Contains(first, "tuning: measuring kernels") {
		t.Errorf("the first start:\n%s", first)
	}
	before := cached(t)
	if len(before) < 10 {
		t.Errorf("%d files in the cache after the first start", len(before))
	}
	if second := train(); strings.Contains(second, "tuning") {
		t.Errorf("the second start:\n%s", second)
	}
	after := cached(t)
	for path, size := range after {
		if before[path] != size {
			t.Errorf("%s: compiled again, or written again: %d bytes, not %d", path, size, before[path])
		}
	}
	for path := range before {
		if _, still := after[path]; !still {
			t.Errorf("the second start removed %s", path)
		}
	}
}

// cached is the size of every file in the cache: choices, vector width, and what the driver compiled.
func cached(t *testing.T) map[string]int64 {
	t.Helper()
	sizes := map[string]int64{}
	err := filepath.WalkDir(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "cnnvk"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sizes[path] = info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sizes
}
