package pictures

import (
	"fmt"
	"image"
	"image/color"
)

// packed is an image as decoders return it. Alpha is dropped. Of 16 bits, the upper 8 are taken. Pixels of 4 and of 8 bytes are packed where
// they lie, so that a large picture is in memory once.
func packed(m image.Image) (*RGB, error) {
	b := m.Bounds()
	switch m := m.(type) {
	case *image.Gray:
		return spread(m.Pix, m.Stride, b, func(v byte) color.Color { return color.Gray{Y: v} }), nil
	case *image.Paletted:
		return spread(m.Pix, m.Stride, b, func(v byte) color.Color { return m.Palette[min(int(v), len(m.Palette)-1)] }), nil
	case *image.RGBA: // opaque: PNG and JPEG have no colours that are multiplied with alpha
		return inPlace(m.Pix, m.Stride, b, 4), nil
	case *image.NRGBA:
		return inPlace(m.Pix, m.Stride, b, 4), nil
	case *image.RGBA64:
		return inPlace(m.Pix, m.Stride, b, 8), nil
	case *image.NRGBA64:
		return inPlace(m.Pix, m.Stride, b, 8), nil
	}
	return nil, errForm(m)
}

func errForm(m image.Image) error { return fmt.Errorf("pixels of the kind %T are not read", m) }

// inPlace packs red, green and blue, with alpha after them, each of size/4 bytes of which the first counts.
func inPlace(pix []byte, stride int, b image.Rectangle, size int) *RGB {
	out := &RGB{Width: b.Dx(), Height: b.Dy()}
	to := 0
	for y := range out.Height {
		for x := range out.Width {
			from := y*stride + x*size
			pix[to], pix[to+1], pix[to+2] = pix[from], pix[from+size/4], pix[from+size/2]
			to += 3
		}
	}
	out.Pix = pix[:to:to]
	return out
}

// spread looks each byte up among 256 colours.
func spread(pix []byte, stride int, b image.Rectangle, colour func(byte) color.Color) *RGB {
	var table [256][3]byte
	for v := range table {
		switch c := colour(byte(v)).(type) {
		case color.Gray:
			table[v] = [3]byte{c.Y, c.Y, c.Y}
		case color.RGBA:
			table[v] = [3]byte{c.R, c.G, c.B}
		case color.NRGBA:
			table[v] = [3]byte{c.R, c.G, c.B}
		}
	}
	out := newRGB(b.Dx(), b.Dy())
	for y := range out.Height {
		for x, v := range pix[y*stride : y*stride+out.Width] {
			copy(out.Pix[3*(y*out.Width+x):], table[v][:])
		}
	}
	return out
}
