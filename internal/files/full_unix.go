//go:build unix && !aix && !solaris

package files

import (
	"errors"

	"golang.org/x/sys/unix"
)

// DiskFull says that a write failed because the disk, a quota or a limit on a file's size is full.
func DiskFull(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || errors.Is(err, unix.EFBIG)
}
