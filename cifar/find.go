package cifar

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cnnvk/internal/files"
	"cnnvk/internal/filetype"
	"cnnvk/internal/hints"
)

// chooseOrArchive returns which of the parts is meant, and the archive that has to be unpacked before it can be read from where, or "".
func chooseOrArchive(where string, parts []part) (p part, archive string, err error) {
	info, err := os.Stat(where)
	switch {
	case err != nil: // which readPart words
		return parts[0], "", nil
	case !info.IsDir() && isArchive(where, info):
		return parts[0], where, nil
	case !info.IsDir():
		return parts[0], "", nil
	}
	if p, err = choose(where, parts); err != nil {
		return p, "", err
	}
	if at, err := locate(where, p); at != nil || err != nil {
		return p, "", err
	}
	return p, p.archiveIn(where), nil
}

// looks are the ways to look for an edition in a folder: for its files, then for the folders that its archives make there, then for an
// archive. Each returns what it finds, or "".
var looks = []func(e *edition, dir string) string{(*edition).inFolder, (*edition).below, (*edition).archiveIn}

// Holds says whether there is a data set at a path, or something of one: files of a published version, or an archive.
func Holds(where string) bool {
	info, err := os.Stat(where)
	switch {
	case err != nil:
		return false
	case !info.IsDir():
		return isArchive(where, info)
	}
	for _, look := range looks {
		if look(edition100, where) != "" || look(edition10, where) != "" {
			return true
		}
	}
	return false
}

// choose returns which of the parts, each of another edition, is meant by a folder: that which the first of looks finds. Where there is
// nothing of any it is the first; where there is something of several, which cannot be one data set, it is an error.
func choose(dir string, parts []part) (part, error) {
	for _, look := range looks {
		var found []part
		var paths []string
		for _, p := range parts {
			if path := look(p.edition, dir); path != "" {
				found, paths = append(found, p), append(paths, path)
			}
		}
		switch {
		case len(found) == 1:
			return found[0], nil
		case len(found) > 1:
			return part{}, mixed(dir, found, paths)
		}
	}
	return parts[0], nil
}

// mixed is the error of a folder with something of more than one data set.
func mixed(dir string, of []part, paths []string) error {
	var what []string
	for i, p := range of {
		name, err := filepath.Rel(dir, paths[i])
		if err != nil {
			name = paths[i]
		}
		what = append(what, p.form.Name+" ("+name+")")
	}
	hint := "a folder for each, or the path of one: --data " + files.Quote(filepath.Dir(paths[0]))
	if filepath.Dir(paths[0]) == filepath.Clean(dir) {
		hint = "move one of them into a folder of its own"
		if namesArchive(paths[0]) {
			hint = "the path of one: --data " + files.Quote(paths[0])
		}
	}
	return hints.With(&FileError{Path: dir, Problem: "has files of " + strings.Join(what, " and of ")}, hint)
}

// below returns a data file of the edition in one of the folders that its archives make in dir.
func (e *edition) below(dir string) string {
	for _, v := range []version{e.binary, e.python} {
		if path := e.inFolder(filepath.Join(dir, v.folder)); path != "" {
			return path
		}
	}
	return ""
}

// inFolder returns a data file of the edition that lies in a folder, or "".
func (e *edition) inFolder(dir string) string {
	binaries, pickles := e.fileNames()
	for _, v := range []struct {
		version
		names []string
	}{{e.binary, binaries}, {e.python, pickles}} {
		for _, name := range v.names {
			path := filepath.Join(dir, name)
			if _, err := os.Lstat(path); err == nil && v.has(path) { // not in a folder that cannot be searched
				return path
			}
		}
	}
	return ""
}

// archiveIn finds the edition's archive in a folder by its name and returns its path, or "". The binary version's
// comes first, and its own name before those that a browser gives to a second download.
func (e *edition) archiveIn(dir string) string {
	entries, _ := os.ReadDir(dir)
	for _, version := range []string{e.binary.archive, e.python.archive} {
		var found []string
		for _, e := range entries {
			name := e.Name()
			if !strings.HasPrefix(name, version) || !namesArchive(name) {
				continue
			}
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
				found = append(found, name)
			}
		}
		if name := version + ".tar.gz"; slices.Contains(found, name) {
			return filepath.Join(dir, name)
		}
		if len(found) > 0 {
			return filepath.Join(dir, found[0])
		}
	}
	return ""
}

// find is locate, with an error if there is no such file.
func find(dir string, p part) (*place, error) {
	at, err := locate(dir, p)
	if at != nil || err != nil {
		return at, err
	}
	return nil, hints.With(&FileError{Path: filepath.Join(dir, p.binaries[0]),
		Problem: fmt.Sprintf("no such file, nor one in %s beside it, nor the Python version's %s", p.binary.folder, p.pickles[0]),
		Err:     fs.ErrNotExist}, p.lackHint(dir))
}

// place is where a part's files are, in their order.
type place struct {
	paths  []string
	infos  []fs.FileInfo
	python bool
}

// file is the name of the part's file, or one for all of its files.
func (at *place) file() string {
	first, last := filepath.Base(at.paths[0]), filepath.Base(at.paths[len(at.paths)-1])
	if first == last {
		return first
	}
	return first + ".." + last
}

// locate returns where the part's files are: in dir, or in the folders that the published archives
// make there; nil where none is. Where some are, all must be.
func locate(dir string, p part) (*place, error) {
	for _, at := range []struct {
		dir    string
		names  []string
		of     version
		python bool
	}{
		{dir, p.binaries, p.binary, false}, {filepath.Join(dir, p.binary.folder), p.binaries, p.binary, false},
		{dir, p.pickles, p.python, true}, {filepath.Join(dir, p.python.folder), p.pickles, p.python, true},
	} {
		there := func(name string) bool { return at.of.has(filepath.Join(at.dir, name)) }
		if !slices.ContainsFunc(at.names, there) {
			continue
		}
		out := &place{python: at.python}
		for _, name := range at.names {
			path := filepath.Join(at.dir, name)
			info, err := os.Stat(path)
			if errors.Is(err, fs.ErrNotExist) {
				return nil, hints.With(&FileError{Path: path, Problem: fmt.Sprintf("no such file: %s is %d files", p.name, len(at.names)), Err: fs.ErrNotExist}, p.lackHint(at.dir))
			} else if err != nil {
				return nil, systemError(path, err)
			}
			out.paths, out.infos = append(out.paths, path), append(out.infos, info)
		}
		return out, nil
	}
	return nil, nil
}

// has says whether there is something at a path that may be a file of the version.
func (v version) has(path string) bool {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return !errors.Is(err, fs.ErrNotExist)
	case v.anyones && filepath.Base(filepath.Dir(path)) != v.folder:
		return kindOfFile(path, info) == filetype.Pickle
	}
	return !(v.anyones && info.IsDir())
}
