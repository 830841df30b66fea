package files

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
)

// Sync forces an open file or folder to the disk. Some network and FUSE file systems have no such call: there the system
// decides when the bytes reach the disk, and the log says so, once in a process.
func Sync(f *os.File) error { return process.sync(f) }

var process syncer

type syncer struct{ said sync.Once }

func (s *syncer) sync(f *os.File) error {
	err := f.Sync()
	if !cannotSync(err) {
		return err
	}
	s.said.Do(func() {
		folder := f.Name()
		if info, err := f.Stat(); err == nil && !info.IsDir() {
			folder = filepath.Dir(folder) // a file may have a temporary name
		}
		slog.Warn("the file system cannot force files to the disk: a power cut may lose the last of them", "folder", folder, "error", Reason(err))
	})
	return nil
}

// cannotSync tells a file system without fsync from a disk that failed.
func cannotSync(err error) bool {
	const invalidFunction = syscall.Errno(1) // ERROR_INVALID_FUNCTION of Windows; elsewhere EPERM
	return errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTTY) ||
		runtime.GOOS == "windows" && errors.Is(err, invalidFunction)
}

// syncFolder makes a rename in the folder outlast a power cut. Windows has no such call and refuses it.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return Sync(d)
}
