package cpu

import "cnnvk/engine"

// dropout2dMask draws which channels of which images are kept: mask = 1/(1-p) where (r >> 8) >= floor(p 2^24), else 0.
// r is the first word of Philox with key (seed, layer) and counter (step, sample + n, c, 0), so a mask
// depends on the sample's place in the global batch and not on how that batch is cut.
//
//	random (4), see engine.RandomSeed; mask (N,C)
func dropout2dMask(attr engine.DropoutAttr, mask, random *tensor) {
	threshold := uint32(attr.P * (1 << 24))
	key := [2]uint32{random.uints[engine.RandomSeed], uint32(attr.Layer)}
	parallel(mask.Shape[0], func(n int) {
		sample := random.uints[engine.RandomSample] + uint32(n)
		for c := range mask.Shape[1] {
			r := engine.Philox4x32([4]uint32{random.uints[engine.RandomStep], sample, uint32(c), 0}, key)[0]
			if r>>8 >= threshold {
				mask.row(n)[c] = 1 / (1 - attr.P)
			} else {
				mask.row(n)[c] = 0
			}
		}
	})
}

// dropout2d computes y[n,c,i,j] = mask[n,c] x[n,c,i,j], and dx from dy likewise.
//
//	x, y (N,C,H,W), mask (N,C)
func dropout2d(y, x, mask *tensor) {
	parallel(x.N(), func(n int) {
		for c, scale := range mask.row(n) {
			out := y.plane(n, c)
			for i, v := range x.plane(n, c) {
				out[i] = scale * v
			}
		}
	})
}
