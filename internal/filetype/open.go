package filetype

import (
	"errors"
	"io"
	"os"
)

// ErrFolder says that a path names a folder, not a file.
var ErrFolder = errors.New("it is a folder, not a file")

// Open opens a regular file, of size bytes, and reads its first ones for Of. Anything else is refused: a named pipe would wait for ever.
func Open(path string) (f *os.File, head []byte, size int64, err error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, nil, 0, err
	case info.IsDir():
		return nil, nil, 0, ErrFolder
	case !info.Mode().IsRegular():
		return nil, nil, 0, errors.New("not a regular file")
	}
	if f, err = os.Open(path); err != nil {
		return nil, nil, 0, err
	}
	head = make([]byte, min(HeadBytes, info.Size()))
	if n, err := f.ReadAt(head, 0); err == io.EOF {
		head = head[:n]
	} else if err != nil {
		f.Close()
		return nil, nil, 0, err
	}
	return f, head, info.Size(), nil
}
