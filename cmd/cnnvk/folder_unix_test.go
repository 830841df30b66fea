//go:build unix

package main

import (
	"errors"
	"maps"
	"os"
	"strings"
	"testing"

	"cnnvk/cmd/cnnvk/run"
	"cnnvk/net/training"
)

// vanish removes a folder in which a training writes: it may make another file in between.
func vanish(dir string) error {
	err := os.RemoveAll(dir)
	for range 1000 {
		if err == nil {
			return nil
		}
		err = os.RemoveAll(dir)
	}
	return err
}

// A training whose folder goes away stops by itself before it writes the next file. It says so, and names nothing that is gone.
func TestFolderGoesAway(t *testing.T) {
	const moved, gone = "a/run.moved", `the run folder a/run was deleted or moved during the training$`
	const deleted = `the run folder a/run (was deleted or moved during the training|is not this training's any more: its \.cnnvk\.lock is gone)$` // when not all is
	move := func() error { return os.Rename("a/run", moved) }
	for _, c := range []struct {
		what string
		do   func() error
		says string
		hint string
	}{
		{"deleted", func() error { return vanish("a/run") }, deleted, "a run needs its folder to itself"},
		{"parent deleted", func() error { return vanish("a") }, deleted, "a run needs"},
		{"moved", move, gone, "a run needs"},
		{"parent moved", func() error { return os.Rename("a", "b") }, gone, "a run needs"},
		{"a file", func() error { return errors.Join(move(), os.WriteFile("a/run", nil, 0o666)) }, gone, "a run needs"},
		{"a link to nothing", func() error { return errors.Join(move(), os.Symlink("nothing", "a/run")) }, gone, "a run needs"},
		{"a link to another folder", func() error { return errors.Join(move(), os.Mkdir("c", 0o777), os.Symlink("../c", "a/run")) },
			`the run folder a/run is not this training's any more: its \.cnnvk\.lock is gone$`, "a run needs"},
		{"made anew", func() error { return errors.Join(move(), os.Mkdir("a/run", 0o777)) }, `its \.cnnvk\.lock is gone$`, "a run needs"},
		{"a loop", func() error { return errors.Join(move(), os.Symlink("run", "a/run")) }, `the run folder a/run cannot be reached any more: too many levels of symbolic links$`, "a run needs"},
		{"lock deleted", func() error { return os.Remove("a/run/" + run.LockFile) }, `its \.cnnvk\.lock is gone$`, "a run needs"},
		{"lock replaced", func() error {
			return errors.Join(os.Remove("a/run/"+run.LockFile), os.WriteFile("a/run/"+run.LockFile, nil, 0o666))
		},
			`the run folder a/run is another training's by now$`, "a run needs"},
		{"weights deleted", func() error { return vanish("a/run/weights") }, `writing a/run/weights/last\.safetensors: no such file or directory$`, "cnnvk train --resume a/run goes on from its last checkpoint"},
		{"checkpoints deleted", func() error { return vanish("a/run/checkpoints") }, `writing a/run/checkpoints/last\.safetensors: no such file or directory$`, "the last good weights are in a/run/weights/last.safetensors"},
	} {
		t.Run(c.what, func(t *testing.T) {
			emptyFolder(t)
			var after map[string]string
			o := duringTraining(t, "a/run", func(*os.Process) {
				if err := c.do(); err != nil {
					t.Error(err)
				}
				after = listing(t)
			})
			o.failed(t, exitFailed, c.says, c.hint)
			for _, name := range []string{"a/run/" + run.LastState, "a/run/" + run.LastWeights, "--resume"} {
				if strings.Contains(o.stderr, name) && !strings.HasPrefix(c.says, "writing") {
					t.Errorf("it names %s: %s", name, o.stderr)
				}
			}
			if now := listing(t); !strings.HasPrefix(c.says, "writing") && !maps.Equal(withoutTemporaries(after), withoutTemporaries(now)) {
				t.Errorf("it was\n%q, is\n%q", after, now)
			}
		})
	}
}

// withoutTemporaries takes the files out of a listing that a process was writing, and the events, to which a line may have been on its way.
func withoutTemporaries(files map[string]string) map[string]string {
	out := maps.Clone(files)
	maps.DeleteFunc(out, func(name, _ string) bool {
		return strings.Contains(name, "/.cnnvk-") || strings.HasSuffix(name, "/"+run.EventsFile)
	})
	return out
}

// A link to the folder is as good as the folder.
func TestFolderIsLink(t *testing.T) {
	emptyFolder(t)
	if err := os.Symlink("first", "run"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("first", 0o777); err != nil {
		t.Fatal(err)
	}
	o := duringTraining(t, "run", func(training *os.Process) {
		if err := training.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
	})
	if o.code != exitInterrupted {
		t.Errorf("exit code %d: %s", o.code, o.stderr)
	}
	if _, err := training.LoadCheckpoint("first/" + run.LastState); err != nil {
		t.Error(err)
	}
}

// Ctrl-C saves nothing where the folder is gone, and does not say that it did.
func TestFolderGoesAwayInterrupted(t *testing.T) {
	emptyFolder(t)
	o := duringTraining(t, "run", func(training *os.Process) {
		if err := errors.Join(vanish("run"), training.Signal(os.Interrupt)); err != nil {
			t.Error(err)
		}
	})
	o.failed(t, exitFailed, `^cnnvk: the run folder run (was deleted or moved during the training|is not this training's any more: its \.cnnvk\.lock is gone)$`, "a run needs its folder to itself")
	unchanged(t, map[string]string{})
}

// Of two trainings in one place the one that comes later, after the first one's folder was removed, has a run as it would have alone.
func TestFolderTaken(t *testing.T) {
	emptyFolder(t)
	second := []string{"train", "--device", "cpu", "--config", narrowConfig(t), "--epochs", "2", "--seed", "2", "--out"}
	child(t, nil, append(second, "alone")...).ok(t)
	o := duringTraining(t, "run", func(*os.Process) {
		if err := vanish("run"); err != nil {
			t.Error(err)
		}
		child(t, nil, append(second, "run")...).ok(t)
	})
	o.failed(t, exitFailed, `^cnnvk: the run folder run `, "a run needs its folder to itself")
	sameRun(t, "run", "alone")
}
