//go:build unix

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cnnvk/cmd/cnnvk/run"
	"cnnvk/internal/files"
	"cnnvk/net/training"
)

// whileStopped does something at one moment of a training, which sees nothing half done. At that moment it is not writing a file: one
// that it was about to name would still get its name.
func whileStopped(training *os.Process, do func() error) error {
	for {
		if err := training.Signal(unix.SIGSTOP); err != nil {
			return err
		}
		var status unix.WaitStatus
		if _, err := unix.Wait4(training.Pid, &status, unix.WUNTRACED, nil); err != nil || !status.Stopped() {
			return fmt.Errorf("the training does not stop: %v, status %x", err, status)
		}
		if !writing() {
			return errors.Join(do(), training.Signal(unix.SIGCONT))
		}
		if err := training.Signal(unix.SIGCONT); err != nil {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

// writing says whether there is an unfinished file below the working folder.
func writing() bool {
	found := false
	filepath.WalkDir(".", func(_ string, d fs.DirEntry, err error) error {
		found = found || err == nil && files.IsTemporary(d.Name())
		return nil
	})
	return found
}

// A training whose folder goes away stops by itself before it writes the next file. It says so, and names nothing that is gone.
func TestFolderGoesAway(t *testing.T) {
	const moved, gone = "a/run.moved", `the run folder a/run was deleted or moved during the training$`
	move := func() error { return os.Rename("a/run", moved) }
	for _, c := range []struct {
		what string
		do   func() error
		says string
		hint string
	}{
		{"deleted", func() error { return os.RemoveAll("a/run") }, gone, "a run needs its folder to itself"},
		{"parent deleted", func() error { return os.RemoveAll("a") }, gone, "a run needs"},
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
		{"weights deleted", func() error { return os.RemoveAll("a/run/weights") }, `writing a/run/weights/(best|last)\.safetensors: no such file or directory$`, "cnnvk train --resume a/run goes on from its last checkpoint"},
		{"checkpoints deleted", func() error { return os.RemoveAll("a/run/checkpoints") }, `writing a/run/checkpoints/(best|last)\.safetensors: no such file or directory$`, "the last good weights are in a/run/weights/last.safetensors"},
	} {
		t.Run(c.what, func(t *testing.T) {
			emptyFolder(t)
			var after map[string]string
			o := duringTraining(t, "a/run", func(training *os.Process) {
				err := whileStopped(training, func() error {
					defer func() { after = listing(t) }()
					return c.do()
				})
				if err != nil {
					t.Error(err)
				}
			})
			o.failed(t, exitFailed, c.says, c.hint)
			for _, name := range []string{"a/run/" + run.LastState, "a/run/" + run.LastWeights, "--resume"} {
				if strings.Contains(o.stderr, name) && !strings.HasPrefix(c.says, "writing") {
					t.Errorf("it names %s: %s", name, o.stderr)
				}
			}
			if now := listing(t); !strings.HasPrefix(c.says, "writing") && !maps.Equal(withoutEvents(after), withoutEvents(now)) {
				t.Errorf("it was\n%q, is\n%q", after, now)
			}
		})
	}
}

// withoutEvents takes the events out of a listing, to which a line may have been on its way.
func withoutEvents(listed map[string]string) map[string]string {
	out := maps.Clone(listed)
	maps.DeleteFunc(out, func(name, _ string) bool { return strings.HasSuffix(name, "/"+run.EventsFile) })
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
		err := whileStopped(training, func() error { return errors.Join(os.RemoveAll("run"), training.Signal(os.Interrupt)) })
		if err != nil {
			t.Error(err)
		}
	})
	o.failed(t, exitFailed, `^cnnvk: the run folder run was deleted or moved during the training$`, "a run needs its folder to itself")
	unchanged(t, map[string]string{})
}

// Of two trainings in one place the one that comes later, after the first one's folder was removed, has a run as it would have alone.
func TestFolderTaken(t *testing.T) {
	emptyFolder(t)
	second := []string{"train", "--device", "cpu", "--config", narrowConfig(t), "--epochs", "2", "--seed", "2", "--out"}
	child(t, nil, append(second, "alone")...).ok(t)
	o := duringTraining(t, "run", func(training *os.Process) {
		if err := whileStopped(training, func() error { return os.RemoveAll("run") }); err != nil {
			t.Error(err)
		}
		child(t, nil, append(second, "run")...).ok(t)
	})
	o.failed(t, exitFailed, `^cnnvk: the run folder run `, "a run needs its folder to itself")
	sameRun(t, "run", "alone")
}
