// Package safetensors reads and writes files of named tensors: https://huggingface.co/docs/safetensors. It knows no networks. For a
// file of another kind, the error says which and how to convert it. Errors begin with "net: ", as those of package net do.
//
// Read begins in read.go, takes the header apart in header.go and the values in dtype.go; foreign.go has the hints.
package safetensors

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	format "github.com/nlpodyssey/safetensors"

	"cnnvk/internal/files"
)

// metadataKey is the name in a safetensors header that is no tensor.
const metadataKey = "__metadata__"

// Tensor is an entry of a state_dict. Exactly one of F32 and I64 is not nil, and holds the
// values in row-major order: as many as the product of Shape, one where Shape is empty. Where F64 is
// not nil, F32 is F64 rounded, and the file has F64.
type Tensor struct {
	Name  string
	Shape []int
	F32   []float32
	F64   []float64
	I64   []int64
}

// Write writes tensors and metadata to path. The same tensors, in whatever order, give
// the same bytes. The file appears whole or not at all: see files.WriteAtomically. It refuses tensors
// whose values do not fit their shape and names that are empty, double, "__metadata__" or not UTF-8.
func Write(path string, tensors []Tensor, metadata map[string]string) error {
	err := files.WriteAtomically(path, func(w io.Writer) error { return Encode(w, tensors, metadata) })
	if err != nil {
		return fmt.Errorf("net: writing %s: %w", path, files.Reason(err))
	}
	return nil
}

// Encode writes the bytes that Write puts into a file, and refuses the same tensors.
func Encode(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	views := make(map[string]tensorView, len(tensors))
	for _, t := range tensors {
		view, err := viewOf(t)
		if err != nil {
			return err
		}
		if _, double := views[t.Name]; double {
			return fmt.Errorf("two tensors are named %q", t.Name)
		}
		views[t.Name] = view
	}
	for key, value := range metadata {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return fmt.Errorf("metadata %q: %q is not UTF-8", key, value)
		}
	}
	return format.SerializeToWriter(views, metadata, w)
}

// Checksum is the SHA-256 of tensors, in whatever order, and metadata, in hexadecimal digits.
func Checksum(tensors []Tensor, metadata map[string]string) (string, error) {
	h := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		fmt.Fprintf(h, "%q %q\n", key, metadata[key])
	}
	sorted := slices.SortedFunc(slices.Values(tensors), func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	for _, t := range sorted {
		v, err := viewOf(t)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%q %v %v\n", t.Name, v.dtype, v.shape)
		h.Write(v.data)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// tensorView hands a tensor to the library. The library's own view takes no tensor without
// dimensions, which is what num_batches_tracked is.
type tensorView struct {
	dtype format.DType
	shape []uint64 // not nil, so that JSON has [] for no dimensions
	data  []byte   // little-endian
}

func (v tensorView) DType() format.DType { return v.dtype }
func (v tensorView) Shape() []uint64     { return v.shape }
func (v tensorView) Data() []byte        { return v.data }
func (v tensorView) DataLen() uint64     { return uint64(len(v.data)) }

// Encoded is the type and the little-endian bytes that Write puts into a file; an error for a tensor that it refuses.
func (t Tensor) Encoded() (dtype string, data []byte, err error) {
	v, err := viewOf(t)
	if err != nil {
		return "", nil, err
	}
	return v.dtype.String(), v.data, nil
}

// viewOf checks a tensor and encodes its values.
func viewOf(t Tensor) (tensorView, error) {
	if t.Name == "" || t.Name == metadataKey || !utf8.ValidString(t.Name) {
		return tensorView{}, fmt.Errorf("%q cannot name a tensor", t.Name)
	}
	if (t.F32 == nil) == (t.I64 == nil) {
		return tensorView{}, fmt.Errorf("tensor %q must have values in exactly one of F32 and I64", t.Name)
	}
	shape := make([]uint64, len(t.Shape))
	count := uint64(1)
	for i, d := range t.Shape {
		if d < 0 || d > math.MaxInt32 {
			return tensorView{}, fmt.Errorf("tensor %q has shape %v: dimension %d", t.Name, t.Shape, d)
		}
		shape[i] = uint64(d)
		// Cut at 2^32-1, far beyond any file that could be read again, so that the product cannot overflow.
		count = min(count*uint64(d), math.MaxUint32)
	}
	if have := max(len(t.F32), len(t.I64)); count != uint64(have) {
		return tensorView{}, fmt.Errorf("tensor %q has shape %v, but %d values", t.Name, t.Shape, have)
	}
	if t.I64 != nil {
		return tensorView{format.I64, shape, encodeI64(t.I64)}, nil
	}
	if t.F64 != nil {
		if len(t.F64) != len(t.F32) {
			return tensorView{}, fmt.Errorf("tensor %q has %d values, but %d rounded ones", t.Name, len(t.F64), len(t.F32))
		}
		return tensorView{format.F64, shape, encodeF64(t.F64)}, nil
	}
	return tensorView{format.F32, shape, encodeF32(t.F32)}, nil
}

func encodeF32(values []float32) []byte {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func encodeF64(values []float64) []byte {
	b := make([]byte, 0, 8*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

func encodeI64(values []int64) []byte {
	b := make([]byte, 0, 8*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	return b
}
