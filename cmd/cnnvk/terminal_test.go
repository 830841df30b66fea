//go:build unix

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"cnnvk/cmd/cnnvk/run"
	"cnnvk/net/training"
)

// onTerminal runs the program on a terminal of that many columns and returns what it wrote there.
func onTerminal(t *testing.T, columns uint16, env []string, args ...string) string {
	t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Env = append(append(os.Environ(), childVariable+"=1", "TERM=xterm"), env...)
	terminal, err := pty.StartWithSize(c, &pty.Winsize{Rows: 24, Cols: columns})
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	written, err := io.ReadAll(terminal)
	if err != nil && !errors.Is(err, syscall.EIO) { // which is how Linux says that the program has ended
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("%v\n%s", err, written)
	}
	return string(written)
}

// The bar fits its terminal, every epoch leaves its line, and nothing is coloured.
func TestBarOnTerminal(t *testing.T) {
	emptyFolder(t)
	config := narrowConfig(t)
	for columns, env := range map[int][]string{40: nil, 80: {"NO_COLOR=1"}} {
		// The bar is drawn five times a second: a fast machine needs more epochs to show one.
		for epochs := 8; ; epochs *= 8 {
			screen := onTerminal(t, uint16(columns), env, "train", "--device", "cpu", "--config", config, "--epochs", strconv.Itoa(epochs))
			if checkScreen(t, screen, columns, epochs) > 0 {
				break
			}
			if epochs > 1000 {
				t.Fatalf("%d columns: no bar in %d epochs:\n%q", columns, epochs, screen)
			}
		}
	}
}

// checkScreen looks at everything that a training wrote on a terminal, and counts the bars.
func checkScreen(t *testing.T, screen string, columns, epochs int) (bars int) {
	t.Helper()
	for _, code := range regexp.MustCompile("\x1b\\[?[0-9;]*.").FindAllString(screen, -1) {
		if last := code[len(code)-1]; last != 'A' && last != 'J' { // up, and clear
			t.Errorf("%d columns: the terminal gets %q", columns, code)
		}
	}
	kept := 0
	for _, line := range regexp.MustCompile("\r|\n|\x1b\\[[0-9;]*.").Split(screen, -1) {
		switch {
		case !strings.HasPrefix(line, "epoch "):
			continue
		case strings.Contains(line, fmt.Sprintf("/%d  [", epochs)):
			bars++
		case strings.Contains(line, "  val acc "):
			kept++
		}
		if len(line) >= columns {
			t.Errorf("%d columns: %q does not fit", columns, line)
		}
	}
	if kept != epochs || strings.Contains(screen, "\x00") || !strings.Contains(screen, "best validation accuracy ") {
		t.Errorf("%d columns: the lines of %d epochs:\n%q", columns, kept, screen)
	}
	return bars
}

// A terminal that cannot move its cursor gets plain lines, and so does nobody with -q.
func TestNoBar(t *testing.T) {
	emptyFolder(t)
	args := []string{"train", "--device", "cpu", "--config", narrowConfig(t), "--epochs", "2"}
	if screen := onTerminal(t, 80, []string{"TERM=dumb"}, args...); strings.Contains(screen, "\x1b") || !strings.Contains(screen, "epoch 2/2  loss ") {
		t.Errorf("TERM=dumb: %q", screen)
	}
	screen := onTerminal(t, 80, nil, append(args, "-q")...)
	if lines := strings.Split(screen, "\r\n"); len(lines) != 2 || !strings.HasPrefix(lines[0], "best validation accuracy ") {
		t.Errorf("-q: %q", screen)
	}
}

// A terminal that does not know how wide it is gets lines with all that they have; --progress decides otherwise, and elsewhere.
func TestProgress(t *testing.T) {
	emptyFolder(t)
	args := []string{"train", "--device", "cpu", "--config", narrowConfig(t)}
	for _, c := range []struct {
		columns uint16 // of the terminal; 1 for a pipe
		mode    string
		epochs  string // the bar is drawn five times a second
		bar     bool
		lines   int // of epochs, with all that they have
	}{
		{0, "auto", "2", false, 2},
		{80, "plain", "2", false, 2},
		{0, "bar", "12", true, 12},
		{80, "none", "2", false, 0},
		{1, "auto", "2", false, 2},
		{1, "bar", "12", true, 12},
	} {
		args := append(args, "--epochs", c.epochs, "--progress", c.mode)
		var screen string
		if c.columns == 1 {
			o := child(t, []string{"TERM=dumb"}, args...)
			o.ok(t)
			screen = o.stdout
		} else {
			screen = onTerminal(t, c.columns, nil, args...)
		}
		if strings.Contains(screen, "\x1b[") != c.bar || regexp.MustCompile(`epoch \d+/\d+  \[`).MatchString(screen) != c.bar {
			t.Errorf("%d columns, %s: a bar is wanted: %t:\n%q", c.columns, c.mode, c.bar, screen)
		}
		whole := regexp.MustCompile(`epoch \d+/\d+  loss \S+  acc \S+ %  val loss \S+  val acc \S+ %  lr \S+  \d+ images/s`)
		if n := len(whole.FindAllString(screen, -1)); n != c.lines || !strings.Contains(screen, "best validation accuracy ") {
			t.Errorf("%d columns, %s: %d lines of epochs, want %d:\n%q", c.columns, c.mode, n, c.lines, screen)
		}
	}
	cnnvk("train", "--progress", "fancy").failed(t, exitUsage, `--progress "fancy": use auto, plain, bar or none$`, "")
	cnnvk("train", "--progress", "").failed(t, exitUsage, `--progress "": use auto, plain, bar or none$`, "")
	cnnvk("data", "download", "--progress", "tty").failed(t, exitUsage, `--progress "tty": use auto, plain, bar or none$`, "")
}

// A training whose terminal goes away saves what there is.
func TestTerminalGone(t *testing.T) {
	emptyFolder(t)
	c := endless(t, "run")
	c.Env = append(os.Environ(), childVariable+"=1", "TERM=xterm")
	terminal, err := pty.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	watchdog := time.AfterFunc(time.Minute, func() { c.Process.Kill() })
	defer watchdog.Stop()
	for lines := bufio.NewScanner(terminal); lines.Scan() && !strings.Contains(lines.Text(), "epoch 2/"); {
	}
	terminal.Close()
	if c.Wait(); c.ProcessState.ExitCode() != exitInterrupted {
		t.Errorf("the training: %v", c.ProcessState)
	}
	if events := read(t, "run/events.jsonl"); !strings.Contains(events, `"interrupted"`) {
		t.Errorf("events.jsonl has\n%s", events)
	}
	if _, err := training.LoadCheckpoint("run/" + run.LastState); err != nil {
		t.Error(err)
	}
}
