package safetensors

import (
	"bytes"
	"cnnvk/internal/sharedtest"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func someTensors() []Tensor {
	return []Tensor{
		{Name: "features.0.bn.weight", Shape: []int{3}, F32: []float32{1, -2.5, float32(math.Copysign(0, -1))}},
		{Name: "features.0.bn.num_batches_tracked", Shape: []int{}, I64: []int64{math.MaxInt64 - 1}},
		{Name: "classifier.weight", Shape: []int{2, 2}, F32: []float32{math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(1)), 4}},
		{Name: "labels", Shape: []int{2, 1}, I64: []int64{-1, math.MinInt64}},
		{Name: "scale <&> \"é\"", Shape: nil, F32: []float32{0.1}},
		{Name: "none", Shape: []int{4, 0}, F32: []float32{}},
	}
}

// parsed is what the format's description says is in a file: 8 bytes of length, JSON, values.
type parsed map[string]struct {
	DType   string          `json:"dtype"`
	Shape   json.RawMessage `json:"shape"`
	Offsets [2]int          `json:"data_offsets"`
}

func parseFile(t *testing.T, file []byte) (header parsed, metadata map[string]string, values []byte) {
	t.Helper()
	length := binary.LittleEndian.Uint64(file)
	text := file[8 : 8+length]
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	if m, ok := raw["__metadata__"]; ok {
		if err := json.Unmarshal(m, &metadata); err != nil {
			t.Fatal(err)
		}
		delete(raw, "__metadata__")
	}
	rest, err := json.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(rest, &header); err != nil {
		t.Fatal(err)
	}
	return header, metadata, file[8+length:]
}

// The file is read by a parser that shares nothing with the library.
func TestWriteSafetensors(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	meta := map[string]string{"model": "smallcifarnet", "note": "line\nline"}
	if err := Write(path, someTensors(), meta); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	header, gotMeta, values := parseFile(t, file)
	if !maps.Equal(gotMeta, meta) {
		t.Errorf("metadata %v, want %v", gotMeta, meta)
	}
	if len(header) != len(someTensors()) || (len(file)-len(values))%8 != 0 {
		t.Errorf("%d tensors, values at byte %d", len(header), len(file)-len(values))
	}
	shapes := map[string]string{"features.0.bn.weight": "[3]", "features.0.bn.num_batches_tracked": "[]",
		"classifier.weight": "[2,2]", "labels": "[2,1]", "scale <&> \"é\"": "[]", "none": "[4,0]"}
	for _, want := range someTensors() {
		h := header[want.Name]
		if string(h.Shape) != shapes[want.Name] {
			t.Errorf("%s has shape %s, want %s", want.Name, h.Shape, shapes[want.Name])
		}
		var bytes []byte
		dtype := "F32"
		for _, v := range want.F32 {
			bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(v))
		}
		for _, v := range want.I64 {
			dtype, bytes = "I64", binary.LittleEndian.AppendUint64(bytes, uint64(v))
		}
		if got := values[h.Offsets[0]:h.Offsets[1]]; h.DType != dtype || string(got) != string(bytes) {
			t.Errorf("%s: %s % x, want %s % x", want.Name, h.DType, got, dtype, bytes)
		}
	}
}

func byName(a, b Tensor) int { return strings.Compare(a.Name, b.Name) }

// sameTensor compares to the bit, save that -0 is 0 (TestWriteSafetensors looks at that one). No
// shape and an empty one are the same; no values and none of a type are not.
func sameTensor(a, b Tensor) bool {
	return a.Name == b.Name && slices.Equal(a.Shape, b.Shape) && slices.Equal(a.F32, b.F32) && slices.Equal(a.I64, b.I64) &&
		(a.F32 == nil) == (b.F32 == nil) && (a.I64 == nil) == (b.I64 == nil)
}

func TestSafetensorsRoundTrip(t *testing.T) {
	t.Parallel()
	for _, meta := range []map[string]string{nil, {"seed": "42", "é": ""}} {
		path := filepath.Join(t.TempDir(), "model.safetensors")
		if err := Write(path, someTensors(), meta); err != nil {
			t.Fatal(err)
		}
		got, gotMeta, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(gotMeta, meta) {
			t.Errorf("metadata %v, want %v", gotMeta, meta)
		}
		want := someTensors()
		slices.SortFunc(got, byName)
		slices.SortFunc(want, byName)
		if !slices.EqualFunc(got, want, sameTensor) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
	}
}

// Same tensors, same bytes: in any order, over an earlier file, with nothing else left in the folder.
func TestWriteSafetensorsDeterministic(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var first [sha256.Size]byte
	for i := range 20 {
		tensors, meta := someTensors(), map[string]string{}
		if i%2 == 1 {
			slices.Reverse(tensors)
		}
		for k := range 9 {
			meta[fmt.Sprint((k+i)%9)] = "x"
		}
		path := filepath.Join(dir, "m.safetensors")
		if err := Write(path, tensors, meta); err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(file); i == 0 {
			first = sum
		} else if sum != first {
			t.Fatalf("write %d gave other bytes", i)
		}
	}
	checkFolder(t, dir, "m.safetensors")
}

// The order of tensors changes no checksum; whatever else there is does.
func TestChecksum(t *testing.T) {
	t.Parallel()
	sum := func(tensors []Tensor, meta map[string]string) string {
		t.Helper()
		s, err := Checksum(tensors, meta)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	a, b := Tensor{Name: "a", Shape: []int{2}, F32: []float32{1, 2}}, Tensor{Name: "b", F32: []float32{3}}
	meta := map[string]string{"k": "v", "l": "w"}
	want := sum([]Tensor{a, b}, meta)
	if sum([]Tensor{b, a}, meta) != want {
		t.Error("the order counts")
	}
	row := a
	row.Shape = []int{1, 2}
	for what, other := range map[string]string{
		"a name": sum([]Tensor{a, {Name: "c", F32: b.F32}}, meta), "a value": sum([]Tensor{a, {Name: "b", F32: []float32{4}}}, meta),
		"a type": sum([]Tensor{a, {Name: "b", I64: []int64{3}}}, meta), "a shape": sum([]Tensor{row, b}, meta), "a tensor": sum([]Tensor{a}, meta),
		"metadata": sum([]Tensor{a, b}, map[string]string{"k": "v", "l": "x"}), "a key": sum([]Tensor{a, b}, map[string]string{"k": "v", "m": "w"}),
	} {
		if other == want {
			t.Errorf("%s does not count", what)
		}
	}
	if _, err := Checksum([]Tensor{{Name: "a", Shape: []int{3}, F32: a.F32}}, nil); err == nil {
		t.Error("a tensor whose values do not fit its shape has a checksum")
	}
}

// checkFolder demands that a folder holds exactly these names: no temporary file was left.
func checkFolder(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("the folder has %v, want %v", got, want)
	}
}

func TestWriteSafetensorsRefuses(t *testing.T) {
	t.Parallel()
	one := []float32{1}
	for _, c := range []struct {
		why     string
		tensors []Tensor
		meta    map[string]string
		says    string
	}{
		{"both", []Tensor{{Name: "a", F32: one, I64: []int64{1}}}, nil, "exactly one of F32 and I64"},
		{"neither", []Tensor{{Name: "a", Shape: []int{0}}}, nil, "exactly one of F32 and I64"},
		{"too few", []Tensor{{Name: "a", Shape: []int{2}, F32: one}}, nil, "shape [2], but 1 values"},
		{"too many", []Tensor{{Name: "a", Shape: []int{}, I64: []int64{1, 2}}}, nil, "shape [], but 2 values"},
		{"nothing for a scalar", []Tensor{{Name: "a", F32: []float32{}}}, nil, "shape [], but 0 values"},
		{"negative", []Tensor{{Name: "a", Shape: []int{-1, -1}, F32: one}}, nil, "dimension -1"},
		{"huge", []Tensor{{Name: "a", Shape: []int{math.MaxInt}, F32: one}}, nil, "dimension 9223372036854775807"},
		{"overflow to one", []Tensor{{Name: "a", Shape: []int{641, 6700417, 65537, 65535, 641, 6700417, 65537, 65535}, F32: one}}, nil, "but 1 values"},
		{"overflow to zero", []Tensor{{Name: "a", Shape: []int{1 << 30, 1 << 30, 1 << 4}, F32: []float32{}}}, nil, "but 0 values"},
		{"twice", []Tensor{{Name: "a", F32: one}, {Name: "a", F32: one}}, nil, `two tensors are named "a"`},
		{"no name", []Tensor{{F32: one}}, nil, `"" cannot name a tensor`},
		{"the metadata's name", []Tensor{{Name: "__metadata__", F32: one}}, nil, `"__metadata__" cannot name a tensor`},
		{"name not UTF-8", []Tensor{{Name: "\xff", F32: one}}, nil, `"\xff" cannot name a tensor`},
		{"metadata not UTF-8", nil, map[string]string{"k": "\xff"}, "is not UTF-8"},
		{"metadata's key not UTF-8", nil, map[string]string{"\xff": ""}, "is not UTF-8"},
	} {
		t.Run(c.why, func(t *testing.T) {
			path := writeBytes(t, "m.safetensors", []byte("earlier"))
			checkSaid(t, Write(path, c.tensors, c.meta), path, c.says)
			checkWhole(t, path)
		})
	}
}

// checkSaid demands an error of one line that names the file.
func checkSaid(t *testing.T, err error, path, says string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one that says %q", says)
	}
	if text := err.Error(); !strings.HasPrefix(text, "net: ") || !strings.Contains(text, path) || !strings.Contains(text, says) ||
		strings.Contains(text, "\n") || len(text) > len(path)+400 {
		t.Errorf("got %q, want one line that names the file and says %q", text, says)
	}
}

// checkWhole demands that the file is still what it was, alone in its folder.
func checkWhole(t *testing.T, path string) {
	t.Helper()
	if file, err := os.ReadFile(path); err != nil || string(file) != "earlier" {
		t.Errorf("the earlier file is %q, %v", file, err)
	}
	checkFolder(t, filepath.Dir(path), filepath.Base(path))
}

func TestWriteSafetensorsNoPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "none", "m.safetensors")
	err := Write(path, someTensors(), nil)
	checkSaid(t, err, path, "no such file")
	if !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), ".tmp") {
		t.Errorf("%v: want fs.ErrNotExist and no name of a temporary file", err)
	}
	checkSaid(t, Write(dir, someTensors(), nil), dir, "not a regular file")
	if err := Write(os.DevNull, someTensors(), nil); err == nil {
		t.Error("a device was replaced")
	}
	checkFolder(t, dir)
}

// pack makes a file of a header and some bytes of values.
func pack(header string, values int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, values)...)
}

func TestReadSafetensorsTypes(t *testing.T) {
	t.Parallel()
	file := pack(`{"d":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"i":{"dtype":"I32","shape":[1],"data_offsets":[8,12]},`+
		`"u":{"dtype":"U8","shape":[2],"data_offsets":[12,14]},"s":{"dtype":"I64","shape":[],"data_offsets":[14,22]}}   `, 0)
	file = binary.LittleEndian.AppendUint64(file, math.Float64bits(0.1))
	file = binary.LittleEndian.AppendUint32(file, 0xfffffffe)
	file = append(file, 0, 255)
	file = binary.LittleEndian.AppendUint64(file, 1<<40) // at no multiple of 8, as PyTorch's own files have it
	got, meta, err := Read(writeBytes(t, "f", file))
	want := []Tensor{
		{Name: "d", Shape: []int{1}, F32: []float32{0.1}},
		{Name: "i", Shape: []int{1}, I64: []int64{-2}},
		{Name: "u", Shape: []int{2}, I64: []int64{0, 255}},
		{Name: "s", Shape: []int{}, I64: []int64{1 << 40}},
	}
	if err != nil || len(meta) != 0 || !slices.EqualFunc(got, want, sameTensor) {
		t.Errorf("got %v, %v, %v, want %v", got, meta, err, want)
	}
}

func TestReadSafetensorsRefuses(t *testing.T) {
	t.Parallel()
	good := `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}`
	change := func(from, to string) []byte { return pack(strings.Replace(good, from, to, 1), 12) }
	length := func(n uint64) []byte {
		b := pack(good, 12)
		binary.LittleEndian.PutUint64(b, n)
		return b
	}
	if _, _, err := Read(writeBytes(t, "f", pack(good, 12))); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		why  string
		file []byte
		says string
	}{
		{"empty", nil, "an empty file"},
		{"seven bytes", make([]byte, 7), "it has 7 bytes"},
		{"noise", bytes.Repeat([]byte{0x0b, 0x30, 0xf5, 0x7a, 0x9f}, 9), "it begins with 0b 30 f5 7a 9f 0b 30 f5, like no kind of file"},
		{"the length alone", pack(good, 12)[:8], "header claims 108 bytes, but only 0 follow"},
		{"eight bytes of 0", make([]byte, 8), "not a JSON object"},
		{"header longer than the file", length(uint64(len(good)) + 13), "header claims 121 bytes, but only 120 follow"},
		{"header of 2^60 bytes", length(1 << 60), "header claims 1152921504606846976 bytes"},
		{"header of 2^64-1 bytes", length(math.MaxUint64), "header claims 18446744073709551615 bytes"},
		{"header of 2^64-8 bytes", length(math.MaxUint64 - 7), "header claims"},
		{"header one short", length(uint64(len(good)) - 1), "unexpected end of JSON"},
		{"header one long", length(uint64(len(good)) + 1), "invalid character"},
		{"no JSON", pack("hello world", 0), "not a JSON object"},
		{"null", pack("null", 0), "not a JSON object"},
		{"a list", pack("[]", 0), "not a JSON object"},
		{"not UTF-8", change(`"b"`, "\"\xff\""), "not a JSON object"},
		{"open brackets without end", pack(`{"a":`+strings.Repeat("[", 1<<20), 0), "exceeded max depth"},
		{"cut by one byte", pack(good, 11), "header describes 12 bytes of values, but it has 11"},
		{"one byte more", pack(good, 13), "header describes 12 bytes of values, but it has 13"},
		{"no values", pack(good, 0), "describes 12 bytes of values, but it has 0"},
		{"a tensor twice", change(`"b"`, `"a"`), `the name "a" twice`},
		{"a tensor twice, escaped", change(`"b"`, `"\u0061"`), `the name "a" twice`},
		{"a key twice", change(`"dtype":"F32"`, `"dtype":"F32","dtype":"F32"`), `the name "dtype" twice`},
		{"overlap", change("[8,12]", "[4,12]"), `tensor "b" begins at byte 4 of the values, not at 8`},
		{"the same place", pack(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8), `tensor "b" begins at byte 0 of the values, not at 8`},
		{"a gap", pack(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), "begins at byte 4 of the values, not at 0"},
		{"backwards", change("[8,12]", "[12,8]"), `tensor "b": its data_offsets are [12,8]`},
		{"offset of 2^63", change("[8,12]", "[8,9223372036854775808]"), "describes 9223372036854775808 bytes"},
		{"offset beyond 64 bits", change("[8,12]", "[8,99999999999999999999]"), "data_offsets"},
		{"negative offset", change("[8,12]", "[-4,12]"), "data_offsets"},
		{"one offset", change("[8,12]", "[8]"), "data_offsets"},
		{"shape and offsets differ", change("[1]", "[2]"), `tensor "b" has 4 bytes, which are not F32 of shape [2]`},
		{"shape overflows", change("[1]", "[4294967296,4294967296]"), "its shape is [4294967296 4294967296]"},
		{"shape overflows to its size", change("[1]", "[2147483648,2147483648,4,1]"), "its shape is"},
		{"product overflows to its size", change("[1]", "[641,6700417,65537,65535,641,6700417,65537,65535]"), "which are not F32"},
		{"dimension beyond int beside 0", pack(`{"a":{"dtype":"F32","shape":[0,9223372036854775808],"data_offsets":[0,0]}}`, 0), `tensor "a": its shape is [0 9223372036854775808]`},
		{"negative dimension", change("[1]", "[-1]"), "shape"},
		{"half a dimension", change("[1]", "[1.5]"), "shape"},
		{"shape is a word", change("[1]", `"1"`), "shape"},
		{"unknown type", change(`"F32"`, `"F31"`), "F31"},
		{"type that is not read", pack(`{"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}`, 1), `tensor "a" is of type BOOL`},
		{"missing key", change(`"dtype":"F32",`, ""), `tensor "a": its description has no dtype`},
		{"other key", change(`"dtype"`, `"type"`), "has no dtype"},
		{"a key more", change(`"dtype":"F32"`, `"dtype":"F32","strides":[1]`), "more than dtype, shape and data_offsets"},
		{"tensor is null", pack(`{"a":null}`, 0), `tensor "a": its description is not a JSON object`},
		{"tensor is a number", pack(`{"a":3}`, 0), `tensor "a": its description is not a JSON object`},
		{"type is null", change(`"F32"`, "null"), "its dtype is null"},
		{"type is an object", change(`"F32"`, "{\n\"a\": 1\n}"), `its dtype is {"a":1}`},
		{"type is no word", change(`"F32"`, `"F 32\n"`), `its dtype is "F 32\n"`},
		{"shape has a null", change("[1]", "[null]"), "its shape is [null]"},
		{"shape has a text", change("[1]", `["1"]`), `its shape is ["1"]`},
		{"shape is null", change("[1]", "null"), "its shape is null"},
		{"metadata are a list", pack(`{"__metadata__":["a"]}`, 0), "its __metadata__ is not a JSON object"},
		{"metadata are a number", pack(`{"__metadata__":12}`, 0), "its __metadata__ is not a JSON object"},
		{"a key of the metadata twice", pack(`{"__metadata__":{"a":1,"a":2}}`, 0), `the name "a" twice`},
		{"header of more bytes than the format allows", pack("{}"+strings.Repeat(" ", maxHeaderBytes), 0), "its header has 100000002 bytes"},
		{"endless complaint", pack(`{"a":{"dtype":"F32","shape":"`+strings.Repeat(`x\n`, 5000)+`","data_offsets":[0,0]}}`, 0), "..."},
	} {
		t.Run(c.why, func(t *testing.T) {
			path := writeBytes(t, "f.safetensors", c.file)
			tensors, _, err := Read(path)
			if tensors != nil {
				t.Error("tensors came with the error")
			}
			checkSaid(t, err, path, c.says)
		})
	}
}

func TestReadSafetensorsNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, _, err := Read(dir)
	checkSaid(t, err, dir, "it is a folder")
	path := filepath.Join(dir, "none")
	_, _, err = Read(path)
	checkSaid(t, err, path, "no such file")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}
	if err := os.WriteFile(path, pack("{}", 0), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, MaxBytes+1); err != nil { // takes no room on disk
		t.Fatal(err)
	}
	_, _, err = Read(path)
	checkSaid(t, err, path, "it has 1073741825 bytes")
}

// PyTorch's files, where they are at hand: every one is read, written and read back.
func TestSafetensorsTorch(t *testing.T) {
	t.Parallel()
	golden, weights := sharedtest.Folder(t, "CNNVK_GOLDEN"), sharedtest.Folder(t, "CNNVK_WEIGHTS")
	paths, err := filepath.Glob(filepath.Join(golden, "*", "*.safetensors"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no files in the golden folder: ", err)
	}
	for _, path := range append(paths, filepath.Join(weights, "smallcifarnet_reference.safetensors")) {
		tensors, _, err := Read(path)
		if err != nil {
			t.Error(err)
			continue
		}
		checkAgainstParser(t, path, tensors)
		again := filepath.Join(t.TempDir(), "again")
		if err := Write(again, tensors, nil); err != nil {
			t.Fatal(err)
		}
		back, _, err := Read(again)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(back, byName)
		slices.SortFunc(tensors, byName)
		if !slices.EqualFunc(back, tensors, sameTensor) {
			t.Errorf("%s differs after writing and reading", path)
		}
	}
}

// checkAgainstParser compares what was read of a file of F32, I64 and U8 tensors with its bytes.
func checkAgainstParser(t *testing.T, path string, tensors []Tensor) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	header, _, values := parseFile(t, file)
	if len(tensors) != len(header) {
		t.Fatalf("%s: %d tensors, want %d", path, len(tensors), len(header))
	}
	for _, got := range tensors {
		h := header[got.Name]
		var b bytes.Buffer
		switch h.DType {
		case "F32":
			err = binary.Write(&b, binary.LittleEndian, got.F32)
		case "I64":
			err = binary.Write(&b, binary.LittleEndian, got.I64)
		case "U8":
			for _, v := range got.I64 {
				b.WriteByte(byte(v))
			}
		}
		shape, jsonErr := json.Marshal(got.Shape)
		if err != nil || jsonErr != nil {
			t.Fatal(err, jsonErr)
		}
		if want := strings.ReplaceAll(string(h.Shape), " ", ""); string(shape) != want || !bytes.Equal(b.Bytes(), values[h.Offsets[0]:h.Offsets[1]]) {
			t.Errorf("%s: %s of shape %s differs from the file, shape %s", path, got.Name, shape, want)
		}
	}
}

// writeBytes puts a file into the test's folder and returns its path.
func writeBytes(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
