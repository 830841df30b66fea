package cifar

import (
	"archive/tar"
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"cnnvk/internal/files"
	"cnnvk/internal/filetype"
)

// An archive on this machine belongs to the user: it is read and never changed or deleted, even if it
// is damaged.

// archiveFor returns the archive that has to be unpacked before the part can be read from where, or "".
func archiveFor(where string, p part) string {
	info, err := os.Stat(where)
	switch {
	case err != nil:
		return ""
	case !info.IsDir() && isArchive(where, info):
		return where
	case !info.IsDir():
		return ""
	}
	if file, _, err := locate(where, p); file != "" || err != nil {
		return ""
	}
	return archiveIn(where)
}

// isArchive says whether a file is an archive that can be unpacked here. CIFAR-10's cannot.
func isArchive(file string, info fs.FileInfo) bool {
	kind := kindOfFile(file, info)
	return (kind == filetype.Gzip || kind == filetype.Tar) && !isCIFAR10(filepath.Base(file))
}

// archiveIn finds an archive in a folder by its name and returns its path, or "". The binary version's
// comes first, and its own name before those that a browser gives to a second download.
func archiveIn(dir string) string {
	entries, _ := os.ReadDir(dir)
	for _, version := range []string{archiveFolder, pythonFolder} {
		var found []string
		for _, e := range entries {
			name := e.Name()
			if !strings.HasPrefix(name, version) || !namesArchive(name) {
				continue
			}
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
				found = append(found, name)
			}
		}
		if name := version + ".tar.gz"; slices.Contains(found, name) {
			return filepath.Join(dir, name)
		}
		if len(found) > 0 {
			return filepath.Join(dir, found[0])
		}
	}
	return ""
}

// unpackForReading returns the folder in cacheDir with an archive's files. The published one goes
// where a download would put it; another, which may hold anything, has a place of its own.
func (s Source) unpackForReading(ctx context.Context, archive, cacheDir string, p part, say func(string)) (string, error) {
	sum, err := s.sumOfArchive(archive)
	if err != nil {
		return "", err
	}
	if sum == s.SHA256 {
		dir, _, err := s.Unpack(ctx, archive, cacheDir, say)
		return dir, err
	}
	dir := filepath.Join(cacheDir, "cifar-100-"+sum[:16])
	whole := func() (bool, error) {
		file, _, err := locate(dir, p)
		return file != "", err
	}
	_, err = unpackLocal(ctx, archive, dir, s.whatever(), whole, say)
	return dir, err
}

// Unpack puts the data set into the folder cifar-100-binary in cacheDir as Download does, from an
// archive on this machine, and returns that folder and whether it was not there before. The files
// must have the source's checksums; the archive's own may be another. archive may also be a folder in
// which it lies. Errors are a *FileError.
func (s Source) Unpack(ctx context.Context, archive, cacheDir string, say func(string)) (dir string, fresh bool, err error) {
	if archive, err = findArchive(archive); err != nil {
		return "", false, err
	}
	dir = filepath.Join(cacheDir, archiveFolder)
	fresh, err = unpackLocal(ctx, archive, dir, s.members(), func() (bool, error) { return s.check(dir) }, say)
	if bad := (*FileError)(nil); errors.As(err, &bad) && bad.Path == archive && bad.hint == hintArchive {
		bad.hint = "cnnvk train --data " + files.Quote(archive) + " reads another archive of CIFAR-100; " + hintArchive
	}
	return dir, fresh, err
}

// findArchive returns the path of a file whose first bytes are an archive's; the error names what is there instead.
func findArchive(where string) (string, error) {
	info, err := os.Stat(where)
	if err != nil {
		return "", systemError(where, err)
	}
	if info.IsDir() {
		archive := archiveIn(where)
		if archive == "" {
			return "", &FileError{Path: where, Problem: "holds no " + archiveFolder + ".tar.gz", Err: fs.ErrNotExist,
				hint: "cnnvk train --data DIR reads what is unpacked already"}
		}
		return archive, nil
	}
	if !isArchive(where, info) {
		return "", notArchive(where, info)
	}
	return where, nil
}

// unpackLocal unpacks an archive into dir, unless all is there, and says whether it did.
func unpackLocal(ctx context.Context, archive, dir string, s selection, whole func() (bool, error), say func(string)) (bool, error) {
	if say == nil {
		say = func(string) {}
	}
	if ok, err := whole(); ok || err != nil {
		return false, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
		return false, cacheError(filepath.Dir(dir), err)
	}
	waiting := false
	unlock, err := waitForLock(ctx, dir+".lock", func() {
		if !waiting {
			say("waiting for another process that downloads or unpacks into " + dir)
		}
		waiting = true
	})
	if err != nil {
		return false, err
	}
	defer unlock()
	if ok, err := whole(); ok || err != nil { // whoever held the lock may have unpacked it
		return false, err
	}
	say("unpacking " + archive + " into " + dir)
	err = unpack(archive, dir, s)
	if fault := (*archiveFault)(nil); errors.As(err, &fault) {
		return false, &FileError{Path: archive, Problem: fault.problem, hint: hintArchive}
	}
	if err != nil {
		return false, err
	}
	removeUnless(dir+".tar.gz.part", archive) // a download has nothing to go on with
	return true, nil
}

// namesArchive says whether a file's name is that of an archive.
func namesArchive(name string) bool {
	return slices.Contains([]string{".gz", ".tgz", ".tar", ".zip"}, filepath.Ext(name))
}

const hintArchive = "cnnvk data download fetches the published archive"

// removeUnless removes a file, unless it is the other one.
func removeUnless(file, other string) {
	a, errA := os.Stat(file)
	b, errB := os.Stat(other)
	if errA == nil && errB == nil && !os.SameFile(a, b) {
		os.Remove(file)
	}
}

// members selects the source's members wherever they lie in an archive, with their checksums.
func (s Source) members() selection {
	python := false
	sel := s.local(s.Members, func(found map[string]bool) string {
		for _, name := range slices.Sorted(maps.Keys(s.Members)) {
			switch {
			case s.Members[name] == "" || found[name]:
			case python:
				return "is of the Python version, and lacks " + name
			default:
				return "lacks " + name
			}
		}
		return ""
	})
	member := sel.member
	sel.member = func(h *tar.Header) (name, sum string, err error) {
		python = python || path.Base(h.Name) == trainPart.python
		return member(h)
	}
	return sel
}

// whatever selects the data files of either version by name, without checksums.
func (s Source) whatever() selection {
	names := map[string]string{}
	for _, p := range []part{trainPart, testPart} {
		names[p.binary], names[p.python] = "", ""
	}
	return s.local(names, func(found map[string]bool) string {
		if len(found) == 0 {
			return "holds no train.bin or test.bin, nor the Python version's train or test"
		}
		return ""
	})
}

// local selects files of these names in any folder of an archive, gzipped or not. All other files are
// passed over: archives that people make themselves hold more.
func (s Source) local(names map[string]string, lacks func(found map[string]bool) string) selection {
	return selection{
		most: s.Unpacked,
		member: func(h *tar.Header) (name, sum string, err error) {
			name = path.Base(h.Name)
			if isCIFAR10(name) {
				return "", "", faultf("is an archive of CIFAR-10, %s", notSupported10)
			}
			sum, wanted := names[name]
			if !wanted || h.Typeflag != tar.TypeReg {
				name = ""
			}
			return name, sum, nil
		},
		lacks: lacks,
		open: func(r io.Reader) (io.Reader, error) {
			in := bufio.NewReader(r)
			if head, _ := in.Peek(2); string(head) != "\x1f\x8b" {
				return in, nil
			}
			return gunzip(in)
		},
	}
}

// sumOfArchive is a file's SHA-256, in hex.
func (s Source) sumOfArchive(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", systemError(file, err)
	}
	defer f.Close()
	sum, most := sha256.New(), max(s.Bytes, s.Unpacked+1<<20)
	n, err := io.Copy(sum, io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return "", systemError(file, err)
	case n > most:
		return "", &FileError{Path: file, Problem: fmt.Sprintf("is too long for an archive of CIFAR-100: more than %d bytes", most), hint: hintArchive}
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}

// notArchive is the error of a file that has an archive's name and is none.
func notArchive(file string, info fs.FileInfo) error {
	if err := readable(file, info); err != nil {
		return err
	}
	bad := &FileError{Path: file, Problem: "is no archive (.tar.gz)", hint: hintArchive}
	if name := identify(file, info); name != "" {
		bad.Problem = "is " + name + ", no archive of the data set"
	}
	if kindOfFile(file, info) == filetype.Zip {
		bad.hint = "unzip " + files.Quote(file) + " -d DIR, and then cnnvk train --data DIR"
	}
	return bad
}
