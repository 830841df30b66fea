package cifar

import (
	"math"

	"gonum.org/v1/gonum/mathext/prng"
)

// Split deals n record positions into validation and training as numpy does in the reference:
// numpy.random.seed(seed), shuffle arange(n), the first int(n*valRatio) are validation, the rest
// training, both in shuffled order. The draws are 32-bit MT19937 draws, so seeds are 0 to 2^32-1.
// A ratio outside 0..1 counts as the nearer of the two, NaN as 0; n below 0 counts as 0.
func Split(n int, valRatio float64, seed uint32) (val, train []int) {
	order := shuffled(n, seed)
	count := int(float64(len(order)) * clamp(valRatio)) // cut towards zero, as Python's int() does
	return order[:count:count], order[count:]
}

// SplitStratified deals records with these labels into validation and training so that the same share of each class
// validates. It goes through Split's shuffled order and takes the first images of each class. How many: the classes up to and
// with any one give n*valRatio, rounded to the nearest, of the n images that they have together. So a class is at most one
// image off its exact share, and has it exactly where it is whole for every class. Both parts are in shuffled order. Ratios
// out of range count as with Split.
func SplitStratified(labels []uint8, valRatio float64, seed uint32) (val, train []int) {
	var due [256]int // images of each class
	for _, class := range labels {
		due[class]++
	}
	sum, given := 0, 0
	for class, n := range due {
		sum += n
		upTo := int(math.Round(float64(sum) * clamp(valRatio)))
		due[class], given = upTo-given, upTo
	}
	for _, i := range shuffled(len(labels), seed) {
		if due[labels[i]] > 0 {
			due[labels[i]]--
			val = append(val, i)
		} else {
			train = append(train, i)
		}
	}
	return val, train
}

// shuffled is numpy's shuffle of arange(n) after numpy.random.seed(seed).
func shuffled(n int, seed uint32) []int {
	order := make([]int, max(n, 0))
	for i := range order {
		order[i] = i
	}
	source := prng.NewMT19937()
	source.Seed(uint64(seed))
	shuffle(order, source.Uint32)
	return order
}

// clamp is a ratio as one from 0 to 1.
func clamp(ratio float64) float64 {
	if !(ratio > 0) { // also true of NaN
		return 0
	}
	return min(ratio, 1)
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
