package pictures

import (
	"bytes"
	"image"
	"math"
)

// precision is the bits of a weight after the point, half what rounds a sum of them.
const (
	precision = 32 - 8 - 2
	half      = 1 << (precision - 1)
)

// tap is of which pixels of a row or column one is made.
type tap struct {
	centre  int // its own place
	first   int
	weights []int // in 1<<precision
}

// Fit is how a picture of other proportions is brought to a size.
type Fit string

// The ways to fit.
const (
	Squash Fit = "squash" // the whole picture, out of proportion
	Crop   Fit = "crop"   // the middle of it: torchvision's Resize and CenterCrop
	Pad    Fit = "pad"    // the whole picture between black bars: Pillow's ImageOps.pad
)

// Fits are the ways to fit, the first the usual one.
var Fits = []string{string(Squash), string(Crop), string(Pad)}

// Fit is the picture in another size.
func (m *RGB) Fit(width, height int, how Fit) *RGB {
	switch how {
	case Crop:
		return m.crop(width, height)
	case Pad:
		return m.pad(width, height)
	}
	return m.Resize(width, height)
}

// crop scales the side that is too short to its size, and takes the middle.
func (m *RGB) crop(width, height int) *RGB {
	w, h := width, height
	if m.Width*height <= m.Height*width {
		h = int(float64(width*m.Height) / float64(m.Width))
	} else {
		w = int(float64(height*m.Width) / float64(m.Height))
	}
	left, top := int(math.RoundToEven(float64(w-width)/2)), int(math.RoundToEven(float64(h-height)/2))
	return m.resample(w, h, image.Rect(left, top, left+width, top+height))
}

// pad scales the side that is too long to its size, and fills the other with black.
func (m *RGB) pad(width, height int) *RGB {
	w, h := width, height
	if is, want := float64(m.Width)/float64(m.Height), float64(width)/float64(height); is > want {
		h = max(1, int(math.RoundToEven(float64(m.Height)/float64(m.Width)*float64(width))))
	} else if is < want {
		w = max(1, int(math.RoundToEven(float64(m.Width)/float64(m.Height)*float64(height))))
	}
	small := m.Resize(w, h)
	if w == width && h == height {
		return small
	}
	out := newRGB(width, height)
	left, top := int(math.RoundToEven(float64(width-w)*0.5)), int(math.RoundToEven(float64(height-h)*0.5))
	if w != width {
		top = 0
	}
	for y := range h {
		copy(out.Pix[3*((y+top)*width+left):], small.Pix[3*y*w:][:3*w])
	}
	return out
}

// Resize is the picture in another size: bilinear, and over as many pixels as are brought into one where it shrinks. The bits are Pillow's
// (Image.resize with BILINEAR, libImaging/Resample.c): across first, then down, each rounded to 8 bits.
func (m *RGB) Resize(width, height int) *RGB {
	return m.resample(width, height, image.Rect(0, 0, width, height))
}

// resample is the part of the resized picture that lies in the window.
func (m *RGB) resample(width, height int, window image.Rectangle) *RGB {
	rows := image.Rect(0, 0, m.Width, m.Height)
	down := taps(m.Height, height, window.Min.Y, window.Max.Y)
	if height != m.Height { // rows that no pixel is made of are left out
		rows.Min.Y, rows.Max.Y = m.Height, 0
		for _, t := range down {
			rows.Min.Y, rows.Max.Y = min(rows.Min.Y, t.first), max(rows.Max.Y, t.first+len(t.weights))
		}
	} else {
		rows.Min.Y, rows.Max.Y = window.Min.Y, window.Max.Y
	}
	across := m.across(taps(m.Width, width, window.Min.X, window.Max.X), rows, width == m.Width)
	if height == m.Height {
		return across
	}
	out := newRGB(window.Dx(), window.Dy())
	stride := 3 * out.Width
	for y, t := range down {
		to := out.Pix[y*stride:][:stride]
		for i := range to {
			sum := half
			for k, w := range t.weights {
				sum += w * int(across.Pix[(t.first-rows.Min.Y+k)*stride+i])
			}
			to[i] = clamp(sum >> precision)
		}
	}
	return out
}

// taps are those of the pixels start to end of a row that goes from so many pixels to so many. The arithmetic is that of precompute_coeffs;
// conversions keep a compiler from fusing two operations into one of other rounding.
func taps(from, to, start, end int) []tap {
	scale := float64(from) / float64(to)
	support := max(scale, 1)
	out := make([]tap, 0, end-start)
	for i := start; i < end; i++ {
		centre := float64((float64(i) + 0.5) * scale)
		first := max(int(float64(centre-support)+0.5), 0)
		weights, sum := make([]float64, min(int(float64(centre+support)+0.5), from)-first), 0.0
		for k := range weights {
			distance := math.Abs(float64(float64(float64(k+first)-centre)+0.5) * float64(1/support))
			weights[k] = max(1-distance, 0)
			sum += weights[k]
		}
		t := tap{i, first, make([]int, len(weights))}
		for k, w := range weights {
			if sum != 0 {
				w /= sum
			}
			t.weights[k] = int(0.5 + float64(w*(1<<precision)))
		}
		out = append(out, t)
	}
	return out
}

// across resizes the rows. As they are, they are only cut.
func (m *RGB) across(columns []tap, rows image.Rectangle, same bool) *RGB {
	out := newRGB(len(columns), rows.Dy())
	for y := range out.Height {
		from, to := m.Pix[3*(y+rows.Min.Y)*m.Width:][:3*m.Width], out.Pix[3*y*out.Width:][:3*out.Width]
		if same {
			copy(to, from[3*columns[0].centre:])
			continue
		}
		for x, t := range columns {
			r, g, b := half, half, half
			for k, w := range t.weights {
				p := from[3*(t.first+k):][:3:3]
				r, g, b = r+w*int(p[0]), g+w*int(p[1]), b+w*int(p[2])
			}
			to[3*x], to[3*x+1], to[3*x+2] = clamp(r>>precision), clamp(g>>precision), clamp(b>>precision)
		}
	}
	return out
}

// Grey is the picture's luma, a byte a pixel, as Pillow's convert("L").
func (m *RGB) Grey() []byte {
	out := make([]byte, m.Width*m.Height)
	for i := range out {
		p := m.Pix[3*i:][:3:3]
		out[i] = byte((19595*int(p[0]) + 38470*int(p[1]) + 7471*int(p[2]) + 1<<15) >> 16)
	}
	return out
}

// Equal says whether two pictures have the same pixels.
func (m *RGB) Equal(other *RGB) bool {
	return m.Width == other.Width && m.Height == other.Height && bytes.Equal(m.Pix, other.Pix)
}
