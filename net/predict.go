package net

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"cnnvk/engine"
)

// Predictor runs weights over images that have no labels, a batch at a time.
type Predictor struct {
	session engine.Session
	program *engine.Program
	inputs  *engine.StepInputs
	images  []byte // (batch,C,H,W): a short batch leaves the images of the one before at its end
	image   int    // bytes of one
}

// NewPredictor makes a predictor of at most d.N images at once. table (C,256) turns their bytes into the network's input.
func NewPredictor(ctx context.Context, e engine.Executor, w *Weights, d ImageShape, table []float32) (_ *Predictor, err error) {
	batches, err := evaluation(w, d, d.N)
	if err != nil {
		return nil, err
	}
	all := Data{Images: make([]byte, d.N*d.C*d.H*d.W), Labels: make([]uint8, d.N), Shape: d, Table: table}
	every := make([]int, d.N)
	for i := range every {
		every[i] = i
	}
	p := &Predictor{images: all.Images, image: d.C * d.H * d.W}
	if p.program, p.inputs, err = batches.Fill(all, every); err != nil {
		return nil, err
	}
	if p.session, err = e.NewSession(ctx, w.Layout, batches.Programs(), engine.PlanOptions{Keep: []string{tensorLogits}}); err != nil {
		return nil, err
	}
	err = SetResidents(p.session, all)
	if err == nil {
		err = p.session.WriteArena(engine.Model, w.Arena)
	}
	if err != nil {
		return nil, errors.Join(err, p.session.Close())
	}
	return p, nil
}

// Close gives the predictor's memory back.
func (p *Predictor) Close() error { return p.session.Close() }

// Logits are those of images (n,C,H,W), of which there are no more than a batch has: (n,classes).
func (p *Predictor) Logits(images []byte) ([][]float64, error) {
	n := len(images) / p.image
	if n == 0 || len(images)%p.image != 0 || len(images) > len(p.images) {
		return nil, fmt.Errorf("net: prediction: %d bytes are no 1 to %d images of %d", len(images), len(p.images)/p.image, p.image)
	}
	copy(p.images, images)
	if err := p.session.SetResident(residentImages, p.images); err != nil {
		return nil, err
	}
	if err := p.session.Run(p.program, p.inputs); err != nil {
		return nil, err
	}
	logits := p.program.Tensor(tensorLogits)
	data, err := p.session.Read(p.program, logits)
	if err != nil {
		return nil, err
	}
	if _, err := p.session.Reports(); err != nil {
		return nil, err
	}
	var out [][]float64
	for row := range slices.Chunk(data, logits.C()) {
		if len(out) == n {
			break
		}
		if slices.ContainsFunc(row, func(v float64) bool { return !finite(v) }) {
			return nil, errors.New("net: prediction: the logits are not finite")
		}
		out = append(out, row)
	}
	return out, nil
}

// Guess is a class and how sure the network is of it.
type Guess struct {
	Label       int
	Logit       float64
	Probability float64 // softmax over all classes
}

// Top are the k guesses with the largest logits, or all if there are fewer, the largest first; of equal ones, that with the smaller label.
func Top(logits []float64, k int) []Guess {
	out := make([]Guess, len(logits))
	sum, most := 0.0, slices.Max(logits)
	for label, v := range logits {
		out[label] = Guess{label, v, math.Exp(v - most)}
		sum += out[label].Probability
	}
	for i := range out {
		out[i].Probability /= sum
	}
	slices.SortStableFunc(out, func(a, b Guess) int {
		switch {
		case a.Logit > b.Logit:
			return -1
		case a.Logit < b.Logit:
			return 1
		}
		return 0
	})
	return out[:min(k, len(out))]
}
