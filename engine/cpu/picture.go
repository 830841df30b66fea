package cpu

// picture is an image of bytes: planes of h rows. All but a crop is for those of three, of red, green and blue.
type picture struct {
	h, w   int
	planes []byte // (C,H,W)
}

func newPicture(planes []byte, h, w int) picture { return picture{h, w, planes} }

func (p picture) plane(c int) []byte { return p.planes[c*p.h*p.w:][:p.h*p.w] }

// sampled makes a picture of pixels of p: from says which pixel goes to (i, j). Pixels outside of p are black.
func (p picture) sampled(from func(i, j int) (row, column int)) picture {
	out := newPicture(make([]byte, len(p.planes)), p.h, p.w)
	for i := range p.h {
		for j := range p.w {
			row, column := from(i, j)
			if row < 0 || row >= p.h || column < 0 || column >= p.w {
				continue
			}
			for c := range len(p.planes) / (p.h * p.w) {
				out.plane(c)[i*p.w+j] = p.plane(c)[row*p.w+column]
			}
		}
	}
	return out
}

// mapped applies f to every pixel.
func (p picture) mapped(f func(rgb [3]byte) [3]byte) picture {
	out := newPicture(make([]byte, len(p.planes)), p.h, p.w)
	for i := range p.h * p.w {
		for c, v := range f([3]byte{p.plane(0)[i], p.plane(1)[i], p.plane(2)[i]}) {
			out.plane(c)[i] = v
		}
	}
	return out
}
