package cifar

import "math/bits"

// philox4x32 is Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011): four 32-bit draws as a pure function of a key and a counter.
func philox4x32(counter [4]uint32, key [2]uint32) [4]uint32 {
	for range 10 {
		hi0, lo0 := bits.Mul32(0xD2511F53, counter[0])
		hi1, lo1 := bits.Mul32(0xCD9E8D57, counter[2])
		counter = [4]uint32{hi1 ^ counter[1] ^ key[0], lo1, hi0 ^ counter[3] ^ key[1], lo0}
		key[0] += 0x9E3779B9
		key[1] += 0xBB67AE85
	}
	return counter
}

// The purposes that draw from one seed; each has its own stream, so none disturbs another.
const (
	streamEpochOrder uint32 = iota
	streamSynthetic
	streamAugment
)

// stream hands out the draws of one (seed, purpose, index) in order: the seed is Philox's key; the
// counter holds the block within the stream, the purpose and the index. It has 2^34 draws.
type stream struct {
	key     [2]uint32
	counter [4]uint32
	block   [4]uint32
	used    int // of block
}

func newStream(seed uint64, purpose uint32, index uint64) *stream {
	return &stream{
		key:     [2]uint32{uint32(seed), uint32(seed >> 32)},
		counter: [4]uint32{0, purpose, uint32(index), uint32(index >> 32)},
		used:    4,
	}
}

func (s *stream) next() uint32 {
	if s.used == len(s.block) {
		s.block = philox4x32(s.counter, s.key)
		s.counter[0]++
		s.used = 0
	}
	v := s.block[s.used]
	s.used++
	return v
}
