package cifar

import (
	"math/bits"

	"cnnvk/engine"
)

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

// uniform is in [0, 1), in steps of 2^-24.
func (s *stream) uniform() float64 { return float64(s.next()>>8) / (1 << 24) }

// about is in [middle-reach, middle+reach).
func (s *stream) about(middle, reach float64) float32 {
	return float32(middle + reach*(2*s.uniform()-1))
}

// below is in 0..n-1, each equally likely.
func (s *stream) below(n int) int { return int(interval(s.next, uint32(n-1))) }

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

// fill puts into out what as many calls of next give.
func (s *stream) fill(out []uint32) {
	for ; s.used < len(s.block) && len(out) > 0; out = out[1:] {
		out[0] = s.next()
	}
	blocks := len(out) / len(s.block)
	whole := blocks * len(s.block)
	engine.Philox4x32Blocks(out[:whole], s.counter, s.key)
	s.counter[0] += uint32(blocks)
	for i := whole; i < len(out); i++ {
		out[i] = s.next()
	}
}

// interval draws from 0..last, each equally likely: a draw is masked to the bits of last, and
// drawn again while it is above last (numpy's random_interval).
func interval(draw func() uint32, last uint32) uint32 {
	mask := uint32(1)<<bits.Len32(last) - 1
	for {
		if v := draw() & mask; v <= last {
			return v
		}
	}
}
