package safetensors

import (
	"fmt"
	"io"

	"cnnvk/internal/files"
	"cnnvk/internal/filetype"
)

// MaxBytes is the size above which a file is not read. A model of this program with its
// optimiser's state takes some 20 MB; the limit keeps a wrong file from filling the memory.
const MaxBytes = 1 << 30

// Read reads a safetensors file: its tensors, in the order of their values in the file, and its metadata. A metadata value that is not a
// string is given as its JSON. F32, F16 and BF16 become F32; F64 becomes F64 and, rounded, F32; I64, I32 and U8 become I64.
//
// Other types are refused. So are files over 1 GiB, whatever is not a regular file, and a header that is longer than the file, is not
// JSON, has a name twice, or whose offsets overlap or leave gaps. The error about a file of another kind names the kind.
func Read(path string) ([]Tensor, map[string]string, error) {
	file, err := readRegular(path)
	if err != nil {
		return nil, nil, err
	}
	header, err := parseHeader(file)
	if err != nil {
		return nil, nil, fmt.Errorf("net: %s is a damaged safetensors file: %s", path, Shorten(err.Error()))
	}
	tensors := make([]Tensor, len(header.tensors))
	for i, info := range header.tensors {
		d, read := dtypes[info.dtype]
		if !read {
			return nil, nil, unreadType(path, info)
		}
		tensors[i] = Tensor{Name: info.name, Shape: info.shape}
		d.into(&tensors[i], header.values[info.begin:info.end])
	}
	return tensors, header.metadata, nil
}

// readRegular reads a whole file that is regular (a named pipe would wait for ever), begins like a safetensors file, and is not too
// long.
func readRegular(path string) ([]byte, error) {
	f, head, size, err := filetype.Open(path)
	if err != nil {
		return nil, fmt.Errorf("net: reading %s: %w", path, files.Reason(err))
	}
	defer f.Close()
	switch kind := filetype.Of(head); {
	case kind.Kind == filetype.Unknown:
		return nil, fmt.Errorf("net: %s is no safetensors file: %w", path, noHeader(head, size))
	case kind.Kind != filetype.Safetensors:
		return nil, Foreign(path, "safetensors", kind)
	case size > MaxBytes:
		return nil, fmt.Errorf("net: reading %s: it has %d bytes; no more than %d are read", path, size, MaxBytes)
	}
	file := make([]byte, size)
	if _, err := io.ReadFull(f, file); err != nil {
		return nil, fmt.Errorf("net: reading %s: %w", path, files.Reason(err))
	}
	return file, nil
}
