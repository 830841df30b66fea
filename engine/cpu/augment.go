package cpu

import "cnnvk/engine"

// augment computes x[n,c,i,j] = table[c, p[c,i,j]], or 0 inside the draw's rectangle. p is image draws[n].Image after crop, flip and
// the draw's operations. See engine.Draw.
//
//	images (D,C,H,W) uint8, table (C,256), draws (N,DrawElements), x (N,C,H,W)
func augment(x, images, table, draws *tensor) {
	size := x.C() * x.H() * x.W()
	parallel(x.N(), func(n int) {
		d := engine.DrawOf(draws.uints[n*engine.DrawElements:][:engine.DrawElements])
		p := newPicture(images.bytes[d.Image*size:][:size], x.H(), x.W())
		p = p.crop(d)
		for _, s := range d.Ops {
			p = p.changed(s)
		}
		for c := range x.C() {
			out := x.plane(n, c)
			for i, v := range p.plane(c) {
				if r, q := i/x.W()-d.Erase.Top, i%x.W()-d.Erase.Left; r >= 0 && r < d.Erase.Height && q >= 0 && q < d.Erase.Width {
					out[i] = 0
					continue
				}
				out[i] = table.row(c)[v]
			}
		}
	})
}

// changed is the picture after an operation.
func (p picture) changed(s engine.AugmentOp) picture {
	towards := func(a byte) func([3]byte) [3]byte {
		return func(v [3]byte) [3]byte { return blendAll([3]byte{a, a, a}, v, s.Factor) }
	}
	switch s.Kind {
	case engine.Brightness:
		return p.mapped(towards(0))
	case engine.Contrast:
		return p.mapped(towards(p.meanGrey()))
	case engine.Saturation:
		return p.mapped(func(v [3]byte) [3]byte { return towards(grey(v))(v) })
	case engine.Sharpness:
		return p.sharpened(s.Factor)
	case engine.Hue:
		return p.mapped(func(v [3]byte) [3]byte {
			hsv := toHSV(v)
			hsv[0] += byte(s.Level)
			return toRGB(hsv)
		})
	case engine.Posterize:
		return p.mapped(func(v [3]byte) [3]byte { return each(v, func(b byte) byte { return b & byte(s.Level) }) })
	case engine.Solarize:
		return p.mapped(func(v [3]byte) [3]byte {
			return each(v, func(b byte) byte {
				if int(b) < s.Level {
					return b
				}
				return 255 - b
			})
		})
	case engine.AutoContrast:
		return p.looked(autoContrast)
	case engine.Equalize:
		return p.looked(equalize)
	case engine.Affine:
		a := s.Affine
		return p.sampled(func(i, j int) (int, int) {
			x, y := int32(j), int32(i)
			return int((a[3]*x + a[4]*y + a[5]) >> 16), int((a[0]*x + a[1]*y + a[2]) >> 16)
		})
	}
	return p
}

func (p picture) crop(d engine.Draw) picture {
	return p.sampled(func(i, j int) (int, int) {
		if d.Flip {
			j = p.w - 1 - j
		}
		i, j = i+d.Top, j+d.Left
		if d.Reflect {
			i, j = reflected(i, p.h), reflected(j, p.w)
		}
		return i, j
	})
}

// reflected is the place inside of 0..size-1 whose mirror image, in the middle of the first or the last, a place outside is.
func reflected(at, size int) int {
	if at < 0 {
		at = -at
	}
	if at >= size {
		at = 2*(size-1) - at
	}
	return at
}
