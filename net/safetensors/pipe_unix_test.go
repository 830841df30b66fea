//go:build unix

package safetensors

import (
	"path/filepath"
	"syscall"
	"testing"
)

// Opening a named pipe without a writer would never return; nor may a file take a pipe's place.
func TestSafetensorsNamedPipe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := Read(path)
	checkSaid(t, err, path, "not a regular file")
	checkSaid(t, Write(path, someTensors(), nil), path, "not a regular file")
	checkFolder(t, filepath.Dir(path), "pipe")
}
