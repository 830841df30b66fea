package cifar

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"cnnvk/internal/hints"
	"cnnvk/internal/sharedtest"
)

// encode returns the records of n synthetic images in the published layout.
func encode(t *testing.T, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Synthetic(1, n).writeRecords(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// part100 is a part of CIFAR-100 of that many records.
func part100(binary, python, name string, records int) part {
	return part{edition100, []string{binary}, []string{python}, name, records}
}

// smallParts are parts of three records a file.
func smallParts(parts []part, name string) []part {
	out := slices.Clone(parts)
	for i := range out {
		out[i].name, out[i].records = name, 3
	}
	return out
}

// fill has a part of CIFAR-100 read into a set of that many records.
func fill(records int, read func(p part, set *Set) error) error {
	return read(part100("train.bin", "train", "", records), newSet(CIFAR100, records))
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestReadPart(t *testing.T) {
	for _, place := range []string{"train.bin", "cifar-100-binary/train.bin"} {
		t.Run(place, func(t *testing.T) {
			dir, data := t.TempDir(), encode(t, 105)
			data[2], data[3], data[2+1024], data[RecordBytes-1] = 0, 255, 7, 9 // both ends of a byte, two planes
			write(t, filepath.Join(dir, place), data)
			got, err := readPart(dir, part100("train.bin", "train", "a name", 105))
			if err != nil {
				t.Fatal(err)
			}
			if got.Len() != 105 || got.Name != "a name" || got.Synthetic {
				t.Errorf("got %d images, name %q, synthetic %v", got.Len(), got.Name, got.Synthetic)
			}
			if want := fmt.Sprintf("%x", md5.Sum(data)); got.MD5 != want {
				t.Errorf("MD5 %s, want %s", got.MD5, want)
			}
			for i := range 105 {
				r := data[i*RecordBytes:][:RecordBytes]
				if got.Coarse[i] != r[0] || got.Labels[i] != r[1] || !bytes.Equal(got.Images[i*ImageBytes:][:ImageBytes], r[2:]) {
					t.Fatalf("record %d differs", i)
				}
			}
		})
	}
}

// The folder itself goes before the one that the archive makes in it.
func TestReadPartPrefersFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "train.bin"), encode(t, 2))
	write(t, filepath.Join(dir, archiveFolder, "train.bin"), []byte("other"))
	if _, err := readPart(dir, part100("train.bin", "train", "", 2)); err != nil {
		t.Error(err)
	}
}

func TestReadPartRefuses(t *testing.T) {
	good := encode(t, 3)
	with := func(at int, v byte) []byte {
		b := bytes.Clone(good)
		b[at] = v
		return b
	}
	file := func(data []byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) { write(t, filepath.Join(dir, "train.bin"), data) }
	}
	for _, c := range []struct {
		why   string
		make  func(t *testing.T, dir string)
		dir   string // below the test's folder
		names string // what the error names, below the test's folder
		says  string
		is    error
	}{
		{"missing folder", func(*testing.T, string) {}, "none", "none", "no such folder", fs.ErrNotExist},
		{"missing file", func(*testing.T, string) {}, "", "train.bin", "no such file", fs.ErrNotExist},
		{"file for the folder", file(good), "train.bin", "train.bin", "is not a folder", nil},
		{"folder for the file", func(t *testing.T, dir string) { write(t, filepath.Join(dir, "train.bin", "x"), nil) }, "", "train.bin", "is a folder", nil},
		{"a loop of links", func(t *testing.T, dir string) { link(t, "train.bin", filepath.Join(dir, "train.bin")) }, "", "train.bin", "cannot be read", nil},
		{"the folder is a loop of links", func(t *testing.T, dir string) { link(t, "d", filepath.Join(dir, "d")) }, "d", "d", "cannot be read", nil},
		{"a device", func(t *testing.T, dir string) { link(t, os.DevNull, filepath.Join(dir, "train.bin")) }, "", "train.bin", "is not a regular file (a device)", nil},
		{"empty", file(nil), "", "train.bin", "cut short: 0 bytes, must be 9222", nil},
		{"a byte short", file(good[:len(good)-1]), "", "train.bin", "cut short: 9221 bytes, must be 9222 (3 records of 3074)", nil},
		{"a record short", file(good[:2*RecordBytes]), "", "train.bin", "cut short: 6148 bytes, must be 9222", nil},
		{"a byte long", file(append(bytes.Clone(good), 0)), "", "train.bin", "too long: 9223 bytes, must be 9222", nil},
		{"a record long", file(append(bytes.Clone(good), good[:RecordBytes]...)), "", "train.bin", "too long: 12296 bytes, must be 9222", nil},
		{"coarse label", file(with(RecordBytes, 20)), "", "train.bin", "record 1 (counted from 0): coarse label 20, must be below 20", nil},
		{"fine label", file(with(2*RecordBytes+1, 100)), "", "train.bin", "record 2 (counted from 0): fine label 100, must be below 100", nil},
		{"fine label 255", file(with(1, 255)), "", "train.bin", "record 0 (counted from 0): fine label 255", nil},
		{"damaged in the archive's folder", func(t *testing.T, dir string) { write(t, filepath.Join(dir, archiveFolder, "train.bin"), good[:9]) },
			"", archiveFolder + "/train.bin", "cut short", nil},
	} {
		t.Run(c.why, func(t *testing.T) {
			dir := t.TempDir()
			c.make(t, dir)
			set, err := readPart(filepath.Join(dir, c.dir), part100("train.bin", "train", "x", 3))
			if set != nil {
				t.Error("a set came with the error")
			}
			checkError(t, err, filepath.Join(dir, c.names), c.says)
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v is not %v", err, c.is)
			}
		})
	}
}

// A file of another size is named for what it is, where its size and its first bytes tell.
func TestReadPartNames(t *testing.T) {
	page := "<!DOCTYPE html><html><body>Please sign in</body></html>"
	for _, c := range []struct {
		file string
		data []byte // the file begins so
		size int64
		says string
	}{
		{"train.bin", nil, 50_000 * 3073, "is of CIFAR-10's form (50000 records of 3073 bytes, with one label)"},
		{"train.bin", nil, 10_000 * 3073, "is of CIFAR-10's form (10000 records of 3073 bytes"},
		{"train.bin", nil, 60_000 * 3073, "is of CIFAR-10's form (60000 records"},
		{"train.bin", nil, 50_000 * 3072, "is a file of images without labels"},
		{"train.bin", nil, 10_000 * 3074, "is CIFAR-100's test.bin, by its size"},
		{"train.bin", nil, 49_999 * 3074, "is cut short: 153696926 bytes"},
		{"train.bin", []byte(page), 0, "is a web page (HTML)"},
		{"train.bin", []byte(`{"error": "not found"}`), 0, "is a JSON file"},
		{"train.bin", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 153700000\n"), 0, "is a Git LFS pointer"},
		{"train.bin", []byte("PK\x03\x04"), 5000, "is a zip archive"},
		{"train.bin", []byte("\x1f\x8b\x08\x00"), 5000, "is a gzip archive"},
		{"train.bin", []byte("\x80\x02}q\x00"), 5000, "is a Python pickle"},
		{"train.bin", []byte("\x08\x0dPK"), 5000, "is cut short: 5000 bytes"},
		{"readme", nil, 0, "no such file, nor one in cifar-100-binary beside it, nor the Python version's train"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, c.file)
		write(t, path, c.data)
		if c.size > 0 {
			if err := os.Truncate(path, c.size); err != nil { // the rest takes no room on the disk
				t.Fatal(err)
			}
		}
		_, err := Published.ReadTrain(t.Context(), dir, nil)
		checkError(t, err, filepath.Join(dir, "train.bin"), c.says)

		// The file in place of a folder.
		if c.file == "train.bin" && !strings.Contains(c.says, "cut short") && !strings.Contains(c.says, "gzip") {
			_, err = Published.ReadTrain(t.Context(), path, nil)
			checkError(t, err, path, c.says)
		}
	}
}

// checkError holds an error to the form that every one has: one line that names the file and says
// what is wrong, and a hint of one line where the user can act.
func checkError(t *testing.T, err error, path, says string) {
	t.Helper()
	var bad *FileError
	if !errors.As(err, &bad) {
		t.Fatalf("got %v, want a FileError", err)
	}
	if text := err.Error(); !strings.HasPrefix(text, "cifar: "+path+": ") || !strings.Contains(text, says) || strings.Contains(text, "\n") {
		t.Errorf("got %q, want one line that names %s and says %q", text, path, says)
	}
	if strings.Contains(hints.Of(err), "\n") || hints.Of(err) == "" && bad.Err == nil {
		t.Errorf("hint %q", hints.Of(err))
	}
}

func link(t *testing.T, to, from string) {
	t.Helper()
	if err := os.Symlink(to, from); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
}

// The public readers ask for the published number of records.
func TestReadSizes(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "train.bin"), encode(t, 3))
	write(t, filepath.Join(dir, "test.bin"), encode(t, 3))
	_, err := Published.ReadTrain(t.Context(), dir, nil)
	checkError(t, err, filepath.Join(dir, "train.bin"), "9222 bytes, must be 153700000")
	_, err = Published.ReadTest(t.Context(), dir, nil)
	checkError(t, err, filepath.Join(dir, "test.bin"), "9222 bytes, must be 30740000")
}

// A file can change between the check of its size and the end of the reading.
func TestReadRecordsRefuses(t *testing.T) {
	good := encode(t, 3)
	for _, c := range []struct {
		why  string
		r    io.Reader
		says string
	}{
		{"ends before a record", bytes.NewReader(good[:RecordBytes]), "ends in record 1"},
		{"ends between labels", bytes.NewReader(good[:RecordBytes+1]), "ends in record 1"},
		{"ends in an image", bytes.NewReader(good[:3*RecordBytes-1]), "ends in record 2"},
		{"grew", bytes.NewReader(append(bytes.Clone(good), 1)), "goes on after 3 records"},
		{"fails", iotest.ErrReader(fs.ErrPermission), "cannot be read: permission denied"},
		{"fails at the end", io.MultiReader(bytes.NewReader(good), iotest.ErrReader(fs.ErrInvalid)), "cannot be read: invalid argument"},
	} {
		t.Run(c.why, func(t *testing.T) {
			err := fill(3, func(p part, set *Set) error { return p.readRecords(c.r, "some.bin", set, func(*Set) {}) })
			checkError(t, err, "some.bin", c.says)
		})
	}
}

func TestHints(t *testing.T) {
	err := fill(3, func(p part, set *Set) error {
		return p.readRecords(iotest.ErrReader(fs.ErrPermission), "/data/my files/train.bin", set, func(*Set) {})
	})
	var bad *FileError
	if !errors.As(err, &bad) || hints.Of(err) != "chmod -R u+rX '/data/my files'" {
		t.Errorf("hint %q", hints.Of(err))
	}
	for path, want := range map[string]string{
		"d/train.bin":                  "mv d/train.bin d/train.bin.old && cnnvk data download --to d",
		"d/cifar-100-binary/train.bin": "mv d/cifar-100-binary/train.bin d/cifar-100-binary/train.bin.old && cnnvk data download --to d",
	} {
		if got := replaceHint(path); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// The real files, where they are at hand: sizes, labels, balance of classes, checksum.
func TestReadReal(t *testing.T) {
	dir := sharedtest.Folder(t, "CNNVK_DATA")
	for _, c := range []struct {
		parts []part
		n     int
	}{{trainParts, TrainRecords}, {testParts, TestRecords}} {
		set, err := Published.read(t.Context(), dir, c.parts, nil)
		if err != nil {
			t.Fatal(err)
		}
		if set.Len() != c.n || len(set.Images) != c.n*ImageBytes {
			t.Fatalf("%s: %d images in %d bytes", set.Name, set.Len(), len(set.Images))
		}
		if Known(set.MD5) == "" {
			t.Errorf("%s: unknown checksum %s", set.Name, set.MD5)
		}
		var count [100]int
		for _, l := range set.Labels {
			count[l]++
		}
		for l, got := range count {
			if got != c.n/100 {
				t.Errorf("%s: class %d has %d images", set.Name, l, got)
			}
		}
		checkMeans(t, set)
	}
}

// checkMeans shows that planes are where they belong: the channels' means are the recipe's.
func checkMeans(t *testing.T, set *Set) {
	t.Helper()
	for c, want := range CIFAR100.Mean {
		sum := 0.0
		for i := range set.Len() {
			for _, x := range set.Images[i*ImageBytes+c*Side*Side:][:Side*Side] {
				sum += float64(x)
			}
		}
		// The test set's means are not quite the training set's.
		if got := sum / float64(set.Len()*Side*Side) / 255; got < want-0.003 || got > want+0.003 {
			t.Errorf("%s: channel %d has mean %.4f, want about %.4f", set.Name, c, got, want)
		}
	}
}

func TestKnown(t *testing.T) {
	for sum, want := range map[string]string{
		"6172c7755cfe09b2fe270c85cebc1b15": "published",
		"4499cfba6c016c1be1438163640a0898": "published",
		"22321c04514c83b966379a484e1ce88d": "reordered",
		"9e69e471e263b552855fa6499a30f2b1": "reordered",
		"d41d8cd98f00b204e9800998ecf8427e": "",
		"":                                 "",
	} {
		if got := Known(sum); got != want {
			t.Errorf("Known(%q) = %q, want %q", sum, got, want)
		}
	}
}

// A source says how many images its sets have.
func TestSourceOfFewImages(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "train.bin"), encode(t, 5))
	write(t, filepath.Join(dir, "test.bin"), encode(t, 3))
	few := Source{Train: 5, Test: 2}
	if set, err := few.ReadTrain(t.Context(), dir, nil); err != nil || set.Len() != 5 {
		t.Errorf("the training set: %v", err)
	}
	_, err := few.ReadTest(t.Context(), dir, nil)
	checkError(t, err, filepath.Join(dir, "test.bin"), "is too long: 9222 bytes, must be 6148 (2 records of 3074)")

	dir = t.TempDir()
	write10(t, dir, false)
	for images, read := range map[int]func(context.Context, string, func(string)) (*Set, error){
		15: Source{Train: 15}.ReadTrain,
		3:  Source{Test: 3}.ReadTest,
	} {
		if set, err := read(t.Context(), dir, nil); err != nil || set.Len() != images {
			t.Errorf("%d images of CIFAR-10: %v", images, err)
		}
	}
}
