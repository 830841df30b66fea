package run

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"cnnvk/internal/files"
	"cnnvk/internal/hints"
)

// LockFile lies in a run folder while a training writes there, and holds its process number. A killed process leaves the
// file, but not the lock on it.
const LockFile = ".cnnvk.lock"

// lockFolder makes a run folder this training's own, until files.RemoveLocked.
func lockFolder(dir string) (*os.File, error) {
	path := filepath.Join(dir, LockFile)
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, cannotMake(dir, err)
		}
		if err := tryFolder(f, dir); err != nil {
			f.Close()
			return nil, err
		}
		if !files.IsAt(f, path) {
			f.Close()
			continue
		}
		if err := errors.Join(f.Truncate(0), writeAt(f, strconv.Itoa(os.Getpid()))); err != nil {
			files.RemoveLocked(f)
			return nil, cannotMake(dir, err)
		}
		return f, nil
	}
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

// checkUnlocked is the error of a folder in which a training is going on; it changes nothing.
func checkUnlocked(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, LockFile), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return cannotMake(dir, err)
	}
	defer f.Close()
	return tryFolder(f, dir)
}

// tryFolder takes the lock on an open lock file. The error says which process has it.
func tryFolder(f *os.File, dir string) error {
	got, err := files.TryLock(f)
	if err != nil {
		return cannotMake(dir, err)
	}
	if got {
		return nil
	}
	who := "another process"
	if text, err := io.ReadAll(io.LimitReader(f, 20)); err == nil && len(text) > 0 {
		who = "process " + strings.TrimSpace(string(text))
	}
	return hints.With(folderInUse{who, dir}, "--out "+filepath.Clean(dir)+"-2, or another new folder")
}

// folderInUse is a run folder in which a process trains.
type folderInUse struct{ who, dir string }

func (e folderInUse) Error() string { return e.who + " is training in the run folder " + e.dir }
