package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"cnnvk/cifar/filelock"
)

// quickest is a training that takes no time.
func quickest(t *testing.T, more ...string) outcome {
	t.Helper()
	return cnnvk(append([]string{"train", "--device", "cpu", "--config", narrowConfig(t), "--limit-steps", "1"}, more...)...)
}

// A run is replaced with --force alone, and then nothing but the run's own files.
func TestForce(t *testing.T) {
	emptyFolder(t)
	quickest(t, "--out", "run").ok(t)
	writeFile(t, "run/notes.txt", []byte("mine"))
	writeFile(t, "run/weights/mine.safetensors", []byte("mine"))
	before := listing(t)

	o := quickest(t, "--out", "run", "--seed", "7")
	o.failed(t, exitFailed, `the run folder run is not empty$`, "--force to replace the run in it")
	unchanged(t, before)
	// A training that cannot begin replaces nothing.
	o = quickest(t, "--out", "run", "--force", "--data", "nowhere")
	o.failed(t, exitFailed, `nowhere: no such folder`, "cnnvk data download")
	unchanged(t, before)

	quickest(t, "--out", "run", "--force", "--seed", "7").ok(t)
	after := listing(t)
	for path, was := range before {
		is, replaced := after[path], strings.HasPrefix(was, "-") && !strings.Contains(path, "notes") && !strings.Contains(path, "mine")
		if is == "" || replaced == (is == was) {
			t.Errorf("%s: was %s, is %s", path, was, is)
		}
	}
	if len(after) != len(before) {
		t.Errorf("was %v, is %v", before, after)
	}
	quickest(t, "--force").failed(t, exitUsage, `--force needs --out`, "")
}

// Of two trainings in one folder the second is refused, whatever it is told, and the first one's process is named.
func TestTwoTrainings(t *testing.T) {
	emptyFolder(t)
	f, err := newRunFolder("run", "name", false)
	if err != nil {
		t.Fatal(err)
	}
	before := listing(t)
	for _, more := range [][]string{nil, {"--force"}} {
		o := quickest(t, append(more, "--out", "run")...)
		o.failed(t, exitFailed, fmt.Sprintf(`process %d is training in the run folder run$`, os.Getpid()), "--out run-2")
		unchanged(t, before)
	}
	// One that looked before the first one came finds it out when it takes the folder.
	if _, err := lockFolder("run"); err == nil || !strings.Contains(err.Error(), "is training in") {
		t.Errorf("locked twice: %v", err)
	}
	f.discard()
	unchanged(t, map[string]string{})
}

// The lock of a killed process is none, and its file alone makes no folder a run's.
func TestKilledTraining(t *testing.T) {
	emptyFolder(t)
	writeFile(t, "run/"+lockFile, []byte("123456789"))
	quickest(t, "--out", "run").ok(t)
	if got := files(t, "run"); slices.Contains(got, "run/"+lockFile) || len(got) != 5 {
		t.Errorf("left over: %q", got)
	}
	f, err := lockFolder("run")
	if err != nil {
		t.Fatal(err)
	}
	if text := read(t, "run/"+lockFile); text != fmt.Sprint(os.Getpid()) {
		t.Errorf("the lock file has %q", text)
	}
	filelock.Remove(f)
}
