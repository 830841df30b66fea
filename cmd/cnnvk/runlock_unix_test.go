//go:build unix

package main

import (
	"fmt"
	"os"
	"testing"

	"cnnvk/cmd/cnnvk/run"
	"cnnvk/net"
)

// While a process trains, no other gets its folder, by whatever words, and the run that it leaves is its own.
func TestSecondProcess(t *testing.T) {
	emptyFolder(t)
	o := duringTraining(t, "run", func(training *os.Process) {
		for _, more := range [][]string{nil, {"--force"}} {
			o := child(t, nil, append([]string{"train", "--device", "cpu", "--config", narrowConfig(t), "--seed", "7", "--out", "run"}, more...)...)
			o.failed(t, exitFailed, fmt.Sprintf(`^cnnvk: process %d is training in the run folder run$`, training.Pid), "--out run-2")
		}
		if err := training.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
	})
	if o.code != exitInterrupted {
		t.Errorf("exit code %d: %s", o.code, o.stderr)
	}
	c, err := run.ReadConfig("run/config.yaml")
	if err != nil || c.Seed != 42 {
		t.Errorf("%+v, %v", c, err)
	}
	for _, name := range []string{run.BestWeights, run.LastWeights} {
		if w, err := net.LoadWeights("run/" + name); err != nil || w.Metadata["seed"] != "42" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := filesIn(t, "run"); len(got) != len(allFiles) {
		t.Errorf("left over: %q", got)
	}
}
