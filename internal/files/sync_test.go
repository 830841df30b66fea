package files

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestCannotSync(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{syscall.EOPNOTSUPP, true}, {syscall.ENOTSUP, true}, {syscall.ENOSYS, true}, {syscall.EINVAL, true}, {syscall.ENOTTY, true},
		{syscall.EIO, false}, {syscall.ENOSPC, false}, {syscall.EBADF, false}, {syscall.EROFS, false}, {syscall.EACCES, false},
	} {
		if c.err != nil {
			c.err = &fs.PathError{Op: "sync", Path: "file", Err: c.err}
		}
		if got := cannotSync(c.err); got != c.want {
			t.Errorf("%v: %v, want %v", c.err, got, c.want)
		}
	}
}

// A pipe cannot be forced to any disk, nor can a file that is closed. The one is said once, the other is an error.
func TestSync(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	defer in.Close()
	var s syncer
	for range 3 {
		if err := s.sync(in); err != nil {
			t.Error(err)
		}
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "level=WARN") || !strings.Contains(text, "folder=") {
		t.Errorf("said: %s", text)
	}
	f := open(t, filepath.Join(t.TempDir(), "file"))
	if err := s.sync(f); err != nil {
		t.Error(err)
	}
	f.Close()
	if err := s.sync(f); err == nil {
		t.Error("a closed file was forced to the disk")
	}
}
