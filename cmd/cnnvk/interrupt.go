package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"sync/atomic"
	"syscall"
	"time"
)

// interrupted is the cause of the program's context ending at a signal.
type interrupted struct{}

func (interrupted) Error() string { return "interrupted" }
func (interrupted) Unwrap() error { return context.Canceled }

const (
	stopping = "stopping; Ctrl-C again stops at once"

	wordless = 100 * time.Millisecond  // a command that ends this soon after a signal says nothing
	patience = 1500 * time.Millisecond // then the program ends, unless it saves something
)

// savingKey is the key of an *atomic.Bool in the program's context, set by savesItself.
type savingKey struct{}

// untilInterrupted is a context that ends at the first signal to stop. A training then saves and ends. Other commands end by themselves or,
// where that takes longer than patience (a driver that compiles cannot be stopped), are ended. A second Ctrl-C or SIGTERM ends the program at
// once. No file is left half-written: files get their names when they are whole.
func untilInterrupted(words io.Writer, exit func(code int)) context.Context {
	saving := new(atomic.Bool)
	ctx, cancel := context.WithCancelCause(context.WithValue(context.Background(), savingKey{}, saving))
	end := func(said string) {
		fmt.Fprintln(words, said)
		exit(exitInterrupted)
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	signal.Notify(signals, slices.DeleteFunc(slices.Clone(notices), signal.Ignored)...) // nohup has SIGHUP ignored
	go func() {
		asked := false // by Ctrl-C or SIGTERM. The notices repeat themselves, and may come before SIGTERM or after it
		for s := range signals {
			asks := s == os.Interrupt || s == syscall.SIGTERM
			switch {
			case ctx.Err() == nil:
				cancel(interrupted{})
				if !saving.Load() {
					time.AfterFunc(wordless, func() { fmt.Fprintln(words, lineStart(words)+stopping) })
					time.AfterFunc(patience, func() { end(lineStart(words) + "cnnvk: " + interrupted{}.Error()) })
				}
			case s == os.Interrupt, asks && asked:
				end("\ncnnvk: stopped at once")
			}
			asked = asked || asks
		}
	}()
	return ctx
}

// savesItself says that a training runs from here on: the program waits for it after a signal, and leaves the words to it. The caller checks
// ctx afterwards, since a signal may have come before.
func savesItself(ctx context.Context) {
	if saving, ok := ctx.Value(savingKey{}).(*atomic.Bool); ok {
		saving.Store(true)
	}
}

// lineStart brings the cursor of a terminal back to the left, from behind the ^C that it shows.
func lineStart(out io.Writer) string {
	if isTerminal(out) {
		return home
	}
	return ""
}
