package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/net"
	"cnnvk/net/training"
)

// killsVariable in the environment is how often the test kills a training on each device.
const killsVariable = "CNNVK_KILLS"

// killedNetwork has draws, statistics and weights of each kind that a checkpoint holds.
const killedNetwork = `
name: own
layers:
  stem: Conv2d(8, 3, stride=2, bias=False)
  bn: BatchNorm2d
  act: SiLU
  block:
    Residual:
      depthwise: Conv2d(in, 3, groups=in, bias=False)
      bn1: BatchNorm2d
      drop: Dropout2d(0.1)
      conv: Conv2d(in, 3, bias=False)
      bn2: BatchNorm2d
      activation: ReLU
  pool: AdaptiveAvgPool2d(1)
  flatten: Flatten
  dropout: Dropout(0.2)
  fc: Linear(classes)
`

// killedRecipes have epochs of 11 steps and one of a short batch; num_batches_tracked's average grows from the start.
var killedRecipes = map[string]string{
	"reference": "widths: [2, 2, 2, 2, 2, 2]\nbatch_size: 8\nema_decay: 0.9\npatience: 0\ndata: synthetic\n",
	// Most of its steps are skipped, since the loss scale is far too large.
	"skips": "widths: [2, 2, 2, 2, 2, 2]\nbatch_size: 8\nema_decay: 0.9\npatience: 0\ndata: synthetic\namp: true\namp_initial_scale: 1208925819614629174706176.0\n",
	"own": "batch_size: 8\nema_decay: 0.9\ndata: synthetic\noptimizer: muon\nmuon_rate: 0.02\nmuon_momentum: 0.95\nmuon_rest: nesterov\n" +
		"freeze: ['stem.*', 'block.bn2.*']\ngroups: ['*bn*:rate=2:decay=0']\nclip_norm: 1\nschedule: onecycle\nmixup: 0.2\ncutmix: 1\nsizes: [16, 32]\naugment: crop-flip\nalternate_flips: true\nreflect_padding: true\n",
}

// A training that is killed at random moments, and resumed after each, leaves what one leaves that was never killed, to the bit, but
// for times. Checkpoints are written all the time, so that kills meet every state that the folder can be in.
func TestKillAndResume(t *testing.T) {
	kills, err := strconv.Atoi(os.Getenv(killsVariable))
	if err != nil {
		kills = 4
	}
	epochs := 6
	if kills > 10 {
		epochs = 40 // so that most kills meet a training, not its start
	}
	runs := []struct{ device, recipe string }{{machine.CPU, "reference"}, {"vulkan", "own"}, {machine.CPU, "skips"}, {machine.CPU, "own"}, {"vulkan", "reference"}, {"vulkan", "skips"}}
	if kills <= 10 {
		runs = runs[:3] // each device and each recipe once
	}
	for _, r := range runs {
		t.Run(r.device+" "+r.recipe, func(t *testing.T) {
			emptyFolder(t)
			if r.device != machine.CPU {
				needVulkan(t)
				t.Setenv("CNNVK_VALIDATION", "") // most of the time would be the layer's
			}
			writeFile(t, "own.yaml", []byte(killedNetwork))
			writeFile(t, "recipe.yaml", []byte(killedRecipes[r.recipe]))
			begin := []string{"train", "--device", r.device, "--config", "recipe.yaml", "--epochs", fmt.Sprint(epochs), "--out"}
			if r.recipe == "own" {
				begin = slices.Insert(begin, 1, "--model", "own.yaml")
			}
			child(t, nil, append(begin, "whole")...).ok(t)
			began := time.Now()
			child(t, []string{checkpointVariable + "=1ms"}, append(begin, "again")...).ok(t)
			sameRun(t, "again", "whole")
			k := &killer{within: time.Since(began), seen: map[string]bool{}}
			for run := 1; k.kills < kills; run++ {
				dir := fmt.Sprint("run", run)
				k.train(t, kills, dir, append(begin, dir))
				sameRun(t, dir, "whole")
				os.RemoveAll(dir)
			}
			t.Logf("%v; a whole run takes %v", k, k.within.Round(time.Millisecond))
		})
	}
}

// killer kills processes after random times.
type killer struct {
	within                         time.Duration
	seen                           map[string]bool // temporary files
	kills, early, between, writing int             // all; of them with no checkpoint yet; with one in the midst of an epoch; while writing a file
}

func (k *killer) String() string {
	return fmt.Sprintf("%d kills: %d before the first checkpoint, %d later, of which %d left one of the midst of an epoch; %d were while a file was written",
		k.kills, k.early, k.kills-k.early, k.between, k.writing)
}

// train has a run begun and killed, resumed and killed again, until it is done.
func (k *killer) train(t *testing.T, most int, dir string, begin []string) {
	t.Helper()
	args := begin
	for {
		c := exec.Command(os.Args[0], args...)
		c.Env = append(os.Environ(), childVariable+"=1", checkpointVariable+"=1ms")
		var stderr bytes.Buffer
		c.Stderr = &stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		after := time.Minute
		if k.kills < most {
			after = rand.N(k.within)
		}
		killing := time.AfterFunc(after, func() { c.Process.Kill() })
		c.Wait()
		killing.Stop()
		if code := c.ProcessState.ExitCode(); code == exitDone {
			return
		} else if code > 0 {
			t.Fatalf("%q: exit code %d: %s", args, code, stderr.String())
		}
		if k.kills++; k.kills > most {
			t.Fatalf("%q takes more than a minute", args)
		}
		args = k.look(t, dir, begin)
	}
}

// look wants every file that a killed process left to be whole, and says how to go on.
func (k *killer) look(t *testing.T, dir string, begin []string) []string {
	t.Helper()
	for name := range listing(t) {
		if !strings.HasPrefix(name, dir+"/") {
			continue
		}
		var err error
		switch base := filepath.Base(name); {
		case strings.HasPrefix(base, ".cnnvk-"):
			if !k.seen[name] { // it stays until the run is resumed
				k.seen[name] = true
				k.writing++
			}
		case strings.HasSuffix(filepath.Dir(name), "weights"):
			_, err = net.LoadWeights(name)
		case strings.HasSuffix(filepath.Dir(name), "checkpoints"):
			var c *training.Checkpoint
			if c, err = training.LoadCheckpoint(name); err == nil && base == "last.safetensors" && c.Step > 0 {
				k.between++
			}
		}
		if err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, run.LastState)); err != nil {
		k.early++
	}
	if _, err := os.Stat(filepath.Join(dir, run.ConfigFile)); err == nil {
		return []string{"train", "--resume", dir}
	}
	os.RemoveAll(dir) // there is no run yet
	return begin
}

// sameRun wants two runs that differ in nothing but the times in their files.
func sameRun(t *testing.T, dir, want string) {
	t.Helper()
	for _, name := range []string{run.ConfigFile, run.SplitFile, run.BestWeights, run.LastWeights} {
		if sum(t, filepath.Join(dir, name)) != sum(t, filepath.Join(want, name)) {
			t.Errorf("%s of %s is another", name, dir)
		}
	}
	if a, b := withoutTimes(t, dir), withoutTimes(t, want); !slices.Equal(a, b) {
		t.Errorf("metrics.csv of %s has %q, want %q", dir, a, b)
	}
	for _, name := range []string{run.LastState, run.BestState} {
		a, b := checkpointIn(t, filepath.Join(dir, name)), checkpointIn(t, filepath.Join(want, name))
		if a != b {
			t.Errorf("%s of %s is of %+v, want %+v", name, dir, a, b)
		}
	}
	if got := filesIn(t, dir); len(got) != len(allFiles) {
		t.Errorf("%s holds %q", dir, got)
	}
}

func checkpointIn(t *testing.T, path string) training.Position {
	t.Helper()
	c, err := training.LoadCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	return c.Position
}

// withoutTimes is a run's metrics.csv without the columns of times.
func withoutTimes(t *testing.T, dir string) []string {
	t.Helper()
	var rows []string
	for line := range strings.Lines(read(t, filepath.Join(dir, run.MetricsFile))) {
		rows = append(rows, strings.Join(strings.Split(line, ",")[:7], ","))
	}
	return rows
}
