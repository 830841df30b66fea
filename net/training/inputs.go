package training

import (
	"cnnvk/engine"
	"math"
)

// What the host tells the device of a training step, beside its images.

// FillDraws draws for the images of a step.
func (a *Augmentation) FillDraws(r *engine.Record, epoch int, images []int) {
	to := r.Uints(InputDraws)
	for i, image := range images {
		a.Draw(epoch, image).Put(to[i*engine.DrawElements:])
	}
}

// SetRandom fills the step input "random" for a step, counted from 0.
func SetRandom(random []uint32, seed uint32, step int) {
	random[engine.RandomSeed], random[engine.RandomStep], random[engine.RandomSample] = seed, uint32(step), 0
}

// SetRates fills the step input "rates" for the optimiser's t-th step, counted from 1.
func SetRates(rates []float64, rate float64, t int) {
	rates[engine.RateLearning] = rate
	rates[engine.RateMomentScale] = rate / (1 - math.Pow(adamBeta1, float64(t)))
	rates[engine.RateVarianceRoot] = 1 / math.Sqrt(1-math.Pow(adamBeta2, float64(t)))
}
