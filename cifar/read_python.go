package cifar

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/nlpodyssey/gopickle/types"
)

// The Python version of CIFAR-100 is a pickled dictionary for each file, train and test:
//
//	data           uint8 (N, 3072), planes as in the binary version
//	fine_labels    N numbers, 0 to 99
//	coarse_labels  N numbers, 0 to 19
//	filenames, batch_label, which are not read
//
// Its authors wrote it with Python 2 and protocol 2. Copies that Python 3 wrote have the same
// dictionary in other opcodes: see loadPickle.

// openFile is a data file that is read in two passes.
type openFile interface {
	io.Reader
	io.ReaderAt
}

// readPython reads a pickled file of size bytes that holds that many images, in their order. MD5 is
// that of the same records in the binary layout.
func readPython(f openFile, path string, size int64, records int) (*Set, error) {
	fail := func(err error) error {
		if errors.As(err, new(*fs.PathError)) {
			return systemError(path, err)
		}
		return &FileError{Path: path, Problem: err.Error(), hint: replaceHint(path)}
	}
	skeleton, blobs, err := scanPickle(f, size, records)
	if err != nil {
		return nil, fail(err)
	}
	value, err := loadPickle(skeleton, blobs)
	if err != nil {
		return nil, fail(err)
	}
	p := &pythonFile{openFile: f, records: records}
	if err := p.take(value); err != nil {
		return nil, fail(err)
	}
	set := &Set{Images: make([]byte, records*ImageBytes), Labels: make([]uint8, records), Coarse: make([]uint8, records)}
	for i := range records {
		if err := checkLabels(path, i, p.coarse[i], p.fine[i]); err != nil {
			return nil, err
		}
		set.Coarse[i], set.Labels[i] = uint8(p.coarse[i]), uint8(p.fine[i])
	}
	if err := p.readAll(p.images, set.Images); err != nil {
		return nil, fail(err)
	}
	sum := md5.New()
	if err := set.writeRecords(sum); err != nil {
		return nil, fail(err)
	}
	set.MD5 = fmt.Sprintf("%x", sum.Sum(nil))
	return set, nil
}

// pythonFile is a file whose pickle has been loaded, but for its long strings.
type pythonFile struct {
	openFile
	records      int
	images       any // as array.data
	fine, coarse []int
}

// take finds the data set in the value that a pickle made.
func (p *pythonFile) take(value any) error {
	dict, ok := value.(*types.Dict)
	if !ok {
		return errors.New("is a Python pickle, but no dictionary of images and labels")
	}
	entries := map[string]any{}
	for _, e := range *dict {
		if key, ok := asText(e.Key); ok {
			entries[key] = e.Value
		}
	}
	for _, key := range []string{"data", "fine_labels", "coarse_labels"} {
		if _, ok := entries[key]; !ok {
			return fmt.Errorf("is a Python pickle without %s%s", key, insteadOf(entries))
		}
	}
	var err error
	if p.images, err = p.checkImages(entries["data"]); err != nil {
		return err
	}
	if p.fine, err = p.labels(entries["fine_labels"]); err != nil {
		return fmt.Errorf("fine_labels: %w", err)
	}
	if p.coarse, err = p.labels(entries["coarse_labels"]); err != nil {
		return fmt.Errorf("coarse_labels: %w", err)
	}
	return nil
}

// insteadOf says which other data set a dictionary is.
func insteadOf(entries map[string]any) string {
	_, labels := entries["labels"]
	_, names := entries["fine_label_names"]
	_, names10 := entries["label_names"]
	switch {
	case labels || names10:
		return ": it is of CIFAR-10, " + notSupported10
	case names:
		return ": it is the file meta, with the classes' names"
	}
	return ""
}

// checkImages returns the bytes of the array of images.
func (p *pythonFile) checkImages(v any) (any, error) {
	a, ok := v.(*array)
	switch {
	case !ok || a.dtype == nil || a.dtype.name != "u1":
		return nil, errors.New("data is no array of bytes")
	case a.fortran && len(a.shape) > 1:
		return nil, errors.New("data is in Fortran's order")
	case len(a.shape) == 0 || a.shape[0] != p.records:
		return nil, fmt.Errorf("data has the shape %v, must begin with %d images", a.shape, p.records)
	case !slices.Equal(a.shape[1:], []int{ImageBytes}) && !slices.Equal(a.shape[1:], []int{Channels, Side, Side}):
		return nil, fmt.Errorf("data has the shape %v, must be [%d %d], planes one after another", a.shape, p.records, ImageBytes)
	}
	if n := byteCount(a.data); n < int64(p.records)*ImageBytes || n > 2*int64(p.records)*ImageBytes {
		return nil, errNotNumPy
	}
	return a.data, nil
}

// labels decodes a list or an array of numbers, one for each record.
func (p *pythonFile) labels(v any) ([]int, error) {
	var out []int
	switch v := v.(type) {
	case *types.List:
		for _, item := range *v {
			n, ok := item.(int)
			if !ok {
				return nil, errors.New("not a list of numbers")
			}
			out = append(out, n)
		}
	case *array:
		if v.dtype == nil || len(v.shape) == 0 || v.shape[0] != p.records || byteCount(v.data) > int64(p.records)*16 {
			return nil, fmt.Errorf("an array of the shape %v, must have %d numbers", v.shape, p.records)
		}
		data, err := io.ReadAll(p.open(v.data))
		if err != nil {
			return nil, err
		}
		if out, err = v.dtype.integers(data); err != nil {
			return nil, err
		}
	default:
		return nil, errors.New("neither a list nor an array")
	}
	if len(out) != p.records {
		return nil, fmt.Errorf("%d numbers, must be %d", len(out), p.records)
	}
	return out, nil
}

// byteCount is the length of an array's bytes as they are written.
func byteCount(data any) int64 {
	switch data := data.(type) {
	case string:
		return int64(len(data))
	case []byte:
		return int64(len(data))
	case *types.ByteArray:
		return int64(len(*data))
	case blob:
		return data.size
	}
	return 0
}

// open reads an array's bytes.
func (p *pythonFile) open(data any) io.Reader {
	switch data := data.(type) {
	case string:
		return bytes.NewReader([]byte(data))
	case []byte:
		return bytes.NewReader(data)
	case *types.ByteArray:
		return bytes.NewReader(*data)
	case blob:
		in := io.NewSectionReader(p.openFile, data.at, data.size)
		if data.latin1 {
			return &latin1Reader{bufio.NewReaderSize(in, 1<<16)}
		}
		return in
	}
	return bytes.NewReader(nil)
}

// readAll fills all of into with an array's bytes, which must be as many.
func (p *pythonFile) readAll(data any, into []byte) error {
	in := p.open(data)
	if _, err := io.ReadFull(in, into); err != nil {
		return scanError(err)
	}
	if n, _ := io.ReadFull(in, make([]byte, 1)); n > 0 {
		return errNotNumPy
	}
	return nil
}

// latin1Reader makes each rune of UTF-8 a byte.
type latin1Reader struct{ in *bufio.Reader }

func (l *latin1Reader) Read(p []byte) (n int, err error) {
	for n < len(p) {
		r, _, err := l.in.ReadRune()
		if err != nil {
			return n, err
		}
		if r > 0xff {
			return n, errNotNumPy
		}
		p[n] = byte(r)
		n++
	}
	return n, nil
}
