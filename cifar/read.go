package cifar

import (
	"bufio"
	"cnnvk/internal/files"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// archiveFolder is what the published archive unpacks to.
const archiveFolder = "cifar-100-binary"

// ReadTrain reads train.bin, 50,000 records, from dir or from dir/cifar-100-binary. Every record's
// labels and the file's exact size are checked; damage to pixels can only show in the checksum
// (see Known). The error is a *FileError.
func ReadTrain(dir string) (*Set, error) {
	return readSet(dir, "train.bin", "CIFAR-100 train", TrainRecords)
}

// ReadTest reads test.bin, 10,000 records, as ReadTrain does. The test set takes no part in
// training or selection: evaluation alone calls this.
func ReadTest(dir string) (*Set, error) {
	return readSet(dir, "test.bin", "CIFAR-100 test", TestRecords)
}

// readSet finds the file in dir, checks that it is one of the right size, and reads it. The number
// of records is a parameter so that tests need no large files.
func readSet(dir, file, name string, records int) (*Set, error) {
	path, info, err := find(dir, file)
	if err != nil {
		return nil, err
	}
	if err := checkFile(path, info, records); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, systemError(path, err)
	}
	defer f.Close()
	set, err := readRecords(f, path, records)
	if err != nil {
		return nil, err
	}
	set.Name = name
	return set, nil
}

// find returns the path of file in dir, or else in the folder that the published archive makes there.
func find(dir, file string) (string, fs.FileInfo, error) {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, &FileError{Path: dir, Problem: "no such folder", Err: err,
			hint: downloadHint(dir)}
	}
	if err != nil {
		return "", nil, systemError(dir, err)
	}
	if !info.IsDir() {
		return "", nil, &FileError{Path: dir, Problem: "is not a folder",
			hint: "name the folder that holds " + file + ", perhaps " + files.Quote(filepath.Dir(dir))}
	}
	for _, path := range []string{filepath.Join(dir, file), filepath.Join(dir, archiveFolder, file)} {
		info, err := os.Stat(path)
		if err == nil {
			return path, info, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", nil, systemError(path, err)
		}
	}
	return "", nil, &FileError{Path: filepath.Join(dir, file), Problem: "no such file, nor one in " + archiveFolder + " beside it",
		Err: fs.ErrNotExist, hint: downloadHint(dir)}
}

// checkFile refuses whatever cannot be the file, before it is opened: opening a named pipe that
// nobody writes to would wait for ever.
func checkFile(path string, info fs.FileInfo, records int) error {
	want := int64(records) * RecordBytes
	bad := &FileError{Path: path, hint: replaceHint(path)}
	switch {
	case info.IsDir():
		bad.Problem = "is a folder, must be a file"
	case !info.Mode().IsRegular():
		bad.Problem = fmt.Sprintf("is not a regular file (%s)", kindOf(info.Mode()))
	case info.Size() < want:
		bad.Problem = fmt.Sprintf("is cut short: %d bytes, must be %d (%d records of %d)", info.Size(), want, records, RecordBytes)
	case info.Size() > want:
		bad.Problem = fmt.Sprintf("is too long: %d bytes, must be %d (%d records of %d)", info.Size(), want, records, RecordBytes)
	default:
		return nil
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
		if err := checkLabels(path, i, label); err != nil {
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

func checkLabels(path string, record int, label [2]byte) error {
	problem := ""
	switch {
	case label[0] >= CoarseClasses:
		problem = fmt.Sprintf("coarse label %d, must be below %d", label[0], CoarseClasses)
	case label[1] >= Classes:
		problem = fmt.Sprintf("fine label %d, must be below %d", label[1], Classes)
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
	if filepath.Base(dir) == archiveFolder {
		dir = filepath.Dir(dir)
	}
	return "cnnvk data download --to " + files.Quote(dir)
}

// replaceHint is the command that puts the published file in place of a bad one, which is kept.
func replaceHint(path string) string {
	return fmt.Sprintf("mv %s %s && %s", files.Quote(path), files.Quote(path+".old"), downloadHint(filepath.Dir(path)))
}
