package engine

import "math/bits"

// Philox4x32 is Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): four
// 32-bit draws as a pure function of a counter and a key. The shaders have it in philox.glsl.
func Philox4x32(counter [4]uint32, key [2]uint32) (draws [4]uint32) {
	Philox4x32Blocks(draws[:], counter, key)
	return draws
}

// Philox4x32Blocks fills draws, a multiple of 4, with what Philox4x32 gives for a counter, and for those that follow in its first word.
func Philox4x32Blocks(draws []uint32, counter [4]uint32, key [2]uint32) {
	for first := counter[0]; len(draws) > 0; first++ {
		c0, c1, c2, c3 := first, counter[1], counter[2], counter[3] // in registers, where an array would not stay
		k0, k1 := key[0], key[1]
		for range 10 {
			high0, low0 := bits.Mul32(0xD2511F53, c0)
			high1, low1 := bits.Mul32(0xCD9E8D57, c2)
			c0, c1, c2, c3 = high1^c1^k0, low1, high0^c3^k1, low0
			k0 += 0x9E3779B9
			k1 += 0xBB67AE85
		}
		block := draws[:4]
		block[0], block[1], block[2], block[3] = c0, c1, c2, c3
		draws = draws[4:]
	}
}
