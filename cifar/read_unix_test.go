//go:build unix

package cifar

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Opening a named pipe without a writer would never return.
func TestReadNamedPipe(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "train.bin")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Published.ReadTrain(t.Context(), dir, nil)
	checkError(t, err, path, "is not a regular file (a named pipe)")
}

func TestReadUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read every file; TestReadRecordsRefuses and the loops of links stand for this")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "train.bin")
	write(t, path, encode(t, 3))
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	_, err := readPart(dir, part100("train.bin", "train", "", 3))
	checkError(t, err, path, "cannot be read: permission denied")

	archive := filepath.Join(dir, "cifar-100-binary.tar.gz")
	write(t, archive, zip(t, nil))
	if err := os.Chmod(archive, 0); err != nil {
		t.Fatal(err)
	}
	_, err = Published.ReadTrain(t.Context(), archive, nil)
	checkError(t, err, archive, "cannot be read: permission denied")
	_, _, err = Published.Unpack(t.Context(), archive, t.TempDir(), nil)
	checkError(t, err, archive, "cannot be read: permission denied")
}
