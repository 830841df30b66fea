package pictures

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"slices"
)

// decodeGIF reads the first frame, on a screen of its transparent colour, or of colour 0 where it has none, as Pillow.
func decodeGIF(data []byte) (*RGB, error) {
	h, err := readGIFHeader(data)
	if err != nil {
		return nil, err
	}
	if !h.frame.In(h.screen) {
		return nil, errors.New("a frame that is not on its screen")
	}
	if err := checkSize(data, h.screen.Dx(), h.screen.Dy(), 2+3); err != nil { // an interlaced frame is there twice
		return nil, err
	}
	if h.control > 0 {
		// Package gif forgets the colour that is called transparent; Pillow shows it.
		data = slices.Clone(data)
		data[h.control] &^= 1
	}
	decoded, err := gif.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	m, ok := decoded.(*image.Paletted)
	if !ok {
		return nil, errForm(decoded)
	}
	out := newRGB(h.screen.Dx(), h.screen.Dy())
	if m.Rect != h.screen {
		r, g, b := rgbOf(m.Palette, h.transparent)
		for i := 0; i < len(out.Pix); i += 3 {
			out.Pix[i], out.Pix[i+1], out.Pix[i+2] = r, g, b
		}
	}
	for y := range m.Rect.Dy() {
		to := out.Pix[3*((y+m.Rect.Min.Y)*out.Width+m.Rect.Min.X):]
		for x, v := range m.Pix[y*m.Stride:][:m.Rect.Dx()] {
			to[3*x], to[3*x+1], to[3*x+2] = rgbOf(m.Palette, v)
		}
	}
	return out, nil
}

func rgbOf(p color.Palette, i byte) (r, g, b byte) {
	if int(i) < len(p) {
		c := p[i].(color.RGBA)
		return c.R, c.G, c.B
	}
	return i, i, i // Pillow's palettes begin as greys
}

// gifHeader is what goes before the pixels of the first frame.
type gifHeader struct {
	screen, frame image.Rectangle
	control       int  // where the file says whether there is a transparent colour; 0 if it does not
	transparent   byte // colour; 0 if there is none
}

func readGIFHeader(data []byte) (h gifHeader, err error) {
	if len(data) < 13 {
		return h, errCut
	}
	h.screen = image.Rect(0, 0, int(data[6])|int(data[7])<<8, int(data[8])|int(data[9])<<8)
	for at := 13 + colours(data[10]); at < len(data); {
		switch data[at] {
		case ',':
			if at+10 > len(data) {
				return h, errCut
			}
			x, y := int(data[at+1])|int(data[at+2])<<8, int(data[at+3])|int(data[at+4])<<8
			h.frame = image.Rect(x, y, x+(int(data[at+5])|int(data[at+6])<<8), y+(int(data[at+7])|int(data[at+8])<<8))
			return h, nil
		case '!':
			if at+8 <= len(data) && data[at+1] == 0xf9 {
				h.control, h.transparent = 0, 0
				if data[at+3]&1 != 0 {
					h.control, h.transparent = at+3, data[at+6]
				}
			}
			for at += 2; at < len(data) && data[at] != 0; { // blocks, each after its size
				at += 1 + int(data[at])
			}
			at++
		case ';':
			return h, errors.New("no picture")
		default:
			at++
		}
	}
	return h, errCut
}

// colours is the size of the table of colours that such flags announce.
func colours(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (1 + flags&7)
}
