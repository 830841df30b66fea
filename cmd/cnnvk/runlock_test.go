package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"cnnvk/cmd/cnnvk/run"
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
	o.failed(t, exitFailed, `the run folder run is not empty: it has checkpoints and \d+ more$`, "--force to replace the run in it")
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
	f, err := run.New("run", "name", false)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, "run/config.yaml", []byte("the first one's"))
	writeFile(t, "run/split.json", []byte("the first one's"))
	before := listing(t)
	for _, more := range [][]string{nil, {"--force"}} {
		o := quickest(t, append(more, "--out", "run")...)
		o.failed(t, exitFailed, fmt.Sprintf(`process %d is training in the run folder run$`, os.Getpid()), "--out run-2")
		unchanged(t, before)
	}
	f.Close()
}

// Of several processes that begin at once one trains, and its run is what it would be alone.
func TestTrainingsAtOnce(t *testing.T) {
	emptyFolder(t)
	args := []string{"train", "--device", "cpu", "--config", narrowConfig(t), "--epochs", "1", "--out"}
	child(t, nil, append(args, "alone")...).ok(t)
	outcomes := make([]outcome, 4)
	var all sync.WaitGroup
	for i := range outcomes {
		all.Go(func() { outcomes[i] = child(t, nil, append(slices.Clone(args), "run")...) })
	}
	all.Wait()
	done := 0
	for _, o := range outcomes {
		if o.code == exitDone {
			done++
			continue
		}
		o.failed(t, exitFailed, `((another process|process \d+) is training in the run folder run|the run folder run is not empty: it has .*)$`, "--out run-2")
	}
	if done != 1 {
		t.Errorf("%d trainings got the folder", done)
	}
	if got := filesIn(t, "run"); len(got) != len(allFiles) {
		t.Errorf("the run folder holds %q", got)
	}
	for _, name := range []string{run.ConfigFile, run.SplitFile, run.BestWeights, run.LastWeights} {
		if sum(t, "run/"+name) != sum(t, "alone/"+name) {
			t.Errorf("%s is not what one training alone writes", name)
		}
	}
	checkMetrics(t, "run/metrics.csv", "1,3,")
}

// The lock of a killed process is none, and its file alone makes no folder a run's.
func TestKilledTraining(t *testing.T) {
	emptyFolder(t)
	writeFile(t, "run/"+run.LockFile, []byte("123456789"))
	quickest(t, "--out", "run").ok(t)
	if got := filesIn(t, "run"); slices.Contains(got, "run/"+run.LockFile) || len(got) != len(allFiles) {
		t.Errorf("left over: %q", got)
	}
}
