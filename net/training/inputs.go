package training

import (
	"math"

	"cnnvk/engine"
	"cnnvk/net"
)

// Step is a training step of a run: its images, and what the rest of its inputs follow from.
type Step struct {
	Images []int // places in the data
	Epoch  int   // from 0; with the image, it decides an augmentation's draws
	Number int   // optimiser steps before it in the run; with the seed, it decides what dropout draws
	Seed   uint32
	Rate   float64 // of learning
}

// Fill finds the program for that many images and fills its step inputs. With a nil augment the images stay as they are.
func (s Step) Fill(programs *net.Batches, d net.Data, augment *Augmentation) (*engine.Program, *engine.StepInputs, error) {
	p, r, err := programs.Fill(d, s.Images)
	if err != nil {
		return nil, nil, err
	}
	if augment != nil {
		draws := r.Uints(inputDraws)
		for i, image := range s.Images {
			augment.Draw(s.Epoch, image).Put(draws[i*engine.DrawElements:])
		}
	}
	random := r.Uints(inputRandom)
	random[engine.RandomSeed], random[engine.RandomStep], random[engine.RandomSample] = s.Seed, uint32(s.Number), 0
	setRates(r.Floats(inputRates), s.Rate, s.Number+1)
	return p, r, nil
}

// setRates fills the step input "rates" for the optimiser's t-th step, counted from 1.
func setRates(rates []float64, rate float64, t int) {
	rates[engine.RateLearning] = rate
	rates[engine.RateMomentScale] = rate / (1 - math.Pow(adamBeta1, float64(t)))
	rates[engine.RateVarianceRoot] = 1 / math.Sqrt(1-math.Pow(adamBeta2, float64(t)))
}
