package cifar

import (
	"archive/tar"
	"bytes"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

var smallTrain, smallTest = smallParts(trainParts, "small train"), smallParts(testParts, "small test")

// smallEntries is an archive of three images in each file, in the folder.
func smallEntries(t *testing.T, folder string) []entry {
	t.Helper()
	return []entry{file(folder+"train.bin", encode(t, 3)), file(folder+"test.bin", encode(t, 3)), file(folder+"fine_label_names.txt", []byte("apple\n"))}
}

func pythonEntries() []entry {
	data := pickleSet(Synthetic(1, 3))
	return []entry{file("cifar-100-python/train", data), file("cifar-100-python/test", data), file("cifar-100-python/file.txt~", nil)}
}

// smallCache gives the test a cache of its own.
func smallCache(t *testing.T) string {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	cache, err := files.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return cache
}

// smallSource is the source of smallEntries.
func smallSource(t *testing.T) (s Source, archive []byte) {
	t.Helper()
	archive = zip(t, tarOf(t, smallEntries(t, "cifar-100-binary/")))
	s = sourceOf(archive)
	records := Synthetic(1, 3).MD5
	s.Members = map[string]string{"train.bin": records, "test.bin": records, "fine_label_names.txt": ""}
	return s, archive
}

// Archives in all forms in which people have them, named themselves or by their folder, give the same
// images, and are unpacked once.
func TestReadArchive(t *testing.T) {
	s, published := smallSource(t)
	binary := tarOf(t, smallEntries(t, "cifar-100-binary/"))
	mixed := append([]entry{{header: tar.Header{Typeflag: tar.TypeDir, Name: "data/"}}, file("data/._train.bin", []byte("a Mac's")), file("readme", []byte("mine")),
		{header: tar.Header{Typeflag: tar.TypeSymlink, Name: "data/test", Linkname: "/etc/passwd"}}}, smallEntries(t, "data/cifar-100-binary/")...)
	for _, c := range []struct {
		why, name string
		data      []byte
		known     bool
	}{
		{"as published", "cifar-100-binary.tar.gz", published, true},
		{"another name", "x", published, true},
		{"a browser's name", "cifar-100-binary.tar (1).gz", published, true},
		{"zipped anew", "cifar-100-binary.tgz", zip(t, append(binary, make([]byte, 512)...)), false},
		{"unzipped", "cifar-100-binary.tar", binary, false},
		{"without a folder", "cifar-100-binary.tar.gz", zip(t, tarOf(t, smallEntries(t, "./"))), false},
		{"with more in it", "cifar-100-binary.tar.gz", zip(t, tarOf(t, mixed)), false},
		{"one of the files", "cifar-100-binary.tar.gz", zip(t, tarOf(t, smallEntries(t, "")[:1])), false},
		{"Python version", "cifar-100-python.tar.gz", zip(t, tarOf(t, pythonEntries())), false},
	} {
		for _, place := range []string{"the archive", "its folder"} {
			t.Run(c.why+", "+place, func(t *testing.T) {
				cache, dir := smallCache(t), t.TempDir()
				where := filepath.Join(dir, c.name)
				write(t, where, c.data)
				if place == "its folder" && c.name != "x" {
					where = dir
				}
				for _, want := range [][]string{{"unpacking " + filepath.Join(dir, c.name) + " into " + cache}, nil} {
					var said []string
					got, err := s.read(context.Background(), where, smallTrain, func(line string) { said = append(said, line) })
					if err != nil {
						t.Fatal(err)
					}
					if want := Synthetic(1, 3); got.MD5 != want.MD5 || !bytes.Equal(got.Images, want.Images) || got.Name != "small train" {
						t.Errorf("another set: %s, %s", got.Name, got.MD5)
					}
					if len(said) != len(want) || len(said) == 1 && !strings.HasPrefix(said[0], want[0]) {
						t.Errorf("said %q, want %q", said, want)
					}
				}
				if _, ok := s.Cached(cache); ok != c.known {
					t.Errorf("Cached: %v", ok)
				}
				if got, err := os.ReadDir(cache); err != nil || len(got) != 1 {
					t.Errorf("the cache has %v, %v", got, err)
				}
				if got, err := os.ReadFile(filepath.Join(dir, c.name)); err != nil || !bytes.Equal(got, c.data) {
					t.Errorf("the archive is another: %v", err)
				}
			})
		}
	}
}

// What is unpacked goes before an archive, the binary version before the other, the name before others.
func TestReadArchiveOrder(t *testing.T) {
	s, published := smallSource(t)
	other := zip(t, tarOf(t, []entry{file("train", pickleSet(Synthetic(2, 3)))}))
	first, second := Synthetic(1, 3).MD5, Synthetic(2, 3).MD5
	for _, c := range []struct {
		why   string
		files map[string][]byte
		want  string
	}{
		{"binary files", map[string][]byte{"train.bin": encode(t, 3), "cifar-100-binary.tar.gz": other}, first},
		{"binary files below", map[string][]byte{"cifar-100-binary/train.bin": encode(t, 3), "cifar-100-binary.tar.gz": other}, first},
		{"Python files", map[string][]byte{"train": pickleSet(Synthetic(2, 3)), "cifar-100-binary.tar.gz": published}, second},
		{"the other file alone", map[string][]byte{"test.bin": encode(t, 3), "cifar-100-python.tar.gz": other}, second},
		{"both archives", map[string][]byte{"cifar-100-binary.tar.gz": published, "cifar-100-python.tar.gz": other}, first},
		{"a second download", map[string][]byte{"cifar-100-binary (1).tar.gz": other, "cifar-100-binary.tar.gz": published}, first},
		{"a script called train", map[string][]byte{"train": []byte("#!/bin/sh\n"), "cifar-100-binary.tar.gz": published}, first},
		{"an unfinished one", map[string][]byte{"cifar-100-binary.tar.gz.part": published, "cifar-100-python.tar.gz": other}, second},
	} {
		t.Run(c.why, func(t *testing.T) {
			smallCache(t)
			dir := t.TempDir()
			for name, data := range c.files {
				write(t, filepath.Join(dir, name), data)
			}
			if got, err := s.read(context.Background(), dir, smallTrain, nil); err != nil || got.MD5 != c.want {
				t.Errorf("got %+v, %v, want MD5 %s", got, err, c.want)
			}
		})
	}
}

// An archive at fault is named, left as it is, and leaves nothing in the cache.
func TestReadArchiveRefuses(t *testing.T) {
	s, published := smallSource(t)
	in := func(name string) entry { return file(name, []byte("x")) }
	s.Unpacked = 40_000
	for _, c := range []struct {
		why, name string
		data      []byte
		says      string
		alone     bool // named by its own path only
	}{
		{"cut", "cifar-100-binary.tar.gz", published[:len(published)/2], "is cut short: it ends in the middle", false},
		{"cut at the end", "cifar-100-binary.tar.gz", published[:len(published)-1], "is cut short", false},
		{"cut in the head", "cifar-100-binary.tar.gz", published[:10], "is cut short", false},
		{"cut, unzipped", "cifar-100-binary.tar", tarOf(t, smallEntries(t, ""))[:9000], "is cut short", false},
		{"a bit fell over", "cifar-100-binary.tar.gz", append(published[:len(published)-6:len(published)-6], 1, 2, 3, 4, 5, 6), "is damaged: gzip: invalid checksum", false},
		{"zeros", "cifar-100-binary.tar.gz", zip(t, make([]byte, 1000)), "cut short", false},
		{"many zeros", "cifar-100-binary.tar.gz", zip(t, make([]byte, 10_000)), "holds no train.bin or test.bin", false},
		{"one file zipped", "cifar-100-binary.tar.gz", zip(t, encode(t, 3)), "is damaged", false},
		{"zipped twice", "cifar-100-binary.tar.gz", zip(t, published), "is damaged", false},
		{"other files", "cifar-100-python.tgz", zip(t, tarOf(t, []entry{in("a"), in("b/c")})), "holds no train.bin", false},
		{"twice", "cifar-100-binary.tar.gz", zip(t, tarOf(t, []entry{in("a/train.bin"), in("b/train.bin")})), "holds train.bin twice", false},
		{"a bomb", "cifar-100-binary.tar.gz", zip(t, tarOf(t, []entry{file("x", make([]byte, 50_000))})), "unpacks to more than 40000 bytes", false},
		{"a sparse bomb", "cifar-100-binary.tar.gz", zip(t, sparseBomb(t)), "unpacks to more than 40000 bytes", false},
		{"too long", "cifar-100-binary.tar.gz", append(published[:len(published):len(published)], make([]byte, 2<<20)...), "is too long for an archive of CIFAR-100", false},
		{"a link", "cifar-100-binary.tar.gz", zip(t, tarOf(t, []entry{{header: tar.Header{Typeflag: tar.TypeSymlink, Name: "train.bin", Linkname: "/etc/passwd"}}})), "holds no train.bin", false},
		{"a page", "cifar-100-binary.tar.gz", []byte("<html><body>Please sign in</body></html>"), "is a web page (HTML)", false},
		{"a text", "cifar-100-binary.tar.gz", []byte("404: Not Found"), "is a text that begins with", false},
		{"a zip archive", "cifar-100.zip", []byte("PK\x03\x04" + strings.Repeat("x", 100)), "is a zip archive: neither a folder nor an archive of the data set", true},
		{"a pickle", "train", pickleSet(Synthetic(1, 3)), "is a Python pickle: neither a folder nor", true},
		{"records", "train.bin", encode(t, 3), "is not a folder", true},
	} {
		t.Run(c.why, func(t *testing.T) {
			cache, dir := smallCache(t), t.TempDir()
			archive := filepath.Join(dir, c.name)
			write(t, archive, c.data)
			for _, where := range []string{archive, dir} {
				if where == dir && c.alone {
					continue
				}
				_, err := s.read(context.Background(), where, smallTrain, nil)
				checkError(t, err, archive, c.says)
			}
			if got, err := os.ReadFile(archive); err != nil || !bytes.Equal(got, c.data) {
				t.Errorf("the archive is another: %v", err)
			}
			if got, err := os.ReadDir(cache); len(got) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the cache has %v, %v", got, err)
			}
		})
	}
}

// An archive that is not there is no folder that is not there.
func TestReadArchiveMissing(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "cifar-100-binary.tar.gz")
	_, err := Published.ReadTest(context.Background(), missing, nil)
	checkError(t, err, missing, "no such file")
	if bad := (*FileError)(nil); !errors.As(err, &bad) || hints.Of(err) != hintArchive {
		t.Errorf("got %+v", bad)
	}
}

// Several at once unpack it once, and all have it.
func TestReadArchiveConcurrent(t *testing.T) {
	s, published := smallSource(t)
	for why, data := range map[string][]byte{"published": published, "other": zip(t, tarOf(t, smallEntries(t, "")))} {
		cache, dir := smallCache(t), t.TempDir()
		write(t, filepath.Join(dir, "cifar-100-binary.tar.gz"), data)
		var all sync.WaitGroup
		var unpacked atomic.Int32
		for range 8 {
			all.Go(func() {
				got, err := s.read(context.Background(), dir, smallTest, func(line string) {
					if strings.HasPrefix(line, "unpacking") {
						unpacked.Add(1)
					}
				})
				if err != nil || got.MD5 != Synthetic(1, 3).MD5 {
					t.Errorf("%s: %v", why, err)
				}
			})
		}
		all.Wait()
		if n := unpacked.Load(); n != 1 {
			t.Errorf("%s: unpacked %d times", why, n)
		}
		if got, err := os.ReadDir(cache); err != nil || len(got) != 1 {
			t.Errorf("%s: the cache has %v, %v", why, got, err)
		}
	}
}

// What a killed process left beside the folder is no hindrance, and a file that is lost is brought back.
func TestReadArchiveAgain(t *testing.T) {
	s, _ := smallSource(t)
	cache, dir := smallCache(t), t.TempDir()
	write(t, filepath.Join(dir, "cifar-100-binary.tar.gz"), zip(t, tarOf(t, smallEntries(t, ""))))
	read := func() {
		t.Helper()
		if _, err := s.read(context.Background(), dir, smallTrain, nil); err != nil {
			t.Fatal(err)
		}
	}
	read()
	entries, err := os.ReadDir(cache)
	if err != nil || len(entries) != 1 {
		t.Fatal(entries, err)
	}
	unpacked := filepath.Join(cache, entries[0].Name())
	if err := os.Remove(filepath.Join(unpacked, "train.bin")); err != nil {
		t.Fatal(err)
	}
	read()
	if err := os.Rename(unpacked, unpacked+".new"); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(unpacked+".new", "train.bin"), []byte("half"))
	read()
}

// Unpack takes whatever archive holds the source's files, and no other.
func TestUnpack(t *testing.T) {
	s, published := smallSource(t)
	changed := smallEntries(t, "cifar-100-binary/")
	changed[1].data = append([]byte{1}, changed[1].data[1:]...)
	for _, c := range []struct {
		why, name string
		data      []byte
		says      string // "" where it is taken
	}{
		{"as published", "cifar-100-binary.tar.gz", published, ""},
		{"zipped anew", "x.tgz", zip(t, tarOf(t, smallEntries(t, "elsewhere/"))), ""},
		{"unzipped", "x.tar", tarOf(t, smallEntries(t, "")), ""},
		{"without names", "x.tgz", zip(t, tarOf(t, smallEntries(t, "")[:2])), ""},
		{"other images", "x.tgz", zip(t, tarOf(t, changed)), "holds test.bin with MD5 "},
		{"one file", "x.tgz", zip(t, tarOf(t, smallEntries(t, "")[:1])), "lacks test.bin"},
		{"Python version", "cifar-100-python.tar.gz", zip(t, tarOf(t, pythonEntries())), "is of the Python version, and lacks test.bin"},
		{"cut", "x.tgz", published[:len(published)-9], "is cut short"},
		{"a page", "x.tgz", []byte("<html>"), "is a web page (HTML), no archive of the data set"},
		{"a zip archive", "x.zip", []byte("PK\x03\x04" + strings.Repeat("x", 100)), "is a zip archive, no archive"},
		{"bytes", "x.tgz", []byte{0xa5, 3, 0xff, 0x90, 0xe1}, "is no archive"},
		{"nothing", "x.tgz", nil, "is no archive"},
		{"CIFAR-10", "x.tgz", zip(t, tarOf(t, entries10(t, "cifar-10-batches-bin/", false))), "is of CIFAR-10 (data_batch_1.bin), and lacks test.bin"},
		{"CIFAR-10, Python", "x.tgz", zip(t, tarOf(t, entries10(t, "", true))), "is of CIFAR-10 (data_batch_1), and lacks test.bin"},
	} {
		t.Run(c.why, func(t *testing.T) {
			cache, archive := filepath.Join(t.TempDir(), "not", "there"), filepath.Join(t.TempDir(), c.name)
			write(t, archive, c.data)
			if c.says != "" {
				_, _, err := s.Unpack(context.Background(), archive, cache, nil)
				checkError(t, err, archive, c.says)
				if _, ok := s.Cached(cache); ok {
					t.Error("it counts as cached")
				}
				if left, _ := os.ReadDir(cache); len(left) > 0 {
					t.Errorf("the cache has %v", left)
				}
				return
			}
			write(t, filepath.Join(cache, partName), []byte("begun"))
			for _, wantFresh := range []bool{true, false} {
				dir, fresh, err := s.Unpack(context.Background(), archive, cache, nil)
				if err != nil || fresh != wantFresh || dir != filepath.Join(cache, archiveFolder) {
					t.Errorf("%s, %v, %v", dir, fresh, err)
				}
			}
			if _, ok := s.Cached(cache); !ok {
				t.Error("not cached")
			}
			checkNames(t, cache, archiveFolder)
		})
	}
}

// The archive may be a folder's, or the download itself; a folder or a name without one is refused.
func TestUnpackFrom(t *testing.T) {
	s, published := smallSource(t)
	dir, cache := t.TempDir(), t.TempDir()
	_, _, err := s.Unpack(context.Background(), dir, cache, nil)
	checkError(t, err, dir, "holds no cifar-100-binary.tar.gz")
	_, _, err = s.Unpack(context.Background(), filepath.Join(dir, "none"), cache, nil)
	checkError(t, err, filepath.Join(dir, "none"), "cannot be read: no such file")
	part := filepath.Join(cache, partName)
	write(t, part, published)
	if _, fresh, err := s.Unpack(context.Background(), part, cache, nil); err != nil || !fresh || sizeOf(part) != s.Bytes {
		t.Errorf("%v, %v, the part has %d bytes", fresh, err, sizeOf(part))
	}
	write(t, filepath.Join(dir, "cifar-100-binary.tar.gz"), published)
	if _, fresh, err := s.Unpack(context.Background(), dir, t.TempDir(), nil); err != nil || !fresh {
		t.Errorf("%v, %v", fresh, err)
	}
}

// The names under which archives are found lead to the published one first.
func TestArchiveIn(t *testing.T) {
	dir := t.TempDir()
	var order []string
	for _, name := range []string{"notes.tar.gz", "cifar-100-python.tgz", "cifar-100-python.tar.gz", "cifar-100-binary.tgz", "cifar-100-binary.tar", "cifar-100-binary.tar.gz"} {
		write(t, filepath.Join(dir, name), nil)
		order = append(order, filepath.Base(edition100.archiveIn(dir)))
	}
	if want := []string{".", "cifar-100-python.tgz", "cifar-100-python.tar.gz", "cifar-100-binary.tgz", "cifar-100-binary.tar", "cifar-100-binary.tar.gz"}; !slices.Equal(order, want) {
		t.Errorf("got %q, want %q", order, want)
	}
}
