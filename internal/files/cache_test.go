package files

import (
	"path/filepath"
	"testing"
)

func TestCacheDir(t *testing.T) {
	here := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", here)
	if got, err := CacheDir(); got != filepath.Join(here, "cnnvk") || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	t.Setenv("XDG_CACHE_HOME", "relative") // which the standard says to ignore
	if got, err := CacheDir(); !filepath.IsAbs(got) || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}
