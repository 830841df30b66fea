package run

import (
	"errors"
	"fmt"
	"io/fs"

	"cnnvk/internal/files"
	"cnnvk/internal/hints"
)

const (
	elsewhere = "--out DIR with a new folder that you may write to"
	mayWrite  = "a run is resumed in its folder: chmod -R u+w gives its owner the right to write there"
)

// orElsewhere is the function orElsewhere, but does not advise a resumed run, which stays in its folder, to take another --out.
func (f *Folder) orElsewhere(err error) error {
	switch {
	case !f.resumed || hints.Of(err) != "":
		return orElsewhere(err)
	case files.DiskFull(err):
		return hints.With(err, "make room on that disk")
	case errors.Is(err, fs.ErrPermission):
		return hints.With(err, mayWrite)
	}
	return err
}

func cannotMake(dir string, err error) error {
	err = fmt.Errorf("%s cannot be the run folder: %w", dir, files.Reason(err))
	if files.DiskFull(err) {
		return orElsewhere(err)
	}
	return hints.With(err, elsewhere)
}

// orElsewhere adds a hint to the error of a folder that cannot be written, unless it has one.
func orElsewhere(err error) error {
	switch {
	case hints.Of(err) != "": // which is more exact
	case files.DiskFull(err):
		return hints.With(err, "make room on that disk, or --out DIR with a folder on another one")
	case errors.Is(err, fs.ErrPermission):
		return hints.With(err, elsewhere)
	}
	return err
}

// ResumeHint is a hint: the command that resumes the run, and from where.
func (f *Folder) ResumeHint(from string) string {
	return "cnnvk train --resume " + files.Quote(f.Dir) + " goes on " + from
}

// RestartHint is a hint: the command that begins the run anew in another folder.
func (f *Folder) RestartHint() string {
	return fmt.Sprintf("cnnvk train --config %s --out DIR begins another run", f.Word(ConfigFile))
}

// RestartHintWith is a hint: the command that begins the run anew, with flags that do not go with --resume.
func (f *Folder) RestartHintWith(flags string) string {
	return fmt.Sprintf("%s, with --config %s --out DIR in place of --resume", flags, f.Word(ConfigFile))
}
