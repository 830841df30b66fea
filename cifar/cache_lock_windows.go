package cifar

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// tryLock locks the open file, or says that another holds it.
func tryLock(f *os.File) (bool, error) {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}

// removeLock lets go of the lock. The file stays: an open one cannot be removed, and once it is
// closed it may be another's.
func removeLock(f *os.File) { f.Close() }

// full says that there is no room for a write.
func full(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}
