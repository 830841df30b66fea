package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// What the loader cannot use stands in the way of everything, or costs a line: either names the file.
func TestBrokenManifest(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	if runtime.GOOS != "linux" {
		t.Skip("the folders of manifests are Linux's")
	}
	broken := filepath.Join("vulkan", "implicit_layer.d", "overlay.json")
	writeFile(t, "broken/"+broken, []byte("{ broken"))
	missing := filepath.Join("vulkan", "icd.d", "gone.json")
	writeFile(t, "missing/"+missing, []byte(`{"file_format_version":"1.0.0","ICD":{"library_path":"/nowhere/libdriver.so","api_version":"1.1.0"}}`))
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"devices"}, {"bench", "--json", "--batch-size", "2", "--repeats", "1"}} {
		o := child(t, []string{"XDG_DATA_HOME=" + filepath.Join(here, "broken")}, args...)
		if strings.Contains(o.stderr, "1.0.0 only") {
			t.Errorf("%s blames the loader's version:\n%s", args[0], o.stderr)
		}
		if o.code != exitDone { // some loaders go on without the layer
			o.failed(t, exitFailed, filepath.Join(here, "broken", broken), filepath.Join(here, "broken", broken)+" is no manifest")
		}
		o = child(t, []string{"XDG_DATA_HOME=" + filepath.Join(here, "missing")}, args...)
		o.ok(t)
		if file := filepath.Join(here, "missing", missing); strings.Count(o.stderr, "level=WARN") != 1 || !strings.Contains(o.stderr, file) {
			t.Errorf("%s does not warn of %s in one line:\n%s", args[0], file, o.stderr)
		}
	}
}
