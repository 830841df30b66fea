// Package pictures reads picture files as Pillow does: PNG, JPEG, WebP, GIF and BMP become the pixels that Image.open(f).convert("RGB") gives, and
// are resized with Pillow's arithmetic. It knows no data sets and no networks.
//
// Pixels are Pillow's to the bit, but for JPEG, where Go's inverse cosine transform is not libjpeg's: there they are within a level on average.
// What Pillow does is followed where one would wish for something else: alpha is dropped and not blended, a grey picture of 16 bits is cut off at
// 255, colour profiles and the rotation that EXIF names are left alone.
package pictures

import (
	"bytes"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cnnvk/internal/files"
)

// ErrForm says that a file is in none of the forms that Decode reads.
var ErrForm = errors.New("no PNG, JPEG, WebP, GIF or BMP")

// forms are the forms of pictures by their first bytes.
var forms = []struct {
	name   string
	is     func(data []byte) bool
	decode func(data []byte) (*RGB, error)
}{
	{"PNG", begins("\x89PNG\r\n\x1a\n"), decodePNG},
	{"JPEG", begins("\xff\xd8\xff"), decodeJPEG},
	{"WebP", func(d []byte) bool { return begins("RIFF")(d) && len(d) >= 12 && string(d[8:12]) == "WEBP" }, decodeWebP},
	{"GIF", func(d []byte) bool { return begins("GIF87a")(d) || begins("GIF89a")(d) }, decodeGIF},
	{"BMP", begins("BM"), decodeBMP},
}

func begins(magic string) func([]byte) bool {
	return func(data []byte) bool { return bytes.HasPrefix(data, []byte(magic)) }
}

// endings are those of torchvision's IMG_EXTENSIONS that Decode reads, and GIF's.
var endings = []string{".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif"}

// IsPicture says whether a file's name ends as a picture's, in small or capital letters.
func IsPicture(name string) bool {
	return slices.Contains(endings, strings.ToLower(filepath.Ext(name)))
}

// Open reads the picture in a regular file. Its errors name the file.
func Open(path string) (*RGB, error) {
	data, err := ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// Decode reads a picture, in whichever form its content is: of a GIF or a WebP that moves, the first frame. What follows the picture is
// ignored. An error says what is wrong with it, on one line.
func Decode(data []byte) (*RGB, error) {
	for _, f := range forms {
		if !f.is(data) {
			continue
		}
		m, err := f.decode(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, plain(err))
		}
		return m, nil
	}
	if len(data) == 0 {
		return nil, errors.New("an empty file")
	}
	return nil, ErrForm
}

// plain is an error of a decoder without the words that say again whose it is.
func plain(err error) error {
	if cut := jpeg.FormatError("short Huffman data"); errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, cut) {
		return errCut
	}
	for _, prefix := range []string{"png: invalid format: ", "png: unsupported feature: ", "invalid JPEG format: ", "gif: ", "vp8: ", "vp8l: "} {
		if text, ok := strings.CutPrefix(err.Error(), prefix); ok {
			return errors.New(text)
		}
	}
	return err
}

var errCut = errors.New("the file ends before the picture does")

// ReadFile reads the bytes of a picture to be decoded, from a regular file: to open a pipe may take for ever. Its errors do not name the file.
func ReadFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, files.Reason(err)
	case info.IsDir():
		return nil, errors.New("a folder")
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, files.Reason(err)
	}
	defer f.Close()
	return ReadAll(f)
}

// ReadAll reads the bytes of a picture to be decoded, and refuses more than MaxBytes.
func ReadAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, files.Reason(err)
	}
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("more than the %d MB that a picture may take", int(MaxBytes/1e6))
	}
	return data, nil
}
