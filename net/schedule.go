package net

import "math"

// Schedule is a learning rate that rises linearly over the first epochs and then falls along half a
// cosine to 0 at the end. It is stepped once per epoch.
type Schedule struct {
	Base         float64 // the highest rate, reached in the last epoch of the warm-up
	WarmupEpochs int     // 0: none
	Epochs       int     // of the whole training
}

// Rate returns the rate of an epoch, counted from 0. With warm-up W and E epochs it is
// Base (e+1)/W while e < W, then Base (1 + cos(pi (e-W)/(E-W)))/2, and 0 from epoch E on. Where
// the warm-up takes all epochs (E <= W) there is no fall: the rate is Base after it. Epochs below 0
// count as 0.
func (s Schedule) Rate(epoch int) float64 {
	epoch = max(epoch, 0)
	if epoch < s.WarmupEpochs {
		return s.Base * (float64(epoch+1) / float64(s.WarmupEpochs))
	}
	warmup := max(s.WarmupEpochs, 0)
	if s.Epochs <= warmup {
		return s.Base
	}
	done := float64(min(epoch, s.Epochs)-warmup) / float64(s.Epochs-warmup)
	return s.Base * 0.5 * (1 + math.Cos(math.Pi*done))
}
