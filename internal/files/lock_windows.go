package files

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// TryLock locks an open file, or says that another holds it. The byte that is locked lies behind all that the file may
// hold, because locked bytes cannot be read.
func TryLock(f *os.File) (bool, error) {
	at := windows.Overlapped{OffsetHigh: 1}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}

// RemoveLocked closes a file whose lock one has, and removes it: an open one cannot be. If somebody opened it
// in between, it stays, as does another file that has taken its name.
func RemoveLocked(f *os.File) {
	own := IsAt(f, f.Name())
	f.Close()
	if own {
		os.Remove(f.Name())
	}
}
