//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cnnvk/net"
)

// interruptTraining starts a training without end, sends it signals after its first epoch, and waits for its end.
func interruptTraining(t *testing.T, out string, signals ...os.Signal) outcome {
	t.Helper()
	return duringTraining(t, out, func(training *os.Process) {
		for _, s := range signals {
			if err := training.Signal(s); err != nil {
				t.Error(err)
			}
		}
	})
}

// duringTraining starts a training without end, calls do after its first epoch, and waits for its end.
func duringTraining(t *testing.T, out string, do func(*os.Process)) outcome {
	t.Helper()
	c := exec.Command(os.Args[0], "train", "--device", "cpu", "--config", narrowConfig(t), "--epochs", "1000000", "--out", out)
	c.Env = append(os.Environ(), childVariable+"=1")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Process.Kill()
	watchdog := time.AfterFunc(time.Minute, func() { c.Process.Kill() })
	defer watchdog.Stop()
	var said strings.Builder
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "epoch 2/") {
			do(c.Process)
		}
	}
	c.Wait()
	return outcome{c.ProcessState.ExitCode(), said.String(), stderr.String()}
}

// After one signal the weights and rows so far are saved, and the error says where.
func TestInterrupted(t *testing.T) {
	emptyFolder(t)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		out := "run-" + s.String()
		o := interruptTraining(t, out, s)
		o.failed(t, exitInterrupted, `^cnnvk: interrupted in epoch \d+, after step \d+$`, "cnnvk train --resume "+out+" goes on from there; the averaged weights as they were then are in "+out+"/weights/last.safetensors, the best so far (")
		if !strings.Contains(o.stdout, "\nstopping; Ctrl-C again stops at once\n") {
			t.Errorf("%v: nothing is said of the stopping:\n%s", s, o.stdout)
		}
		if got := filesIn(t, out); !slices.Equal(got, wholeRun(out)) {
			t.Errorf("left over: %q", got)
		}
		for _, path := range []string{out + "/" + bestWeights, out + "/" + lastWeights} {
			if _, err := net.LoadWeights(path); err != nil {
				t.Error(err)
			}
		}
		checkRows(t, out+"/metrics.csv")
	}
}

// checkRows wants two rows or more, of which the last one alone may lack a validation.
func checkRows(t *testing.T, path string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(read(t, path), "\n"), "\n")
	for i, line := range lines {
		fields := strings.Split(line, ",")
		if len(fields) != 10 || fields[5] == "" && i < len(lines)-1 {
			t.Errorf("row %d: %q", i, line)
		}
	}
	if len(lines) < 3 {
		t.Errorf("%d lines", len(lines))
	}
}

// After two signals the program is gone at once. Whatever it was doing, each file it leaves is whole, and another training
// may have the folder.
func TestInterruptedTwice(t *testing.T) {
	emptyFolder(t)
	for range 3 {
		if o := interruptTraining(t, "run", os.Interrupt, os.Interrupt); o.code != exitInterrupted {
			t.Errorf("exit code %d: %s", o.code, o.stderr)
		}
		for _, path := range filesIn(t, "run") {
			var err error
			switch filepath.Base(filepath.Dir(path)) {
			case "weights":
				_, err = net.LoadWeights(path)
			case "checkpoints":
				_, err = net.LoadCheckpoint(path)
			}
			if err != nil {
				t.Error(err)
			}
		}
		if _, err := readConfig("run/config.yaml"); err != nil {
			t.Error(err)
		}
		cnnvk("train", "--device", "cpu", "--config", narrowConfig(t), "--epochs", "1", "--out", "run", "--force").ok(t)
		if err := os.RemoveAll("run"); err != nil {
			t.Fatal(err)
		}
	}
}

// Before the first step there is nothing to be saved, and no folder stays.
func TestInterruptedEarly(t *testing.T) {
	emptyFolder(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(interrupted{})
	var stdout, stderr bytes.Buffer
	for _, args := range [][]string{
		{"train", "--device", "cpu", "--config", narrowConfig(t), "--out", "run"},
		{"bench", "--device", "cpu", "--batch-size", "1"},
	} {
		stderr.Reset()
		if code := run(ctx, append([]string{"cnnvk"}, args...), &stdout, &stderr); code != exitInterrupted || stderr.String() != "cnnvk: interrupted\n" {
			t.Errorf("%s: exit code %d, %s", args[0], code, stderr.String())
		}
	}
	unchanged(t, map[string]string{})
}
