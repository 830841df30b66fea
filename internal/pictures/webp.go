package pictures

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"

	"golang.org/x/image/vp8"
	"golang.org/x/image/vp8l"
)

// decodeWebP reads a still picture or the first frame of one that moves. The container is read here: package webp takes none that moves, and
// decodes alpha, which is dropped.
func decodeWebP(data []byte) (*RGB, error) {
	size := int64(binary.LittleEndian.Uint32(data[4:])) + 8
	if size > int64(len(data)) {
		return nil, errCut
	}
	f, err := findFrame(data[12:size])
	if err != nil {
		return nil, err
	}
	m, err := f.decode(data)
	if err != nil {
		return nil, err
	}
	if f.canvas == (image.Rectangle{}) || f.at.Min == (image.Point{}) && f.canvas.Max == (image.Point{m.Width, m.Height}) {
		return m, nil
	}
	if (f.at == image.Rectangle{}) || f.at.Size() != (image.Point{m.Width, m.Height}) || !f.at.In(f.canvas) {
		return nil, errors.New("a picture of another size than its canvas")
	}
	out := newRGB(f.canvas.Dx(), f.canvas.Dy())
	for y := range m.Height {
		copy(out.Pix[3*((y+f.at.Min.Y)*out.Width+f.at.Min.X):], m.Pix[3*y*m.Width:][:3*m.Width])
	}
	return out, nil
}

// webpFrame is the first frame of a WebP.
type webpFrame struct {
	lossless bool
	data     []byte          // VP8 or VP8L
	canvas   image.Rectangle // that the file has; empty where it has none
	at       image.Rectangle // the frame's place on it; empty in a still picture
}

// findFrame reads chunks up to the first frame.
func findFrame(chunks []byte) (f webpFrame, err error) {
	for len(chunks) >= 8 {
		name, size := string(chunks[:4]), int64(binary.LittleEndian.Uint32(chunks[4:]))
		if 8+size > int64(len(chunks)) {
			return f, errCut
		}
		body := chunks[8 : 8+size]
		switch {
		case name == "VP8 ", name == "VP8L":
			f.lossless, f.data = name == "VP8L", body
			return f, nil
		case name == "VP8X" && len(body) >= 10:
			f.canvas = image.Rect(0, 0, 1+uint24(body[4:]), 1+uint24(body[7:]))
		case name == "ANMF" && len(body) >= 16:
			x, y := 2*uint24(body), 2*uint24(body[3:])
			f.at = image.Rect(x, y, x+1+uint24(body[6:]), y+1+uint24(body[9:]))
			chunks = body[16:]
			continue
		}
		chunks = chunks[min(8+size+size%2, int64(len(chunks))):] // chunks are padded to an even size
	}
	return f, errors.New("no picture")
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// decode decodes the frame of a file.
func (f webpFrame) decode(file []byte) (*RGB, error) {
	onCanvas := func(width, height int, bytesPerPixel float64) error {
		if err := checkSize(file, max(f.canvas.Dx(), 1), max(f.canvas.Dy(), 1), 3); err != nil {
			return err
		}
		return checkSize(file, width, height, bytesPerPixel+3)
	}
	if f.lossless {
		c, err := vp8l.DecodeConfig(bytes.NewReader(f.data))
		if err != nil {
			return nil, err
		}
		if err := onCanvas(c.Width, c.Height, 8); err != nil {
			return nil, err
		}
		m, err := vp8l.Decode(bytes.NewReader(f.data))
		if err != nil {
			return nil, err
		}
		return packed(m)
	}
	d := vp8.NewDecoder()
	d.Init(bytes.NewReader(f.data), len(f.data))
	h, err := d.DecodeFrameHeader()
	if err != nil {
		return nil, err
	}
	if err := onCanvas(h.Width, h.Height, 1.5); err != nil {
		return nil, err
	}
	m, err := d.DecodeFrame()
	if err != nil {
		return nil, err
	}
	return fromVP8(m), nil
}

// fromVP8 converts the planes of a lossy WebP, whose luma goes from 16 to 235, as libwebp does (dsp/upsampling.c): chroma is
// interpolated between the four nearest samples, by 9, 3, 3 and 1 parts of 16.
func fromVP8(m *image.YCbCr) *RGB {
	out := newRGB(m.Rect.Dx(), m.Rect.Dy())
	u := plane{m.Cb, m.CStride, (out.Width + 1) / 2, (out.Height + 1) / 2}
	v := plane{m.Cr, m.CStride, u.width, u.height}
	for y := range out.Height {
		far := y/2 + 2*(y%2) - 1
		nearU, farU, nearV, farV := u.at(y/2), u.at(far), v.at(y/2), v.at(far)
		luma, to := m.Y[y*m.YStride:], out.Pix[3*y*out.Width:]
		for x := range out.Width {
			near, beside := x/2, max(0, min(x/2+2*(x%2)-1, u.width-1))
			to[3*x], to[3*x+1], to[3*x+2] = vp8RGB(int(luma[x]), between(nearU, farU, near, beside), between(nearV, farV, near, beside))
		}
	}
	return out
}

// between is a sample of chroma between four: the two of the nearest column and the two beside it. At the left and right edge, where both are
// one column, libwebp's rounding is another.
func between(row, far []byte, near, beside int) int {
	a, b, c, d := int(row[near]), int(row[beside]), int(far[near]), int(far[beside])
	if near == beside {
		return (3*a + c + 2) >> 2
	}
	diagonal := (a + b + c + d + 8 + 2*(b+c)) >> 3
	return (diagonal + a) >> 1
}

// vp8RGB is libwebp's conversion (dsp/yuv.h): BT.601 of limited range, in 14 bits.
func vp8RGB(y, u, v int) (r, g, b byte) {
	high := func(v, coefficient int) int { return v * coefficient >> 8 }
	l := high(y, 19077)
	return clamp((l + high(v, 26149) - 14234) >> 6), clamp((l - high(u, 6419) - high(v, 13320) + 8708) >> 6), clamp((l + high(u, 33050) - 17685) >> 6)
}
