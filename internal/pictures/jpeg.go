package pictures

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"slices"
)

func decodeJPEG(data []byte) (*RGB, error) {
	h, err := readJPEGHeader(data)
	if err != nil {
		return nil, err
	}
	if err := checkSize(data, h.width, h.height, h.bytes()); err != nil {
		return nil, err
	}
	if h.components == 4 && !h.adobe {
		// Adobe's programs store ink inverted. Pillow takes every file for theirs, Go only those that say so.
		data = slices.Concat(data[:2], adobeInks, data[2:])
	}
	m, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	switch m := m.(type) {
	case *image.YCbCr:
		return fromYCbCr(m), nil
	case *image.CMYK:
		return fromInks(m), nil
	}
	return packed(m)
}

// adobeInks is the segment APP14 that says: four inks, not transformed.
var adobeInks = []byte("\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00")

// jpegHeader is what decides how much memory a JPEG takes.
type jpegHeader struct {
	width, height, components int
	samples                   float64 // of all components, for each pixel
	progressive, adobe        bool
}

// readJPEGHeader reads the segments up to the frame header.
func readJPEGHeader(data []byte) (h jpegHeader, err error) {
	for at := 2; ; {
		for at < len(data) && data[at] != 0xff {
			at++
		}
		for at < len(data) && data[at] == 0xff {
			at++
		}
		if at+3 > len(data) {
			return h, errCut
		}
		marker, n := data[at], int(data[at+1])<<8|int(data[at+2])
		body := at + 3
		switch {
		case marker == 0 || marker == 0x01 || 0xd0 <= marker && marker <= 0xd8: // no segments: stuffing, TEM, restarts, start
			at++
			continue
		case marker == 0xd9 || marker == 0xda: // the end, or pixels
			return h, errors.New("pixels without a frame header")
		}
		at += 1 + n
		if n < 2 || at > len(data) {
			return h, errCut
		}
		segment := data[body:at]
		switch {
		case marker == 0xee && len(segment) >= 12 && string(segment[:5]) == "Adobe":
			h.adobe = true
		case 0xc0 <= marker && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			h.progressive = marker == 0xc2
			return h, h.frame(segment)
		}
	}
}

// frame reads the frame header.
func (h *jpegHeader) frame(s []byte) error {
	if len(s) < 6 || len(s) < 6+3*int(s[5]) || s[5] == 0 {
		return errors.New("a damaged frame header")
	}
	h.height, h.width, h.components = int(s[1])<<8|int(s[2]), int(s[3])<<8|int(s[4]), int(s[5])
	area := func(i int) int { return int(s[7+3*i]>>4) * int(s[7+3*i]&15) }
	widest, sum := 1, 0
	for i := range h.components {
		if area(i) == 0 {
			return errors.New("a component without samples")
		}
		widest, sum = max(widest, area(i)), sum+area(i)
	}
	h.samples = min(float64(sum)/float64(widest), float64(h.components))
	if h.components == 1 {
		h.samples = 1
	}
	return nil
}

// bytes is how much memory a pixel takes.
func (h jpegHeader) bytes() float64 {
	n := h.samples
	if h.progressive {
		n += 4 * h.samples // coefficients
	}
	if h.components == 4 {
		n += 4
	}
	return n + 3
}

// fromInks converts CMYK as Pillow does: what is left of the white that black leaves.
func fromInks(m *image.CMYK) *RGB {
	out := newRGB(m.Rect.Dx(), m.Rect.Dy())
	for y := range out.Height {
		for x := range out.Width {
			p := m.Pix[y*m.Stride+4*x:][:4:4]
			white := 255 - int(p[3])
			for c := range 3 {
				ink := int(p[c])*white + 128
				out.Pix[3*(y*out.Width+x)+c] = byte(white - (ink>>8+ink)>>8)
			}
		}
	}
	return out
}
