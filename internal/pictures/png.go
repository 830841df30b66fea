package pictures

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/png"
)

func decodePNG(data []byte) (*RGB, error) {
	const header = 8 + 8 + 13 // signature, length and name of the chunk, IHDR
	if len(data) < header || string(data[12:16]) != "IHDR" {
		return nil, errors.New("no header")
	}
	width, height := binary.BigEndian.Uint32(data[16:]), binary.BigEndian.Uint32(data[20:])
	const grey = 0
	depth, colour, interlaced := data[24], data[25], data[28] != 0
	need := pngBytes(depth, colour)
	if interlaced {
		need *= 2 // each pass is decoded before it is spread
	}
	if err := checkSize(data, int(width), int(height), need); err != nil {
		return nil, err
	}
	m, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if p, ok := m.(*image.Paletted); ok {
		greyBeyond(p, paletteSize(data))
	}
	if depth == 16 && colour == grey {
		return clipped(m)
	}
	return packed(m)
}

// paletteSize is how many colours a PNG's palette has.
func paletteSize(data []byte) int {
	for at := 8; at+8 <= len(data); {
		size := int(binary.BigEndian.Uint32(data[at:]))
		if string(data[at+4:at+8]) == "PLTE" {
			return size / 3
		}
		at += 12 + size
	}
	return 0
}

// greyBeyond gives pixels that name a colour beyond the palette's end that of a palette of Pillow: these begin as greys.
func greyBeyond(m *image.Paletted, size int) {
	for i := size; i < len(m.Palette); i++ {
		m.Palette[i] = color.RGBA{byte(i), byte(i), byte(i), 255}
	}
}

// pngBytes is how much memory a pixel takes, of a PNG of that depth and colour type.
func pngBytes(depth, colour byte) float64 {
	const palette = 3
	switch {
	case depth == 16:
		return 8 // RGBA in 16 bits, packed where it lies
	case colour == palette:
		return 1 + 3
	}
	return 4
}

// clipped is a grey picture of 16 bits as Pillow converts its mode I: values above 255 are 255.
func clipped(m image.Image) (*RGB, error) {
	var pix []byte // big-endian
	var stride, step int
	switch m := m.(type) {
	case *image.Gray16:
		pix, stride, step = m.Pix, m.Stride, 2
	case *image.NRGBA64: // where one grey is transparent
		pix, stride, step = m.Pix, m.Stride, 8
	default:
		return nil, errForm(m)
	}
	out := newRGB(m.Bounds().Dx(), m.Bounds().Dy())
	for y := range out.Height {
		for x := range out.Width {
			v := min(binary.BigEndian.Uint16(pix[y*stride+x*step:]), 255)
			i := 3 * (y*out.Width + x)
			out.Pix[i], out.Pix[i+1], out.Pix[i+2] = byte(v), byte(v), byte(v)
		}
	}
	return out, nil
}
