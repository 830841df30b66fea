package cifar

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"cnnvk/internal/hints"
)

// entry is one thing in a test's archive.
type entry struct {
	header tar.Header
	data   []byte
}

func file(name string, data []byte) entry {
	return entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(data))}, data}
}

// goodEntries is an archive in the published form, small. Its files do not compress.
func goodEntries() []entry {
	noise := make([]byte, 300_000)
	draws := rand.NewChaCha8([32]byte{})
	draws.Read(noise)
	return []entry{
		{header: tar.Header{Typeflag: tar.TypeDir, Name: archiveFolder + "/", Mode: 0o755}},
		file(archiveFolder+"/train.bin", noise[:200_000]),
		file(archiveFolder+"/test.bin", noise[200_000:]),
		file(archiveFolder+"/fine_label_names.txt", []byte("apple\n")),
	}
}

func tarOf(t *testing.T, entries []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		if err := w.WriteHeader(&e.header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zip(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sourceOf describes an archive truthfully, whatever it holds; its members are those of goodEntries.
func sourceOf(archive []byte) Source {
	good := goodEntries()
	return Source{
		Bytes: int64(len(archive)), MD5: fmt.Sprintf("%x", md5.Sum(archive)), SHA256: fmt.Sprintf("%x", sha256.Sum256(archive)),
		Unpacked: 310_000,
		Members: map[string]string{
			"train.bin":            fmt.Sprintf("%x", md5.Sum(good[1].data)),
			"test.bin":             fmt.Sprintf("%x", md5.Sum(good[2].data)),
			"fine_label_names.txt": "",
		},
		Silence: 20 * time.Second, Backoff: time.Millisecond,
	}
}

// checkUnpacked wants the good archive's files in dir, and nothing beside it or else in it.
func checkUnpacked(t *testing.T, dir string) {
	t.Helper()
	for _, e := range goodEntries()[1:] {
		got, err := os.ReadFile(filepath.Join(dir, filepath.Base(e.header.Name)))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, e.data) {
			t.Errorf("%s differs", e.header.Name)
		}
	}
	checkNames(t, dir, "fine_label_names.txt", "test.bin", "train.bin")
	checkNames(t, filepath.Dir(dir), archiveFolder)
}

// checkNames wants just these names in a folder, in order.
func checkNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Error(err)
	}
	names := []string{}
	for _, f := range found {
		if runtime.GOOS != "windows" || !strings.HasSuffix(f.Name(), ".lock") { // see files.RemoveLocked
			names = append(names, f.Name())
		}
	}
	if strings.Join(names, " ") != strings.Join(want, " ") {
		t.Errorf("%s holds %q, want %q", dir, names, want)
	}
}

// An archive whose checksums are right can still be hostile if its Source is: nothing of it is left,
// and nothing is written outside the cache folder.
func TestUnpackRefuses(t *testing.T) {
	with := func(e entry) []byte { return zip(t, tarOf(t, append(goodEntries(), e))) }
	in := func(kind byte, name, to string) entry {
		return entry{header: tar.Header{Typeflag: kind, Name: name, Linkname: to, Mode: 0o644}}
	}
	good := tarOf(t, goodEntries())
	whole := zip(t, good)
	swapped := goodEntries()
	swapped[1].data, swapped[1].header.Size = []byte("other"), 5
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-6] ^= 1 // in gzip's checksum
	for _, c := range []struct {
		why     string
		archive []byte
		says    string
	}{
		{"leads up", with(file("../evil", []byte("x"))), `holds "../evil", which is no file of the folder`},
		{"leads up from within", with(file(archiveFolder+"/../../evil", []byte("x"))), `which is no file of the folder`},
		{"leads up with backslashes", with(file(archiveFolder+`/..\..\evil`, []byte("x"))), `which is no file of the folder`},
		{"absolute", with(file("/evil", []byte("x"))), `holds "/evil", which is no file of the folder`},
		{"the folder above", with(file(archiveFolder+"/..", []byte("x"))), `which is no file of the folder`},
		{"no folder", with(file("evil", []byte("x"))), `which is no file of the folder`},
		{"another folder", with(file("evil/train.bin", []byte("x"))), `which is no file of the folder`},
		{"a folder below", with(file(archiveFolder+"/below/evil", []byte("x"))), `which is no file of the folder`},
		{"a folder's name", with(in(tar.TypeDir, "../evil/", "")), `holds "../evil/", which is no file`},
		{"symbolic link", with(in(tar.TypeSymlink, archiveFolder+"/evil", "/etc/passwd")), `which is no file`},
		{"symbolic link as the folder", zip(t, tarOf(t, append([]entry{in(tar.TypeSymlink, archiveFolder, "..")}, goodEntries()[1:]...))), `which is no file`},
		{"hard link", with(in(tar.TypeLink, archiveFolder+"/evil", archiveFolder+"/train.bin")), `which is no file`},
		{"character device", with(in(tar.TypeChar, archiveFolder+"/evil", "")), `which is no file`},
		{"block device", with(in(tar.TypeBlock, archiveFolder+"/evil", "")), `which is no file`},
		{"named pipe", with(in(tar.TypeFifo, archiveFolder+"/evil", "")), `which is no file`},
		{"twice", with(goodEntries()[1]), `unpacks to more than 310000 bytes`},
		{"twice, small", with(goodEntries()[3]), `holds fine_label_names.txt twice`},
		{"missing member", zip(t, tarOf(t, goodEntries()[:3])), `lacks cifar-100-binary/fine_label_names.txt`},
		{"another member", zip(t, tarOf(t, swapped)), `holds train.bin with MD5`},
		{"no gzip", good, `is no gzip file`},
		{"no tar", zip(t, bytes.Repeat([]byte("no"), 5000)), `is damaged`},
		{"empty", nil, `is no gzip file`},
		{"gzip cut in a member", whole[:len(whole)/2], `is cut short: it ends in the middle`},
		{"gzip cut after the members", whole[:len(whole)-4], `is cut short: it ends in the middle`},
		{"gzip's checksum", flipped, `is damaged: gzip: invalid checksum`},
		{"bytes after the end", append(bytes.Clone(whole), "more"...), `is cut short`},
		{"bomb, honest header", with(file(archiveFolder+"/big", make([]byte, 400_000))), `unpacks to more than 310000 bytes`},
		{"bomb after the end of the tar", zip(t, append(bytes.Clone(good), make([]byte, 3_000_000)...)), `unpacks to more than 310000 bytes`},
		{"bomb of sparse files", zip(t, sparseBomb(t)), `unpacks to more than 310000 bytes`},
	} {
		t.Run(c.why, func(t *testing.T) {
			outer := t.TempDir()
			cache := filepath.Join(outer, "cache")
			s := sourceOf(c.archive)
			write(t, filepath.Join(cache, archiveFolder+".tar.gz.part"), c.archive)
			s.URL = "http://127.0.0.1:1/" // the part is whole: nothing is requested
			_, err := s.Download(context.Background(), cache, nil)
			checkDownloadError(t, err, c.says)
			checkNames(t, outer, "cache")
			checkNames(t, cache)
		})
	}
}

// sparseBomb is a tar with a sparse file of a terabyte in 2 KB.
func sparseBomb(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	body := make([]byte, 512)
	copy(body, "1\n1099511627776\n0\n") // one hole, no data
	header := tar.Header{Typeflag: tar.TypeReg, Name: archiveFolder + "/GNUSparseFile.0/big", Size: int64(len(body)), Mode: 0o644, Format: tar.FormatPAX,
		PAXRecords: map[string]string{"XNU.sparse.major": "1", "XNU.sparse.minor": "0",
			"XNU.sparse.name": archiveFolder + "/big", "XNU.sparse.realsize": "1099511627776"}}
	if err := w.WriteHeader(&header); err != nil {
		t.Fatal(err)
	}
	w.Write(body)
	w.Close()
	// The writer refuses these names, so they are put in afterwards; they are as long.
	return bytes.ReplaceAll(b.Bytes(), []byte("XNU.sparse."), []byte("GNU.sparse."))
}

// checkDownloadError holds an error to its form: one line that says so, and a hint in one line.
func checkDownloadError(t *testing.T, err error, says string) {
	t.Helper()
	var bad *DownloadError
	if !errors.As(err, &bad) {
		t.Fatalf("got %v, want a DownloadError that says %q", err, says)
	}
	if text := err.Error(); !strings.HasPrefix(text, "cifar: downloading http") || !strings.Contains(text, says) || strings.Contains(text, "\n") {
		t.Errorf("got %q, want one line that says %q", text, says)
	}
	if hint := hints.Of(err); hint == "" || strings.Contains(hint, "\n") {
		t.Errorf("hint %q", hint)
	}
}

// Other files in the archive's folder are passed over.
func TestUnpackExtra(t *testing.T) {
	cache := t.TempDir()
	extra := append([]entry{{header: tar.Header{Typeflag: tar.TypeDir, Name: "./"}}, file("./"+archiveFolder+"/._train.bin", []byte("a Mac's"))}, goodEntries()...)
	archive := zip(t, tarOf(t, extra))
	s := sourceOf(archive)
	s.URL = "http://127.0.0.1:1/"
	write(t, filepath.Join(cache, archiveFolder+".tar.gz.part"), archive)
	// What a killed process left is no hindrance.
	write(t, filepath.Join(cache, archiveFolder+".new", "train.bin"), []byte("half"))
	dir, err := s.Download(context.Background(), cache, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkUnpacked(t, dir)
}
