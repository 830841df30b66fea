package cifar

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/nlpodyssey/gopickle/types"

	"cnnvk/internal/hints"
	"cnnvk/internal/pickle"
)

// The Python version is a pickled dictionary for each file: CIFAR-100's train and test, CIFAR-10's data_batch_1 to 5 and test_batch.
//
//	data           uint8 (N, 3072), planes as in the binary version
//	fine_labels    of CIFAR-100: N numbers, 0 to 99
//	coarse_labels  of CIFAR-100: N numbers, 0 to 19
//	labels         of CIFAR-10: N numbers, 0 to 9
//	filenames, batch_label, which are not read
//
// Its authors wrote it with Python 2 and protocol 2. Copies that Python 3 wrote have the same
// dictionary in other opcodes: see loadPickle.

// openFile is a data file that is read in two passes.
type openFile interface {
	io.Reader
	io.ReaderAt
}

// readPython fills the set with the images of a pickled file of size bytes, which holds as many, in their order.
func (p part) readPython(f openFile, path string, size int64, set *Set) error {
	fail := func(err error) error {
		if errors.As(err, new(*fs.PathError)) {
			return systemError(path, err)
		}
		return hints.With(&FileError{Path: path, Problem: err.Error()}, p.replaceHint(path))
	}
	skeleton, err := scanPickle(f, size, set.Len())
	if err != nil {
		return fail(err)
	}
	value, err := loadPickle(skeleton)
	if err != nil {
		return fail(err)
	}
	in := &pythonFile{openFile: f, records: set.Len(), form: p.form, keys: p.keys}
	if err := in.take(value); err != nil {
		return fail(err)
	}
	for i := range set.Len() {
		coarse := 0
		if set.Coarse != nil {
			coarse = in.coarse[i]
		}
		if err := p.setLabels(set, path, i, coarse, in.fine[i]); err != nil {
			return err
		}
	}
	if err := in.readAll(in.images, set.Images); err != nil {
		return fail(err)
	}
	return nil
}

// labelKeys are the keys of the labels in a dictionary; coarse is "" where there are none.
type labelKeys struct{ fine, coarse string }

// pythonFile is a file whose pickle has been loaded, but for its long strings.
type pythonFile struct {
	openFile
	records      int
	form         Form
	keys         labelKeys
	images       any // as array.data
	fine, coarse []int
}

// take finds the data set in the value that a pickle made.
func (p *pythonFile) take(value any) error {
	entries, ok := dictionary(value)
	if !ok {
		return errors.New("is a Python pickle, but no dictionary of images and labels")
	}
	keys := []string{"data", p.keys.fine}
	if p.keys.coarse != "" {
		keys = append(keys, p.keys.coarse)
	}
	for _, key := range keys {
		if _, ok := entries[key]; !ok {
			return fmt.Errorf("is a Python pickle without %s%s", key, insteadOf(entries))
		}
	}
	var err error
	if p.images, err = p.checkImages(entries["data"]); err != nil {
		return err
	}
	if p.fine, err = p.labels(entries[p.keys.fine]); err != nil {
		return fmt.Errorf("%s: %w", p.keys.fine, err)
	}
	if p.keys.coarse == "" {
		return nil
	}
	if p.coarse, err = p.labels(entries[p.keys.coarse]); err != nil {
		return fmt.Errorf("%s: %w", p.keys.coarse, err)
	}
	return nil
}

// dictionary is what a pickle made, by its keys, if that is a dictionary.
func dictionary(value any) (entries map[string]any, ok bool) {
	dict, ok := value.(*types.Dict)
	if !ok {
		return nil, false
	}
	entries = map[string]any{}
	for _, e := range *dict {
		if key, ok := asText(e.Key); ok {
			entries[key] = e.Value
		}
	}
	return entries, true
}

// insteadOf says which other data set a dictionary is.
func insteadOf(entries map[string]any) string {
	has := func(key string) bool { _, is := entries[key]; return is }
	switch {
	case has("fine_label_names"), has("label_names"):
		return ": it is the file with the classes' names"
	case has("labels"):
		return ": it is of CIFAR-10"
	case has("fine_labels"):
		return ": it is of CIFAR-100"
	}
	return ""
}

// checkImages returns the bytes of the array of images.
func (p *pythonFile) checkImages(v any) (any, error) {
	a, ok := v.(*array)
	size := p.form.ImageBytes()
	switch {
	case !ok || a.dtype == nil || a.dtype.name != "u1":
		return nil, errors.New("data is no array of bytes")
	case a.fortran && len(a.shape) > 1:
		return nil, errors.New("data is in Fortran's order")
	case len(a.shape) == 0 || a.shape[0] != p.records:
		return nil, fmt.Errorf("data has the shape %v, must begin with %d images", a.shape, p.records)
	case !slices.Equal(a.shape[1:], []int{size}) && !slices.Equal(a.shape[1:], []int{p.form.C, p.form.H, p.form.W}):
		return nil, fmt.Errorf("data has the shape %v, must be [%d %d], planes one after another", a.shape, p.records, size)
	}
	if n := byteCount(a.data); n < int64(p.records*size) || n > 2*int64(p.records*size) {
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
	case pickle.Blob:
		return data.Size
	}
	return 0
}

// readAll fills all of into with an array's bytes, which must be as many.
func (p *pythonFile) readAll(data any, into []byte) error {
	in := p.open(data)
	if _, err := io.ReadFull(in, into); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return pickle.ErrEnds
		}
		return err
	}
	if n, _ := io.ReadFull(in, make([]byte, 1)); n > 0 {
		return errNotNumPy
	}
	return nil
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
	case pickle.Blob:
		in := io.NewSectionReader(p.openFile, data.At, data.Size)
		if data.Latin1 {
			return &latin1Reader{bufio.NewReaderSize(in, 1<<16)}
		}
		return in
	}
	return bytes.NewReader(nil)
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
