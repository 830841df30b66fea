package cifar

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"cnnvk/internal/sharedtest"
)

// checkSays wants an error of one line with these words.
func checkSays(t *testing.T, err error, says string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one line that says %q", err, says)
	}
}

// pickledRecords are those of testdata/make_pickles.py, in the binary layout.
func pickledRecords() []byte {
	var out []byte
	for i := range 3 {
		out = append(out, byte(7*i), byte(33*i))
		for j := range ImageBytes {
			out = append(out, byte(7*i+j/64))
		}
	}
	return out
}

func readPickle(t *testing.T, data []byte, records int) (*Set, error) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "train"), data)
	return readPart(dir, part100("train.bin", "train", "a name", records))
}

// checkSame wants all of two sets to be the same, the checksum too.
func checkSame(t *testing.T, got, want *Set) {
	t.Helper()
	if got.Name != want.Name || got.File != "train" && got.File != "test" || got.MD5 != want.MD5 || got.Synthetic || !bytes.Equal(got.Labels, want.Labels) ||
		!bytes.Equal(got.Coarse, want.Coarse) || !bytes.Equal(got.Images, want.Images) {
		t.Errorf("%s with MD5 %s differs from %s with %s", got.Name, got.MD5, want.Name, want.MD5)
	}
}

// What Python 3 and NumPy write gives the set that the binary version of the same records gives.
func TestReadPython(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "train.bin"), pickledRecords())
	want, err := readPart(dir, part100("train.bin", "train", "a name", 3))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"protocol2", "protocol3", "protocol4", "protocol5", "bytes_keys", "label_arrays", "label_scalars", "planes"} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", "pickles", name))
			if err != nil {
				t.Fatal(err)
			}
			got, err := readPickle(t, data, 3)
			if err != nil {
				t.Fatal(err)
			}
			checkSame(t, got, want)
			// NumPy 2 has other names for its modules.
			data = bytes.ReplaceAll(data, []byte("cnumpy.core."), []byte("cnumpy._core."))
			if got, err = readPickle(t, data, 3); err != nil {
				t.Fatal(err)
			}
			checkSame(t, got, want)
		})
	}
}

// The authors' form, of more images than the labels' lists are written at once, in both places.
func TestReadPythonPublishedForm(t *testing.T) {
	set := Synthetic(3, 2500)
	set.Synthetic, set.Name = false, "a name"
	data := pickleSet(set)
	for _, place := range []string{"train", "cifar-100-python/train"} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, place), data)
		got, err := readPart(dir, part100("train.bin", "train", "a name", 2500))
		if err != nil {
			t.Fatal(err)
		}
		checkSame(t, got, set)
	}
}

// Where both versions are, the binary one is read, and a folder called train is none.
func TestReadPythonAfterBinary(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "train", "apple", "1.png"), nil)
	write(t, filepath.Join(dir, "cifar-100-python", "train"), pickleSet(Synthetic(1, 2)))
	p := part100("train.bin", "train", "", 2)
	if got, err := readPart(dir, p); err != nil || got.MD5 != Synthetic(1, 2).MD5 {
		t.Errorf("got %+v, %v", got, err)
	}
	write(t, filepath.Join(dir, "cifar-100-binary", "train.bin"), encode(t, 2)[:RecordBytes])
	_, err := readPart(dir, p)
	checkError(t, err, filepath.Join(dir, "cifar-100-binary", "train.bin"), "cut short")
}

func TestReadPythonRefuses(t *testing.T) {
	set := Synthetic(1, 3)
	golden := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("testdata", "pickles", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	fine := func(labels ...uint8) []byte {
		return pickleSet(set, entryOf{"fine_labels", func(p *pickler) { p.numbers(labels) }})
	}
	images := func(of string, data []byte, shape ...int) []byte {
		return pickleSet(set, entryOf{"data", func(p *pickler) { p.array(of, data, shape...) }})
	}
	good := pickleSet(set)
	for _, c := range []struct {
		why  string
		data []byte
		says string
	}{
		{"cut in the images", good[:len(good)/2], "is cut short"},
		{"cut at the end", good[:len(good)-1], "is cut short"},
		{"a byte more", append(bytes.Clone(good), 0), "goes on after its end"},
		{"more images", pickleSet(Synthetic(1, 4)), "data has the shape [4 3072], must begin with 3 images"},
		{"fewer images", pickleSet(Synthetic(1, 2)), "data has the shape [2 3072], must begin with 3 images"},
		{"far more images", pickleSet(Synthetic(1, 400)), "is too long: "},
		{"fewer bytes than the shape says", images("u1", set.Images[1:], 3, 3072), "form that is not NumPy's"},
		{"more bytes than the shape says", images("u1", append(bytes.Clone(set.Images), 1), 3, 3072), "form that is not NumPy's"},
		{"colours last", images("u1", set.Images, 3, 32, 32, 3), "data has the shape [3 32 32 3], must be [3 3072], planes one after another"},
		{"other type", images("f4", set.Images, 3, 3072), "data is no array of bytes"},
		{"no shape", images("u1", set.Images), "data has the shape []"},
		{"Fortran's order", golden("fortran"), "data is in Fortran's order"},
		{"no array", pickleSet(set, entryOf{"data", func(p *pickler) { p.numbers(set.Labels) }}), "data is no array of bytes"},
		{"labels with fractions", golden("float_labels"), `fine_labels: has labels of type "f8", must be whole numbers`},
		{"few labels", fine(1, 2), "fine_labels: 2 numbers, must be 3"},
		{"many labels", fine(1, 2, 3, 4), "fine_labels: 4 numbers, must be 3"},
		{"label too large", fine(1, 2, 100), "record 2 (counted from 0): fine label 100, must be below 100"},
		{"label negative", pickleSet(set, entryOf{"coarse_labels", func(p *pickler) { p.list(3, func(i int) { p.number(-i) }) }}),
			"record 1 (counted from 0): coarse label -1, must be below 20"},
		{"labels are text", pickleSet(set, entryOf{"fine_labels", func(p *pickler) { p.list(3, func(int) { p.str([]byte("apple")) }) }}), "fine_labels: not a list of numbers"},
		{"labels are a text", pickleSet(set, entryOf{"fine_labels", func(p *pickler) { p.str([]byte("apple")) }}), "fine_labels: neither a list nor an array"},
		{"no coarse labels", pickleSet(set, entryOf{key: "coarse_labels"}), "is a Python pickle without coarse_labels"},
		{"CIFAR-10's", pickleSet(set, entryOf{key: "fine_labels"}, entryOf{key: "coarse_labels"}, entryOf{"labels", func(p *pickler) { p.numbers(set.Coarse) }}),
			"without fine_labels: it is of CIFAR-10"},
		{"meta", pickleOf(entryOf{"fine_label_names", func(p *pickler) { p.str([]byte("apple")) }}), "it is the file with the classes' names"},
		{"a list", []byte("\x80\x02]."), "is a Python pickle, but no dictionary"},
		{"a command", []byte("\x80\x02cposix\nsystem\nU\x04true\x85R."), `wants Python's "posix.system", which is not executed`},
		{"a page", []byte("<!DOCTYPE html><html><body>Please sign in</body></html>"), "is a web page (HTML)"},
		{"a text", []byte("404: Not Found"), `is a text that begins with "404: Not Found"`},
		{"something else", bytes.Repeat([]byte{0xa5, 0x17, 3}, 50), "is no Python pickle"},
		{"nothing", nil, "is no Python pickle"},
	} {
		t.Run(c.why, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "cifar-100-python", "train")
			write(t, path, c.data)
			got, err := readPart(dir, part100("train.bin", "train", "", 3))
			if got != nil {
				t.Error("a set came with the error")
			}
			checkError(t, err, path, c.says)
		})
	}
}

// A pickle of the right size that is not what it should be takes little memory.
func TestReadPythonMemory(t *testing.T) {
	const records = 2000
	size := records * ImageBytes
	claims := append([]byte("\x80\x02}"), pickleOf(entryOf{"data", func(p *pickler) { p.array("u1", nil, 1<<30, ImageBytes) }})[3:]...)
	for why, data := range map[string][]byte{
		"marks":  append([]byte("\x80\x02"), bytes.Repeat([]byte("("), size)...),
		"lists":  append([]byte("\x80\x02"), bytes.Repeat([]byte("(]t"), size/3)...),
		"copies": append([]byte("\x80\x02]q\x00"), bytes.Repeat([]byte("h\x00a"), size/3)...),
		"claims": claims,
		// No more instructions than labels may take, each of which costs the most.
		"marks, not many": append(append([]byte("\x80\x02"), bytes.Repeat([]byte("("), 40*records)...), "N."...),
	} {
		p, set := part100("train.bin", "train", "", records), newSet(CIFAR100, records)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := p.readPython(bytes.NewReader(data), "hostile", int64(len(data)), set)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: no error", why)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 8<<20 {
			t.Errorf("%s: took %d MB", why, took>>20)
		}
	}
}

// The real test set, written as the Python version and read back.
func TestReadPythonReal(t *testing.T) {
	want, err := Published.ReadTest(t.Context(), sharedtest.Folder(t, "CNNVK_DATA"), nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "cifar-100-python", "test"), pickleSet(want))
	got, err := Published.ReadTest(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkSame(t, got, want)
}
