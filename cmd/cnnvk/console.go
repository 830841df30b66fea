package main

import (
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/urfave/cli/v2"

	"cnnvk/net/training"
)

// verbosityFlags say how much a command prints beside its result.
func verbosityFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print the result and errors alone"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "log kernel choices and memory, too, on standard error"},
	}
}

// jsonFlag asks for the result in JSON.
func jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: "print one JSON object on standard output, and nothing else there"}
}

// console is where a command's output goes. The result is always printed; progress is not with -q; the log goes to standard error, with
// warnings only or, with -v, everything.
type console struct {
	out      io.Writer
	words    io.Writer
	quiet    bool
	progress string // a value of --progress
	log      *slog.Logger
	logTo    *detour
	sample   training.Recipe // for the machine
}

// newConsole is a command's console. If a program reads standard output, progress goes to standard error.
func (p program) newConsole(c *cli.Context, forProgram bool) (*console, error) {
	s := &console{out: c.App.Writer, words: terminalOf(c.App.Writer), quiet: c.Bool("quiet"), logTo: &detour{to: c.App.ErrWriter}, sample: p.sample}
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

// newLog makes a log without times. It becomes slog's default, too.
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

// say prints progress.
func (s *console) say(format string, args ...any) { fmt.Fprintf(s.words, format, args...) }

// result prints what the command was called for.
func (s *console) result(format string, args ...any) { fmt.Fprintf(s.out, format, args...) }

// detour is a writer whose destination can be changed: while a bar moves at the bottom of a terminal, lines must go above it.
type detour struct {
	mu sync.Mutex
	to io.Writer
}

func (d *detour) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.to.Write(p)
}

// set changes the destination and returns the one before.
func (d *detour) set(to io.Writer) io.Writer {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.to
	d.to = to
	return before
}
