//go:build unix && !aix && !solaris

package cifar

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// tryLock locks the open file, or says that another holds it. A file system without locks counts as
// free: two downloads at once would then spoil each other's part file, which its checksums show.
func tryLock(f *os.File) (bool, error) {
	for {
		switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
		case err == nil, errors.Is(err, unix.ENOLCK), errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.ENOSYS):
			return true, nil
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, unix.EINTR):
			return false, err
		}
	}
}

// removeLock removes the file while it is still locked: whoever waits for it sees that it is gone.
func removeLock(f *os.File) {
	os.Remove(f.Name())
	f.Close()
}

// full says that there is no room for a write.
func full(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || errors.Is(err, unix.EFBIG)
}
