package pictures

import (
	"os"
	"testing"
)

// seeds are the pictures of testdata, and those that claim too much.
func seeds(f *testing.F) {
	entries, err := os.ReadDir("testdata/decode")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		f.Add(golden(f, e.Name()))
	}
	for _, data := range huge(f) {
		f.Add(data)
	}
}

// Whatever the bytes are, Decode ends with a picture of as many pixels as it says, or with an error.
func FuzzDecode(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode(data)
		if err != nil {
			return
		}
		if m.Width < 1 || m.Height < 1 || len(m.Pix) != 3*m.Width*m.Height || len(m.Pix) > MaxBytes {
			t.Fatalf("%dx%d pixels in %d bytes", m.Width, m.Height, len(m.Pix))
		}
		for _, how := range Fits {
			if out := m.Fit(5, 3, Fit(how)); len(out.Pix) != 3*5*3 {
				t.Fatalf("%s: %d bytes", how, len(out.Pix))
			}
		}
	})
}

// The headers that are read here, of whatever is in the file, name a size that is refused or holds.
func FuzzHeaders(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 30 {
			return
		}
		if h, err := readJPEGHeader(data); err == nil && (h.width < 0 || h.height < 0 || !(h.bytes() > 3)) {
			t.Errorf("JPEG: %+v", h)
		}
		if h, err := readGIFHeader(data); err == nil && (h.screen.Dx() < 0 || h.frame.Dx() < 0 || h.control >= len(data)) {
			t.Errorf("GIF: %+v", h)
		}
		if b, err := readBMPHeader(data); err == nil && (b.height < 0 || b.pixels > len(data)) {
			t.Errorf("BMP: %dx%d, pixels at %d", b.width, b.height, b.pixels)
		}
		if w, err := findFrame(data[12:]); err == nil && (w.canvas.Dx() < 0 || len(w.data) > len(data)) {
			t.Errorf("WebP: %+v", w.canvas)
		}
		if n := paletteSize(data); n < 0 {
			t.Errorf("PNG: %d colours", n)
		}
	})
}
