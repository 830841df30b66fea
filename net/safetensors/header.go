package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"
)

// maxHeaderBytes is the format's own limit.
const maxHeaderBytes = 100_000_000

// header is what a safetensors file says of itself, and the values that it speaks of.
type header struct {
	tensors  []tensorInfo // in the order of their values, which have neither gaps nor overlaps
	metadata map[string]string
	values   []byte
}

// tensorInfo describes the tensor whose values are those from begin to end.
type tensorInfo struct {
	name       string
	dtype      string
	shape      []int
	begin, end uint64
}

// parseHeader takes a file apart: 8 bytes of length, the header, the values.
func parseHeader(file []byte) (*header, error) {
	if len(file) < 8 {
		return nil, noHeader(file, int64(len(file)))
	}
	length, rest := binary.LittleEndian.Uint64(file), file[8:]
	switch {
	case length > uint64(len(rest)):
		return nil, noHeader(file, int64(len(file)))
	case length > maxHeaderBytes:
		return nil, fmt.Errorf("its header has %d bytes; no more than %d are read", length, maxHeaderBytes)
	}
	text, values := rest[:length], rest[length:]
	if !utf8.Valid(text) || !bytes.HasPrefix(text, []byte("{")) {
		return nil, errors.New("its header is not a JSON object")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, fmt.Errorf("its header is not JSON: %w", err)
	}
	// Only now: json.Unmarshal limits how deeply values nest.
	if err := checkNames(json.NewDecoder(bytes.NewReader(text))); err != nil {
		return nil, err
	}
	h := &header{values: values}
	var err error
	if h.metadata, err = parseMetadata(fields[metadataKey]); err != nil {
		return nil, err
	}
	delete(fields, metadataKey)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		info, err := parseTensor(name, fields[name])
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		h.tensors = append(h.tensors, info)
	}
	return h, h.checkPlaces()
}

// parseMetadata reads the metadata. The format allows strings alone; any other value is kept as its JSON.
func parseMetadata(raw json.RawMessage) (map[string]string, error) {
	var fields map[string]json.RawMessage
	if raw == nil || string(raw) == "null" {
		return nil, nil
	}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, fmt.Errorf("its %s is not a JSON object", metadataKey)
	}
	out := make(map[string]string, len(fields))
	for key, value := range fields {
		text := compact(value)
		if value[0] == '"' {
			if err := json.Unmarshal(value, &text); err != nil {
				return nil, err
			}
		}
		out[key] = text
	}
	return out, nil
}

// typeName matches any type's name. Whether values of the type can be read is decided later.
var typeName = regexp.MustCompile(`^\w{1,32}$`)

// parseTensor reads {"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}.
func parseTensor(name string, raw json.RawMessage) (tensorInfo, error) {
	t := tensorInfo{name: name}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return t, errors.New("its description is not a JSON object")
	}
	for _, key := range []string{"dtype", "shape", "data_offsets"} {
		if fields[key] == nil {
			return t, fmt.Errorf("its description has no %s", key)
		}
	}
	if len(fields) != 3 {
		return t, errors.New("its description has more than dtype, shape and data_offsets")
	}
	if err := json.Unmarshal(fields["dtype"], &t.dtype); err != nil || !typeName.MatchString(t.dtype) {
		return t, fmt.Errorf("its dtype is %s, not the name of a type", compact(fields["dtype"]))
	}
	shape, ok := naturals(fields["shape"])
	if !ok {
		return t, fmt.Errorf("its shape is %s, not a list of natural numbers", compact(fields["shape"]))
	}
	t.shape = make([]int, len(shape))
	for i, d := range shape {
		if d > math.MaxInt32 { // more values than any file has, or none
			return t, fmt.Errorf("its shape is %d", shape)
		}
		t.shape[i] = int(d)
	}
	offsets, ok := naturals(fields["data_offsets"])
	if !ok || len(offsets) != 2 || offsets[0] > offsets[1] {
		return t, fmt.Errorf("its data_offsets are %s, not where it begins and ends", compact(fields["data_offsets"]))
	}
	t.begin, t.end = offsets[0], offsets[1]
	return t, nil
}

// compact is a JSON value in one line.
func compact(value json.RawMessage) string {
	var out bytes.Buffer
	if err := json.Compact(&out, value); err != nil {
		return err.Error()
	}
	return out.String()
}

// naturals reads a list of numbers that fit in 64 bits without a sign.
func naturals(raw json.RawMessage) ([]uint64, bool) {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil || items == nil {
		return nil, false
	}
	out := make([]uint64, len(items))
	for i, item := range items {
		var err error
		if out[i], err = strconv.ParseUint(string(item), 10, 64); err != nil {
			return nil, false
		}
	}
	return out, true
}

// checkPlaces sorts the tensors by offset. They must fill the values without gaps or overlaps, each with as many bytes as its shape and
// type need. For an unknown type any number will do.
func (h *header) checkPlaces() error {
	slices.SortStableFunc(h.tensors, func(a, b tensorInfo) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	end := uint64(0)
	for _, t := range h.tensors {
		end = max(end, t.end)
	}
	if end != uint64(len(h.values)) {
		return fmt.Errorf("its header describes %d bytes of values, but it has %d", end, len(h.values))
	}
	end = 0
	for _, t := range h.tensors {
		if t.begin != end {
			return fmt.Errorf("tensor %q begins at byte %d of the values, not at %d, where it should", t.name, t.begin, end)
		}
		end = t.end
		if d, known := dtypes[t.dtype]; known && !t.hasBytes(d.size) {
			return fmt.Errorf("tensor %q has %d bytes, which are not %s of shape %v", t.name, t.end-t.begin, t.dtype, t.shape)
		}
	}
	return nil
}

// hasBytes says whether the tensor has as many bytes as its shape has elements of that size.
func (t tensorInfo) hasBytes(size uint64) bool {
	if slices.Contains(t.shape, 0) {
		return t.begin == t.end
	}
	for _, d := range t.shape {
		var overflow uint64
		if overflow, size = bits.Mul64(size, uint64(d)); overflow > 0 {
			return false
		}
	}
	return size == t.end-t.begin
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

// noHeader says why a file of those first bytes and that size cannot begin with a header.
func noHeader(head []byte, size int64) error {
	if len(head) < 8 {
		return fmt.Errorf("it has %d bytes, fewer than the 8 of the header's length", len(head))
	}
	length, rest := binary.LittleEndian.Uint64(head), uint64(size-8)
	switch {
	case length <= rest:
		return errors.New("its header is not a JSON object")
	case rest > 0 && head[8] != '{': // the length is no length
		return fmt.Errorf("it begins with % x, like no kind of file that is known here", head[:8])
	}
	return fmt.Errorf("its header claims %d bytes, but only %d follow", length, rest)
}
