package files

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var errFull = errors.New("disk full")

func TestWriteAtomicallyFails(t *testing.T) {
	path := earlierFile(t)
	err := WriteAtomically(path, func(w io.Writer) error {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil { // more than any buffer: it is on disk
			return err
		}
		return errFull
	})
	if !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
	checkWhole(t, path)
}

// A folder that takes the name while the file is being written makes the last step fail.
func TestWriteAtomicallyCannotRename(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	err := WriteAtomically(path, func(io.Writer) error { return os.Mkdir(path, 0o755) })
	if err == nil || strings.Contains(Reason(err).Error(), ".tmp") {
		t.Errorf("got %v, want an error that does not name the temporary file", Reason(err))
	}
	checkAlone(t, path)
}

// A file that is staged has no name yet: the earlier one stays until it is committed, or for good.
func TestStage(t *testing.T) {
	path := earlierFile(t)
	stage := func() *Staged {
		s, err := Stage(path, func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err })
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	stage().Discard()
	checkWhole(t, path)
	s := stage()
	if file, err := os.ReadFile(path); err != nil || string(file) != "earlier" {
		t.Errorf("before Commit %q, %v", file, err)
	}
	if err := s.Commit(); err != nil {
		t.Fatal(err)
	}
	s.Discard()
	if file, err := os.ReadFile(path); err != nil || string(file) != "new" {
		t.Errorf("after Commit %q, %v", file, err)
	}
	checkAlone(t, path)
}

func earlierFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("earlier"), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// checkWhole looks whether the earlier file is there as it was, alone.
func checkWhole(t *testing.T, path string) {
	t.Helper()
	if text, err := os.ReadFile(path); err != nil || string(text) != "earlier" {
		t.Errorf("the earlier file holds %q, %v", text, err)
	}
	checkAlone(t, path)
}

func checkAlone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 || entries[0].Name() != filepath.Base(path) {
		t.Errorf("%s holds %v, %v", filepath.Dir(path), entries, err)
	}
}
