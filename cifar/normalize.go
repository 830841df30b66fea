package cifar

import (
	"iter"
	"math"
	"slices"
)

// NormalizeTable is InputTable of CIFAR-100's statistics.
func NormalizeTable() [][256]float32 { return InputTable(CIFAR100.Mean, CIFAR100.Std) }

// InputTable returns the network's input for each channel and pixel value: t[c][x] = (x/255 - mean[c]) / std[c], in
// float32 with a rounding after each operation, which is what torchvision's ToTensor and Normalize compute, to the bit.
// Every executor starts from it. mean and std have a value for each channel.
func InputTable(mean, std []float64) [][256]float32 {
	table := make([][256]float32, len(mean))
	for c := range table {
		m, s := float32(mean[c]), float32(std[c])
		for x := range table[c] {
			// The conversions forbid the compiler to fuse the operations.
			unit := float32(float32(x) / 255)
			table[c][x] = float32(float32(unit-m) / s)
		}
	}
	return table
}

// Statistics are the mean and deviation per channel by which the set's images are normalised: the form's where it has some, else those of
// these images, of pixels scaled to 0..1. Where all pixels of a channel are alike the deviation is 1, so that they become 0.
func (s *Set) Statistics() (mean, std []float64) {
	return s.statisticsOf(func(yield func(int) bool) {
		for i := range s.Len() {
			if !yield(i) {
				return
			}
		}
	})
}

// StatisticsOf is Statistics of some of the images.
func (s *Set) StatisticsOf(images []int) (mean, std []float64) {
	return s.statisticsOf(slices.Values(images))
}

func (s *Set) statisticsOf(images iter.Seq[int]) (mean, std []float64) {
	if s.Form.Mean != nil {
		return s.Form.Mean, s.Form.Std
	}
	mean, std = make([]float64, s.Form.C), make([]float64, s.Form.C)
	for c := range mean {
		mean[c], std[c] = s.statistics(c, images)
	}
	return mean, std
}

// statistics sums whole numbers, so that their order does not matter.
func (s *Set) statistics(c int, images iter.Seq[int]) (mean, std float64) {
	var sum, squares uint64
	plane, count := s.Form.H*s.Form.W, 0
	for i := range images {
		for _, x := range s.image(i)[c*plane:][:plane] {
			sum += uint64(x)
			squares += uint64(x) * uint64(x)
		}
		count++
	}
	n := float64(max(count*plane, 1))
	mean = float64(sum) / n
	if std = math.Sqrt(max(float64(squares)/n-mean*mean, 0)) / 255; std == 0 {
		std = 1
	}
	return mean / 255, std
}

// Unscaled are the mean and deviation that leave pixels scaled to 0..1 as they are.
func Unscaled(channels int) (mean, std []float64) {
	mean, std = make([]float64, channels), make([]float64, channels)
	for c := range std {
		std[c] = 1
	}
	return mean, std
}
