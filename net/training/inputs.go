package training

import (
	"fmt"
	"math"

	"cnnvk/engine"
	"cnnvk/net"
)

// Step is a training step of a run: its images, and what the rest of its inputs follow from.
type Step struct {
	Images  []int // places in the data
	Epoch   int   // from 0; with the image, it decides an augmentation's draws
	Number  int   // optimiser steps before it in the run; with the seed, it decides what dropout draws
	Seed    uint32
	Rate    float64   // of learning
	Mixing  Mixing    // of its images, from Recipe.Mixing
	Factors []float64 // of it by parameter group, from Recipe.RateFactors; none: 1
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
	if !s.Mixing.none() {
		labels := make([]int, len(s.Images))
		for i, image := range s.Images {
			labels[i] = int(d.Labels[image])
		}
		s.Mixing.fill(r, labels, s.Seed, s.Number, d.Shape.H, d.Shape.W)
	}
	random := r.Uints(inputRandom)
	random[engine.RandomSeed], random[engine.RandomStep], random[engine.RandomSample] = s.Seed, uint32(s.Number), 0
	setRates(r, s.Rate, s.Factors, s.Number+1)
	return p, r, nil
}

// setRates fills the step inputs with the rates of every group, for the optimiser's t-th step, counted from 1.
func setRates(r *engine.StepInputs, rate float64, factors []float64, t int) {
	if len(factors) == 0 {
		factors = []float64{1}
	}
	for i, factor := range factors {
		rates := r.Floats(ratesOf(i))
		if rates == nil {
			continue // a group without parameters
		}
		rates[engine.RateLearning] = rate * factor
		rates[engine.RateMomentScale] = rate * factor / (1 - math.Pow(adamBeta1, float64(t)))
		rates[engine.RateVarianceRoot] = 1 / math.Sqrt(1-math.Pow(adamBeta2, float64(t)))
	}
}

// ratesOf is the step input with the rates of a group.
func ratesOf(group int) string {
	if group == 0 {
		return inputRates
	}
	return fmt.Sprintf("%s %d", inputRates, group)
}
