package torchfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"cnnvk/net/safetensors"
)

// entry is one of an archive that a test makes.
type entry struct {
	name, data string
	method     uint16
	claims     uint64 // bytes, if not those of data
}

// archiveOf makes an archive.
func archiveOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: e.method, CRC32: crc32.ChecksumIEEE([]byte(e.data)), CompressedSize64: uint64(len(e.data)), UncompressedSize64: uint64(len(e.data))}
		if e.claims > 0 {
			h.UncompressedSize64 = e.claims
			if e.method == zip.Store {
				h.CompressedSize64 = e.claims
			}
		}
		out, err := z.CreateRaw(h)
		if err == nil {
			_, err = io.WriteString(out, e.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// file is a file of one pickle and a storage of eight float32.
func file(t testing.TB, pickle string) []byte {
	return archiveOf(t, entry{name: "archive/data.pkl", data: pickle}, entry{name: "archive/data/0", data: strings.Repeat("\x00\x00\x80\x3f", 8)})
}

func le32(n int) string { return string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }

// view is the pickle of a tensor w of storage 0, which claims count elements.
func view(count, offset, shape, strides string) string {
	return "\x80\x02}U\x01wctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\nU\x010U\x03cpu" + count + "tQ" + offset + shape + strides + "\x89NtRs."
}

// long is a pickled number of 8 bytes.
func long(n int64) string {
	return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(n)))
}

const eight, none = "K\x08", "K\x00"

// A file that lies, or asks for more than it has, is refused in one line.
func TestReadHostile(t *testing.T) {
	t.Parallel()
	dict := func(in string) string { return "\x80\x02" + in + "." }
	good := view(eight, none, "K\x02K\x04\x86", "K\x04K\x01\x86")
	plain := entry{name: "archive/data.pkl", data: good}
	bomb := entry{name: "archive/data/0", data: strings.Repeat("\x00", 1<<10), method: zip.Deflate, claims: 1 << 30}
	for _, c := range []struct {
		why  string
		file []byte
		says string
	}{
		{"nothing", []byte("PK\x03\x04"), "its archive: not a valid zip file"},
		{"no pickle", archiveOf(t, entry{name: "archive/data/0"}), "has no data.pkl"},
		{"a pickle in no folder", archiveOf(t, entry{name: "data.pkl", data: good}), "has no data.pkl"},
		{"a pickle too deep", archiveOf(t, entry{name: "a/b/data.pkl", data: good}), "has no data.pkl"},
		{"no storage", archiveOf(t, plain), `has no "archive/data/0"`},
		{"a storage elsewhere", file(t, strings.Replace(good, "U\x010", "U\x0c../../../etc", 1)), `has no "archive/data/../../../etc"`},
		{"an entry twice", archiveOf(t, plain, plain), "twice"},
		{"a zip bomb", archiveOf(t, plain, bomb), "is compressed"},
		{"a compressed pickle", archiveOf(t, entry{name: "a/data.pkl", data: "x", method: zip.Deflate, claims: 1 << 30}), "is compressed"},
		{"another method", archiveOf(t, entry{name: "a/data.pkl", data: "x", method: 93}), "is compressed"},
		{"a pickle larger than the file", archiveOf(t, entry{name: "a/data.pkl", data: good, claims: 1 << 40}), "more than the file"},
		{"a long pickle", archiveOf(t, entry{name: "a/data.pkl", data: strings.Repeat("N", maxPickleBytes+1)}), "no more than 1048576 are read"},
		{"a storage larger than the file", archiveOf(t, plain, entry{name: "archive/data/0", data: "x", claims: 1 << 33}), "more than the file"},
		{"entries without end", archiveOf(t, many(100_000)...), "a directory of more than"},
		{"metadata that are none", archiveOf(t, plain, entry{name: "archive/data/0", data: strings.Repeat("1", 32)}, entry{name: "archive/cnnvk.json", data: "[1]"}), "no JSON object"},
		{"metadata without end", archiveOf(t, plain, entry{name: "archive/data/0", data: strings.Repeat("1", 32)}, entry{name: "archive/cnnvk.json", data: strings.Repeat(" ", maxMetadataBytes+1)}), "no more than"},

		{"a claim beyond the storage", file(t, view("K\x09", none, "K\x09\x85", "K\x01\x85")), "claims 36 bytes, but has 32"},
		{"a claim of gigabytes", file(t, view("J"+le32(1<<30), none, "J"+le32(1<<30)+"\x85", "K\x01\x85")), "the tensors up to it have 4294967296 bytes"},
		{"a shape beyond the claim", file(t, view(eight, none, "K\x03K\x03\x86", "K\x03K\x01\x86")), "reaches to element 8 of its storage, which claims 8"},
		{"an offset beyond it", file(t, view(eight, "K\x07", "K\x02\x85", "K\x01\x85")), "reaches to element 8"},
		{"a stride beyond it", file(t, view(eight, none, "K\x02\x85", "K\x08\x85")), "reaches to element 8"},
		{"a negative offset", file(t, view(eight, "J"+le32(-1), "K\x02\x85", "K\x01\x85")), "offset -1"},
		{"a negative stride", file(t, view(eight, "K\x07", "K\x02\x85", "J"+le32(-1)+"\x85")), "strides [-1]"},
		{"a negative size", file(t, view(eight, none, "J"+le32(-1)+"\x85", "K\x01\x85")), "shape [-1]"},
		{"a negative claim", file(t, view("J"+le32(-1), none, "K\x02\x85", "K\x01\x85")), "a storage that is none"},
		{"a size that overflows", file(t, view(eight, none, long(1<<62)+"K\x04\x86", "K\x00K\x00\x86")), "too large"},
		{"sizes that overflow", file(t, view(eight, none, "("+strings.Repeat("J"+le32(1<<30), 8)+"t", "("+strings.Repeat(none, 8)+"t")), "too large"},
		{"strides that overflow", file(t, view(eight, none, "K\x03K\x03\x86", long(1<<63-1)+long(1<<63-1)+"\x86")), "too large"},
		{"a number beyond 64 bits", file(t, view(eight, none, "\x8a\x09"+strings.Repeat("\x7f", 9)+"\x85", "K\x01\x85")), "a tensor that is none"},
		{"expanded without end", file(t, view(eight, none, "J"+le32(1<<28)+"\x85", "K\x00\x85")), "the tensors up to it have 1073741824 bytes"},
		{"fewer strides than sizes", file(t, view(eight, none, "K\x02K\x02\x86", "K\x01\x85")), "strides [1]"},
		{"dimensions without end", file(t, view(eight, none, "("+strings.Repeat("K\x01", 65)+"t", "("+strings.Repeat("K\x01", 65)+"t")), "a tensor that is none"},
		{"no sizes", file(t, view(eight, none, "N", "N")), "a tensor that is none"},

		{"a pickle cut", file(t, good[:60]), "data.pkl is cut short"},
		{"a pickle of protocol 0", file(t, "(dp0\n."), "protocol 0"},
		{"an empty stack", file(t, dict("")), "data.pkl is damaged"},
		{"no mark", file(t, dict("u")), "data.pkl is damaged"},
		{"an odd dictionary", file(t, dict("}(U\x01wu")), "data.pkl is damaged"},
		{"a persistent ID that is a number", file(t, dict("K\x05Q")), "data.pkl is damaged"},
		{"a persistent ID that is none", file(t, dict("NQ")), "no storage"},
		{"a persistent ID that is no storage", file(t, dict("(U\x01aU\x01bU\x01cU\x01dU\x01etQ")), "no storage"},
		{"a storage of no class", file(t, strings.Replace(good, "ctorch\nFloatStorage\n", "N", 1)), "a storage that is none"},
		{"a tensor of nothing", file(t, dict("ctorch._utils\n_rebuild_tensor_v2\n)R")), "a tensor that is none"},
		{"a parameter of nothing", file(t, dict("ctorch._utils\n_rebuild_parameter\nN\x85R")), "a tensor that is none"},
		{"a tensor of a type of nothing", file(t, dict("ctorch._tensor\n_rebuild_from_type_v2\n(ctorch\nSize\nNNNtR")), "a tensor that is none"},
		{"a type that rebuilds itself", file(t, dict("ctorch._tensor\n_rebuild_from_type_v2\nq\x00(h\x00NU\x01x\x85NtR")), "a tensor that is none"},
		{"a global in a dictionary", file(t, dict("}U\x01wcos\nsystem\ns")), `would run Python's "os.system"`},
		{"a global of protocol 4", file(t, "\x80\x04\x8c\x02os\x8c\x06system\x93."), `would run Python's "os.system"`},
		{"a global that looks like torch", file(t, dict("ctorch\nload\n")), `would run Python's "torch.load"`},
		{"a builtin", file(t, dict("c__builtin__\neval\n")), `would run Python's "__builtin__.eval"`},
		{"a global of two lines", file(t, dict("cos\r\nsys\x1btem\n")), `"os\r.sys\x1btem"`},
		{"a name twice", file(t, strings.Replace(good, "s.", "("+good[3:len(good)-2]+"u.", 1)), "twice"},

		{"lists in lists", file(t, dict(strings.Repeat("]", 60_000)+strings.Repeat("a", 59_999))), "more instructions"},
		{"tuples in tuples", file(t, dict("N"+strings.Repeat("\x85", 400_000))), "more instructions"},
		{"dictionaries in dictionaries", file(t, dict(deep(50_000))), "more instructions"},
		{"a list of itself", file(t, dict("]q\x00h\x00a")), "it holds a list"},
		{"a dictionary of itself", file(t, dict("}q\x00U\x05modelh\x00s")), "it holds model"},
		{"calling a list of itself", file(t, dict("]q\x00h\x00a)R")), "data.pkl is damaged"},
		{"lists that double", file(t, dict(doubling(400))), "it holds a list"},
		{"dictionaries that double", file(t, dict(doublingStates(200))), "it holds model, net"},
	} {
		t.Run(c.why, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "hostile.pt")
			if err := os.WriteFile(path, c.file, 0o600); err != nil {
				t.Fatal(err)
			}
			tensors, _, _, err := Read(path)
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "net: "+path) || strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > 700 {
				t.Errorf("%d tensors, %v, want %q", len(tensors), err, c.says)
			}
		})
	}
	if tensors, _, _, err := read(bytes.NewReader(file(t, good)), int64(len(file(t, good)))); err != nil || len(tensors) != 1 {
		t.Errorf("%v, %v: the file that all these change is none", tensors, err)
	}
}

// many are more entries than any file has.
func many(n int) []entry {
	out := []entry{{name: "archive/data.pkl", data: "x"}}
	for i := range n {
		out = append(out, entry{name: fmt.Sprintf("archive/data/%d", i)})
	}
	return out
}

// deep is a dictionary in a dictionary and so on.
func deep(n int) string {
	return strings.Repeat("}U\x01a", n) + "N" + strings.Repeat("s", n)
}

// doubling is a list of two lists, which are the same, of two lists and so on.
func doubling(n int) string {
	out := "]q\x00"
	for range n {
		out += "](h\x00h\x00eq\x00"
	}
	return out
}

// doublingStates is a dictionary with two keys that have the same dictionary, which has two such keys, and so on.
func doublingStates(n int) string {
	out := "}q\x00"
	for range n {
		out += "}(U\x05modelh\x00U\x03neth\x00uq\x00"
	}
	return out
}

// No file takes much memory, whatever its pickle says: all that is allocated, freed or not, stays below the bound.
func TestReadHostileMemory(t *testing.T) { // not parallel: it counts what the process allocates
	const most = 200 << 20
	fill := func(begin, piece, end string) string {
		return "\x80\x02" + begin + strings.Repeat(piece, (maxPickleBytes-len(begin)-len(end)-3)/len(piece)) + end + "."
	}
	pad := "X" + le32(1000) + strings.Repeat("x", 1000) // bytes without instructions, which earn the right to more
	half := strings.Repeat(pad, 970)
	strip := func(piece string, n int) string { return "\x80\x02" + half + strings.Repeat(piece, n) + "." }
	for why, pickle := range map[string]string{
		"marks": strip("(", 60_000), "lists": strip("]", 60_000), "dictionaries": strip("}", 60_000), "sets": strip("\x8f", 60_000),
		"ordered dictionaries": strip("ccollections\nOrderedDict\nq\x00"+strings.Repeat("h\x00)R", 18_000), 1),
		"tuples":               strip(")", 70_000), "tuples in tuples": "\x80\x02" + half + "N" + strings.Repeat("\x85", 70_000) + ".",
		"remembered": "\x80\x04" + half + "N" + strings.Repeat("\x94", 70_000) + ".",
		"numbers":    fill("", "M\x00\x10", ""), "long numbers": fill("", "\x8a\x09\x01\x01\x01\x01\x01\x01\x01\x01\x01", ""), "texts": fill("", "U\x01x", ""),
		"entries": fill("}(", "U\x01xU\x01y", "u"), "storages": fill("", "(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK\x08tQ", ""),
		"tensors of the same storage": manyViews(4000),
	} {
		data := file(t, pickle)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, _, err := read(bytes.NewReader(data), int64(len(data)))
		runtime.ReadMemStats(&after)
		took := after.TotalAlloc - before.TotalAlloc
		t.Logf("%s: %d MB, %v", why, took>>20, err)
		if err == nil || took > most {
			t.Errorf("%s: %d MB, %v", why, took>>20, err)
		}
	}
}

// manyViews is a state_dict of n tensors of a million elements each, all the same one.
func manyViews(n int) string {
	out := "\x80\x02ctorch._utils\n_rebuild_tensor_v2\nq\x00(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK\x08tQq\x01}("
	for i := range n {
		out += fmt.Sprintf("U\x04%04dh\x00(h\x01K\x00J%s\x85K\x00\x85\x89NtR", i, le32(1<<20))
	}
	return out + "u."
}

// A file that is cut anywhere, or has a bit flipped in its values, is refused.
func TestReadTruncated(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"plain.pt", "views.pt"} {
		whole, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		for n := range whole {
			if _, _, _, err := read(bytes.NewReader(whole[:n]), int64(n)); err == nil {
				t.Fatalf("%s of %d bytes is read", name, n)
			}
		}
	}
	var written bytes.Buffer
	if err := Encode(&written, someTensors(), nil); err != nil {
		t.Fatal(err)
	}
	data := written.Bytes()
	at := bytes.Index(data, []byte("\x00\x00\x80\x3f\x00\x00\x20\xc0")) // bn.weight
	data[at+2] ^= 1
	if _, _, _, err := read(bytes.NewReader(data), int64(len(data))); err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("a changed value: %v", err)
	}
}

// The values lie at multiples of 64 bytes, nothing is compressed, and what is written is read again.
func TestWrite(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	meta := map[string]string{"classes": "é\n\"", "": ""}
	if err := Encode(&b, someTensors(), meta); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		at, err := f.DataOffset()
		if err != nil || at%alignment != 0 || f.Method != zip.Store {
			t.Errorf("%s is at %d, method %d, %v", f.Name, at, f.Method, err)
		}
	}
	tensors, back, note, err := read(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil || note != "" || fmt.Sprint(tensors) != fmt.Sprint(someTensors()) || fmt.Sprint(back) != fmt.Sprint(meta) {
		t.Errorf("%v, metadata %v, note %q, %v", tensors, back, note, err)
	}
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	one := someTensors()[:1]
	noName, short := someTensors()[0], someTensors()[0]
	noName.Name, short.Shape = "", []int{3}
	for says, tensors := range map[string][]safetensors.Tensor{
		"two tensors are named": append(one, one...), "cannot name a tensor": {noName}, "has shape [3], but 2 values": {short},
	} {
		path := filepath.Join(t.TempDir(), "x.pt")
		if err := Write(path, tensors, nil); err == nil || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "net: writing "+path) {
			t.Errorf("%v, want %q", err, says)
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("a file was left")
		}
	}
}
