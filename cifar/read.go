package cifar

import (
	"bufio"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"cnnvk/internal/files"
	"cnnvk/internal/filetype"
)

// The folders that the published archives unpack to.
const (
	archiveFolder = "cifar-100-binary"
	pythonFolder  = "cifar-100-python"
)

// part is a part of the data set, which is a file in each version.
type part struct {
	binary, python string // what the file is called
	name           string // for messages
	records        int
}

var (
	trainPart = part{"train.bin", "train", "CIFAR-100 train", TrainRecords}
	testPart  = part{"test.bin", "test", "CIFAR-100 test", TestRecords}
)

// ReadTrain reads the training set, 50,000 records, from where: a folder with train.bin, or with the
// Python version's train, or with the folder that a published archive unpacks to; or an archive
// (.tar.gz, .tar) of either version, or a folder with such an archive and without the files. An
// archive is unpacked once, into the cache folder; say, if not nil, gets a line about that.
//
// Every record's labels and the number of records are checked; damage to pixels can only show in the
// checksum (see Known). Errors are a *FileError.
func (s Source) ReadTrain(ctx context.Context, where string, say func(string)) (*Set, error) {
	return s.read(ctx, where, trainPart.holding(s.Train), say)
}

// ReadTest reads the test set, 10,000 records, as ReadTrain does. The test set takes no part in
// training or selection: only eval and data info read it.
func (s Source) ReadTest(ctx context.Context, where string, say func(string)) (*Set, error) {
	return s.read(ctx, where, testPart.holding(s.Test), say)
}

func (s Source) read(ctx context.Context, where string, p part, say func(string)) (*Set, error) {
	archive := archiveFor(where, p)
	if archive == "" {
		return readPart(where, p)
	}
	if info, err := os.Stat(archive); err == nil && !isArchive(archive, info) {
		return nil, notArchive(archive, info)
	}
	cache, err := files.CacheDir()
	if err != nil {
		return nil, err
	}
	dir, err := s.unpackForReading(ctx, archive, cache, p, say)
	if err != nil {
		return nil, err
	}
	return readPart(dir, p)
}

// readPart finds the file in dir, checks that it can be the one, and reads it.
func readPart(dir string, p part) (*Set, error) {
	if err := checkFolder(dir, p); err != nil {
		return nil, err
	}
	path, info, err := find(dir, p)
	if err != nil {
		return nil, err
	}
	python := filepath.Base(path) == p.python
	if err := checkFile(path, info, p, python); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, systemError(path, err)
	}
	defer f.Close()
	var set *Set
	if python {
		set, err = readPython(f, path, info.Size(), p.records)
	} else {
		set, err = readRecords(f, path, p.records)
	}
	if err != nil {
		return nil, err
	}
	set.Name, set.File = p.name, filepath.Base(path)
	return set, nil
}

// holding is the part with that many records; with 0, as many as CIFAR-100 has.
func (p part) holding(records int) part {
	if records > 0 {
		p.records = records
	}
	return p
}

// checkFolder refuses a path that is not a folder. The error says what it is.
func checkFolder(dir string, p part) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && namesArchive(dir):
		return &FileError{Path: dir, Problem: "no such file", Err: err, hint: hintArchive}
	case errors.Is(err, fs.ErrNotExist):
		return &FileError{Path: dir, Problem: "no such folder", Err: err, hint: downloadHint(dir)}
	case err != nil:
		return systemError(dir, err)
	case info.IsDir():
		return nil
	}
	return notFolder(dir, info, p)
}

// locate returns the path of the part's file in dir, or in the folders that the published archives
// make there, or "". Many files are called train: outside of its own folder, only a pickle counts.
func locate(dir string, p part) (string, fs.FileInfo, error) {
	for _, path := range []string{filepath.Join(dir, p.binary), filepath.Join(dir, archiveFolder, p.binary),
		filepath.Join(dir, p.python), filepath.Join(dir, pythonFolder, p.python)} {
		info, err := os.Stat(path)
		switch {
		case err == nil && filepath.Base(path) == p.python && filepath.Base(filepath.Dir(path)) != pythonFolder && kindOfFile(path, info) != filetype.Pickle:
		case err == nil && !(info.IsDir() && filepath.Base(path) == p.python):
			return path, info, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return "", nil, systemError(path, err)
		}
	}
	return "", nil, nil
}

// find is locate, with an error if there is no such file. It says what is there instead.
func find(dir string, p part) (string, fs.FileInfo, error) {
	path, info, err := locate(dir, p)
	if path != "" || err != nil {
		return path, info, err
	}
	if found := cifar10In(dir); found != "" {
		return "", nil, &FileError{Path: found, Problem: "is of CIFAR-10, " + notSupported10, hint: downloadHint(dir) + " fetches CIFAR-100"}
	}
	return "", nil, &FileError{Path: filepath.Join(dir, p.binary),
		Problem: fmt.Sprintf("no such file, nor one in %s beside it, nor the Python version's %s", archiveFolder, p.python),
		Err:     fs.ErrNotExist, hint: downloadHint(dir)}
}

// checkFile refuses a file that cannot be the one, before it is opened: opening a named pipe that nobody
// writes to would wait for ever. The Python version's records are counted when it is read.
func checkFile(path string, info fs.FileInfo, p part, python bool) error {
	want := int64(p.records) * RecordBytes
	bad := &FileError{Path: path, hint: replaceHint(path)}
	size := func(how string) {
		bad.Problem = fmt.Sprintf("is %s: %d bytes, must be %d (%d records of %d)", how, info.Size(), want, p.records, RecordBytes)
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
		case python:
			bad.Problem = "is no Python pickle, as CIFAR-100's Python version is one"
		case info.Size() < want:
			size("cut short")
		default:
			size("too long")
		}
	}
	return bad
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

// readRecords takes exactly the given number of records from r. It checks the length again, since
// a file can change while it is read.
func readRecords(r io.Reader, path string, records int) (*Set, error) {
	set := &Set{
		Images: make([]byte, records*ImageBytes),
		Labels: make([]uint8, records),
		Coarse: make([]uint8, records),
	}
	sum := md5.New()
	in := bufio.NewReaderSize(io.TeeReader(r, sum), 256*RecordBytes)
	var label [2]byte
	for i := range records {
		if _, err := io.ReadFull(in, label[:]); err != nil {
			return nil, readError(path, i, err)
		}
		if err := checkLabels(path, i, int(label[0]), int(label[1])); err != nil {
			return nil, err
		}
		set.Coarse[i], set.Labels[i] = label[0], label[1]
		if _, err := io.ReadFull(in, set.Images[i*ImageBytes:(i+1)*ImageBytes]); err != nil {
			return nil, readError(path, i, err)
		}
	}
	if _, err := in.ReadByte(); err == nil {
		return nil, &FileError{Path: path, Problem: fmt.Sprintf("goes on after %d records", records), hint: replaceHint(path)}
	} else if err != io.EOF {
		return nil, systemError(path, err)
	}
	set.MD5 = fmt.Sprintf("%x", sum.Sum(nil))
	return set, nil
}

func checkLabels(path string, record, coarse, fine int) error {
	problem := ""
	switch {
	case coarse < 0 || coarse >= CoarseClasses:
		problem = fmt.Sprintf("coarse label %d, must be below %d", coarse, CoarseClasses)
	case fine < 0 || fine >= Classes:
		problem = fmt.Sprintf("fine label %d, must be below %d", fine, Classes)
	default:
		return nil
	}
	return &FileError{Path: path, Problem: fmt.Sprintf("record %d (counted from 0): %s", record, problem),
		hint: "the file is damaged or of another kind: " + replaceHint(path)}
}

func readError(path string, record int, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &FileError{Path: path, Problem: fmt.Sprintf("ends in record %d (counted from 0)", record), hint: replaceHint(path)}
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
	return &FileError{Path: path, Problem: "cannot be read: " + err.Error(), Err: err, hint: hint}
}

// downloadHint is the command after which find has what dir lacks.
func downloadHint(dir string) string {
	if base := filepath.Base(dir); base == archiveFolder || base == pythonFolder {
		dir = filepath.Dir(dir)
	}
	return "cnnvk data download --to " + files.Quote(dir)
}

// replaceHint is the command that puts the published file in place of a bad one, which is kept.
func replaceHint(path string) string {
	return fmt.Sprintf("mv %s %s && %s", files.Quote(path), files.Quote(path+".old"), downloadHint(filepath.Dir(path)))
}
