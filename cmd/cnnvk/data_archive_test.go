package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// archiveFile writes the archive that the server would send.
func (s *smallServer) archiveFile(t *testing.T, path string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	s.good(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
	writeFile(t, path, recorder.Body.Bytes())
}

// Wherever data may be named, the archive may be, or the folder in which it lies. (Its small files are found too short once
// they are unpacked, which shows that they were.)
func TestDataIsArchive(t *testing.T) {
	server := smallSource(t)
	server.archiveFile(t, "d/cifar-100-binary.tar.gz")
	saveWeights(t, "w.safetensors", nil)
	unpacked := filepath.Join(server.cache, "cifar-100-binary")
	for _, where := range []string{"d/cifar-100-binary.tar.gz", "d"} {
		writeFile(t, "config.yaml", []byte("data: "+where+"\n"))
		const again = "cnnvk data download --to"
		for _, c := range []struct{ command, env, file, hint string }{
			{"train --data " + where, "", "train.bin", again},
			{"train", where, "train.bin", again},
			{"train --config config.yaml", "", "train.bin", "--data DIR"},
			{"eval --json --weights w.safetensors --data " + where, "", "test.bin", again},
			{"eval --json --weights w.safetensors", where, "test.bin", again},
			{"data info --data " + where, "", "train.bin", again},
			{"data info --json", where, "train.bin", again},
			{"data preview --data " + where, "", "train.bin", again},
		} {
			if err := os.RemoveAll(server.cache); err != nil {
				t.Fatal(err)
			}
			t.Setenv(dataVariable, c.env)
			for range 2 { // the second time it is there
				o := server.cnnvk(strings.Fields(c.command)...)
				o.failed(t, exitFailed, `cifar: `+unpacked+`/`+c.file+`: is a text that begins with "`+c.file+`"`, c.hint)
				if o.stdout != "" {
					t.Errorf("%s: %q", c.command, o.stdout)
				}
			}
		}
	}
	if server.asked.Load() > 0 {
		t.Error("the network was asked")
	}
}

// What unpacking says goes to standard error, once, and not under --quiet.
func TestDataIsArchiveSays(t *testing.T) {
	server := smallSource(t)
	server.archiveFile(t, "x.tar.gz")
	line := "data: unpacking x.tar.gz into " + filepath.Join(server.cache, "cifar-100-binary") + "\n"
	for _, c := range []struct {
		flag string
		says bool
	}{{"-q", false}, {"", true}} {
		if err := os.RemoveAll(server.cache); err != nil {
			t.Fatal(err)
		}
		o := server.cnnvk(strings.Fields("train --data x.tar.gz " + c.flag)...)
		if strings.Contains(o.stderr, line) != c.says {
			t.Errorf("%s: %s", c.flag, o.stderr)
		}
	}
}

// --from does what a download does, without a network.
func TestDataDownloadFrom(t *testing.T) {
	server := smallSource(t)
	server.archiveFile(t, "d/cifar-100-binary.tar.gz")
	server.source.URL = "http://127.0.0.1:1/"
	dir := filepath.Join(server.cache, "cifar-100-binary")
	for _, want := range []string{"unpacked, checksums right", "is there already, and whole"} {
		if out, _, err := server.data("download", "--from", "d/cifar-100-binary.tar.gz"); err != nil || out != dir+": "+want+"\n" {
			t.Errorf("%q, %v", out, err)
		}
	}
	out, said, err := server.data("download", "--from", "d", "--to", "there")
	if err != nil || out != "there/cifar-100-binary: unpacked, checksums right\ntrain on it: cnnvk train --data there\n" ||
		said != "data: unpacking d/cifar-100-binary.tar.gz into there/cifar-100-binary\n" {
		t.Errorf("%q, %q, %v", out, said, err)
	}
	for _, name := range []string{"train.bin", "test.bin"} {
		if got := read(t, filepath.Join(dir, name)); got != name {
			t.Errorf("%s: %q", name, got)
		}
	}
	writeFile(t, "page.tar.gz", []byte("<html><body>Please sign in</body></html>"))
	writeFile(t, "short.tar.gz", []byte(read(t, "d/cifar-100-binary.tar.gz")[:60]))
	writeFile(t, "empty/x", nil)
	before := listing(t)
	for _, c := range []struct {
		args, says, hint string
		code             int
	}{
		{"--from page.tar.gz --to n", `cifar: page\.tar\.gz: is a web page \(HTML\), no archive of the data set$`, "cnnvk data download", exitFailed},
		{"--from short.tar.gz --to n", `cifar: short\.tar\.gz: is cut short`, "cnnvk data download", exitFailed},
		{"--from none --to n", `cifar: none: cannot be read: no such file`, "", exitFailed},
		{"--from empty --to n", `cifar: empty: holds no cifar-100-binary\.tar\.gz$`, "--data DIR", exitFailed},
		{"--from d --url http://x/", `--from and --url do not go together`, "", exitUsage},
		{"--from=", `--from needs an archive`, "", exitUsage},
	} {
		o := server.cnnvk(append([]string{"data", "download"}, strings.Fields(c.args)...)...)
		o.stderr = strings.TrimPrefix(o.stderr, "data: unpacking short.tar.gz into n/cifar-100-binary\n")
		o.failed(t, c.code, c.says, c.hint)
		os.Remove("n") // empty
		unchanged(t, before)
	}
	if server.asked.Load() > 0 {
		t.Error("the network was asked")
	}
}
