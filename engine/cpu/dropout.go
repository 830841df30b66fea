package cpu

import (
	"math/bits"

	"cnnvk/engine"
)

// philox4x32 is Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011): four random words as a pure function of counter and key.
func philox4x32(counter [4]uint32, key [2]uint32) [4]uint32 {
	for range 10 {
		high0, low0 := bits.Mul32(0xD2511F53, counter[0])
		high1, low1 := bits.Mul32(0xCD9E8D57, counter[2])
		counter = [4]uint32{high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0}
		key[0] += 0x9E3779B9
		key[1] += 0xBB67AE85
	}
	return counter
}

// dropout2dMask draws which channels of which images live: mask = 1/(1-p) where (r >> 8) >= floor(p 2^24), else 0.
// r is the first word of Philox with key (seed, layer) and counter (step, sample + n, c, 0), so a mask
// depends on the sample's place in the global batch and not on how that batch is cut.
//
//	random (4), see engine.RandomSeed; mask (N,C)
func dropout2dMask(attr engine.Attr, mask, random *tensor) {
	threshold := uint32(attr.P * (1 << 24))
	key := [2]uint32{random.uints[engine.RandomSeed], uint32(attr.Layer)}
	parallel(mask.Shape[0], func(n int) {
		sample := random.uints[engine.RandomSample] + uint32(n)
		for c := range mask.Shape[1] {
			r := philox4x32([4]uint32{random.uints[engine.RandomStep], sample, uint32(c), 0}, key)[0]
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
