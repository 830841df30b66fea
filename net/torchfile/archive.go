package torchfile

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"cnnvk/net/safetensors"
)

// The limits on what a file may ask for. A pickle has some 250 bytes for a tensor, an archive's directory some 80 for an entry.
const (
	maxPickleBytes    = 1 << 20
	maxMetadataBytes  = 1 << 20
	maxDirectoryBytes = 4 << 20
)

// metadataEntry is the entry, beside data.pkl, in which Write keeps metadata. PyTorch does not look at it.
const metadataEntry = "cnnvk.json"

// errCompressed says that an archive is not as torch.save makes it: a small one could unpack to any size.
var errCompressed = errors.New("its archive is compressed; torch.save stores all as it is")

// readerAt is a file.
type readerAt = io.ReaderAt

// archive is the zip archive of a file.
type archive struct {
	size      int64 // of the file
	folder    string
	entries   map[string]*zip.File
	bigEndian bool // the storages
}

// openArchive reads an archive's directory and checks its form.
func openArchive(f readerAt, size int64) (*archive, error) {
	limited := &limitedReader{in: f, left: maxDirectoryBytes}
	z, err := zip.NewReader(limited, size)
	switch {
	case limited.left < 0:
		return nil, fmt.Errorf("its archive has a directory of more than %d bytes", maxDirectoryBytes)
	case err != nil:
		return nil, damaged(err)
	}
	limited.left = 1 << 62
	a := &archive{size: size, entries: map[string]*zip.File{}}
	for _, e := range z.File {
		if a.entries[e.Name] != nil {
			return nil, fmt.Errorf("its archive has the entry %q twice", e.Name)
		}
		a.entries[e.Name] = e
		if dir, name := path.Split(e.Name); name == "data.pkl" && a.folder == "" && strings.Count(dir, "/") == 1 {
			a.folder = dir
		}
	}
	if a.folder == "" {
		return nil, errors.New("its archive has no data.pkl")
	}
	if a.entries[a.folder+"constants.pkl"] != nil {
		return nil, errScript
	}
	order, err := a.read(a.folder+"byteorder", 16)
	if err != nil && a.entries[a.folder+"byteorder"] != nil {
		return nil, err
	}
	a.bigEndian = string(order) == "big"
	return a, nil
}

// metadata is what Write keeps beside the tensors; nil in a file of PyTorch's.
func (a *archive) metadata() (map[string]string, error) {
	if a.entries[a.folder+metadataEntry] == nil {
		return nil, nil
	}
	text, err := a.read(a.folder+metadataEntry, maxMetadataBytes)
	if err != nil {
		return nil, err
	}
	var out map[string]string
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("its %s is no JSON object of texts", metadataEntry)
	}
	return out, nil
}

// values reads the tensors. A storage is read once, whole, and given back before the next.
func (a *archive) values(named []namedTensor) ([]safetensors.Tensor, error) {
	total := uint64(0)
	byStorage := map[string][]int{}
	var order []string
	for i, n := range named {
		bytes, err := n.check()
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", n.name, err)
		}
		if total += bytes; total > maxShares*uint64(a.size) {
			return nil, fmt.Errorf("tensor %q: the tensors up to it have %d bytes, but the file has %d", n.name, total, a.size)
		}
		key := n.storage.key
		if byStorage[key] == nil {
			order = append(order, key)
		}
		byStorage[key] = append(byStorage[key], i)
	}
	out := make([]safetensors.Tensor, len(named))
	for _, key := range order {
		data, err := a.read(a.folder+"data/"+key, a.size)
		if err != nil {
			return nil, err
		}
		for _, i := range byStorage[key] {
			n := named[i]
			if have := uint64(len(data)); n.storage.bytes > have {
				return nil, fmt.Errorf("tensor %q: its storage claims %d bytes, but has %d", n.name, n.storage.bytes, have)
			}
			out[i] = safetensors.Tensor{Name: n.name, Shape: n.shape}
			out[i].Decode(n.dtype, n.gather(data, a.bigEndian))
		}
	}
	return out, nil
}

// maxShares is how many times the file's size all tensors together may have: weights that two layers share are in the file once.
const maxShares = 4

// read reads an entry of at most that many bytes, and checks its checksum.
func (a *archive) read(name string, most int64) ([]byte, error) {
	e := a.entries[name]
	const encrypted = 1
	switch {
	case e == nil:
		return nil, fmt.Errorf("its archive has no %q", name)
	case e.Flags&encrypted != 0:
		return nil, fmt.Errorf("its %q is encrypted", name)
	case e.Method != zip.Store || e.CompressedSize64 != e.UncompressedSize64:
		return nil, errCompressed
	case e.UncompressedSize64 > uint64(a.size):
		return nil, fmt.Errorf("its %q has %d bytes, more than the file", name, e.UncompressedSize64)
	case e.UncompressedSize64 > uint64(most):
		return nil, fmt.Errorf("its %q has %d bytes; no more than %d are read", name, e.UncompressedSize64, most)
	}
	in, err := e.Open()
	if err != nil {
		return nil, damaged(err)
	}
	defer in.Close()
	data := make([]byte, e.UncompressedSize64)
	if _, err := io.ReadFull(in, data); err != nil {
		return nil, fmt.Errorf("%q: %w", name, damaged(err))
	}
	if _, err := in.Read(make([]byte, 1)); err != io.EOF { // only now the checksum is compared
		return nil, fmt.Errorf("%q: %w", name, damaged(err))
	}
	return data, nil
}

// damaged is what the zip library says, without its name.
func damaged(err error) error {
	if text, ok := strings.CutPrefix(err.Error(), "zip: "); ok {
		return errors.New("its archive: " + text)
	}
	return err
}

// limitedReader refuses to read more than what is left.
type limitedReader struct {
	in   io.ReaderAt
	left int
}

func (l *limitedReader) ReadAt(p []byte, at int64) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, errors.New("too long")
	}
	return l.in.ReadAt(p, at)
}
