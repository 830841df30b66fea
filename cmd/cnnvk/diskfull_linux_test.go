package main

import (
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"cnnvk/cmd/cnnvk/run"
	"cnnvk/net/training"
)

// mayMount says whether this process can mount a disk. Where an ordinary user can have a namespace in which he is root, the
// test runs itself again in one, and is done; where nobody can, it is skipped.
func mayMount(t *testing.T) bool {
	t.Helper()
	dir := t.TempDir()
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4k")
	if err == nil {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Fatal(err)
		}
		return true
	}
	const inside = "CNNVK_TEST_IN_NAMESPACE"
	if os.Getenv(inside) != "" {
		t.Skip("no small disk can be made here: ", err)
	}
	c := exec.Command(os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$")
	c.Env = append(os.Environ(), inside+"=1")
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
	out, err := c.CombinedOutput()
	switch {
	case c.ProcessState == nil || strings.Contains(string(out), "--- SKIP"):
		t.Skipf("no small disk can be made here: %v\n%s", err, out)
	case err != nil:
		t.Errorf("in a namespace: %v\n%s", err, out)
	}
	return false
}

// onSmallDisk calls f with a disk of that size at the folder disk.
func onSmallDisk(t *testing.T, options string, f func()) {
	t.Helper()
	if err := os.MkdirAll("disk", 0o777); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", "disk", "tmpfs", 0, options); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Unmount("disk", unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	}()
	f()
}

// checkWhole wants nothing in a run folder but files of a run, each as one of the complete runs has it.
func checkWhole(t *testing.T, dir string, complete ...string) {
	t.Helper()
	for _, path := range filesIn(t, dir) {
		name, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		if name == run.LastState || name == run.BestState { // they have times, too
			if _, err := training.LoadCheckpoint(path); err != nil {
				t.Error(err)
			}
			continue
		}
		if name == run.EventsFile || name == run.CurvesPNG || name == run.CurvesSVG { // they have times, and the folder's name
			checkShown(t, path)
			continue
		}
		whole := false
		for _, other := range complete {
			_, err := os.Stat(filepath.Join(other, name))
			whole = whole || err == nil && (name == run.MetricsFile || sum(t, path) == sum(t, filepath.Join(other, name)))
		}
		if !whole {
			t.Errorf("%s is left over, or not whole", path)
		}
		if name == run.MetricsFile { // it has times
			for line := range strings.Lines(read(t, path)) {
				if strings.Count(line, ",") != 9 || !strings.HasSuffix(line, "\n") {
					t.Errorf("a row of %s is %q", path, line)
				}
			}
		}
	}
}

// checkShown wants a file for people to be whole.
func checkShown(t *testing.T, path string) {
	t.Helper()
	text := read(t, path)
	switch filepath.Ext(path) {
	case ".png":
		if _, err := png.Decode(strings.NewReader(text)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	case ".svg":
		if !strings.HasSuffix(strings.TrimSpace(text), "</svg>") {
			t.Errorf("%s does not end", path)
		}
	default:
		kinds(t, filepath.Dir(path))
	}
}

// noRoomLeft wants a training that ended because there was none: with one line and, where there are good weights, their place.
func noRoomLeft(t *testing.T, o outcome, dir, why string) {
	t.Helper()
	hint := "make room on that disk, or --out DIR with a folder on another one"
	if _, err := os.Stat(filepath.Join(dir, run.LastWeights)); err == nil {
		hint += "; the last good weights are in " + filepath.Join(dir, run.LastWeights)
	}
	o.failed(t, exitFailed, `^cnnvk: ((net: )?writing `+dir+`/\S+|`+dir+` cannot be the run folder): `+why+`$`, hint)
}

// The disk is full at every place where it can be: once the folder cannot be made, once the last file of the last epoch
// cannot be written. Whatever has its name by then is whole, and nothing else is left.
func TestFullDisk(t *testing.T) {
	if !mayMount(t) {
		return
	}
	emptyFolder(t)
	config, page := narrowConfig(t), os.Getpagesize()
	quick := small() // trained some eighty times: ten images, three steps an epoch
	quick.syntheticImages = 10
	train := func(more ...string) outcome {
		return quick.cnnvk(append([]string{"train", "--device", "cpu", "--config", config, "--batch-size", "3", "--augment", "none", "--epochs", "2", "--out"}, more...)...)
	}
	train("two").ok(t)
	train("one", "--limit-steps", "3").ok(t) // an epoch of the same training
	for _, disk := range []func(n int) string{
		func(n int) string { return fmt.Sprintf("size=%d", n*page) },
		func(n int) string { return fmt.Sprintf("size=1m,nr_inodes=%d", n) },
	} {
		trained, done := 0, false
		for n := 1; !done && n < 100; n++ {
			onSmallDisk(t, disk(n), func() {
				o := train("disk/run")
				if done = o.code == exitDone; done {
					if got := filesIn(t, "disk/run"); len(got) != len(allFiles) {
						t.Errorf("%s: the run folder holds %q", disk(n), got)
					}
				} else {
					noRoomLeft(t, o, "disk/run", "no space left on device")
				}
				if _, err := os.Stat("disk/run/" + run.LastWeights); err == nil {
					trained++
				}
				checkWhole(t, "disk/run", "two", "one")
			})
		}
		if !done || trained < 2 {
			t.Errorf("%s: %d disks had room for weights, the largest for all: %v", disk(0), trained, done)
		}
	}
}

// A run that is to be replaced stays, to the byte, where there is no room for the beginning of the new one.
func TestFullDiskForce(t *testing.T) {
	if !mayMount(t) {
		return
	}
	emptyFolder(t)
	onSmallDisk(t, "size=1m", func() {
		quickest(t, "--out", "disk/run").ok(t)
		writeFile(t, "disk/run/notes.txt", []byte("mine"))
		var disk unix.Statfs_t
		if err := unix.Statfs("disk", &disk); err != nil {
			t.Fatal(err)
		}
		filled := int64(disk.Bfree) * disk.Bsize
		writeFile(t, "disk/filler", make([]byte, filled))
		done := false
		for free := int64(0); !done && free < 20; free++ {
			if err := os.Truncate("disk/filler", filled-free*disk.Bsize); err != nil {
				t.Fatal(err)
			}
			before := listing(t)
			o := quickest(t, "--out", "disk/run", "--force", "--seed", "7")
			if done = o.code == exitDone; !done {
				o.failed(t, exitFailed, `(writing disk/run/\S+|disk/run cannot be the run folder): no space left on device$`, "make room on that disk")
				unchanged(t, before)
			} else if free < 3 { // the lock, config.yaml and split.json must have found room beside the earlier run
				t.Errorf("done with %d free pages", free)
			}
		}
		if !done {
			t.Error("never done")
		}
	})
}

// fileLimitVariable in the environment is the size that no file of the process may exceed.
const fileLimitVariable = "CNNVK_TEST_FILE_LIMIT"

func init() {
	var limit uint64
	if n, _ := fmt.Sscan(os.Getenv(fileLimitVariable), &limit); n == 0 {
		return
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
		panic(err)
	}
}

// The same where no disk can be made: a limit on the size of files (ulimit -f) is met by any user, anywhere.
func TestFileLimit(t *testing.T) {
	emptyFolder(t)
	config := narrowConfig(t)
	train := func(limit int64, more ...string) outcome {
		return child(t, []string{fmt.Sprintf("%s=%d", fileLimitVariable, limit)},
			append([]string{"train", "--device", "cpu", "--config", config, "--out"}, more...)...)
	}
	size := func(path string) int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	train(1<<20, "one", "--limit-steps", "1").ok(t)
	writeFile(t, "one/notes.txt", []byte("mine"))
	weights := size("one/" + run.LastWeights)
	for _, c := range []struct {
		limit int64
		left  int // files
	}{{0, 0}, {size("one/"+run.ConfigFile) - 1, 0}, {weights - 1, 3}} {
		before := listing(t)
		noRoomLeft(t, train(c.limit, "run", "--limit-steps", "1"), "run", "file too large")
		if got := filesIn(t, "run"); len(got) != c.left {
			t.Errorf("limit %d: left over: %q", c.limit, got)
		}
		checkWhole(t, "run", "one")
		if err := os.RemoveAll("run"); err != nil {
			t.Fatal(err)
		}
		if c.left == 0 {
			o := train(c.limit, "one", "--limit-steps", "1", "--force")
			o.failed(t, exitFailed, `(writing one/config\.yaml|one cannot be the run folder): file too large$`, "make room on that disk")
		}
		unchanged(t, before)
	}
}
