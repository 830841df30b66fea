package torchfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"cnnvk/internal/files"
	"cnnvk/net/safetensors"
)

// Write writes tensors as torch.save does of an OrderedDict: torch.load(path, weights_only=True) and load_state_dict take it. The metadata
// stand beside in the archive, where PyTorch does not look. The same tensors in the same order, and the same metadata, give the
// same bytes. The file appears whole or
// not at all: see files.WriteAtomically. It refuses the tensors that safetensors.Write refuses.
func Write(path string, tensors []safetensors.Tensor, metadata map[string]string) error {
	err := files.WriteAtomically(path, func(w io.Writer) error { return Encode(w, tensors, metadata) })
	if err != nil {
		return fmt.Errorf("net: writing %s: %w", path, files.Reason(err))
	}
	return nil
}

// Encode writes the bytes that Write puts into a file, and refuses the same tensors.
func Encode(w io.Writer, tensors []safetensors.Tensor, metadata map[string]string) error {
	p, storages := newPickler(), make([][]byte, len(tensors))
	seen := map[string]bool{}
	for i, t := range tensors {
		dtype, data, err := t.Encoded()
		switch {
		case err != nil:
			return err
		case seen[t.Name]:
			return fmt.Errorf("two tensors are named %q", t.Name)
		}
		seen[t.Name] = true
		storages[i] = data
		p.entry(i, t, dtype)
	}
	a := &archiver{zip: zip.NewWriter(w)}
	if err := a.add("data.pkl", p.end()); err != nil {
		return err
	}
	if len(p.Bytes()) > maxPickleBytes {
		return fmt.Errorf("the names and shapes of %d tensors have %d bytes; no more than %d could be read again", len(tensors), p.Len(), maxPickleBytes)
	}
	a.add("byteorder", []byte("little"))
	for i, data := range storages {
		a.add("data/"+strconv.Itoa(i), data)
	}
	a.add("version", []byte("3\n"))
	if len(metadata) > 0 {
		text, err := encodeMetadata(metadata)
		if err != nil {
			return err
		}
		a.add(metadataEntry, text)
	}
	return a.close()
}

func encodeMetadata(metadata map[string]string) ([]byte, error) {
	for key, value := range metadata {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return nil, fmt.Errorf("metadata %q: %q is not UTF-8", key, value)
		}
	}
	text, err := json.Marshal(metadata)
	if err == nil && len(text) > maxMetadataBytes {
		err = fmt.Errorf("the metadata have %d bytes; no more than %d could be read again", len(text), maxMetadataBytes)
	}
	return text, err
}

// archiver writes the archive. The first error stays.
type archiver struct {
	zip *zip.Writer
	at  int64 // bytes written
	err error
}

// The archive's folder, and where an entry's bytes begin: at multiples of this many bytes, as torch.save has them for mmap.
const (
	folder    = "archive/"
	alignment = 64
)

// add writes an entry without compression. The header's extra field, which PyTorch calls FB, is as long as the alignment needs.
func (a *archiver) add(name string, data []byte) error {
	if a.err != nil {
		return a.err
	}
	const header, extra = 30, 4
	begin := a.at + header + extra + int64(len(folder)+len(name))
	padding := int((alignment - begin%alignment) % alignment)
	field := binary.LittleEndian.AppendUint16([]byte("FB"), uint16(padding))
	field = append(field, strings.Repeat("Z", padding)...)
	h := &zip.FileHeader{Name: folder + name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(data), Extra: field,
		CompressedSize64: uint64(len(data)), UncompressedSize64: uint64(len(data))}
	out, err := a.zip.CreateRaw(h)
	if err == nil {
		_, err = out.Write(data)
	}
	a.at, a.err = begin+int64(padding+len(data)), err
	return err
}

func (a *archiver) close() error {
	if a.err != nil {
		return a.err
	}
	return a.zip.Close()
}

// pickler writes the pickle of a state_dict, of protocol 2.
type pickler struct {
	bytes.Buffer
	memo map[string]byte // what was written and comes again, and where it is remembered
}

// Values that come again and again, as they are made.
const (
	orderedDict  = "ccollections\nOrderedDict\n"
	rebuild      = "ctorch._utils\n_rebuild_tensor_v2\n"
	storageWord  = "X\x07\x00\x00\x00storage"
	cpu          = "X\x03\x00\x00\x00cpu"
	float32Class = "ctorch\nFloatStorage\n"
	float64Class = "ctorch\nDoubleStorage\n"
	int64Class   = "ctorch\nLongStorage\n"
)

// storageClasses are the classes of storages by their types.
var storageClasses = map[string]string{"F32": float32Class, "F64": float64Class, "I64": int64Class}

// newPickler begins with an empty OrderedDict and the mark before its entries.
func newPickler() *pickler {
	p := &pickler{memo: map[string]byte{}}
	p.WriteString("\x80\x02")
	p.push(orderedDict)
	p.WriteString(")R(")
	return p
}

// entry is a name and _rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict()).
func (p *pickler) entry(i int, t safetensors.Tensor, dtype string) {
	p.text(t.Name)
	p.push(rebuild)
	p.WriteString("((")
	p.push(storageWord)
	p.push(storageClasses[dtype])
	p.text(strconv.Itoa(i))
	p.push(cpu)
	p.number(max(len(t.F32), len(t.I64)))
	p.WriteString("tQK\x00")
	p.numbers(t.Shape)
	p.numbers(stridesOf(t.Shape))
	p.WriteByte(0x89) // False: it requires no gradient
	p.push(orderedDict)
	p.WriteString(")RtR")
}

// push makes a value and remembers it (BINPUT), or pushes it again (BINGET).
func (p *pickler) push(value string) {
	if at, known := p.memo[value]; known {
		p.Write([]byte{'h', at})
		return
	}
	at := byte(len(p.memo))
	p.memo[value] = at
	p.WriteString(value)
	p.Write([]byte{'q', at})
}

// end closes the entries: SETITEMS, STOP.
func (p *pickler) end() []byte {
	p.WriteString("u.")
	return p.Bytes()
}

func (p *pickler) text(s string) {
	p.WriteByte('X')
	p.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(s))))
	p.WriteString(s)
}

func (p *pickler) numbers(list []int) {
	p.WriteByte('(')
	for _, n := range list {
		p.number(n)
	}
	p.WriteByte('t')
}

func (p *pickler) number(n int) {
	switch {
	case n <= math.MaxUint8:
		p.Write([]byte{'K', byte(n)})
	case n <= math.MaxInt32:
		p.WriteByte('J')
		p.Write(binary.LittleEndian.AppendUint32(nil, uint32(n)))
	default: // LONG1
		p.Write([]byte{0x8a, 8})
		p.Write(binary.LittleEndian.AppendUint64(nil, uint64(n)))
	}
}

// stridesOf are those of a tensor in row-major order, as PyTorch counts them: a dimension of size 0 counts as 1.
func stridesOf(shape []int) []int {
	out := slices.Clone(shape)
	next := 1
	for i := len(shape) - 1; i >= 0; i-- {
		out[i] = next
		next *= max(shape[i], 1)
	}
	return out
}
