package cifar

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"cnnvk/internal/files"
	"cnnvk/internal/filetype"
	"cnnvk/internal/hints"
)

// ReadTrain reads the training set, 50,000 records of CIFAR-100 or of CIFAR-10, from where: a folder
// with the files of the binary version (train.bin; data_batch_1.bin to 5), or with the Python
// version's, or with the folder that a published archive unpacks to; or an archive (.tar.gz, .tar) of
// either version, or a folder with such an archive and without the files. An archive is unpacked
// once, into the cache folder; say, if not nil, gets a line about that. A folder with files of both
// sets is refused.
//
// Every record's labels and the number of records are checked; damage to pixels can only show in the
// checksum (see Known). Errors are a *FileError.
func (s Source) ReadTrain(ctx context.Context, where string, say func(string)) (*Set, error) {
	return s.read(ctx, where, holding(trainParts, s.Train), say)
}

// ReadTest reads the test set, 10,000 records, as ReadTrain does. The test set takes no part in
// training or selection: only eval and data info read it.
func (s Source) ReadTest(ctx context.Context, where string, say func(string)) (*Set, error) {
	return s.read(ctx, where, holding(testParts, s.Test), say)
}

// read reads one of the parts, each of another data set: that of which there is something.
func (s Source) read(ctx context.Context, where string, parts []part, say func(string)) (*Set, error) {
	p, archive, err := chooseOrArchive(where, parts)
	switch {
	case err != nil:
		return nil, err
	case archive == "":
		return readPart(where, p)
	}
	if info, err := os.Stat(archive); err == nil && !isArchive(archive, info) {
		return nil, notArchive(archive, info)
	}
	cache, err := files.CacheDir()
	if err != nil {
		return nil, err
	}
	dir, err := s.unpackForReading(ctx, archive, cache, parts, say)
	if err != nil {
		return nil, err
	}
	if p, err = choose(dir, parts); err != nil {
		return nil, err
	}
	return readPart(dir, p)
}

// readPart finds the part's files in dir, checks that they can be the ones, and reads them.
func readPart(dir string, p part) (*Set, error) {
	if err := checkFolder(dir, p); err != nil {
		return nil, err
	}
	at, err := find(dir, p)
	if err != nil {
		return nil, err
	}
	for i, path := range at.paths {
		if err := p.checkFile(path, at.infos[i], at.python); err != nil {
			return nil, err
		}
	}
	form := p.form
	if form.Classes, err = p.classes(at); err != nil {
		return nil, err
	}
	set := newSet(form, p.records*len(at.paths))
	set.Name, set.File = p.name, at.file()
	sum := newSumming(set.Len())
	for i, path := range at.paths {
		if err = p.readFile(path, at.infos[i].Size(), at.python, set.piece(i*p.records, p.records), sum.add); err != nil {
			break
		}
	}
	if set.MD5 = sum.end(); err != nil {
		return nil, err
	}
	return set, nil
}

// readFile fills a set with what is in one file. filled is told of the records that do not change any more.
func (p part) readFile(path string, size int64, python bool, set *Set, filled func(*Set)) error {
	f, err := os.Open(path)
	if err != nil {
		return systemError(path, err)
	}
	defer f.Close()
	if !python {
		return p.readRecords(f, path, set, filled)
	}
	if err := p.readPython(f, path, size, set); err != nil {
		return err
	}
	filled(set)
	return nil
}

// checkFolder refuses a path that is not a folder. The error says what it is.
func checkFolder(dir string, p part) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && namesArchive(dir):
		return hints.With(&FileError{Path: dir, Problem: "no such file", Err: err}, archiveHint(dir))
	case errors.Is(err, fs.ErrNotExist):
		return hints.With(&FileError{Path: dir, Problem: "no such folder", Err: err}, downloadHint(dir))
	case err != nil:
		return systemError(dir, err)
	case info.IsDir():
		return nil
	}
	return notFolder(dir, info, p)
}

// checkFile refuses a file that cannot be one of the part's, before it is opened: opening a named pipe that nobody
// writes to would wait for ever. The Python version's records are counted when it is read.
func (p part) checkFile(path string, info fs.FileInfo, python bool) error {
	record := p.form.RecordBytes()
	want := int64(p.records) * int64(record)
	bad, hint := &FileError{Path: path}, p.replaceHint(path)
	size := func(how string) {
		bad.Problem = fmt.Sprintf("is %s: %d bytes, must be %d (%d records of %d)", how, info.Size(), want, p.records, record)
		if python {
			bad.Problem = fmt.Sprintf("is %s: %d bytes for %d images", how, info.Size(), p.records)
		}
	}
	switch {
	case info.IsDir():
		bad.Problem = "is a folder, must be a file"
	case !info.Mode().IsRegular():
		bad.Problem = fmt.Sprintf("is not a regular file (%s)", kindOf(info.Mode()))
	case python && info.Size() > 2*want+1<<20: // Python 3 writes bytes for Python 2 with half as much again
		size("too long")
	case python && kindOfFile(path, info) == filetype.Pickle, !python && info.Size() == want:
		return nil
	default:
		name := identify(path, info)
		switch {
		case name != "":
			bad.Problem = "is " + name
			hint = p.orOther(path, info, hint)
		case python:
			bad.Problem = fmt.Sprintf("is no Python pickle, as %s's Python version is one", p.form.Name)
		case info.Size() < want:
			size("cut short")
		default:
			size("too long")
		}
	}
	return hints.With(bad, hint)
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return mode.Type().String()
}
