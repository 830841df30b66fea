package cifar

import (
	"math/bits"

	"gonum.org/v1/gonum/mathext/prng"
)

// Split deals n record positions into validation and training as numpy does in the reference:
// numpy.random.seed(seed), shuffle arange(n), the first int(n*valRatio) are validation, the rest
// training, both in shuffled order. The draws are 32-bit MT19937 draws, so seeds are 0 to 2^32-1.
// A ratio outside 0..1 counts as the nearer of the two, NaN as 0; n below 0 counts as 0.
func Split(n int, valRatio float64, seed uint32) (val, train []int) {
	order := make([]int, max(n, 0))
	for i := range order {
		order[i] = i
	}
	source := prng.NewMT19937()
	source.Seed(uint64(seed))
	shuffle(order, source.Uint32)
	if !(valRatio > 0) { // also true of NaN
		valRatio = 0
	}
	count := int(float64(len(order)) * min(valRatio, 1)) // cut towards zero, as Python's int() does
	return order[:count:count], order[count:]
}

// EpochOrder returns the indices in the order in which an epoch visits them: a shuffle that is a
// function of the indices, seed and epoch alone, so that a resumed run goes on with the same
// batches. The indices themselves are left as they are. Epochs count from 0.
func EpochOrder(indices []int, seed uint64, epoch int) []int {
	order := append([]int(nil), indices...)
	shuffle(order, newStream(seed, streamEpochOrder, uint64(epoch)).next)
	return order
}

// shuffle is Fisher and Yates's, from the end, as numpy's legacy generator does it. Slices are
// shorter than 2^32.
func shuffle(order []int, draw func() uint32) {
	for i := len(order) - 1; i > 0; i-- {
		j := interval(draw, uint32(i))
		order[i], order[j] = order[j], order[i]
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
