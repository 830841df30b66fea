package cifar

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"cnnvk/internal/files"
	"cnnvk/internal/hints"
)

// FileError says what is wrong with a data file or folder, in one line. What the user can do about it is told by hints.Of.
type FileError struct {
	Path    string // the file or folder
	Problem string // what is wrong with it: "is a folder, must be a file"
	Err     error  // the cause, where it is the operating system's, else nil; Problem has its words
}

// Error names the file and the problem.
func (e *FileError) Error() string { return "cifar: " + e.Path + ": " + e.Problem }

// Unwrap returns Err, so that errors.Is(err, fs.ErrNotExist) works.
func (e *FileError) Unwrap() error { return e.Err }

// systemError drops the operation and path that the os package puts before the reason: FileError
// names the file itself.
func systemError(path string, err error) error {
	hint := ""
	if errors.Is(err, fs.ErrPermission) {
		hint = "chmod -R u+rX " + files.Quote(filepath.Dir(path))
	}
	err = files.Reason(err)
	return hints.With(&FileError{Path: path, Problem: "cannot be read: " + err.Error(), Err: err}, hint)
}

// cacheError is the error of a place that cannot be written.
func cacheError(path string, err error) error {
	hint := "XDG_CACHE_HOME=DIR names another cache folder, cnnvk data download --to DIR another place"
	if files.DiskFull(err) {
		hint = "the data needs 190 MB, and 170 MB more while it is downloaded; make room, and the same command again goes on, or " + hint
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		path, err = pathErr.Path, pathErr.Err
	}
	var linkErr *os.LinkError
	if errors.As(err, &linkErr) {
		path, err = linkErr.New, linkErr.Err
	}
	return hints.With(&FileError{Path: path, Problem: "cannot be written: " + err.Error(), Err: err}, hint)
}

// replaceHint is the command that puts CIFAR-100's file in place of a bad one, which is kept.
func replaceHint(path string) string {
	return fmt.Sprintf("mv %s %s && %s", files.Quote(path), files.Quote(path+".old"), downloadHint(filepath.Dir(path)))
}

// downloadHint is the command after which find has what dir lacks of CIFAR-100.
func downloadHint(dir string) string {
	if base := filepath.Base(dir); base == archiveFolder || base == pythonFolder {
		dir = filepath.Dir(dir)
	}
	return "cnnvk data download --to " + files.Quote(dir)
}
