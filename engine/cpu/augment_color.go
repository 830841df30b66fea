package cpu

// The arithmetic of Pillow on 8-bit colour.

func blendAll(a, b [3]byte, f float32) [3]byte {
	return [3]byte{blend(a[0], b[0], f), blend(a[1], b[1], f), blend(a[2], b[2], f)}
}

func each(v [3]byte, f func(byte) byte) [3]byte { return [3]byte{f(v[0]), f(v[1]), f(v[2])} }

// meanGrey is the mean of all pixels' grey, rounded half up.
func (p picture) meanGrey() byte {
	sum, n := 0, p.h*p.w
	for i := range n {
		sum += int(grey([3]byte{p.plane(0)[i], p.plane(1)[i], p.plane(2)[i]}))
	}
	return byte((2*sum + n) / (2 * n))
}

// grey is the luma of ITU-R 601 in 16-bit fixed point.
func grey(v [3]byte) byte {
	return byte((19595*uint32(v[0]) + 38470*uint32(v[1]) + 7471*uint32(v[2]) + 32768) >> 16)
}

// toHSV is hue, saturation and value of 8 bits each, truncated as in Pillow. Where the exact hue is a whole number, Pillow's float may fall
// just below it: its hue is then one less, for 3 colours in 1,000.
func toHSV(v [3]byte) [3]byte {
	r, g, b := int(v[0]), int(v[1]), int(v[2])
	most, span := max(r, g, b), max(r, g, b)-min(r, g, b)
	if span == 0 {
		return [3]byte{0, 0, byte(most)}
	}
	sixths := 0 // of the circle, times span
	switch most {
	case r:
		sixths = g - b
	case g:
		sixths = 2*span + b - r
	default:
		sixths = 4*span + r - g
	}
	if sixths < 0 {
		sixths += 6 * span
	}
	return [3]byte{byte(255 * sixths / (6 * span)), byte(255 * span / most), byte(most)}
}

// toRGB is the way back. A saturation of 0 needs no rule of its own: all three come out as the value.
func toRGB(hsv [3]byte) [3]byte {
	h, s, v := int(hsv[0]), int(hsv[1]), int(hsv[2])
	sector, f := 6*h/255, 6*h%255 // f is of 255
	round := func(n int) byte { return byte((2*n + 65025) / (2 * 65025)) }
	p, q, t := round(v*(65025-255*s)), round(v*(65025-s*f)), round(v*(65025-s*(255-f)))
	top := byte(v)
	return [6][3]byte{{top, t, p}, {q, top, p}, {p, top, t}, {p, q, top}, {t, p, top}, {top, p, q}}[sector%6]
}

// sharpened blends with the picture smoothed by ones with a 5 in the middle, of 13 in all; the border stays.
func (p picture) sharpened(f float32) picture {
	out := newPicture(append([]byte(nil), p.planes...), p.h, p.w)
	for c := range 3 {
		from, to := p.plane(c), out.plane(c)
		for i := 1; i < p.h-1; i++ {
			for j := 1; j < p.w-1; j++ {
				at := i*p.w + j
				sum := 4 * int(from[at])
				for di := -1; di <= 1; di++ {
					for dj := -1; dj <= 1; dj++ {
						sum += int(from[at+di*p.w+dj])
					}
				}
				to[at] = blend(byte((2*sum+13)/26), from[at], f)
			}
		}
	}
	return out
}

// blend is a + f (b - a) in float32, truncated and clamped. The conversion keeps the compiler from fusing the operations.
func blend(a, b byte, f float32) byte {
	v := float32(a) + float32(f*float32(int(b)-int(a)))
	switch {
	case v <= 0:
		return 0
	case v >= 255:
		return 255
	}
	return byte(v)
}

// looked maps every channel by the table that is made from its histogram.
func (p picture) looked(table func(histogram [256]int) [256]byte) picture {
	out := newPicture(make([]byte, len(p.planes)), p.h, p.w)
	for c := range 3 {
		var histogram [256]int
		for _, v := range p.plane(c) {
			histogram[v]++
		}
		t := table(histogram)
		for i, v := range p.plane(c) {
			out.plane(c)[i] = t[v]
		}
	}
	return out
}

// autoContrast stretches lowest..highest to 0..255, in float64 (PIL.ImageOps.autocontrast).
func autoContrast(histogram [256]int) (table [256]byte) {
	low, high := 0, 255
	for low < 255 && histogram[low] == 0 {
		low++
	}
	for high > 0 && histogram[high] == 0 {
		high--
	}
	if high <= low {
		return identity()
	}
	scale := 255 / float64(high-low)
	offset := -float64(low) * scale
	for v := range table {
		table[v] = byte(min(max(float64(float64(v)*scale)+offset, 0), 255))
	}
	return table
}

// equalize maps by the cumulative histogram (PIL.ImageOps.equalize).
func equalize(histogram [256]int) (table [256]byte) {
	values, sum, last := 0, 0, 0
	for _, n := range histogram {
		if n > 0 {
			values, sum, last = values+1, sum+n, n
		}
	}
	step := (sum - last) / 255
	if values <= 1 || step == 0 {
		return identity()
	}
	n := step / 2
	for v := range table {
		table[v] = byte(min(n/step, 255))
		n += histogram[v]
	}
	return table
}

// identity maps every value to itself.
func identity() (table [256]byte) {
	for v := range table {
		table[v] = byte(v)
	}
	return table
}
