package cifar

import (
	"testing"

	"cnnvk/engine"
)

// A stream walks the blocks of its counter; seed, purpose and index all change it, in every bit.
func TestStream(t *testing.T) {
	s := newStream(0x299f31d0_a4093822, 1, 0x03707344_13198a2e)
	for block := range uint32(3) {
		want := engine.Philox4x32([4]uint32{block, 1, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0})
		for i, w := range want {
			if got := s.next(); got != w {
				t.Errorf("block %d, draw %d: got %#x, want %#x", block, i, got, w)
			}
		}
	}
	first := newStream(1, 0, 1).next()
	for _, s := range []*stream{newStream(1+1<<32, 0, 1), newStream(1, 1, 1), newStream(1, 0, 2), newStream(1, 0, 1+1<<32)} {
		if s.next() == first {
			t.Errorf("%+v starts alike", s)
		}
	}
}

// However many draws are taken at a time, they are the same.
func TestStreamFill(t *testing.T) {
	one, many := newStream(7, 1, 2), newStream(7, 1, 2)
	for _, n := range []int{0, 1, 2, 3, 4, 5, 8, 13, 0, 64, 3, 1} {
		drawn := make([]uint32, n)
		many.fill(drawn)
		for i, got := range drawn {
			if want := one.next(); got != want {
				t.Fatalf("draw %d of %d: got %#x, want %#x", i, n, got, want)
			}
		}
	}
}
