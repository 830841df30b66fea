package net

import (
	"math"

	"cnnvk/engine"
)

// What the host tells the device: the images once for a session, and for each step a record.

// SetResidents hands the images and their table to a session, where they stay.
func SetResidents(s engine.Session, d Data) error {
	if err := s.SetResident(ResidentImages, d.Images); err != nil {
		return err
	}
	return s.SetResident(ResidentTable, d.Table)
}

// FillBatch names a batch's images and labels in a record.
func FillBatch(r *engine.Record, d Data, indices []int) {
	to, labels := r.Uints(InputIndices), r.Uints(InputLabels) // without indices where draws name the images
	for i, at := range indices {
		labels[i] = uint32(d.Labels[at])
		if to != nil {
			to[i] = uint32(at)
		}
	}
}

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
