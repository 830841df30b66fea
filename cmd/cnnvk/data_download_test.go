package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"cnnvk/cifar"
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
)

// smallServer serves what takes the published archive's place in a test.
type smallServer struct {
	program        // whose source it is
	cache   string // the test's own cache folder
	good    http.HandlerFunc
	answer  atomic.Pointer[http.HandlerFunc]
	asked   atomic.Int64
}

func (s *smallServer) set(h http.HandlerFunc) { s.answer.Store(&h) }

// smallSource serves a program whose source is an archive of a few bytes, and gives the test a cache of its own.
func smallSource(t *testing.T) *smallServer {
	t.Helper()
	var archive bytes.Buffer
	zipped := gzip.NewWriter(&archive)
	w := tar.NewWriter(zipped)
	members := map[string]string{}
	for _, name := range []string{"train.bin", "test.bin"} {
		members[name] = fmt.Sprintf("%x", md5.Sum([]byte(name)))
		header := &tar.Header{Typeflag: tar.TypeReg, Name: "cifar-100-binary/" + name, Size: int64(len(name)), Mode: 0o644}
		if err := errors.Join(w.WriteHeader(header), func() error { _, err := w.Write([]byte(name)); return err }()); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	small := &smallServer{program: small(), good: func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(archive.Bytes()))
	}}
	small.set(small.good)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		small.asked.Add(1)
		(*small.answer.Load())(w, r)
	}))
	t.Cleanup(server.Close)
	small.source = cifar.Source{
		URL: server.URL, Bytes: int64(archive.Len()), Unpacked: 1000, Members: members,
		MD5: fmt.Sprintf("%x", md5.Sum(archive.Bytes())), SHA256: fmt.Sprintf("%x", sha256.Sum256(archive.Bytes())),
		Silence: 20 * time.Second, Backoff: time.Millisecond,
	}
	emptyFolder(t)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(t.TempDir(), "cache"))
	t.Setenv(offlineVariable, "")
	var err error
	if small.cache, err = files.CacheDir(); err != nil {
		t.Fatal(err)
	}
	return small
}

// data runs `cnnvk data`.
func (p program) data(args ...string) (stdout, stderr string, err error) {
	var out, errOut bytes.Buffer
	app := p.app(&out, &errOut)
	app.Commands = []*cli.Command{p.dataCommand()}
	err = app.Run(append([]string{"cnnvk", "data"}, args...))
	return out.String(), errOut.String(), err
}

func TestDataDownload(t *testing.T) {
	server := smallSource(t)
	dir := filepath.Join(server.cache, "cifar-100-binary")
	out, progress, err := server.data("download")
	if err != nil || out != dir+": downloaded, checksums right\n" {
		t.Fatalf("%q, %v", out, err)
	}
	if lines := strings.Split(progress, "\n"); len(lines) < 3 || lines[0] != "downloading "+server.source.URL+" into "+server.cache ||
		!strings.HasSuffix(lines[len(lines)-2], "(100 %)") || strings.Contains(progress, "\x1b") {
		t.Errorf("progress %q", progress)
	}
	for _, name := range []string{"train.bin", "test.bin"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != name {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}

	if out, progress, err = server.data("download"); err != nil || progress != "" || out != dir+": is there already, and whole\n" || server.asked.Load() != 1 {
		t.Errorf("second call: %q, %q, %v", out, progress, err)
	}
}

func TestDataDownloadTo(t *testing.T) {
	server := smallSource(t)
	elsewhere := server.source.URL
	server.source.URL = "http://127.0.0.1:1/"
	out, _, err := server.data("download", "--to", "some/where", "--url", elsewhere)
	if err != nil || out != "some/where/cifar-100-binary: downloaded, checksums right\ntrain on it: cnnvk train --data some/where\n" {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := os.Stat("some/where/cifar-100-binary/test.bin"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(server.cache); err == nil {
		t.Error("the cache folder was made")
	}
}

func TestDataDownloadFails(t *testing.T) {
	server := smallSource(t)
	server.set(http.NotFound)
	for _, c := range []struct {
		args, says, hint string
		usage            bool
	}{
		{"download", "the server answers 404 Not Found", "--url URL", false},
		{"download --url http://127.0.0.1:1/x", "no network: ", "HTTPS_PROXY", false},
		{"download --url x", "not an http or https address", "--url https://", false},
		{"download --to", "--to needs a value", "cnnvk data download --help", true},
		{"download --to=", "--to needs a folder", "", true},
		{"download here", `download takes no argument "here"`, "cnnvk data download --help", true},
		{"downlod", `unknown command "data downlod"`, "cnnvk data --help", true},
		{"info --jsn", "unknown flag --jsn", "cnnvk data info --help", true},
		{"info", "there is no whole data set in " + server.cache, "cnnvk data download", false},
	} {
		out, _, err := server.data(strings.Fields(c.args)...)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(hints.Of(err), c.hint) || out != "" ||
			errors.As(err, new(usageError)) != c.usage || strings.Contains(err.Error()+hints.Of(err), "\n") {
			t.Errorf("%s: %q, %v, hint %q", c.args, out, err, hints.Of(err))
		}
	}
	if out, _, err := server.data(); err != nil || !strings.Contains(out, "download") || !strings.Contains(out, "info") {
		t.Errorf("data alone: %q, %v", out, err)
	}
}

// flip turns one bit of a file over.
func flip(t *testing.T, path string, at int, bit byte) {
	t.Helper()
	data := []byte(read(t, path))
	data[at] ^= bit
	writeFile(t, path, data)
}

// A bit that fell over shows in the checksum alone. The damaged copy is neither used nor replaced, whoever finds it.
func TestFlippedBit(t *testing.T) {
	server := smallSource(t)
	server.cnnvk("data", "download").ok(t)
	t.Chdir(filepath.Dir(server.cache))
	flip(t, "cnnvk/cifar-100-binary/train.bin", 3, 1)
	before := listing(t)
	for args, hint := range map[string]string{
		"train": "CNNVK_OFFLINE=1 trains on the synthetic set", "data download": "mv " + server.cache, "data download --to cnnvk": "mv cnnvk/cifar-100-binary/train.bin ",
	} {
		server.cnnvk(strings.Fields(args)...).failed(t, exitFailed, `cifar-100-binary/train\.bin: has MD5 [0-9a-f]{32}, must be [0-9a-f]{32}$`, hint)
		unchanged(t, before)
	}
	server.cnnvk("data", "info").failed(t, exitFailed, `there is no whole data set in `+server.cache, "cnnvk data download")
	unchanged(t, before)
}

// An archive in which a bit fell over on the way leaves nothing that could be taken for the data.
func TestFlippedBitInArchive(t *testing.T) {
	server := smallSource(t)
	recorder := httptest.NewRecorder()
	server.good(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
	archive := recorder.Body.Bytes()
	archive[len(archive)/2] ^= 0x10
	server.set(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(archive))
	})
	o := server.cnnvk("data", "download", "--to", "d")
	_, said, _ := strings.Cut(o.stderr, "cnnvk: ") // after the progress
	o.stderr = "cnnvk: " + said
	o.failed(t, exitFailed, `cifar: downloading http://\S+: wrong (MD5|SHA-256)`, "--url URL")
	if left := filesIn(t, "d"); len(left) > 0 {
		t.Errorf("left over: %q", left)
	}
}

// The order in which train looks for the data, and what it says of it.
func TestFindData(t *testing.T) {
	server := smallSource(t)
	dir := filepath.Join(server.cache, "cifar-100-binary")
	find := func(wantDir, wantHow string, requests int64) {
		t.Helper()
		server.asked.Store(0)
		got, how, err := server.findData(context.Background(), new(bytes.Buffer))
		asked := server.asked.Load()
		if err != nil || got != wantDir || !strings.HasPrefix(how, wantHow) || strings.Contains(how, "\n") || asked != requests {
			t.Errorf("got %q, %q, %v after %d requests, want %q, %q, %d", got, how, err, asked, wantDir, wantHow, requests)
		}
	}
	const nothing = "no --data, no CNNVK_DATA, nothing is in the cache, "
	t.Setenv("CNNVK_DATA", "env")
	find("env", "CNNVK_DATA", 0)
	t.Setenv("CNNVK_DATA", "")

	t.Setenv(offlineVariable, "1")
	find("", nothing+"and CNNVK_OFFLINE is set", 0)
	t.Setenv(offlineVariable, "0")
	server.set(http.NotFound)
	find("", nothing+"downloading "+server.source.URL+": the server answers 404", 1)
	url := server.source.URL
	server.source.URL = "http://127.0.0.1:1/"
	find("", nothing+"downloading http://127.0.0.1:1/: no network: ", 0)
	server.source.URL = url

	server.set(server.good)
	find(dir, "downloaded", 1)
	find(dir, "cache", 0)
	t.Setenv(offlineVariable, "1")
	find(dir, "cache", 0)
}

// Where the data was wanted and nearly there, the synthetic set is no answer.
func TestFindDataFails(t *testing.T) {
	server := smallSource(t)
	find := func(ctx context.Context, says, hint string) {
		t.Helper()
		dir, how, err := server.findData(ctx, new(bytes.Buffer))
		if err == nil || dir+how != "" || !strings.Contains(err.Error(), says) || !strings.Contains(hints.Of(err), hint) ||
			!strings.HasSuffix(hints.Of(err), "; CNNVK_OFFLINE=1 trains on the synthetic set") {
			t.Errorf("%q, %q, %v, hint %q", dir, how, err, hints.Of(err))
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	find(ended, "stopped at 0.0 of 0.0 MB", "the same command again")

	server.set(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") == "" {
			w.Header().Set("Content-Length", fmt.Sprint(server.source.Bytes))
			w.Write([]byte{0x1f})
			http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	})
	find(context.Background(), "the connection was cut", "the same command again")

	server.set(server.good)
	writeFile(t, filepath.Join(server.cache, "cifar-100-binary", "train.bin"), []byte("damaged"))
	find(context.Background(), "train.bin: has MD5 ", "cnnvk data download --to "+server.cache)
}

// The counts are those of the files, of a folder of the published size.
func TestDataInfo(t *testing.T) {
	emptyFolder(t)
	dataFile(t, "d", "train.bin", cifar.TrainRecords*cifar.RecordBytes, 3*cifar.RecordBytes+1, 99)
	dataFile(t, "d", "test.bin", cifar.TestRecords*cifar.RecordBytes, 5*cifar.RecordBytes, 19)
	out, errOut, err := small().data("info", "--data", "d", "--json")
	if err != nil || errOut != "" {
		t.Fatalf("%q, %v", errOut, err)
	}
	var got dataDescription
	if err := json.Unmarshal([]byte(out), &got); err != nil || len(got.Files) != 2 || got.Folder != "d" {
		t.Fatalf("%s: %v", out, err)
	}
	got.Files[0].MD5, got.Files[1].MD5 = "", ""
	if want := (fileDescription{"train.bin", 50_000, 2, 0, 49_999, 1, "", ""}); got.Files[0] != want {
		t.Errorf("got %+v, want %+v", got.Files[0], want)
	}
	if want := (fileDescription{"test.bin", 10_000, 1, 0, 10_000, 2, "", ""}); got.Files[1] != want {
		t.Errorf("got %+v, want %+v", got.Files[1], want)
	}
	out, _, err = small().data("info", "--data", "d")
	if err != nil || !strings.Contains(out, "train.bin  50000 records, 2 classes (0 to 49999 each), 1 coarse classes\n") ||
		!strings.Contains(out, "MD5 ") || !strings.Contains(out, "(not a known checksum)\n") {
		t.Errorf("%s %v", out, err)
	}
	if _, _, err = small().data("info", "--data", "none"); err == nil || hints.Of(err) != "cnnvk data download --to none" {
		t.Errorf("%v, hint %q", err, hints.Of(err))
	}
}

func TestDataInfoReal(t *testing.T) {
	data := sharedPath(t, "CNNVK_DATA")
	out, _, err := small().data("info", "--data", data)
	if err != nil || !strings.Contains(out, "50000 records, 100 classes (500 each), 20 coarse classes") ||
		!strings.Contains(out, "10000 records, 100 classes (100 each), 20 coarse classes") || strings.Contains(out, "not a known") {
		t.Errorf("%s %v", out, err)
	}
}

// A pixel may be anything, so a bit of one is told by the checksum, and a label's mostly by its range.
func TestDataInfoFlipped(t *testing.T) {
	data := sharedPath(t, "CNNVK_DATA")
	emptyFolder(t)
	if err := os.Symlink(filepath.Join(data, "train.bin"), "train.bin"); err != nil {
		t.Skip(err)
	}
	test := []byte(read(t, filepath.Join(data, "test.bin")))
	for _, c := range []struct {
		at  int
		bit byte
	}{{7*cifar.RecordBytes + 1000, 1}, {7*cifar.RecordBytes + 1, 0x80}} {
		test[c.at] ^= c.bit
		writeFile(t, "test.bin", test)
		test[c.at] ^= c.bit
		before := listing(t)
		o := cnnvk("data", "info", "--data", ".")
		if c.bit == 1 {
			o.ok(t)
			_, ofTest, _ := strings.Cut(o.stdout, "\ntest.bin ")
			if strings.Count(o.stdout, "(not a known checksum)\n") != 1 || !strings.Contains(ofTest, "(not a known checksum)\n") {
				t.Errorf("a pixel of test.bin is another:\n%s", o.stdout)
			}
		} else {
			o.failed(t, exitFailed, `cifar: test\.bin: record 7 .*fine label \d+, must be below 100$`, "mv test.bin test.bin.old && cnnvk data download --to .")
		}
		unchanged(t, before)
	}
}

func TestFetchWords(t *testing.T) {
	for _, c := range []struct {
		done, had int64
		narrow    bool
		want      string
	}{
		{0, 0, false, " 0.0 of 100.0 MB"},
		{50e6, 50e6, false, " 50.0 of 100.0 MB"},
		{60e6, 50e6, false, " 60.0 of 100.0 MB, 2.0 MB/s, 20s left"},
		{60e6, 0, true, " 60.0 of 100.0 MB, 3s"},
		{100e6, 0, false, " checking and unpacking"},
	} {
		if got := fetchWords(c.done, 100e6, c.had, 5*time.Second, c.narrow); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
