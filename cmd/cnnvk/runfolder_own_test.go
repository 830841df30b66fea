package main

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"

	"cnnvk/internal/hints"
)

// A training whose folder was made anew by another one touches nothing there, whatever it was about to do.
func TestLostFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a folder with an open file cannot be removed")
	}
	for what, change := range map[string]func(*runFolder) error{
		"write":       func(f *runFolder) error { return f.writeFile(metricsFile, all([]byte("the first one's"))) },
		"tell":        func(f *runFolder) error { return f.appendEvent(event{Event: "end"}) },
		"remove":      func(f *runFolder) error { return f.remove(configFile, lastWeights) },
		"begin":       func(f *runFolder) error { return f.begin(config{}, nil) },
		"discard":     func(f *runFolder) error { err := f.owned(); f.discard(); return err },
		"give up":     func(f *runFolder) error { err := f.owned(); f.giveUp(); return err },
		"close":       func(f *runFolder) error { err := f.owned(); f.close(); return err },
		"cannot":      func(f *runFolder) error { return f.cannotWrite(metricsFile, os.ErrNotExist) },
		"close twice": func(f *runFolder) error { err := f.owned(); f.close(); f.close(); return err },
	} {
		t.Run(what, func(t *testing.T) {
			emptyFolder(t)
			first := claimed(t)
			staged, err := first.stage(metricsFile, all([]byte("the first one's")))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll("run"); err != nil {
				t.Fatal(err)
			}
			second := claimed(t)
			before := listing(t)
			for _, err := range []error{first.commit(metricsFile, staged), change(first)} {
				if !errors.As(err, new(lostFolder)) || err.Error() != "the run folder run is another training's by now" {
					t.Errorf("%v", err)
				}
				if hint := hints.Of(err); hint == "" || strings.Contains(hint, "run/") || strings.Contains(hint, "--resume") {
					t.Errorf("hint %q", hint)
				}
			}
			staged.Discard()
			unchanged(t, before)
			if err := second.owned(); err != nil {
				t.Error(err)
			}
			second.close()
		})
	}
}

// claimed is the folder run of a new training, which has some files in it.
func claimed(t *testing.T) *runFolder {
	t.Helper()
	f, err := newRunFolder("run", "name", false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.close)
	for _, name := range []string{configFile, metricsFile, eventsFile, lastWeights} {
		writeFile(t, f.path(name), []byte("its own"))
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
	before := listing(t)
	if err := f.owned(); err == nil || !strings.HasSuffix(err.Error(), "its .cnnvk.lock is gone") {
		t.Error(err)
	}
	f.discard()
	unchanged(t, before)
}
