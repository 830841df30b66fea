package pictures

import "image"

// fromYCbCr converts a JPEG's planes as libjpeg does: where chroma has half the samples of a direction they are interpolated by a triangle
// filter (jdsample.c: h2v1_, h1v2_ and h2v2_fancy_upsample), where it has a quarter they are repeated.
func fromYCbCr(m *image.YCbCr) *RGB {
	out := newRGB(m.Rect.Dx(), m.Rect.Dy())
	across, down := 1, 1
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		across = 2
	case image.YCbCrSubsampleRatio420:
		across, down = 2, 2
	case image.YCbCrSubsampleRatio440:
		down = 2
	case image.YCbCrSubsampleRatio411:
		across = 4
	case image.YCbCrSubsampleRatio410:
		across, down = 4, 2
	}
	cb := plane{m.Cb, m.CStride, (out.Width + across - 1) / across, (out.Height + down - 1) / down}
	cr := plane{m.Cr, m.CStride, cb.width, cb.height}
	up := newUpsampler(across, down, cb.width)
	u, v := make([]byte, across*cb.width), make([]byte, across*cb.width)
	for y := range out.Height {
		up.row(u, cb, y)
		up.row(v, cr, y)
		luma, to := m.Y[y*m.YStride:], out.Pix[3*y*out.Width:]
		for x := range out.Width {
			to[3*x], to[3*x+1], to[3*x+2] = jpegRGB(luma[x], u[x], v[x])
		}
	}
	return out
}

// jpegRGB is JFIF's conversion in libjpeg's fixed point (jdcolor.c).
func jpegRGB(y, cb, cr byte) (r, g, b byte) {
	const half = 1 << 15
	u, v := int(cb)-128, int(cr)-128
	r = clamp(int(y) + (91881*v+half)>>16)
	g = clamp(int(y) + (-22554*u-46802*v+half)>>16)
	b = clamp(int(y) + (116130*u+half)>>16)
	return r, g, b
}

func clamp(v int) byte { return byte(max(0, min(v, 255))) }

// plane is the samples of one component.
type plane struct {
	pix                   []byte
	stride, width, height int
}

// upsampler makes rows of chroma at full resolution.
type upsampler struct {
	across, down int
	fancy        bool
	sums         []int
}

func newUpsampler(across, down, width int) upsampler {
	// libjpeg interpolates across from 3 samples a row on, and not at all where it repeats in the one direction.
	fancy := across == 2 && width > 2 || across == 1 && down == 2
	return upsampler{across, down, fancy, make([]int, width)}
}

// row makes row y of a component at full resolution.
func (u upsampler) row(to []byte, p plane, y int) {
	near := p.at(y / u.down)
	switch {
	case !u.fancy:
		for x, v := range near {
			for i := range u.across {
				to[u.across*x+i] = v
			}
		}
	case u.down == 1:
		for x, v := range near {
			u.sums[x] = int(v)
		}
		u.spread(to, 2, 1, 2)
	case u.across == 1:
		far, bias := u.beside(p, y), 1+y%2
		for x, v := range near {
			to[x] = byte((3*int(v) + int(far[x]) + bias) >> 2)
		}
	default:
		far := u.beside(p, y)
		for x, v := range near {
			u.sums[x] = 3*int(v) + int(far[x])
		}
		u.spread(to, 4, 8, 7)
	}
}

// beside is the row of samples that is second nearest to row y.
func (u upsampler) beside(p plane, y int) []byte {
	return p.at(y/2 + 2*(y%2) - 1)
}

func (p plane) at(y int) []byte {
	y = max(0, min(y, p.height-1))
	return p.pix[y*p.stride:][:p.width]
}

// spread makes two pixels of each sum, three parts of it and one of its neighbour, divided by 1<<shift.
func (u upsampler) spread(to []byte, shift, left, right int) {
	last := len(u.sums) - 1
	for x, v := range u.sums {
		to[2*x] = byte((3*v + u.sums[max(x-1, 0)] + left) >> shift)
		to[2*x+1] = byte((3*v + u.sums[min(x+1, last)] + right) >> shift)
	}
}
