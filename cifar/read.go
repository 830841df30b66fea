package cifar

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

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
	for i, path := range at.paths {
		if err := p.readFile(path, at.infos[i].Size(), at.python, set.piece(i*p.records, p.records)); err != nil {
			return nil, err
		}
	}
	set.MD5, set.Name, set.File = set.sum(), p.name, at.file()
	return set, nil
}

// readFile fills a set with what is in one file.
func (p part) readFile(path string, size int64, python bool, set *Set) error {
	f, err := os.Open(path)
	if err != nil {
		return systemError(path, err)
	}
	defer f.Close()
	if python {
		return p.readPython(f, path, size, set)
	}
	return p.readRecords(f, path, set)
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

// readRecords fills the set with exactly as many records as r has. It checks the length again, since
// a file can change while it is read.
func (p part) readRecords(r io.Reader, path string, set *Set) error {
	in := bufio.NewReaderSize(r, 256*p.form.RecordBytes())
	labels := make([]byte, p.form.labelBytes())
	for i := range set.Len() {
		if _, err := io.ReadFull(in, labels); err != nil {
			return p.readError(path, i, err)
		}
		fine := labels[len(labels)-1]
		if err := p.setLabels(set, path, i, int(labels[0]), int(fine)); err != nil {
			return err
		}
		if _, err := io.ReadFull(in, set.image(i)); err != nil {
			return p.readError(path, i, err)
		}
	}
	if _, err := in.ReadByte(); err == nil {
		return hints.With(&FileError{Path: path, Problem: fmt.Sprintf("goes on after %d records", set.Len())}, p.replaceHint(path))
	} else if err != io.EOF {
		return systemError(path, err)
	}
	return nil
}

// setLabels checks a record's labels and puts them into the set. The coarse one counts where there are coarse classes.
func (p part) setLabels(set *Set, path string, record, coarse, fine int) error {
	problem, what := "", "label"
	if p.form.Coarse != nil {
		what = "fine label"
	}
	switch {
	case p.form.Coarse != nil && (coarse < 0 || coarse >= len(p.form.Coarse)):
		problem = fmt.Sprintf("coarse label %d, must be below %d", coarse, len(p.form.Coarse))
	case fine < 0 || fine >= len(p.form.Classes):
		problem = fmt.Sprintf("%s %d, must be below %d", what, fine, len(p.form.Classes))
	default:
		set.Labels[record] = uint8(fine)
		if set.Coarse != nil {
			set.Coarse[record] = uint8(coarse)
		}
		return nil
	}
	return hints.With(&FileError{Path: path, Problem: fmt.Sprintf("record %d (counted from 0): %s", record, problem)},
		"the file is damaged or of another kind: "+p.replaceHint(path))
}

func (p part) readError(path string, record int, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return hints.With(&FileError{Path: path, Problem: fmt.Sprintf("ends in record %d (counted from 0)", record)}, p.replaceHint(path))
	}
	return systemError(path, err)
}

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

// downloadHint is the command after which find has what dir lacks of CIFAR-100.
func downloadHint(dir string) string {
	if base := filepath.Base(dir); base == archiveFolder || base == pythonFolder {
		dir = filepath.Dir(dir)
	}
	return "cnnvk data download --to " + files.Quote(dir)
}

// replaceHint is the command that puts CIFAR-100's file in place of a bad one, which is kept.
func replaceHint(path string) string {
	return fmt.Sprintf("mv %s %s && %s", files.Quote(path), files.Quote(path+".old"), downloadHint(filepath.Dir(path)))
}
