package cifar

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cnnvk/internal/files"
	"cnnvk/internal/filetype"
	"cnnvk/internal/hints"
)

// notFolder is the error of a file that --data names and that is neither a folder nor an archive
// which is read.
func notFolder(path string, info fs.FileInfo, p part) error {
	bad := &FileError{Path: path, Problem: "is not a folder"}
	hint := "name the folder that holds " + p.binaries[0] + ", perhaps " + files.Quote(filepath.Dir(path))
	if err := readable(path, info); err != nil {
		return err
	}
	name := identify(path, info)
	if name == "" {
		return hints.With(bad, hint)
	}
	bad.Problem = "is " + name + ": neither a folder nor an archive of the data set"
	switch kindOfFile(path, info) {
	case filetype.HTML, filetype.XML, filetype.JSON, filetype.Text:
		hint = "what the server sent in place of the archive, perhaps; cnnvk data download fetches it"
	case filetype.LFSPointer, filetype.AnnexPointer:
		hint = "git lfs pull, or git annex get, brings the file itself"
	case filetype.Pickle:
		hint = "name the folder that holds it: " + files.Quote(filepath.Dir(path))
	case filetype.Zip:
		hint = "unzip " + files.Quote(path) + " -d DIR, and then --data DIR"
	case filetype.Archive:
		hint = "unpack it into a folder, and then --data DIR; cnnvk data download fetches an archive that is read as it is"
	}
	return hints.With(bad, hint)
}

// orOther is the hint of a file in the place of the part's: that it is another data set's, if its size says so.
func (p part) orOther(path string, info fs.FileInfo, hint string) string {
	if record := int64(CIFAR10.RecordBytes()); p.form.Coarse != nil && info.Size() > 0 && info.Size()%(1000*record) == 0 {
		return "CIFAR-10 is read from data_batch_1.bin to data_batch_5.bin and test_batch.bin, in a folder of their own"
	}
	return hint
}

// notArchive is the error of a file that has an archive's name and is none.
func notArchive(file string, info fs.FileInfo) error {
	if err := readable(file, info); err != nil {
		return err
	}
	bad, hint := &FileError{Path: file, Problem: "is no archive (.tar.gz)"}, archiveHint(file)
	if name := identify(file, info); name != "" {
		bad.Problem = "is " + name + ", no archive of the data set"
	}
	if kindOfFile(file, info) == filetype.Zip {
		hint = "unzip " + files.Quote(file) + " -d DIR, and then cnnvk train --data DIR"
	}
	return hints.With(bad, hint)
}

// readable is the system's error for a regular file that cannot be read, else nil.
func readable(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return nil
	}
	if _, err := headOf(path); err != nil {
		return systemError(path, err)
	}
	return nil
}

// identify names a file that is not the one wanted, by its size and its first bytes. It is "" for an
// unknown one, and for one that may be the beginning of the right file.
func identify(path string, info fs.FileInfo) string {
	if !info.Mode().IsRegular() {
		return ""
	}
	if name := identifySize(info.Size()); name != "" {
		return name
	}
	head, err := headOf(path)
	if err != nil || len(head) < 2 {
		return ""
	}
	is := filetype.Of(head)
	switch is.Kind {
	case filetype.Empty, filetype.Zeros:
		return ""
	case filetype.HTML, filetype.XML, filetype.JSON, filetype.Text, filetype.LFSPointer, filetype.AnnexPointer:
	default:
		if begins(head, CIFAR100) || strings.Contains(filepath.Base(path), "_batch") && begins(head, CIFAR10) {
			return ""
		}
	}
	return is.Name
}

// identifySize knows the sizes of whole files.
func identifySize(size int64) string {
	record10 := int64(CIFAR10.RecordBytes())
	whole := func(record int64) bool { return size > 0 && size%(1000*record) == 0 }
	switch {
	case size == TrainRecords*RecordBytes:
		return "CIFAR-100's train.bin, by its size"
	case size == TestRecords*RecordBytes:
		return "CIFAR-100's test.bin, by its size"
	case whole(record10):
		return fmt.Sprintf("of CIFAR-10's form (%d records of %d bytes, with one label)", size/record10, record10)
	case whole(ImageBytes):
		return fmt.Sprintf("a file of images without labels, by its size (%d of %d bytes)", size/ImageBytes, ImageBytes)
	}
	return ""
}

// begins says whether a file of a set's records may begin so.
func begins(head []byte, f Form) bool {
	if f.Coarse == nil {
		return int(head[0]) < len(f.Classes)
	}
	return int(head[0]) < len(f.Coarse) && int(head[1]) < len(f.Classes)
}

// isArchive says whether a file is an archive that can be unpacked here.
func isArchive(file string, info fs.FileInfo) bool {
	kind := kindOfFile(file, info)
	return kind == filetype.Gzip || kind == filetype.Tar
}

// kindOfFile is what a file is by its first bytes; Unknown if it cannot be read.
func kindOfFile(path string, info fs.FileInfo) filetype.Kind {
	if !info.Mode().IsRegular() {
		return filetype.Unknown
	}
	head, err := headOf(path)
	if err != nil {
		return filetype.Unknown
	}
	return filetype.Of(head).Kind
}

// headOf reads a regular file's first bytes.
func headOf(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, filetype.HeadBytes)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	return head[:n], nil
}

// namesArchive says whether a file's name is that of an archive.
func namesArchive(name string) bool {
	return slices.Contains([]string{".gz", ".tgz", ".tar", ".zip"}, filepath.Ext(name))
}
