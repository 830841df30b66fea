package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Ceilings are measured once and kept, unless one asks for new ones or the file is damaged.
func TestCeilingsAreKept(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	profile := func(more ...string) bool {
		o := cnnvk(append([]string{"bench", "--recipe", "tinynet", "--batch-size", "2", "--repeats", "1", "--profile"}, more...)...)
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
	kept, err := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "cnnvk", "devices", "*", "ceilings.json"))
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
