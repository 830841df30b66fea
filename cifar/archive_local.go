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

	"cnnvk/internal/files"
	"cnnvk/internal/hints"
)

// An archive on this machine belongs to the user: it is read and never changed or deleted, even if it
// is damaged.

// unpackForReading returns the folder in cacheDir with an archive's files. The published one goes
// where a download would put it; another, which may hold anything, has a place of its own.
func (s Source) unpackForReading(ctx context.Context, archive, cacheDir string, parts []part, say func(string)) (string, error) {
	sum, err := s.sumOfArchive(archive)
	if err != nil {
		return "", err
	}
	if sum == s.SHA256 {
		dir, _, err := s.Unpack(ctx, archive, cacheDir, say)
		return dir, err
	}
	kind := "cifar-100-"
	if named10(archive) {
		kind = "cifar-10-"
	}
	dir := filepath.Join(cacheDir, kind+sum[:16])
	whole := func() (bool, error) {
		for _, p := range parts {
			if at, err := locate(dir, p); at != nil || err != nil {
				return at != nil, err
			}
		}
		return false, nil
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
	if bad := (*FileError)(nil); errors.As(err, &bad) && bad.Path == archive && hints.Of(err) == archiveHint(archive) {
		err = hints.With(err, "cnnvk train --data "+files.Quote(archive)+" reads another archive of CIFAR-100 or CIFAR-10; "+hintArchive)
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
		archive := edition100.archiveIn(where)
		if archive == "" {
			return "", hints.With(&FileError{Path: where, Problem: "holds no " + archiveFolder + ".tar.gz", Err: fs.ErrNotExist},
				"cnnvk train --data DIR reads what is unpacked already")
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
		return false, hints.With(&FileError{Path: archive, Problem: fault.problem}, archiveHint(archive))
	}
	if err != nil {
		return false, err
	}
	removeUnless(dir+".tar.gz.part", archive) // a download has nothing to go on with
	return true, nil
}

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
	python, other := false, ""
	sel := s.local(s.Members, func(found map[string]bool) string {
		for _, name := range slices.Sorted(maps.Keys(s.Members)) {
			switch {
			case s.Members[name] == "" || found[name]:
			case other != "":
				return "is of CIFAR-10 (" + other + "), and lacks " + name
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
		base := path.Base(h.Name)
		python = python || slices.Contains(trainParts[0].pickles, base)
		if binaries, pickles := edition10.fileNames(); slices.Contains(binaries, base) || slices.Contains(pickles, base) {
			other = base
		}
		return member(h)
	}
	return sel
}

// whatever selects the data files of either version of one of the data sets by name, without checksums.
func (s Source) whatever() selection {
	names, of := map[string]string{}, map[string]*edition{}
	for _, e := range []*edition{edition100, edition10} {
		binaries, pickles := e.fileNames()
		for _, name := range slices.Concat(binaries, pickles) {
			names[name], of[name] = "", e
		}
		for _, v := range []version{e.binary, e.python} {
			if v.names != "" {
				names[v.names] = ""
			}
		}
	}
	return s.local(names, func(found map[string]bool) string {
		has := map[*edition]bool{}
		for name := range found {
			has[of[name]] = has[of[name]] || of[name] != nil
		}
		switch {
		case has[edition100] && has[edition10]:
			return "holds files of CIFAR-100 and of CIFAR-10"
		case !has[edition100] && !has[edition10]:
			return "holds no train.bin or test.bin, nor the Python version's train or test, nor CIFAR-10's data_batch_1.bin or data_batch_1"
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
		return "", hints.With(&FileError{Path: file, Problem: fmt.Sprintf("is too long for an archive of CIFAR-100 or CIFAR-10: more than %d bytes", most)}, archiveHint(file))
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}
