package cifar

import (
	"cnnvk/internal/files"
	"cnnvk/internal/hints"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Source is an archive (.tar.gz) of the data set: where it is, and what must come from there. Size
// and checksums are fixed, so it does not matter which address the bytes come from, nor in how many
// pieces.
type Source struct {
	URL      string // http or https
	Bytes    int64  // length of the archive
	MD5      string // of the archive; checksums are lower-case hex
	SHA256   string
	Unpacked int64 // the most bytes that it may unpack to

	// Members are the files that are wanted from the archive's folder, each with its MD5, or "" for
	// one that only the archive's own checksums vouch for.
	Members map[string]string

	Train, Test int // images of the training and of the test set; 0 means the published 50,000 and 10,000

	Silence time.Duration // an address that sends nothing for so long counts as no network; 0 means 10 s
	Backoff time.Duration // wait before the first retry, doubled before each further one; 0 means 1 s
}

// Published is the data set as its authors offer it.
var Published = Source{
	URL:      "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
	Bytes:    168_513_733,
	MD5:      "03b5dce01913d631647c71ecec9e9cb8",
	SHA256:   "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
	Unpacked: 200_000_000, // its two data files are 184,440,000
	Members: map[string]string{
		"train.bin":              "6172c7755cfe09b2fe270c85cebc1b15",
		"test.bin":               "4499cfba6c016c1be1438163640a0898",
		"fine_label_names.txt":   "",
		"coarse_label_names.txt": "",
	},
}

// Download puts the data set into the folder cifar-100-binary in cacheDir and returns that folder.
// If it is there already, nothing is requested. progress (nil: none) is told how many bytes of
// the archive are here, also while another process is fetching it.
//
// A download that ends early, also by ctx, leaves a .part file beside the folder, from which the
// next one goes on. The folder appears whole, checked, and in one step. Errors are a *DownloadError
// where the address or what came from it is at fault, a *FileError where the disk is.
func (s Source) Download(ctx context.Context, cacheDir string, progress func(done, total int64)) (string, error) {
	if progress == nil {
		progress = func(done, total int64) {}
	}
	dir := filepath.Join(cacheDir, archiveFolder)
	if whole, err := s.check(dir); whole || err != nil {
		return dir, err
	}
	if err := os.MkdirAll(cacheDir, 0o777); err != nil {
		return "", cacheError(cacheDir, err)
	}
	part := dir + ".tar.gz.part"
	unlock, err := waitForLock(ctx, dir+".lock", func() { progress(sizeOf(part), s.Bytes) })
	if err != nil {
		return "", err
	}
	defer unlock()
	// The process that held the lock may have fetched it.
	if whole, err := s.check(dir); whole || err != nil {
		return dir, err
	}
	if err := s.fetch(ctx, part, progress); err != nil {
		kept := sizeOf(part)
		if kept == 0 {
			os.Remove(part)
		}
		if down := (*DownloadError)(nil); errors.As(err, &down) {
			down.Kept = kept
		}
		return "", err
	}
	if err := s.verify(part); err != nil {
		return "", err
	}
	err = unpack(part, dir, s.published())
	if fault := (*archiveFault)(nil); errors.As(err, &fault) {
		os.Remove(part)
		return "", s.failure(nil, hintMirror, "the archive %s; it was deleted", fault.problem)
	}
	if err != nil {
		return "", err
	}
	os.Remove(part) // its contents are in place: if it cannot be removed, it only costs room
	return dir, nil
}

// silence and backoff fill in the defaults.
func (s Source) silence() time.Duration {
	if s.Silence > 0 {
		return s.Silence
	}
	return 10 * time.Second
}

func (s Source) backoff() time.Duration {
	if s.Backoff > 0 {
		return s.Backoff
	}
	return time.Second
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// cacheError is the error of a place that cannot be written.
func cacheError(path string, err error) error {
	hint := "XDG_CACHE_HOME=DIR names another cache folder, cnnvk data download --to DIR another place"
	if files.DiskFull(err) {
		hint = "the data needs 190 MB, and 170 MB more while it is downloaded; make room, and the same command again goes on, or " + hint
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		path, err = pathErr.Path, pathErr.Err
	}
	var linkErr *os.LinkError
	if errors.As(err, &linkErr) {
		path, err = linkErr.New, linkErr.Err
	}
	return hints.With(&FileError{Path: path, Problem: "cannot be written: " + err.Error(), Err: err}, hint)
}
