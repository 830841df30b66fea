package cifar

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

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
