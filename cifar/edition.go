package cifar

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
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

// named10 says whether a path is called as CIFAR-10's archives are.
func named10(archive string) bool { return strings.HasPrefix(filepath.Base(archive), "cifar-10-") }

const hintArchive = "cnnvk data download fetches the published archive"

// archiveHint is where an archive is to be had in the place of that one.
func archiveHint(archive string) string {
	if named10(archive) {
		return edition10.hint
	}
	return hintArchive
}
