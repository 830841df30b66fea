package main

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// redirected runs the program in a process of its own, behind a shell's words.
func redirected(t *testing.T, shell string, args ...string) outcome {
	t.Helper()
	var stdout, stderr strings.Builder
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "sh", append([]string{"-c", shell, os.Args[0]}, args...)...)
	c.Env = append(os.Environ(), childVariable+"=1")
	c.Stdout, c.Stderr = &stdout, &stderr
	c.Run()
	return outcome{c.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// Whatever a command prints, that it could not is an error.
func TestOutputLost(t *testing.T) {
	emptyFolder(t)
	saveWeights(t, "w.safetensors", narrow)
	fewData(t, "data")
	t.Setenv(fewVariable, "1")
	const eval = "eval --device cpu --weights w.safetensors --data data "
	commands := []string{
		"", "--help", "train --help", "data", "version", "completion bash", "train --generate-bash-completion",
		"summary --device cpu", "summary --device cpu --json", "data info --data data", "data info --data data --json",
		"data preview --data synthetic --device cpu --images 1 --epochs 1",
		eval + "-q", eval + "--json",
		"train --device cpu --config " + narrowConfig(t) + " --limit-steps 1 --out run",
		"train -q --device cpu --config " + narrowConfig(t) + " --limit-steps 1 --out quiet",
	}
	if tryVulkan() == nil {
		const bench = "bench --recipe tinynet --batch-size 2 --repeats 1 "
		commands = append(commands, "devices", "devices -v", "devices --json", bench+"-q", bench+"--csv")
	}
	for _, args := range commands {
		o := redirected(t, `exec "$0" "$@" >/dev/full`, strings.Fields(args)...)
		lines := strings.Split(strings.TrimSpace(o.stderr), "\n")
		if i := slices.Index(lines, "cnnvk: standard output: no space left on device"); o.code != exitFailed || i < 0 || i != len(lines)-2 {
			t.Errorf("%s: exit code %d\n%s", args, o.code, o.stderr)
		}
	}
	for _, run := range []string{"run", "quiet"} {
		if got, last := kinds(t, run); last.Event != "end" {
			t.Errorf("a training that could not print has the events %q", got)
		}
	}
	for _, redirect := range []string{">&-", "1</dev/null"} {
		o := redirected(t, `exec "$0" "$@" `+redirect, "version")
		o.failed(t, exitFailed, `^cnnvk: standard output is closed, or not open for writing$`, "")
	}
	// Standard error is for people: a result that was printed is one.
	for _, redirect := range []string{"2>/dev/full", "2>&-"} {
		if o := redirected(t, `exec "$0" "$@" `+redirect, "summary", "--device", "cpu", "--json"); o.code != exitDone || !strings.HasPrefix(o.stdout, "{") {
			t.Errorf("%s: exit code %d: %s", redirect, o.code, o.stdout)
		}
	}
	// A reader that has enough ends the program, as it does others.
	if o := redirected(t, `{ sleep 0.5; "$0" "$@"; echo $? >&2; } | true`, "version"); o.stderr != "141\n" {
		t.Errorf("into a closed pipe: %q", o.stderr)
	}
}
