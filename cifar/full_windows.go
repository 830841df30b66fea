package cifar

import (
	"errors"

	"golang.org/x/sys/windows"
)

// full says that there is no room for a write.
func full(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}
