//go:build unix && !aix && !solaris

package files

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// TryLock locks an open file, or says that another holds it. On a file system without locks everyone gets it.
func TryLock(f *os.File) (bool, error) {
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

// RemoveLocked removes a file whose lock one has, and closes it: whoever opened it before sees that it is gone. Another file
// that has taken its name stays.
func RemoveLocked(f *os.File) {
	if IsAt(f, f.Name()) {
		os.Remove(f.Name())
	}
	f.Close()
}
