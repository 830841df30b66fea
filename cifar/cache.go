package cifar

import (
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"cnnvk/internal/files"
	"cnnvk/internal/hints"
)

// Cached returns the folder of the source's data set in cacheDir, and whether it is there, whole and
// with the source's checksums.
func (s Source) Cached(cacheDir string) (dir string, ok bool) {
	dir = filepath.Join(cacheDir, archiveFolder)
	whole, err := s.check(dir)
	return dir, whole && err == nil
}

// check says whether dir holds every member whose checksum is known. A file with another checksum is an
// error: it may be the user's own, so it is neither used nor replaced.
func (s Source) check(dir string) (whole bool, err error) {
	whole = true
	for name, want := range s.Members {
		if want == "" {
			continue
		}
		path := filepath.Join(dir, name)
		got, err := sumOf(path)
		if errors.Is(err, fs.ErrNotExist) {
			whole = false
			continue
		}
		problem := ""
		switch {
		case errors.Is(err, errNotRegular):
			problem = "is not a regular file"
		case err != nil:
			return false, systemError(path, err)
		case got != want:
			problem = fmt.Sprintf("has MD5 %s, must be %s", got, want)
		default:
			continue
		}
		return false, hints.With(&FileError{Path: path, Problem: problem}, replaceHint(path))
	}
	return whole, nil
}

var errNotRegular = errors.New("not a regular file")

func sumOf(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() { // opening a named pipe would wait for ever
		return "", errNotRegular
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := md5.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}

// waitForLock takes the lock on path, which one process has at a time, and calls waiting while another
// has it. The system releases a killed process's lock; the file alone means nothing.
func waitForLock(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, cacheError(path, err)
		}
		got, err := files.TryLock(f)
		if err != nil {
			f.Close()
			return nil, hints.With(&FileError{Path: path, Problem: "cannot be locked: " + err.Error(), Err: err},
				"cnnvk data download --to DIR names another place")
		}
		if got && files.IsAt(f, path) {
			return func() { files.RemoveLocked(f) }, nil
		}
		f.Close()
		if got { // of a file that its last owner has just removed
			continue
		}
		waiting()
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return nil, hints.With(&FileError{Path: path, Problem: "stopped while another process was downloading or unpacking", Err: ctx.Err()}, "the same command again")
		}
	}
}
