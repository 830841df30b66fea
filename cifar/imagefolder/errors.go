package imagefolder

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"cnnvk/internal/files"
	"cnnvk/internal/hints"
)

// cannotRead is the system's error about a file or folder.
func cannotRead(where string, err error) error {
	hint := ""
	if errors.Is(err, fs.ErrPermission) {
		hint = "chmod -R u+rX " + files.Quote(filepath.Dir(where))
	}
	return problem(where, hint, "cannot be read: %w", files.Reason(err))
}

// problem is an error that names a file or folder, with a hint unless that is "".
func problem(where, hint, format string, args ...any) error {
	err := fmt.Errorf("imagefolder: %s: %w", where, fmt.Errorf(format, args...))
	if hint == "" {
		return err
	}
	return hints.With(err, hint)
}
