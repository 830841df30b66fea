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

// dropoutMask draws which values of which images live, as dropout2dMask draws channels. Value i of an image, counted
// through its channels and rows, takes word i%4 of Philox with counter (step, sample + n, i/4, 1), whose last number is no
// counter of dropout2dMask's.
//
//	random (4), see engine.RandomSeed; mask (N,C,H,W)
func dropoutMask(attr engine.DropoutAttr, mask, random *tensor) {
	threshold := uint32(attr.P * (1 << 24))
	key := [2]uint32{random.uints[engine.RandomSeed], uint32(attr.Layer)}
	parallel(mask.N(), func(n int) {
		sample := random.uints[engine.RandomSample] + uint32(n)
		var draws [4]uint32
		for i := range mask.row(n) {
			if i%4 == 0 {
				draws = engine.Philox4x32([4]uint32{random.uints[engine.RandomStep], sample, uint32(i / 4), 1}, key)
			}
			mask.row(n)[i] = 0
			if draws[i%4]>>8 >= threshold {
				mask.row(n)[i] = 1 / (1 - attr.P)
			}
		}
	})
}
