package run

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"cnnvk/internal/files"
	"cnnvk/internal/hints"
)

// lostFolder is the error of a run folder that no longer belongs to this training.
type lostFolder struct{ error }

func (e lostFolder) Unwrap() error { return e.error }

// isGone says whether a path names nothing, or a folder on it is no folder.
func isGone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) }

// writeFile writes one of the run's files, whole or not at all.
func (f *Folder) writeFile(name string, write func(io.Writer) error) error {
	s, err := f.stage(name, write)
	if err != nil {
		return err
	}
	defer s.Discard()
	return f.commit(name, s)
}

// stage does all of writeFile but the last step: see files.Stage.
func (f *Folder) stage(name string, write func(io.Writer) error) (*files.Staged, error) {
	if err := f.owned(); err != nil {
		return nil, err
	}
	s, err := files.Stage(f.Path(name), write)
	if err != nil {
		return nil, f.cannotWrite(name, err)
	}
	return s, nil
}

// commit gives a staged file its name.
func (f *Folder) commit(name string, s *files.Staged) error {
	if err := f.owned(); err != nil {
		return err
	}
	if err := s.Commit(); err != nil {
		return f.cannotWrite(name, err)
	}
	return nil
}

// cannotWrite is the error of one of the run's files, or of the folder, if that is why.
func (f *Folder) cannotWrite(name string, err error) error {
	if lost := f.owned(); lost != nil {
		return lost
	}
	return f.orElsewhere(fmt.Errorf("writing %s: %w", f.Path(name), files.Reason(err)))
}

// remove removes those of the run's files that are there.
func (f *Folder) remove(names ...string) error {
	for _, name := range names {
		if err := f.owned(); err != nil {
			return err
		}
		if err := os.Remove(f.Path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("replacing %s: %w", f.Path(name), files.Reason(err))
		}
	}
	return nil
}

// owned is an error if the folder no longer belongs to this training: it was deleted, moved or replaced, or its lock was removed, and
// another training may be writing there. It is called before every change in the folder. A change between the call and the write cannot be
// excluded; but the lock file stays open, so no new file can be taken for it.
func (f *Folder) owned() error {
	if files.IsAt(f.lock, f.Path(LockFile)) {
		return nil
	}
	lost := func(format string, args ...any) error {
		return hints.With(lostFolder{fmt.Errorf(format, args...)}, "a run needs its folder to itself, and in its place, as long as it trains")
	}
	_, err := os.Stat(f.Path(LockFile))
	switch dir, noDir := os.Stat(f.Dir); {
	case isGone(noDir) || noDir == nil && !dir.IsDir():
		return lost("the run folder %s was deleted or moved during the training", f.Dir)
	case err == nil:
		return lost("the run folder %s is another training's by now", f.Dir)
	case isGone(err):
		return lost("the run folder %s is not this training's any more: its %s is gone", f.Dir, LockFile)
	}
	return lost("the run folder %s cannot be reached any more: %w", f.Dir, files.Reason(err))
}

// Has says whether one of the run's files is there.
func (f *Folder) Has(name string) bool {
	_, err := os.Stat(f.Path(name))
	return err == nil
}
