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

// The folders that the published archives of CIFAR-100 unpack to.
const (
	archiveFolder = "cifar-100-binary"
	pythonFolder  = "cifar-100-python"
)

// edition is a data set as its authors publish it: in a binary and a Python version, each an archive with a folder of files.
type edition struct {
	form           Form
	binary, python version
	keys           labelKeys // in the Python version
	hint           string    // where a file is to be had whose path is put in; "" for a command that fetches it
}

// version is one of an edition's two.
type version struct {
	archive string // without .tar.gz
	folder  string
	names   string // of a file in the folder with the names of the classes, which need not be there; "" for none
	anyones bool   // many files are called as its data files are: outside of its own folder, only a pickle counts
}

var edition100 = &edition{
	form:   CIFAR100,
	binary: version{archive: archiveFolder, folder: archiveFolder},
	python: version{archive: pythonFolder, folder: pythonFolder, anyones: true},
	keys:   labelKeys{fine: "fine_labels", coarse: "coarse_labels"},
}

var edition10 = &edition{
	form:   CIFAR10,
	binary: version{archive: "cifar-10-binary", folder: "cifar-10-batches-bin", names: "batches.meta.txt"},
	python: version{archive: "cifar-10-python", folder: "cifar-10-batches-py", names: "batches.meta"},
	keys:   labelKeys{fine: "labels"},
	hint:   "cifar-10-binary.tar.gz, from https://www.cs.toronto.edu/~kriz/cifar.html, is read as it is: --data FILE",
}

// part is a part of a data set, which is a run of files in each version.
type part struct {
	*edition
	binaries, pickles []string // what the files are called, in the order of their records
	name              string   // for messages
	records           int      // in each file
}

// The parts that are read, first CIFAR-100's, which is meant where nothing is there.
var (
	trainParts = []part{
		{edition100, []string{"train.bin"}, []string{"train"}, "CIFAR-100 train", TrainRecords},
		{edition10, numbered("data_batch_%d.bin", 5), numbered("data_batch_%d", 5), "CIFAR-10 train", TrainRecords / 5},
	}
	testParts = []part{
		{edition100, []string{"test.bin"}, []string{"test"}, "CIFAR-100 test", TestRecords},
		{edition10, []string{"test_batch.bin"}, []string{"test_batch"}, "CIFAR-10 test", TestRecords},
	}
)

func numbered(format string, n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(format, i+1))
	}
	return out
}

// holding is parts of that many images each; of 0: of as many as were published.
func holding(parts []part, images int) []part {
	if images == 0 {
		return parts
	}
	parts = slices.Clone(parts)
	for i := range parts {
		parts[i].records = images / len(parts[i].binaries)
	}
	return parts
}

// fileNames are the names of an edition's data files in both versions.
func (e *edition) fileNames() (binaries, pickles []string) {
	for _, p := range slices.Concat(trainParts, testParts) {
		if p.edition == e {
			binaries, pickles = append(binaries, p.binaries...), append(pickles, p.pickles...)
		}
	}
	return binaries, pickles
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

// looks are the ways to look for an edition in a folder: for its files, then for the folders that its archives make there, then for an
// archive. Each returns what it finds, or "".
var looks = []func(e *edition, dir string) string{(*edition).inFolder, (*edition).below, (*edition).archiveIn}

// below returns a data file of the edition in one of the folders that its archives make in dir.
func (e *edition) below(dir string) string {
	for _, v := range []version{e.binary, e.python} {
		if path := e.inFolder(filepath.Join(dir, v.folder)); path != "" {
			return path
		}
	}
	return ""
}

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

// replaceHint is how the published file comes in place of a bad one, which is kept.
func (e *edition) replaceHint(path string) string {
	if e.hint != "" {
		return e.hint
	}
	return replaceHint(path)
}

// lackHint is how a folder comes to have what it lacks.
func (e *edition) lackHint(dir string) string {
	if e.hint != "" {
		return e.hint
	}
	return downloadHint(dir)
}
