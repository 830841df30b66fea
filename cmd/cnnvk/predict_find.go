package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"cnnvk/internal/files"
	"cnnvk/internal/pictures"
	"cnnvk/net"
)

// standardInput is its name where a file is named.
const standardInput = "-"

// source is a picture that is to be read.
type source struct {
	name string
	from io.Reader // where it is no file of that name
}

// unread is a picture, or a folder of them, that cannot be read.
type unread struct {
	name string
	err  error
}

// findPictures finds the pictures of files, of folders and of standard input, in that order.
func findPictures(names []string, stdin io.Reader) (found []source, bad []unread) {
	for _, name := range names {
		if name == standardInput {
			found = append(found, source{name, stdin})
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			bad = append(bad, unread{name, files.Reason(err)})
			continue
		}
		if !info.IsDir() {
			found = append(found, source{name: name})
			continue
		}
		w := walk{}
		w.folder(name, info)
		if len(w.found)+len(w.bad) == 0 {
			w.bad = append(w.bad, unread{name, errors.New("a folder without pictures")})
		}
		found, bad = append(found, w.found...), append(bad, w.bad...)
	}
	return found, bad
}

// walk is what is found in a folder and in those below it, by name. Hidden files are left out, and so is what is no picture by its name.
// Symbolic links are followed.
type walk struct {
	above []os.FileInfo // the folders from the first to the one that is looked through
	found []source
	bad   []unread
}

func (w *walk) folder(dir string, info os.FileInfo) {
	for _, a := range w.above {
		if os.SameFile(a, info) { // a link to a folder above it
			return
		}
	}
	w.above = append(w.above, info)
	defer func() { w.above = w.above[:len(w.above)-1] }()
	entries, err := os.ReadDir(dir)
	if err != nil {
		w.bad = append(w.bad, unread{dir, files.Reason(err)})
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		info, err := os.Stat(path)
		switch {
		case err == nil && info.IsDir():
			w.folder(path, info)
		case !pictures.IsPicture(e.Name()):
		case err != nil:
			w.bad = append(w.bad, unread{path, files.Reason(err)})
		case info.Mode().IsRegular():
			w.found = append(w.found, source{name: path})
		}
	}
}

// reader makes a network's images of pictures.
type reader struct {
	shape      net.ImageShape // of an image
	fit        pictures.Fit
	thumbnails bool // to keep
}

// reading is a picture that was read, or why it was not.
type reading struct {
	name      string
	pixels    []byte        // (C,H,W)
	thumbnail *pictures.RGB // if the reader keeps some
	err       error
}

// mostAtOnce is how many pictures are decoded at the same time: each may take pictures.MaxBytes.
const mostAtOnce = 4

// read reads pictures, until ctx ends, in their order.
func (r *reader) read(ctx context.Context, sources []source) []reading {
	out := make([]reading, len(sources))
	var work errgroup.Group
	work.SetLimit(min(runtime.GOMAXPROCS(0), mostAtOnce))
	for i, s := range sources {
		work.Go(func() error {
			if ctx.Err() == nil {
				out[i] = r.one(s)
			}
			return nil
		})
	}
	work.Wait()
	return out
}

func (r *reader) one(s source) reading {
	m, err := s.open()
	if err != nil {
		return reading{name: s.name, err: err}
	}
	out := reading{name: s.name, pixels: planes(m.Fit(r.shape.W, r.shape.H, r.fit), r.shape.C)}
	if r.thumbnails {
		out.thumbnail = thumbnail(m)
	}
	return out
}

// open reads and decodes the picture. Its errors do not name it.
func (s source) open() (*pictures.RGB, error) {
	var data []byte
	var err error
	if s.from != nil {
		data, err = pictures.ReadAll(s.from)
	} else {
		data, err = pictures.ReadFile(s.name)
	}
	if err != nil {
		return nil, err
	}
	return pictures.Decode(data)
}

// planes are the channels of a picture, one after another: red, green and blue, or grey alone.
func planes(m *pictures.RGB, channels int) []byte {
	if channels == 1 {
		return m.Grey()
	}
	n := m.Width * m.Height
	out := make([]byte, 3*n)
	for i := range n {
		out[i], out[n+i], out[2*n+i] = m.Pix[3*i], m.Pix[3*i+1], m.Pix[3*i+2]
	}
	return out
}
