package net

import (
	"bytes"
	"cnnvk/internal/files"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"unicode/utf8"

	"github.com/nlpodyssey/safetensors"
)

// maxSafetensorsBytes is the size above which a file is not read. A model of this program with its
// optimiser's state takes some 20 MB; the limit keeps a wrong file from filling the memory.
const maxSafetensorsBytes = 1 << 30

// metadataKey is the name in a safetensors header that is no tensor.
const metadataKey = "__metadata__"

// NamedTensor is an entry of a state_dict. Exactly one of F32 and I64 is not nil, and holds the
// values in row-major order: as many as the product of Shape, one where Shape is empty. Where F64 is
// not nil, F32 is F64 rounded, and the file has F64.
type NamedTensor struct {
	Name  string
	Shape []int
	F32   []float32
	F64   []float64
	I64   []int64
}

// WriteSafetensors writes tensors and metadata to path. The same tensors, in whatever order, give
// the same bytes. The file appears whole or not at all: see WriteAtomically. It refuses tensors
// whose values do not fit their shape and names that are empty, double, "__metadata__" or not UTF-8.
func WriteSafetensors(path string, tensors []NamedTensor, metadata map[string]string) error {
	views := make(map[string]tensorView, len(tensors))
	for _, t := range tensors {
		view, err := viewOf(t)
		if err != nil {
			return fmt.Errorf("net: writing %s: %w", path, err)
		}
		if _, double := views[t.Name]; double {
			return fmt.Errorf("net: writing %s: two tensors are named %q", path, t.Name)
		}
		views[t.Name] = view
	}
	for key, value := range metadata {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return fmt.Errorf("net: writing %s: metadata %q: %q is not UTF-8", path, key, value)
		}
	}
	err := files.WriteAtomically(path, func(w io.Writer) error {
		return safetensors.SerializeToWriter(views, metadata, w)
	})
	if err != nil {
		return fmt.Errorf("net: writing %s: %w", path, files.Reason(err))
	}
	return nil
}

// tensorView hands a tensor to the library. The library's own view takes no tensor without
// dimensions, which is what num_batches_tracked is.
type tensorView struct {
	dtype safetensors.DType
	shape []uint64 // not nil, so that JSON has [] for no dimensions
	data  []byte   // little-endian
}

func (v tensorView) DType() safetensors.DType { return v.dtype }
func (v tensorView) Shape() []uint64          { return v.shape }
func (v tensorView) Data() []byte             { return v.data }
func (v tensorView) DataLen() uint64          { return uint64(len(v.data)) }

// viewOf checks a tensor and encodes its values.
func viewOf(t NamedTensor) (tensorView, error) {
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
		return tensorView{safetensors.I64, shape, encodeI64(t.I64)}, nil
	}
	if t.F64 != nil {
		if len(t.F64) != len(t.F32) {
			return tensorView{}, fmt.Errorf("tensor %q has %d values, but %d rounded ones", t.Name, len(t.F64), len(t.F32))
		}
		return tensorView{safetensors.F64, shape, encodeF64(t.F64)}, nil
	}
	return tensorView{safetensors.F32, shape, encodeF32(t.F32)}, nil
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

// ReadSafetensors reads a safetensors file: its tensors, in the order in which their values lie in
// the file, and its metadata. F32 arrives in F32, F64 in F64 and, rounded, in F32, I64, I32 and U8 in I64; other
// types are refused, as are files over 1 GiB, anything that is no regular file, and a header that is
// longer than the file, not JSON, has a name twice, or whose offsets overlap or leave gaps.
func ReadSafetensors(path string) ([]NamedTensor, map[string]string, error) {
	file, err := readRegular(path)
	if err != nil {
		return nil, nil, fmt.Errorf("net: reading %s: %w", path, files.Reason(err))
	}
	tensors, metadata, err := decodeSafetensors(file)
	if err != nil {
		return nil, nil, fmt.Errorf("net: %s is no safetensors file or is damaged: %s", path, shorten(err))
	}
	return tensors, metadata, nil
}

// readRegular reads a whole file that is regular (a named pipe would wait for ever) and not too long.
func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	if info.Size() > maxSafetensorsBytes {
		return nil, fmt.Errorf("it has %d bytes; no more than %d are read", info.Size(), maxSafetensorsBytes)
	}
	return os.ReadFile(path)
}

// shorten returns an error's words, but not endlessly many: the library quotes, on one line, all of
// what it could not read.
func shorten(err error) string {
	const limit = 300
	if text := []rune(err.Error()); len(text) > limit {
		return string(text[:limit]) + " ..."
	}
	return err.Error()
}

func decodeSafetensors(file []byte) ([]NamedTensor, map[string]string, error) {
	header, err := parseHeader(file)
	if err != nil {
		return nil, nil, err
	}
	content, err := safetensors.Deserialize(file)
	if err != nil {
		return nil, nil, err
	}
	tensors := make([]NamedTensor, content.Len())
	for i, t := range content.Tensors() {
		if tensors[i], err = decodeTensor(t.Name, t.TensorView); err != nil {
			return nil, nil, err
		}
	}
	return tensors, header.Metadata(), nil
}

// parseHeader parses the header and looks for what the library does not notice (names twice, which
// it would merge; bytes that are not UTF-8, which it would replace), and says in plain words where
// lengths do not fit. Offsets are left to the library.
func parseHeader(file []byte) (header safetensors.Metadata, err error) {
	if len(file) < 8 {
		return header, fmt.Errorf("it has %d bytes, fewer than the 8 of the header's length", len(file))
	}
	length, rest := binary.LittleEndian.Uint64(file), file[8:]
	if length > uint64(len(rest)) {
		return header, fmt.Errorf("its header claims %d bytes, but only %d follow", length, len(rest))
	}
	text, values := rest[:length], rest[length:]
	if !utf8.Valid(text) || !bytes.HasPrefix(text, []byte("{")) {
		return header, errors.New("its header is not a JSON object")
	}
	if err := json.Unmarshal(text, &header); err != nil {
		return header, err
	}
	// Only now: json.Unmarshal limits how deeply values nest.
	if err := checkNames(json.NewDecoder(bytes.NewReader(text))); err != nil {
		return header, err
	}
	end := uint64(0)
	for _, t := range header.Tensors() {
		end = max(end, t.DataOffsets[1])
	}
	if end != uint64(len(values)) {
		return header, fmt.Errorf("its header describes %d bytes of values, but it has %d", end, len(values))
	}
	return header, nil
}

// checkNames walks one JSON value and refuses an object with the same name twice.
func checkNames(in *json.Decoder) error {
	token, err := in.Token()
	if err != nil {
		return err
	}
	open, nested := token.(json.Delim)
	if !nested {
		return nil
	}
	seen := map[json.Token]bool{}
	for in.More() {
		if open == '{' {
			name, err := in.Token()
			if err != nil {
				return err
			}
			if seen[name] {
				return fmt.Errorf("its header has the name %q twice", name)
			}
			seen[name] = true
		}
		if err := checkNames(in); err != nil {
			return err
		}
	}
	_, err = in.Token() // the closing bracket
	return err
}

// decodeTensor copies a view's values; the library has checked their number against the shape.
func decodeTensor(name string, view safetensors.TensorView) (NamedTensor, error) {
	t := NamedTensor{Name: name, Shape: make([]int, len(view.Shape()))}
	for i, d := range view.Shape() {
		if d > math.MaxInt32 { // only beside a dimension of 0
			return t, fmt.Errorf("tensor %q has shape %d", name, view.Shape())
		}
		t.Shape[i] = int(d)
	}
	le := binary.LittleEndian
	switch view.DType() {
	case safetensors.F32:
		t.F32 = decodeValues(view.Data(), 4, func(b []byte) float32 { return math.Float32frombits(le.Uint32(b)) })
	case safetensors.F64:
		t.F64 = decodeValues(view.Data(), 8, func(b []byte) float64 { return math.Float64frombits(le.Uint64(b)) })
		t.F32 = rounded(t.F64)
	case safetensors.I64:
		t.I64 = decodeValues(view.Data(), 8, func(b []byte) int64 { return int64(le.Uint64(b)) })
	case safetensors.I32:
		t.I64 = decodeValues(view.Data(), 4, func(b []byte) int64 { return int64(int32(le.Uint32(b))) })
	case safetensors.U8:
		t.I64 = decodeValues(view.Data(), 1, func(b []byte) int64 { return int64(b[0]) })
	default:
		return t, fmt.Errorf("tensor %q is of type %s; F32, F64, I64, I32 and U8 are read", name, view.DType())
	}
	return t, nil
}

func rounded(values []float64) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(v)
	}
	return out
}

func decodeValues[T any](data []byte, size int, decode func([]byte) T) []T {
	values := make([]T, len(data)/size)
	for i := range values {
		values[i] = decode(data[i*size:])
	}
	return values
}
