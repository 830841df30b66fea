package files

import (
	"errors"
	"io/fs"
	"os"
)

// Reason strips the operation and path that package os puts before a cause, for messages that name the file themselves.
func Reason(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	if link := (*os.LinkError)(nil); errors.As(err, &link) {
		return link.Err
	}
	return err
}
