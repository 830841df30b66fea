package run

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"

	"cnnvk/internal/files"
	"cnnvk/internal/foldertest"
	"cnnvk/internal/hints"
)

// A training whose folder was made anew by another one touches nothing there, whatever it was about to do.
func TestLostFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a folder with an open file cannot be removed")
	}
	for what, change := range map[string]func(*Folder) error{
		"write":       func(f *Folder) error { return f.writeFile(MetricsFile, files.Bytes([]byte("the first one's"))) },
		"tell":        func(f *Folder) error { return f.AppendEvent(Event{Event: "end"}) },
		"remove":      func(f *Folder) error { return f.remove(ConfigFile, LastWeights) },
		"begin":       func(f *Folder) error { return f.Begin(Config{}, nil) },
		"discard":     func(f *Folder) error { err := f.owned(); f.Discard(); return err },
		"give up":     func(f *Folder) error { err := f.owned(); f.giveUp(); return err },
		"close":       func(f *Folder) error { err := f.owned(); f.Close(); return err },
		"cannot":      func(f *Folder) error { return f.cannotWrite(MetricsFile, os.ErrNotExist) },
		"close twice": func(f *Folder) error { err := f.owned(); f.Close(); f.Close(); return err },
	} {
		t.Run(what, func(t *testing.T) {
			emptyFolder(t)
			first := claimed(t)
			staged, err := first.stage(MetricsFile, files.Bytes([]byte("the first one's")))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll("run"); err != nil {
				t.Fatal(err)
			}
			second := claimed(t)
			before := foldertest.Listing(t)
			for _, err := range []error{first.commit(MetricsFile, staged), change(first)} {
				if !errors.As(err, new(lostFolder)) || err.Error() != "the run folder run is another training's by now" {
					t.Errorf("%v", err)
				}
				if hint := hints.Of(err); hint == "" || strings.Contains(hint, "run/") || strings.Contains(hint, "--resume") {
					t.Errorf("hint %q", hint)
				}
			}
			staged.Discard()
			foldertest.Unchanged(t, before)
			if err := second.owned(); err != nil {
				t.Error(err)
			}
			second.Close()
		})
	}
}

// claimed is the folder run of a new training, which has some files in it.
func claimed(t *testing.T) *Folder {
	t.Helper()
	f, err := New("run", "name", false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	for _, name := range []string{ConfigFile, MetricsFile, EventsFile, LastWeights} {
		writeFile(t, f.Path(name), []byte("its own"))
	}
	return f
}

// An empty new folder of another training, which is about to lock it, stays too.
func TestLostFolderEmpty(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a folder with an open file cannot be removed")
	}
	emptyFolder(t)
	f := claimed(t)
	if err := errors.Join(os.RemoveAll("run"), os.Mkdir("run", 0o777)); err != nil {
		t.Fatal(err)
	}
	before := foldertest.Listing(t)
	if err := f.owned(); err == nil || !strings.HasSuffix(err.Error(), "its .cnnvk.lock is gone") {
		t.Error(err)
	}
	f.Discard()
	foldertest.Unchanged(t, before)
}
