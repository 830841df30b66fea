package cifar

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cnnvk/internal/hints"
)

// batches10 are small files of CIFAR-10 by their names, three images in each, and what they hold: the training images in the order of
// the files, and the test images.
func batches10(t *testing.T, python bool) (files map[string][]byte, train, test *Set) {
	t.Helper()
	train, test = SyntheticOf(CIFAR10, 1, 15), SyntheticOf(CIFAR10, 2, 3)
	data := func(s *Set) []byte {
		if python {
			return pickleOf(
				entryOf{"batch_label", func(p *pickler) { p.str([]byte("training batch 1 of 5")) }},
				entryOf{"labels", func(p *pickler) { p.numbers(s.Labels) }},
				entryOf{"data", func(p *pickler) { p.array("u1", s.Images, s.Len(), ImageBytes) }})
		}
		var b bytes.Buffer
		if err := s.writeRecords(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	files, ending := map[string][]byte{}, ".bin"
	if python {
		ending = ""
	}
	for i := range 5 {
		files[fmt.Sprintf("data_batch_%d%s", i+1, ending)] = data(train.piece(3*i, 3))
	}
	files["test_batch"+ending] = data(test)
	if python {
		files["batches.meta"] = pickledMeta(names10...)
	} else {
		files["batches.meta.txt"] = []byte(strings.Join(names10, "\n") + "\n\n")
	}
	return files, train, test
}

func pickledMeta(names ...string) []byte {
	return pickleOf(
		entryOf{"num_cases_per_batch", func(p *pickler) { p.number(10000) }},
		entryOf{"label_names", func(p *pickler) { p.list(len(names), func(i int) { p.str([]byte(names[i])) }) }})
}

// entries10 are the files as an archive's.
func entries10(t *testing.T, folder string, python bool) []entry {
	t.Helper()
	files, _, _ := batches10(t, python)
	var out []entry
	for name, data := range files {
		out = append(out, file(folder+name, data))
	}
	slices.SortFunc(out, func(a, b entry) int { return -strings.Compare(a.header.Name, b.header.Name) }) // the order must not matter
	return out
}

func write10(t *testing.T, dir string, python bool, without ...string) {
	t.Helper()
	files, _, _ := batches10(t, python)
	for name, data := range files {
		if !slices.Contains(without, name) {
			write(t, filepath.Join(dir, name), data)
		}
	}
}

// Both versions, as files, in the archives' folders, and as archives, give the same images, classes and checksum.
func TestReadCIFAR10(t *testing.T) {
	for _, python := range []bool{false, true} {
		folder, archive := "cifar-10-batches-bin", "cifar-10-binary.tar.gz"
		if python {
			folder, archive = "cifar-10-batches-py", "cifar-10-python.tar.gz"
		}
		packed := zip(t, tarOf(t, entries10(t, folder+"/", python)))
		for _, c := range []struct {
			why  string
			make func(t *testing.T, dir string)
			at   string
		}{
			{"files", func(t *testing.T, dir string) { write10(t, dir, python) }, ""},
			{"the archive's folder", func(t *testing.T, dir string) { write10(t, filepath.Join(dir, folder), python) }, folder},
			{"above it", func(t *testing.T, dir string) { write10(t, filepath.Join(dir, folder), python) }, ""},
			{"the archive", func(t *testing.T, dir string) { write(t, filepath.Join(dir, archive), packed) }, archive},
			{"its folder", func(t *testing.T, dir string) { write(t, filepath.Join(dir, archive), packed) }, ""},
			{"another name", func(t *testing.T, dir string) { write(t, filepath.Join(dir, "x"), packed) }, "x"},
			{"CIFAR-100's name", func(t *testing.T, dir string) { write(t, filepath.Join(dir, "cifar-100-binary.tar.gz"), packed) }, ""},
		} {
			t.Run(fmt.Sprintf("%s, Python %v", c.why, python), func(t *testing.T) {
				smallCache(t)
				dir := t.TempDir()
				c.make(t, dir)
				_, train, test := batches10(t, python)
				for _, want := range []struct {
					parts []part
					set   *Set
					file  string
				}{{smallTrain, train, "data_batch_1"}, {smallTest, test, "test_batch"}} {
					for range 2 { // the second time an archive is unpacked already
						got, err := Published.read(t.Context(), filepath.Join(dir, c.at), want.parts, nil)
						if err != nil {
							t.Fatal(err)
						}
						if got.MD5 != want.set.MD5 || !bytes.Equal(got.Images, want.set.Images) || !bytes.Equal(got.Labels, want.set.Labels) || got.Coarse != nil || got.Synthetic {
							t.Errorf("another set: %d images, MD5 %s, want %s", got.Len(), got.MD5, want.set.MD5)
						}
						if got.Form.Name != "CIFAR-10" || !slices.Equal(got.Form.Classes, names10) || !strings.HasPrefix(got.File, want.file) {
							t.Errorf("%s of %v, from %s", got.Form.Name, got.Form.Classes, got.File)
						}
					}
				}
			})
		}
	}
}

// What is missing, of another size or another kind is named.
func TestReadCIFAR10Refuses(t *testing.T) {
	files, _, _ := batches10(t, false)
	first := files["data_batch_1.bin"]
	with := func(at int, v byte) []byte {
		b := bytes.Clone(first)
		b[at] = v
		return b
	}
	for _, c := range []struct {
		why, name string
		data      []byte // nil: the file is missing
		says      string
	}{
		{"missing", "data_batch_3.bin", nil, "no such file: small train is 5 files"},
		{"first missing", "data_batch_1.bin", nil, "no such file: small train is 5 files"},
		{"a byte short", "data_batch_5.bin", first[:len(first)-1], "is cut short: 9218 bytes, must be 9219 (3 records of 3073)"},
		{"a record long", "data_batch_2.bin", append(bytes.Clone(first), first[:3073]...), "is too long: 12292 bytes, must be 9219"},
		{"a label", "data_batch_4.bin", with(2*3073, 10), "record 2 (counted from 0): label 10, must be below 10"},
		{"CIFAR-100's records", "data_batch_1.bin", encode(t, 3), "is too long: 9222 bytes, must be 9219"},
		{"a page", "data_batch_1.bin", []byte("<html><body>Please sign in</body></html>"), "is a web page (HTML)"},
		{"a pickle", "data_batch_1.bin", pickledMeta("cat"), "is a Python pickle"},
		{"few names", "batches.meta.txt", []byte("airplane\ncat\n"), "has 2 names of classes, must have 10"},
		{"a name twice", "batches.meta.txt", []byte(strings.Repeat("cat\n", 10)), `class 1 has the name "cat"`},
		{"a long name", "batches.meta.txt", []byte("1\n2\n3\n4\n5\n6\n7\n8\n9\n" + strings.Repeat("x", 41)), `class 9 has the name`},
		{"no text", "batches.meta.txt", []byte("1\n2\n3\n4\n5\n6\n7\n8\n9\n\xff\xfe"), `class 9 has the name`},
	} {
		t.Run(c.why, func(t *testing.T) {
			dir := t.TempDir()
			write10(t, dir, false, c.name)
			path := filepath.Join(dir, c.name)
			if c.data != nil {
				write(t, path, c.data)
			}
			_, err := Published.read(t.Context(), dir, smallTrain, nil)
			checkError(t, err, path, c.says)
			if strings.Contains(hints.Of(err), "data download") {
				t.Errorf("the hint downloads CIFAR-100: %s", hints.Of(err))
			}
		})
	}
}

// The Python version's names and keys are CIFAR-10's own.
func TestReadCIFAR10PythonRefuses(t *testing.T) {
	for _, c := range []struct {
		why, name string
		data      []byte
		says      string
	}{
		{"CIFAR-100's", "data_batch_1", pickleSet(Synthetic(1, 3)), "is a Python pickle without labels: it is of CIFAR-100"},
		{"no names", "batches.meta", pickleOf(entryOf{"x", func(p *pickler) { p.number(1) }}), "without label_names"},
		{"names are numbers", "batches.meta", pickleOf(entryOf{"label_names", func(p *pickler) { p.list(10, func(i int) { p.number(i) }) }}), "label_names that are no words"},
		{"a command for names", "batches.meta", []byte("\x80\x02cposix\nsystem\nU\x04true\x85R."), "which is not executed"},
		{"no pickle", "batches.meta", []byte("airplane\n"), "is a pickle of protocol 0, which is text"},
		{"a few names", "batches.meta", pickledMeta("cat", "dog"), "has 2 names"},
	} {
		t.Run(c.why, func(t *testing.T) {
			dir := t.TempDir()
			write10(t, dir, true)
			write(t, filepath.Join(dir, c.name), c.data)
			_, err := Published.read(t.Context(), dir, smallTrain, nil)
			checkError(t, err, filepath.Join(dir, c.name), c.says)
		})
	}
}

// Names of one's own are taken; without a file, the published ones.
func TestClassNames(t *testing.T) {
	own := []string{"null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "wilde maus"}
	for _, c := range []struct {
		file string
		data []byte
		want []string
	}{
		{"", nil, names10},
		{"batches.meta.txt", []byte(strings.Join(own, "\r\n") + "\r\n"), own},
	} {
		dir := t.TempDir()
		write10(t, dir, false, "batches.meta.txt")
		if c.file != "" {
			write(t, filepath.Join(dir, c.file), c.data)
		}
		got, err := Published.read(t.Context(), dir, smallTest, nil)
		if err != nil || !slices.Equal(got.Form.Classes, c.want) {
			t.Errorf("%q: %v", c.file, err)
		}
	}
	if CIFAR10.Classes[0] != "airplane" {
		t.Error("a file's names have become the published ones")
	}
}

// A folder of both data sets is refused, in whatever form they are; what lies nearer goes before what lies deeper.
func TestReadMixed(t *testing.T) {
	packed := zip(t, tarOf(t, entries10(t, "", false)))
	hundred := zip(t, tarOf(t, smallEntries(t, "cifar-100-binary/")))
	for _, c := range []struct {
		why  string
		make func(t *testing.T, dir string)
		says string // "" where CIFAR-10 is read
	}{
		{"files", func(t *testing.T, dir string) {
			write10(t, dir, false)
			write(t, filepath.Join(dir, "train.bin"), encode(t, 3))
		}, "has files of CIFAR-100 (train.bin) and of CIFAR-10 (data_batch_1.bin)"},
		{"the other part's file", func(t *testing.T, dir string) {
			write10(t, dir, true)
			write(t, filepath.Join(dir, "test.bin"), encode(t, 3))
		}, "has files of CIFAR-100 (test.bin) and of CIFAR-10 (data_batch_1)"},
		{"one of its files", func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "train"), pickleSet(Synthetic(1, 3)))
			write(t, filepath.Join(dir, "test_batch"), nil)
		}, "has files of CIFAR-100 (train) and of CIFAR-10 (test_batch)"},
		{"folders", func(t *testing.T, dir string) {
			write10(t, filepath.Join(dir, "cifar-10-batches-py"), true)
			write(t, filepath.Join(dir, "cifar-100-binary", "train.bin"), encode(t, 3))
		}, "has files of CIFAR-100 (" + filepath.Join("cifar-100-binary", "train.bin") + ") and of CIFAR-10 (" + filepath.Join("cifar-10-batches-py", "data_batch_1") + ")"},
		{"archives", func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "cifar-10-binary.tar.gz"), packed)
			write(t, filepath.Join(dir, "cifar-100-python.tar.gz"), hundred)
		}, "has files of CIFAR-100 (cifar-100-python.tar.gz) and of CIFAR-10 (cifar-10-binary.tar.gz)"},
		{"files before folders", func(t *testing.T, dir string) {
			write10(t, dir, false)
			write(t, filepath.Join(dir, "cifar-100-binary", "train.bin"), encode(t, 3))
		}, ""},
		{"folders before archives", func(t *testing.T, dir string) {
			write10(t, filepath.Join(dir, "cifar-10-batches-bin"), false)
			write(t, filepath.Join(dir, "cifar-100-binary.tar.gz"), hundred)
		}, ""},
		{"a folder called train", func(t *testing.T, dir string) {
			write10(t, dir, true)
			write(t, filepath.Join(dir, "train", "apple", "1.png"), nil)
		}, ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			smallCache(t)
			dir := t.TempDir()
			c.make(t, dir)
			got, err := Published.read(t.Context(), dir, smallTrain, nil)
			if c.says != "" {
				checkError(t, err, dir, c.says)
			} else if err != nil || got.Form.Name != "CIFAR-10" {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	smallCache(t)
	archive := filepath.Join(t.TempDir(), "x.tgz")
	write(t, archive, zip(t, tarOf(t, slices.Concat(entries10(t, "", false), smallEntries(t, "")))))
	_, err := Published.read(t.Context(), archive, smallTrain, nil)
	checkError(t, err, archive, "holds files of CIFAR-100 and of CIFAR-10")
}

// The public readers ask for the published number of records, and one that is full is read.
func TestReadCIFAR10Sizes(t *testing.T) {
	dir := t.TempDir()
	write10(t, dir, false)
	_, err := Published.ReadTrain(t.Context(), dir, nil)
	checkError(t, err, filepath.Join(dir, "data_batch_1.bin"), "9219 bytes, must be 30730000")
	for _, name := range append(numbered("data_batch_%d.bin", 5), "test_batch.bin") {
		if err := os.Truncate(filepath.Join(dir, name), 10_000*3073); err != nil { // the rest takes no room on the disk
			t.Fatal(err)
		}
	}
	train, err := Published.ReadTrain(t.Context(), dir, nil)
	if err != nil || train.Len() != 50_000 || train.Labels[10_001] != 4 || train.Name != "CIFAR-10 train" {
		t.Fatal(err)
	}
	test, err := Published.ReadTest(t.Context(), dir, nil)
	if err != nil || test.Len() != 10_000 {
		t.Error(err)
	}
	_, err = Published.ReadTest(t.Context(), filepath.Join(dir, "test_batch.bin"), nil)
	checkError(t, err, filepath.Join(dir, "test_batch.bin"), "is of CIFAR-10's form (10000 records of 3073 bytes, with one label): neither a folder nor")
}
