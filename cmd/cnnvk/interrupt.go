package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// interrupted is the cause of the program's context ending at a signal.
type interrupted struct{}

func (interrupted) Error() string { return "interrupted" }
func (interrupted) Unwrap() error { return context.Canceled }

// untilInterrupted is a context that ends at the first Ctrl-C or SIGTERM: what is at work comes to a good end. The second
// one calls exit, wherever the program is. That leaves no half-written file: files get their names when they are whole.
func untilInterrupted(exit func()) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel(interrupted{})
		<-signals
		exit()
	}()
	return ctx
}
