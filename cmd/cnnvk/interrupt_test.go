//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cnnvk/cmd/cnnvk/run"
	"cnnvk/net"
	"cnnvk/net/training"
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
	return duringCommand(t, endless(t, out), "epoch 2/", do)
}

// endless is a training without end, as a process of its own.
func endless(t *testing.T, out string) *exec.Cmd {
	t.Helper()
	return exec.Command(os.Args[0], "train", "--device", "cpu", "--config", narrowConfig(t), "--epochs", "1000000", "--out", out)
}

// duringCommand starts the program, calls do when it says a line that begins so, and waits for its end.
func duringCommand(t *testing.T, c *exec.Cmd, says string, do func(*os.Process)) outcome {
	t.Helper()
	c.Env = append(append(os.Environ(), childVariable+"=1"), c.Env...)
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
		if strings.HasPrefix(lines.Text(), says) {
			do(c.Process)
		}
	}
	c.Wait()
	return outcome{c.ProcessState.ExitCode(), said.String(), stderr.String()}
}

// After one signal the weights and rows so far are saved, and the error says where.
func TestInterrupted(t *testing.T) {
	emptyFolder(t)
	for _, s := range append([]os.Signal{os.Interrupt, syscall.SIGTERM}, notices...) {
		out := "run-" + strings.ReplaceAll(s.String(), " ", "-")
		o := interruptTraining(t, out, s)
		o.failed(t, exitInterrupted, `^cnnvk: interrupted in epoch \d+, after step \d+$`, "cnnvk train --resume "+out+" goes on from there; the averaged weights as they were then are in "+out+"/weights/last.safetensors, the best so far (")
		if !strings.Contains(o.stdout, "\nstopping; Ctrl-C again stops at once\n") {
			t.Errorf("%v: nothing is said of the stopping:\n%s", s, o.stdout)
		}
		if got := filesIn(t, out); !slices.Equal(got, wholeRun(out)) {
			t.Errorf("left over: %q", got)
		}
		for _, path := range []string{out + "/" + run.BestWeights, out + "/" + run.LastWeights} {
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
				_, err = training.LoadCheckpoint(path)
			}
			if err != nil {
				t.Error(err)
			}
		}
		if _, err := run.ReadConfig("run/config.yaml"); err != nil {
			t.Error(err)
		}
		cnnvk("train", "--device", "cpu", "--config", narrowConfig(t), "--epochs", "1", "--out", "run", "--force").ok(t)
		if err := os.RemoveAll("run"); err != nil {
			t.Fatal(err)
		}
	}
}

// Notices repeat themselves (SIGXCPU comes each second) and come beside SIGTERM, before it or after. Nothing of that may cut the saving.
func TestNoticedTwice(t *testing.T) {
	emptyFolder(t)
	for i, signals := range [][]os.Signal{
		{syscall.SIGXCPU, syscall.SIGXCPU, syscall.SIGXCPU}, {syscall.SIGHUP, syscall.SIGHUP}, {syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTERM}, {syscall.SIGTERM, syscall.SIGHUP},
	} {
		out := fmt.Sprint("run", i)
		interruptTraining(t, out, signals...).failed(t, exitInterrupted, `^cnnvk: interrupted in epoch \d+, after step \d+$`, "cnnvk train --resume "+out+" ")
	}
}

// Under nohup the end of the terminal is none of the program's business; SIGTERM is.
func TestNohup(t *testing.T) {
	emptyFolder(t)
	c := endless(t, "run")
	c.Args = append([]string{"sh", "-c", `trap "" HUP; exec "$@"`, "sh"}, c.Args...)
	c.Path = "/bin/sh"
	epochs := 0
	o := duringCommand(t, c, "epoch ", func(training *os.Process) { // at the end of each
		switch epochs++; epochs {
		case 1:
			training.Signal(syscall.SIGHUP)
		case 3:
			training.Signal(syscall.SIGTERM)
		}
	})
	o.failed(t, exitInterrupted, `^cnnvk: interrupted in epoch `, "cnnvk train --resume run ")
	if epochs < 3 {
		t.Errorf("%d epochs:\n%s", epochs, o.stdout)
	}
}

// Where nothing is to be saved nobody waits for what cannot be asked to stop: a step of the reference executor takes a minute, and drivers
// compile for seconds.
func TestInterruptedSoon(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"bench --device cpu", "random pixels"},
		{"tune", "device: "},
	} {
		t.Run(c.args, func(t *testing.T) {
			emptyFolder(t)
			if !strings.Contains(c.args, "cpu") {
				needVulkan(t)
			}
			command := exec.Command(os.Args[0], strings.Fields(c.args)...)
			command.Env = []string{widthVariable + "=256", "CNNVK_VALIDATION=0"}
			var began time.Time
			o := duringCommand(t, command, c.says, func(p *os.Process) {
				time.Sleep(time.Second) // into the first measurement
				began = time.Now()
				p.Signal(os.Interrupt)
			})
			if took := time.Since(began); took > 5*time.Second { // 1.5 on a machine that does nothing else
				t.Errorf("the end came after %v", took)
			}
			if o.code != exitInterrupted || o.stderr != stopping+"\ncnnvk: interrupted\n" && o.stderr != "cnnvk: interrupted\n" {
				t.Errorf("exit code %d, %q", o.code, o.stderr)
			}
			unchanged(t, map[string]string{})
		})
	}
}

// A killed run goes on with the command that began it, and so does one whose epochs were measured.
func TestResumeAutoInterrupted(t *testing.T) {
	emptyFolder(t)
	config := narrowConfig(t)
	for _, length := range [][]string{{"--epochs", "1000000"}, {"--max-time", "1000h"}} {
		args := append([]string{"train", "--device", "cpu", "--config", config, "--out", "run", "--resume", "auto"}, length...)
		var steps [2]int
		for i := range steps {
			o := duringCommand(t, exec.Command(os.Args[0], args...), "first ", func(p *os.Process) { p.Signal(os.Interrupt) })
			o.failed(t, exitInterrupted, `^cnnvk: interrupted in epoch `, "cnnvk train --resume run ")
			c, err := training.LoadCheckpoint("run/" + run.LastState)
			if err != nil {
				t.Fatal(err)
			}
			steps[i] = c.Total
			if resumed := strings.Contains(o.stdout, "resuming after step "); resumed != (i > 0) {
				t.Errorf("%s: %s", length[0], o.stdout)
			}
		}
		if steps[1] <= steps[0] {
			t.Errorf("%s: after step %d, then %d", length[0], steps[0], steps[1])
		}
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
		if code := small().run(ctx, append([]string{"cnnvk"}, args...), &stdout, &stderr); code != exitInterrupted || stderr.String() != "cnnvk: interrupted\n" {
			t.Errorf("%s: exit code %d, %s", args[0], code, stderr.String())
		}
	}
	unchanged(t, map[string]string{})
}
