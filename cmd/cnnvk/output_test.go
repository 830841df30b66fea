package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
)

// lateWriter is a file that fails with one error when it is written, and with another when it is closed, if they are not nil.
type lateWriter struct {
	bytes.Buffer
	onWrite, onClose error
}

func (w *lateWriter) Write(p []byte) (int, error) {
	if w.onWrite != nil {
		return 0, w.onWrite
	}
	return w.Buffer.Write(p)
}

func (w *lateWriter) Close() error { return w.onClose }

// What could not be written to standard output is an error, whether that shows at once or in the end; a reader that has enough is none.
func TestOutputFails(t *testing.T) {
	other := errors.New("other")
	for _, c := range []struct {
		onWrite, onClose error
		code             int
		says             string
	}{
		{nil, nil, exitDone, ""},
		{other, nil, exitFailed, "cnnvk: standard output: other\n"},
		{nil, other, exitFailed, "cnnvk: standard output: other\n"},
		{other, io.ErrShortWrite, exitFailed, "cnnvk: standard output: other\n"},
		{syscall.EBADF, nil, exitFailed, "cnnvk: standard output is closed, or not open for writing\n"},
		{syscall.EPIPE, nil, exitDone, ""},
	} {
		var stderr bytes.Buffer
		code := small().run(t.Context(), []string{"cnnvk", "version"}, &lateWriter{onWrite: c.onWrite, onClose: c.onClose}, &stderr)
		if code != c.code || stderr.String() != c.says {
			t.Errorf("%v, %v: exit code %d, %q", c.onWrite, c.onClose, code, stderr.String())
		}
	}
	// A command's own error is the one that counts.
	var stderr bytes.Buffer
	if code := small().run(t.Context(), []string{"cnnvk", "trian"}, &lateWriter{onWrite: other}, &stderr); code != exitUsage || strings.Contains(stderr.String(), "other") {
		t.Errorf("exit code %d, %q", code, stderr.String())
	}
}
