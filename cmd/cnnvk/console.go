package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"
)

// verbosityFlags say how much is told on the way.
func verbosityFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print the result and errors alone"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "log kernel choices and memory, too, on standard error"},
	}
}

// jsonFlag asks for the result as a program reads it.
func jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: "print one JSON object on standard output, and nothing else there"}
}

// console is where a command's words go. The result is printed; what is said on the way stays away with -q; the log, of
// warnings, or with -v of everything, goes to standard error.
type console struct {
	out      io.Writer
	words    io.Writer
	quiet    bool
	progress string // a value of --progress
	log      *slog.Logger
	logTo    *detour
}

// newConsole is a command's console. What is said on the way goes to standard error where standard output is for a program.
func newConsole(c *cli.Context, forProgram bool) (*console, error) {
	s := &console{out: c.App.Writer, words: terminalOf(c.App.Writer), quiet: c.Bool("quiet"), logTo: &detour{to: c.App.ErrWriter}}
	var err error
	if s.progress, err = progressMode(c); err != nil {
		return nil, err
	}
	if s.quiet && c.Bool("verbose") {
		return nil, usagef("-q and -v: use one of them")
	}
	if forProgram {
		s.words = c.App.ErrWriter
	}
	if s.quiet {
		s.words = io.Discard
	}
	level := slog.LevelWarn
	if c.Bool("verbose") {
		level = slog.LevelDebug
	}
	s.log = newLog(s.logTo, level)
	return s, nil
}

// newLog is a log without times, and the one of packages that were given none.
func newLog(to io.Writer, level slog.Level) *slog.Logger {
	log := slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: level, ReplaceAttr: withoutTime}))
	slog.SetDefault(log)
	return log
}

func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey && len(groups) == 0 {
		return slog.Attr{}
	}
	return a
}

// say tells something on the way.
func (s *console) say(format string, args ...any) { fmt.Fprintf(s.words, format, args...) }

// result prints what the command was called for.
func (s *console) result(format string, args ...any) { fmt.Fprintf(s.out, format, args...) }

// isTerminal says whether someone watches out, on a terminal that can move its cursor.
func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// detour is a writer whose way can be changed: while a bar moves at the bottom of a terminal, lines must go above it.
type detour struct {
	mu sync.Mutex
	to io.Writer
}

func (d *detour) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.to.Write(p)
}

// set changes the way and returns the one before.
func (d *detour) set(to io.Writer) io.Writer {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.to
	d.to = to
	return before
}
