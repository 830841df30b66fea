package cifar

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cnnvk/internal/hints"
)

// Several at once fetch it once, and all have it.
func TestDownloadConcurrent(t *testing.T) {
	archive := zip(t, tarOf(t, goodEntries()))
	srv, s, cache := serve(t, archive, first(archive, len(archive)/2, cutOff), nil), sourceOf(archive), t.TempDir()
	s.URL, s.Backoff = srv.URL, 200*time.Millisecond // the others meet a half part file
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			dir, err := s.Download(context.Background(), cache, nil)
			if err != nil || dir != filepath.Join(cache, archiveFolder) {
				t.Errorf("got %s, %v", dir, err)
			}
		})
	}
	all.Wait()
	checkUnpacked(t, filepath.Join(cache, archiveFolder))
	if ranges, sent := srv.seen(); len(ranges) != 2 || sent[0]+sent[1] != len(archive) {
		t.Errorf("ranges %q, sent %v", ranges, sent)
	}
}

const holdVariable = "CNNVK_TEST_HOLD_LOCK"

// TestHoldLock is no test: it is the other process of the next one.
func TestHoldLock(t *testing.T) {
	path := os.Getenv(holdVariable)
	if path == "" {
		return
	}
	if _, err := waitForLock(context.Background(), path, func() {}); err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString("locked\n")
	time.Sleep(time.Minute)
}

// Another process's lock is waited for, until it is killed: what it leaves blocks nobody.
func TestDownloadLocked(t *testing.T) {
	archive := zip(t, tarOf(t, goodEntries()))
	s, cache := sourceOf(archive), t.TempDir()
	s.URL = serve(t, archive).URL
	write(t, filepath.Join(cache, partName), archive[:1000])

	other := exec.Command(os.Args[0], "-test.run=^TestHoldLock$")
	other.Env = append(os.Environ(), holdVariable+"="+filepath.Join(cache, archiveFolder+".lock"))
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer other.Wait()
	defer other.Process.Kill()
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "locked\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}

	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	waited := 0
	_, err = s.Download(ctx, cache, func(done, _ int64) {
		if waited++; done != 1000 {
			t.Errorf("while waiting, progress %d", done)
		}
	})
	checkError(t, err, filepath.Join(cache, archiveFolder+".lock"), "stopped while another process was downloading")
	if !errors.Is(err, context.DeadlineExceeded) || waited == 0 {
		t.Errorf("waited %d times, %v", waited, err)
	}

	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	dir, err := s.Download(context.Background(), cache, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkUnpacked(t, dir)

	// What is there already needs no lock.
	unlock, err := waitForLock(context.Background(), dir+".lock", func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Download(ended, cache, nil); err != nil {
		t.Error(err)
	}
}

// The lock has one owner at a time, although each removes its file at the end.
func TestLockOneOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var all sync.WaitGroup
	var owners atomic.Int32
	for range 60 {
		all.Go(func() {
			for range 3 {
				unlock, err := waitForLock(context.Background(), path, func() {})
				if err != nil {
					t.Error(err)
					return
				}
				if n := owners.Add(1); n != 1 {
					t.Errorf("%d owners", n)
				}
				time.Sleep(50 * time.Microsecond)
				owners.Add(-1)
				unlock()
			}
		})
	}
	all.Wait()
}

// A folder that lacks a file is filled up; what is there stays, also what is not ours.
func TestDownloadFillsUp(t *testing.T) {
	archive := zip(t, tarOf(t, goodEntries()))
	s, cache := sourceOf(archive), t.TempDir()
	s.URL = serve(t, archive).URL
	dir, err := s.Download(context.Background(), cache, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "test.bin")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "notes"), []byte("mine"))
	write(t, filepath.Join(dir, "fine_label_names.txt"), []byte("mine")) // no checksum of it is known
	if _, ok := s.Cached(cache); ok {
		t.Error("Cached without test.bin")
	}
	if _, err := s.Download(context.Background(), cache, nil); err != nil {
		t.Fatal(err)
	}
	checkNames(t, dir, "fine_label_names.txt", "notes", "test.bin", "train.bin")
	for _, c := range []struct {
		name string
		want []byte
	}{{"fine_label_names.txt", []byte("mine")}, {"notes", []byte("mine")}, {"test.bin", goodEntries()[2].data}} {
		if got, err := os.ReadFile(filepath.Join(dir, c.name)); err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s differs, %v", c.name, err)
		}
	}
}

// A file of another content may be somebody's: it is neither used nor replaced, and nothing is asked.
func TestDownloadKeepsOthers(t *testing.T) {
	archive := zip(t, tarOf(t, goodEntries()))
	for why, c := range map[string]struct {
		make func(t *testing.T, path string)
		says string
	}{
		"other bytes": {func(t *testing.T, path string) { write(t, path, []byte("mine")) }, "has MD5 "},
		"a folder":    {func(t *testing.T, path string) { write(t, filepath.Join(path, "x"), nil) }, "is not a regular file"},
	} {
		t.Run(why, func(t *testing.T) {
			srv, s, cache := serve(t, archive), sourceOf(archive), t.TempDir()
			s.URL = srv.URL
			path := filepath.Join(cache, archiveFolder, "train.bin")
			c.make(t, path)
			_, err := s.Download(context.Background(), cache, nil)
			checkError(t, err, path, c.says)
			if _, ok := s.Cached(cache); ok {
				t.Error("it counts as cached")
			}
			if ranges, _ := srv.seen(); len(ranges) > 0 {
				t.Errorf("%d requests", len(ranges))
			}
			checkNames(t, cache, archiveFolder)
			checkNames(t, filepath.Dir(path), "train.bin")
		})
	}
}

func TestDownloadUnwritable(t *testing.T) {
	archive := zip(t, tarOf(t, goodEntries()))
	s, outer := sourceOf(archive), t.TempDir()
	srv := serve(t, archive)
	s.URL = srv.URL
	write(t, filepath.Join(outer, "file"), nil)
	_, err := s.Download(context.Background(), filepath.Join(outer, "file"), nil)
	if bad := (*FileError)(nil); !errors.As(err, &bad) || hints.Of(err) == "" && bad.Err == nil {
		t.Errorf("a file for the folder: %v", err)
	}
	_, err = s.Download(context.Background(), filepath.Join(outer, "file", "below"), nil)
	if bad := (*FileError)(nil); !errors.As(err, &bad) {
		t.Errorf("below a file: %v", err)
	}
	if os.Geteuid() != 0 { // root writes everywhere
		closed := filepath.Join(outer, "closed")
		if err := os.Mkdir(closed, 0o555); err != nil {
			t.Fatal(err)
		}
		_, err = s.Download(context.Background(), closed, nil)
		checkError(t, err, filepath.Join(closed, archiveFolder+".lock"), "cannot be written: permission denied")
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%v is no fs.ErrPermission", err)
		}
	}
	if ranges, _ := srv.seen(); len(ranges) > 0 {
		t.Errorf("%d requests", len(ranges))
	}
}

func TestNothingCached(t *testing.T) {
	if _, ok := Published.Cached(t.TempDir()); ok {
		t.Error("an empty folder has the data")
	}
}
