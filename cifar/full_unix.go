//go:build unix && !aix && !solaris

package cifar

import (
	"errors"

	"golang.org/x/sys/unix"
)

// full says that there is no room for a write.
func full(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || errors.Is(err, unix.EFBIG)
}
