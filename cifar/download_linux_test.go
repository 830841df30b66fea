package cifar

import (
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A disk that is full while fetching or while unpacking: what has come stays, and once there is room
// the rest is done.
func TestDownloadFullDisk(t *testing.T) {
	archive := zip(t, tarOf(t, goodEntries())) // 300 KB, as much again unpacked
	for why, c := range map[string]struct {
		size     string
		requests int // in all
	}{
		"fetching":  {"size=160k", 2},
		"unpacking": {"size=500k", 1},
	} {
		t.Run(why, func(t *testing.T) {
			cache := t.TempDir()
			if err := unix.Mount("tmpfs", cache, "tmpfs", 0, c.size); err != nil {
				t.Skip("no small disk can be made here: ", err)
			}
			defer unix.Unmount(cache, unix.MNT_DETACH)
			srv, s := serve(t, archive), sourceOf(archive)
			s.URL = srv.URL
			_, err := s.Download(context.Background(), cache, nil)
			var bad *FileError
			if !errors.As(err, &bad) || !errors.Is(err, unix.ENOSPC) || !strings.Contains(bad.Problem, "no space left on device") ||
				!strings.Contains(hints.Of(err), "make room") || !strings.HasPrefix(bad.Path, cache) {
				t.Fatalf("got %v, %+v", err, bad)
			}
			checkNames(t, cache, partName)

			if err := unix.Mount("tmpfs", cache, "tmpfs", unix.MS_REMOUNT, "size=2m"); err != nil {
				t.Fatal(err)
			}
			dir, err := s.Download(context.Background(), cache, nil)
			if err != nil {
				t.Fatal(err)
			}
			checkUnpacked(t, dir)
			ranges, sent := srv.seen()
			if len(ranges) != c.requests || len(ranges) == 2 && (ranges[1] == "" || sent[1] >= len(archive)) {
				t.Errorf("ranges %q, sent %v", ranges, sent)
			}
		})
	}
}

// A disk that is full while an archive of this machine is unpacked: nothing is left of it, and once there is room it is done.
func TestUnpackFullDisk(t *testing.T) {
	archive := filepath.Join(t.TempDir(), "x.tar.gz")
	data := zip(t, tarOf(t, goodEntries()))
	write(t, archive, data)
	for why, s := range map[string]Source{"published": sourceOf(data), "other": sourceOf([]byte("other"))} {
		t.Run(why, func(t *testing.T) {
			t.Setenv("XDG_CACHE_HOME", t.TempDir())
			cache, err := files.CacheDir()
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(cache, 0o777); err != nil {
				t.Fatal(err)
			}
			if err := unix.Mount("tmpfs", cache, "tmpfs", 0, "size=160k"); err != nil {
				t.Skip("no small disk can be made here: ", err)
			}
			defer unix.Unmount(cache, unix.MNT_DETACH)
			p := smallTrain
			_, err = s.read(context.Background(), archive, p, nil)
			var bad *FileError
			if !errors.As(err, &bad) || !errors.Is(err, unix.ENOSPC) || !strings.Contains(hints.Of(err), "make room") || !strings.HasPrefix(bad.Path, cache) {
				t.Fatalf("got %v, %+v", err, bad)
			}
			checkNames(t, cache)
			if err := unix.Mount("tmpfs", cache, "tmpfs", unix.MS_REMOUNT, "size=2m"); err != nil {
				t.Fatal(err)
			}
			_, err = s.read(context.Background(), archive, p, nil) // which is no train.bin, but is unpacked
			if !errors.As(err, &bad) || !strings.Contains(bad.Problem, "is too long") {
				t.Errorf("got %v", err)
			}
		})
	}
}

const fetchVariable = "CNNVK_TEST_FETCH"

// TestFetchThroughProxy runs itself in a process of its own: Go reads the proxy's address once.
func TestFetchThroughProxy(t *testing.T) {
	archive := zip(t, tarOf(t, goodEntries()))
	if cache := os.Getenv(fetchVariable); cache != "" {
		s := sourceOf(archive)
		s.URL = "http://host.invalid/x.tar.gz"
		if _, err := s.Download(context.Background(), cache, nil); err != nil {
			t.Fatal(err)
		}
		return
	}
	proxy, cache := serve(t, archive), t.TempDir() // asked for another host's file, it sends its own
	c := exec.Command(os.Args[0], "-test.run=^TestFetchThroughProxy$")
	c.Env = append(os.Environ(), fetchVariable+"="+cache, "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL, "NO_PROXY=", "no_proxy=")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	checkUnpacked(t, filepath.Join(cache, archiveFolder))
	if ranges, _ := proxy.seen(); len(ranges) != 1 {
		t.Errorf("the proxy was asked %d times", len(ranges))
	}
}
