package files

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// WriteAtomically makes a file of what write writes, or leaves what was there. The bytes go to a
// temporary file in the same folder, are forced to the disk, and take the name in one step; then
// the folder is forced to the disk too, as far as the file system can: see Sync. On an error the
// temporary file is removed, and an earlier file at path is whole. (Should only that last step
// fail, path has the new file already.)
func WriteAtomically(path string, write func(io.Writer) error) error {
	s, err := Stage(path, write)
	if err != nil {
		return err
	}
	defer s.Discard()
	return s.Commit()
}

// Staged is a file that is whole and on the disk, but has a temporary name still. Where several files
// belong together, all are staged before the first is committed: a full disk is met before anything
// is replaced.
type Staged struct{ name, path string }

const (
	temporaryName  = ".cnnvk-%016x.tmp"
	temporaryNames = ".cnnvk-????????????????.tmp"
)

// Sweep removes the temporary files that a killed process left in a folder, as far as it can. The caller makes sure that no other process
// is writing there, for instance by a lock.
func Sweep(dir string) {
	left, _ := os.ReadDir(dir)
	for _, e := range left {
		if IsTemporary(e.Name()) {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// IsTemporary says whether a name is that of a file that was still being written. A killed process leaves such files.
func IsTemporary(name string) bool {
	is, _ := filepath.Match(temporaryNames, name)
	return is
}

// Stage does all of WriteAtomically but the last step: the file keeps its temporary name until Commit.
func Stage(path string, write func(io.Writer) error) (_ *Staged, err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	name := filepath.Join(filepath.Dir(path), fmt.Sprintf(temporaryName, rand.Uint64()))
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(name)
		}
	}()
	out := bufio.NewWriterSize(f, 1<<16)
	if err := write(out); err != nil {
		return nil, err
	}
	if err := out.Flush(); err != nil {
		return nil, err
	}
	if err := Sync(f); err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return &Staged{name, path}, nil
}

// Commit gives the file its name.
func (s *Staged) Commit() error {
	if err := rename(s.name, s.path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(s.path))
}

// renameTries is how often a rename is tried on Windows while another program has the file open, every tenth of a second.
const renameTries = 50

// rename is os.Rename, but waits on Windows, which does not replace a file that another program (a spreadsheet, a virus scanner) has open.
func rename(from, to string) error {
	const accessDenied, sharingViolation = syscall.Errno(5), syscall.Errno(32)
	for try := 1; ; try++ {
		err := os.Rename(from, to)
		busy := errors.Is(err, accessDenied) || errors.Is(err, sharingViolation)
		if runtime.GOOS != "windows" || !busy || try == renameTries {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// Discard removes a file that was not committed.
func (s *Staged) Discard() { os.Remove(s.name) }

// Bytes is a write function, for WriteAtomically and Stage, that writes those bytes.
func Bytes(all []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(all)
		return err
	}
}
