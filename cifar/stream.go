package cifar

import "cnnvk/engine"

// The purposes that draw from one seed; each has its own stream, so none disturbs another.
const (
	streamEpochOrder uint32 = iota
	streamSynthetic
	streamAugment
	streamFlip
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
		s.block = engine.Philox4x32(s.counter, s.key)
		s.counter[0]++
		s.used = 0
	}
	v := s.block[s.used]
	s.used++
	return v
}
