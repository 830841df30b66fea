package imagefolder

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cnnvk/internal/files"
)

// Cache is a folder that keeps decoded pictures, a file for each list of pictures and form that they were brought to. The file's name is a
// checksum of the pictures' bytes, in their order, and of the form; so it does not matter what they are called, when they were written, or
// whether they were copied elsewhere meanwhile. Whoever deletes the folder loses the time to decode again.
type Cache struct {
	Dir  string
	Most int64 // bytes in it; the files that were not used for the longest time go first
}

// DefaultCache is the cache in the user's cache folder, with 10 GiB at most.
func DefaultCache() (Cache, error) {
	dir, err := files.CacheDir()
	return Cache{filepath.Join(dir, "pictures"), 10 << 30}, err
}

const (
	cacheEnding = ".pixels"
	cacheMagic  = "cnnvk pictures 1\n"
)

// decoded is what became of a list of pictures.
type decoded struct {
	pixels []byte         // of the good ones, in their order
	bad    map[int]string // by place in the list: why a picture cannot be read
}

// key is the name of the file for pictures with those checksums, in that form.
func key(form string, sums [][sha256.Size]byte) string {
	all := sha256.New()
	fmt.Fprintf(all, "%s%s\n", cacheMagic, form)
	for _, sum := range sums {
		all.Write(sum[:])
	}
	return hex.EncodeToString(all.Sum(nil)[:16]) + cacheEnding
}

// load reads what a file of the cache says of n pictures of so many bytes, into room; nil where there is none, or a damaged one. A file that
// is read counts as used.
func (c Cache) load(name string, n, size int, room []byte) *decoded {
	path := filepath.Join(c.Dir, name)
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	sum := sha256.New()
	in := bufio.NewReaderSize(f, 1<<20)
	read := io.TeeReader(in, sum)
	var length uint32
	magic := make([]byte, len(cacheMagic))
	if _, err := io.ReadFull(read, magic); err != nil || string(magic) != cacheMagic {
		return nil
	}
	if err := binary.Read(read, binary.LittleEndian, &length); err != nil || int64(length) > int64(n)*2000 {
		return nil
	}
	head := make([]byte, length)
	d := &decoded{}
	if _, err := io.ReadFull(read, head); err != nil || json.Unmarshal(head, &d.bad) != nil || len(d.bad) > n {
		return nil
	}
	d.pixels = room[:(n-len(d.bad))*size]
	if _, err := io.ReadFull(read, d.pixels); err != nil {
		return nil
	}
	want := make([]byte, sha256.Size)
	if _, err := io.ReadFull(in, want); err != nil || !bytes.Equal(want, sum.Sum(nil)) {
		return nil
	}
	now := time.Now()
	os.Chtimes(path, now, now) // that it was used decides what goes first, nothing else
	return d
}

// save writes a file of the cache, and removes older ones beyond the limit. Another process that writes into the cache is waited for.
func (c Cache) save(ctx context.Context, name string, d *decoded) error {
	head, err := json.Marshal(d.bad)
	if err != nil {
		return err
	}
	size := int64(len(head) + len(d.pixels))
	if size > c.Most {
		return fmt.Errorf("%d MB are more than the %d MB that are kept", size>>20, c.Most>>20)
	}
	if err := os.MkdirAll(c.Dir, 0o777); err != nil {
		return files.Reason(err)
	}
	unlock, err := c.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	files.Sweep(c.Dir)
	c.makeRoom(size)
	return files.Reason(files.WriteAtomically(filepath.Join(c.Dir, name), func(w io.Writer) error {
		sum := sha256.New()
		both := io.MultiWriter(w, sum)
		for _, part := range [][]byte{[]byte(cacheMagic), binary.LittleEndian.AppendUint32(nil, uint32(len(head))), head} {
			if _, err := both.Write(part); err != nil {
				return err
			}
		}
		for rest := d.pixels; len(rest) > 0; { // in pieces, between which Ctrl-C is seen
			if err := context.Cause(ctx); err != nil {
				return err
			}
			piece := rest[:min(len(rest), 1<<22)]
			if _, err := both.Write(piece); err != nil {
				return err
			}
			rest = rest[len(piece):]
		}
		_, err := w.Write(sum.Sum(nil))
		return err
	}))
}

// makeRoom removes the files that were not used for the longest time, until so many bytes more are within the limit.
func (c Cache) makeRoom(bytes int64) {
	entries, _ := os.ReadDir(c.Dir)
	var kept []fs.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasSuffix(e.Name(), cacheEnding) && info.Mode().IsRegular() {
			kept = append(kept, info)
			bytes += info.Size()
		}
	}
	slices.SortFunc(kept, func(a, b fs.FileInfo) int {
		return cmp.Or(a.ModTime().Compare(b.ModTime()), strings.Compare(a.Name(), b.Name()))
	})
	for _, info := range kept {
		if bytes <= c.Most {
			return
		}
		if os.Remove(filepath.Join(c.Dir, info.Name())) == nil {
			bytes -= info.Size()
		}
	}
}

// lock waits until no other process writes into the cache. The system releases a killed process's lock.
func (c Cache) lock(ctx context.Context) (unlock func(), err error) {
	path := filepath.Join(c.Dir, "lock")
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, files.Reason(err)
		}
		got, err := files.TryLock(f)
		switch {
		case err != nil:
			f.Close()
			return nil, errors.New("cannot be locked: " + err.Error())
		case got && files.IsAt(f, path):
			return func() { files.RemoveLocked(f) }, nil
		}
		f.Close()
		if got { // of a file that its last owner has just removed
			continue
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
