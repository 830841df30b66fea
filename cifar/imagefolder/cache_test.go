package imagefolder

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"cnnvk/internal/pictures"
)

// kept are the files of a cache.
func kept(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// counting are options with a cache, and the number of pictures that were decoded.
func counting(dir string) (Options, *atomic.Int64) {
	o, n := small(), new(atomic.Int64)
	o.Cache = Cache{dir, 1 << 20}
	o.Progress = func(int, int) { n.Add(1) }
	return o, n
}

// What was decoded once is not decoded again, wherever the same bytes lie under whichever names. Other bytes, also of the same size and
// time, and other forms are.
func TestCache(t *testing.T) {
	t.Chdir(t.TempDir())
	tree(t, "d/cat/1.png", "d/dog/1.png", "d/dog/2.png")
	write(t, "d/dog/3.png", []byte("no picture"))
	o, decoded := counting("cache")
	first := readIn(t, o, Whole)
	want := func(what string, n int64) *Pictures {
		t.Helper()
		decoded.Store(0)
		p := readIn(t, o, Whole)
		if got := decoded.Load(); got != n {
			t.Errorf("%s: %d pictures are decoded, want %d", what, got, n)
		}
		return p
	}
	again := want("again", 0)
	if again.MD5 != first.MD5 || !slices.Equal(again.Bad, first.Bad) || len(again.Bad) != 1 || !slices.Equal(again.Labels, first.Labels) {
		t.Errorf("from the cache: %+v, want %+v", again, first)
	}
	if err := os.Rename("d/dog", "d/duck"); err != nil {
		t.Fatal(err)
	}
	want("another name", 0)
	if err := os.Rename("d", "elsewhere"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("elsewhere", "d"); err != nil {
		t.Skip("no symbolic links: ", err)
	}
	want("elsewhere", 0)

	info, err := os.Stat("d/cat/1.png")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("d/cat/1.png")
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-20] ^= 1 // in its last chunks, whose checksums tell
	write(t, "d/cat/1.png", data)
	if err := os.Chtimes("d/cat/1.png", info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if p := want("other bytes of the same size and time", 4); len(p.Bad) != 2 {
		t.Errorf("bad: %+v", p.Bad)
	}
	o.Fit = pictures.Pad
	want("another form", 4)
	if n := len(kept(t, "cache")); n != 3 {
		t.Errorf("%d files are kept", n)
	}
}

// A damaged file of the cache is none: the pictures are decoded anew and it is written anew.
func TestCacheDamaged(t *testing.T) {
	for what, damage := range map[string]func([]byte) []byte{
		"cut":          func(b []byte) []byte { return b[:len(b)-1] },
		"empty":        func(b []byte) []byte { return nil },
		"a pixel":      func(b []byte) []byte { b[len(b)-40] ^= 1; return b },
		"a long head":  func(b []byte) []byte { b[len(cacheMagic)+3] = 0xff; return b },
		"another head": func(b []byte) []byte { b[len(cacheMagic)+4] = '['; return b },
		"another kind": func(b []byte) []byte { b[0] = 'C'; return b },
	} {
		t.Run(what, func(t *testing.T) {
			t.Chdir(t.TempDir())
			tree(t, "d/cat/1.png", "d/dog/1.png")
			o, decoded := counting("cache")
			first := readIn(t, o, Whole)
			path := filepath.Join("cache", kept(t, "cache")[0])
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			write(t, path, damage(data))
			if again := readIn(t, o, Whole); again.MD5 != first.MD5 || decoded.Load() != 4 {
				t.Errorf("%s, want %s; %d were decoded in all", again.MD5, first.MD5, decoded.Load())
			}
			if readIn(t, o, Whole); decoded.Load() != 4 {
				t.Error("the file was not written anew")
			}
		})
	}
}

// The cache has its limit: what was not used for the longest time goes, and what is larger than all of it is not kept.
func TestCacheLimit(t *testing.T) {
	t.Chdir(t.TempDir())
	c := Cache{"cache", 1000}
	save := func(name string, bytes int) error {
		t.Helper()
		return c.save(t.Context(), name+cacheEnding, &decoded{pixels: make([]byte, bytes), bad: map[int]string{}})
	}
	for _, name := range []string{"a", "b", "c"} {
		if err := save(name, 200); err != nil {
			t.Fatal(err)
		}
	}
	write(t, "cache/notes.txt", make([]byte, 5000))    // not the cache's
	write(t, "cache/.cnnvk-0123456789abcdef.tmp", nil) // of a killed process
	if c.load("a"+cacheEnding, 1, 200, make([]byte, 200)) == nil {
		t.Error("a is not there")
	}
	if err := save("d", 500); err != nil { // b is the oldest, then c
		t.Fatal(err)
	}
	if got := kept(t, "cache"); !slices.Equal(got, []string{"a.pixels", "d.pixels", "notes.txt"}) {
		t.Errorf("kept %q", got)
	}
	if err := save("e", 2000); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Error(err)
	}
	if got := kept(t, "cache"); len(got) != 3 {
		t.Errorf("kept %q", got)
	}
}

// What is not kept is said, and costs nothing else.
func TestCacheCannotBeWritten(t *testing.T) {
	t.Chdir(t.TempDir())
	tree(t, "d/cat/1.png", "d/dog/1.png")
	write(t, "cache", nil) // a file in the folder's place
	o, _ := counting("cache")
	var said []string
	o.Warn = func(what string, err error) { said = append(said, what+": "+err.Error()) }
	if p := readIn(t, o, Whole); p.Len() != 2 || len(said) != 1 || !strings.Contains(said[0], "not kept for the next time: cache: ") {
		t.Errorf("%d images, said %q", p.Len(), said)
	}
}

// A stop in the middle of the decoding, or while another process writes, leaves nothing in the cache.
func TestCacheStopped(t *testing.T) {
	t.Chdir(t.TempDir())
	tree(t, "d/cat/1.png", "d/dog/1.png", "d/dog/2.png")
	s, err := Find(t.Context(), "d")
	if err != nil {
		t.Fatal(err)
	}
	o, _ := counting("cache")
	ctx, cancel := context.WithCancel(t.Context())
	o.Progress = func(int, int) { cancel() }
	before := runtime.GOMAXPROCS(1)
	_, err = s.Read(ctx, o, Whole)
	runtime.GOMAXPROCS(before)
	if !errors.Is(err, context.Canceled) || len(kept(t, "cache")) != 0 {
		t.Errorf("%v, kept %q", err, kept(t, "cache"))
	}

	unlock, err := o.Cache.lock(t.Context())
	if err == nil {
		defer unlock()
	} else if err := os.MkdirAll("cache", 0o777); err != nil {
		t.Fatal(err)
	} else if unlock, err = o.Cache.lock(t.Context()); err != nil {
		t.Fatal(err)
	} else {
		defer unlock()
	}
	ctx, cancel = context.WithCancel(t.Context())
	o.Progress = func(done, of int) {
		if done == of {
			cancel()
		}
	}
	if _, err := s.Read(ctx, o, Whole); !errors.Is(err, context.Canceled) || !slices.Equal(kept(t, "cache"), []string{"lock"}) {
		t.Errorf("%v, kept %q", err, kept(t, "cache"))
	}
}
