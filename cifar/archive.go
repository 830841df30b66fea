package cifar

import (
	"archive/tar"
	"compress/gzip"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"cnnvk/internal/files"
)

// archiveFault is what is wrong with an archive. Any other error of unpacking is the disk's.
type archiveFault struct{ problem string }

func (e *archiveFault) Error() string { return e.problem }

func faultf(format string, args ...any) error { return &archiveFault{fmt.Sprintf(format, args...)} }

// selection says what is unpacked of an archive.
type selection struct {
	most   int64                                             // bytes that it may unpack to
	member func(h *tar.Header) (name, sum string, err error) // what an entry becomes, with its MD5 or ""; the name "" passes it over
	lacks  func(found map[string]bool) (problem string)      // "" where all is there
	open   func(archive io.Reader) (unpacked io.Reader, err error)
}

// published takes the source's members from the folder of its archive, and refuses an archive that
// holds anything but files of this folder.
func (s Source) published() selection {
	return selection{
		most: s.Unpacked,
		member: func(h *tar.Header) (name, sum string, err error) {
			if name, err = memberName(h); err != nil {
				return "", "", err
			}
			sum, wanted := s.Members[name]
			if !wanted {
				name = ""
			}
			return name, sum, nil
		},
		lacks: func(found map[string]bool) string {
			for name := range s.Members {
				if !found[name] {
					return "lacks " + archiveFolder + "/" + name
				}
			}
			return ""
		},
		open: gunzip,
	}
}

func gunzip(r io.Reader) (io.Reader, error) {
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		return nil, faultf("is no gzip file: %v", err)
	}
	return unzipped, nil
}

// unpack puts what is selected of the archive into dir: first into a folder beside it, which is
// renamed when all is checked. The caller holds the lock, so a folder that is there already was left
// by a killed process. The error is an *archiveFault or a *FileError.
func unpack(archive, dir string, s selection) error {
	f, err := os.Open(archive)
	if err != nil {
		return systemError(archive, err)
	}
	defer f.Close()
	beside := dir + ".new"
	if err := os.RemoveAll(beside); err != nil {
		return cacheError(beside, err)
	}
	defer os.RemoveAll(beside)
	if err := os.Mkdir(beside, 0o777); err != nil {
		return cacheError(beside, err)
	}
	if err := s.extract(f, beside); errors.As(err, new(*archiveFault)) {
		return err
	} else if err != nil {
		return cacheError(dir, err)
	}
	return install(beside, dir)
}

// extract reads the whole archive, to the end of its gzip stream, and writes what is selected to dir.
func (s selection) extract(r io.Reader, dir string) error {
	unpacked, err := s.open(r)
	if err != nil {
		return err
	}
	// Room for tar's headers and padding; the reader below stops a bomb, whatever its headers claim.
	stream := &io.LimitedReader{R: unpacked, N: s.most + 1<<20}
	fault := func(err error) error {
		switch {
		case stream.N <= 0:
			return faultf("unpacks to more than %d bytes", s.most)
		case errors.As(err, new(*fs.PathError)): // reading failed: the disk's fault
			return err
		case errors.Is(err, io.ErrUnexpectedEOF):
			return faultf("is cut short: it ends in the middle")
		}
		return faultf("is damaged: %v", err)
	}
	in, found, total := tar.NewReader(stream), map[string]bool{}, int64(0)
	for {
		h, err := in.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fault(err)
		}
		name, sum, err := s.member(h)
		if err != nil {
			return err
		}
		// A sparse file claims bytes that are not in the stream.
		if total += h.Size; h.Size < 0 || total > s.most || total < 0 {
			return faultf("unpacks to more than %d bytes", s.most)
		}
		if name == "" {
			continue
		}
		if found[name] {
			return faultf("holds %s twice", name)
		}
		found[name] = true
		if err := writeMember(filepath.Join(dir, name), in, name, sum, fault); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, stream); err != nil || stream.N <= 0 {
		return fault(err)
	}
	if problem := s.lacks(found); problem != "" {
		return faultf("%s", problem)
	}
	return nil
}

// memberName returns the name of a file in the archive's folder, "" for the folder itself, and
// refuses whatever is neither: paths that lead elsewhere, folders below, links, devices.
func memberName(h *tar.Header) (string, error) {
	path := strings.TrimSuffix(strings.TrimPrefix(h.Name, "./"), "/")
	name, inside := strings.CutPrefix(path, archiveFolder+"/")
	switch {
	case h.Typeflag == tar.TypeXGlobalHeader:
		return "", nil // a comment about the archive
	case h.Typeflag == tar.TypeDir && (path == archiveFolder || path == "" || path == "."):
		return "", nil
	case h.Typeflag != tar.TypeReg:
		return "", faultf("holds %q, which is no file", h.Name)
	case !inside || strings.ContainsAny(name, `/\:`) || !filepath.IsLocal(name):
		return "", faultf("holds %q, which is no file of the folder %s", h.Name, archiveFolder)
	}
	return name, nil
}

// writeMember writes one file and checks its sum. fault words an error of the archive.
func writeMember(path string, r io.Reader, name, sum string, fault func(error) error) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	got := md5.New()
	from := &errorKeeper{r: r}
	if _, err := io.Copy(io.MultiWriter(f, got), from); from.err != nil {
		return fault(from.err)
	} else if err != nil {
		return err
	}
	if hex := fmt.Sprintf("%x", got.Sum(nil)); sum != "" && hex != sum {
		return faultf("holds %s with MD5 %s, must be %s", name, hex, sum)
	}
	return files.Sync(f) // before the rename, so that a crash leaves no empty file in the folder
}

// errorKeeper keeps a reader's error, so that it can be told from a writer's.
type errorKeeper struct {
	r   io.Reader
	err error
}

func (k *errorKeeper) Read(p []byte) (int, error) {
	n, err := k.r.Read(p)
	if err != nil && err != io.EOF {
		k.err = err
	}
	return n, err
}

// install moves the checked files to dir: the whole folder at once, or, where dir is there already
// and lacks some, file by file. It replaces none.
func install(beside, dir string) error {
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := os.Rename(beside, dir); err != nil {
			return cacheError(dir, err)
		}
		return nil
	}
	members, err := os.ReadDir(beside)
	if err != nil {
		return cacheError(beside, err)
	}
	for _, m := range members {
		to := filepath.Join(dir, m.Name())
		if _, err := os.Stat(to); err == nil {
			continue
		}
		if err := os.Rename(filepath.Join(beside, m.Name()), to); err != nil {
			return cacheError(to, err)
		}
	}
	return nil
}
