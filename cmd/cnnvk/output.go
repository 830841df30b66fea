package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/term"

	"cnnvk/internal/files"
	"cnnvk/internal/hints"
)

// output is standard output. It keeps the first error, since most callers print without checking for one.
type output struct {
	to     io.Writer
	mu     sync.Mutex // of failed
	failed error
}

// Write goes on after an error: a training's later lines may find room again.
func (o *output) Write(p []byte) (int, error) {
	n, err := o.to.Write(p)
	return n, o.note(err)
}

// close closes the underlying writer, if it can be closed, and returns the first error. Some network file systems report a full disk only
// here.
func (o *output) close() error {
	if c, ok := o.to.(io.Closer); ok {
		o.note(c.Close())
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failed
}

// note rewords an error and keeps it, unless it is only that the reader, such as head, has stopped.
func (o *output) note(err error) error {
	if err == nil || readerGone(err) {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch err = fmt.Errorf("standard output: %w", files.Reason(err)); {
	case errors.Is(err, syscall.EBADF):
		err = errors.New("standard output is closed, or not open for writing")
	case files.DiskFull(err):
		err = hints.With(err, "make room on that disk, or let the output go elsewhere")
	}
	if o.failed == nil {
		o.failed = err
	}
	return err
}

func readerGone(err error) bool {
	const brokenPipe, noData = syscall.Errno(109), syscall.Errno(232) // as Windows says it
	return errors.Is(err, syscall.EPIPE) || runtime.GOOS == "windows" && (errors.Is(err, brokenPipe) || errors.Is(err, noData))
}

// terminalOf is the terminal behind standard output, on which bars are drawn, or else out.
func terminalOf(out io.Writer) io.Writer {
	if o, ok := out.(*output); ok && isTerminal(o.to) {
		return o.to
	}
	return out
}

// isTerminal says whether out is a terminal that can move its cursor.
func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}
