package pictures

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func golden(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/decode/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// patched is a copy with other bytes at a place.
func patched(data []byte, at int, with ...byte) []byte {
	data = slices.Clone(data)
	copy(data[at:], with)
	return data
}

// huge are pictures whose headers claim more pixels than they have, or than anyone has.
func huge(t testing.TB) map[string][]byte {
	chunk := func(data []byte) []byte { // with the checksum of a PNG's header
		binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
		return data
	}
	jpg := golden(t, "420.jpg")
	frame := strings.Index(string(jpg), "\xff\xc0") + 5
	webp, moving := golden(t, "lossless.webp"), golden(t, "lossy-animated.webp")
	gif := golden(t, "palette.gif")
	progressive := golden(t, "444-progressive.jpg")
	return map[string][]byte{
		"PNG":              chunk(patched(golden(t, "rgb8.png"), 16, 0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0)),
		"PNG of 2^31":      chunk(patched(golden(t, "rgb8.png"), 16, 0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff)),
		"JPEG":             patched(jpg, frame, 0xff, 0xff, 0xff, 0xff),
		"progressive JPEG": patched(progressive, strings.Index(string(progressive), "\xff\xc2")+5, 0x13, 0x88, 0x13, 0x88), // 5000x5000
		"WebP":             patched(webp, 21, 0xff, 0xff, 0xff, 0x1f),
		"canvas":           patched(moving, strings.Index(string(moving), "VP8X")+12, 0xff, 0xff, 0, 0xff, 0xff, 0),
		"GIF":              patched(gif, 6, 0xff, 0xff, 0xff, 0xff),
		"BMP":              patched(golden(t, "24.bmp"), 18, 0xa0, 0x86, 1, 0, 0xa0, 0x86, 1, 0),
		"BMP of -2^31":     patched(golden(t, "24.bmp"), 18, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0x80),
	}
}

// A header is refused for what it claims before any memory is taken for it.
func TestHuge(t *testing.T) {
	for name, data := range huge(t) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := Decode(data)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), "MB of memory") {
			t.Errorf("%s: %v, %v", name, m != nil, err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 1e6 {
			t.Errorf("%s: took %d bytes to refuse", name, took)
		}
	}
}

// A picture of which the last part is missing is an error, wherever it is cut.
func TestCut(t *testing.T) {
	for name, want := range goldens(t).Decode {
		whole := golden(t, name)
		whole = whole[:len(whole)-len("garbage")*9*strings.Count(name, "garbage-after")]
		if want == "" || len(whole) > 4000 {
			continue
		}
		for cut := 0; cut < len(whole); cut += 1 + cut/9 {
			m, err := Decode(whole[:cut])
			switch end := whole[cut:]; {
			case err == nil && strings.HasSuffix(name, ".gif") && len(end) <= 2: // the trailer, and the end of the blocks
			case err == nil && name == "animated.gif" && len(m.Pix) > 0: // as its first frame is whole
			case err == nil:
				t.Errorf("%s cut to %d of %d bytes is a picture", name, cut, len(whole))
			case strings.Contains(err.Error(), "\n"):
				t.Errorf("%s cut to %d: %v", name, cut, err)
			}
		}
	}
}

// What a file is called does not matter; what is none is said, with the file's name.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if m, err := Open(write("a.jpg", golden(t, "rgb8.png"))); err != nil || m.Width != 27 || m.Height != 21 {
		t.Errorf("a PNG named .jpg: %v", err)
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty.png":   {nil, "an empty file"},
		"text.png":    {[]byte("not a picture"), "no PNG, JPEG, WebP, GIF or BMP"},
		"tiff.png":    {[]byte("II*\x00"), "no PNG, JPEG, WebP, GIF or BMP"},
		"short.png":   {golden(t, "rgb8.png")[:200], "PNG: not enough pixel data"},
		"short.jpg":   {golden(t, "420.jpg")[:600], "JPEG: the file ends before the picture does"},
		"short.webp":  {golden(t, "lossy.webp")[:300], "WebP: the file ends before the picture does"},
		"short.gif":   {golden(t, "palette.gif")[:300], "GIF: "},
		"short.bmp":   {golden(t, "24.bmp")[:300], "BMP: the file ends before the picture does"},
		"none.bmp":    {patched(golden(t, "24.bmp"), 18, 0, 0, 0, 0), "BMP: 0x21 pixels"},
		"frame.gif":   {patched(golden(t, "palette.gif"), strings.Index(string(golden(t, "palette.gif")), ",\x00\x00\x00\x00")+5, 0xff, 0xff), "GIF: a frame that is not on its screen"},
		"rle.bmp":     {patched(golden(t, "8.bmp"), 30, 1), "compressed"},
		"changed.png": {patched(golden(t, "rgb8.png"), 60, 1, 2, 3, 4), "PNG: flate: corrupt input"},
	} {
		path := write(name, c.data)
		if _, err := Open(path); err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(filepath.Join(dir, "missing.png")); !errors.Is(err, fs.ErrNotExist) || strings.Count(err.Error(), "missing.png") != 1 {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "folder") || strings.Count(err.Error(), dir) != 1 {
		t.Errorf("a folder: %v", err)
	}
}

func TestIsPicture(t *testing.T) {
	for name, want := range map[string]bool{"a.png": true, "a.JPG": true, "a.b.jpeg": true, "a.webp": true, "a.gif": true, "a.bmp": true,
		"a.tiff": false, "png": false, "a.png.txt": false, "": false} {
		if IsPicture(name) != want {
			t.Errorf("IsPicture(%q) = %v", name, !want)
		}
	}
}
