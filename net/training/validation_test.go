package training

import (
	"math"
	"slices"
	"strings"
	"testing"

	"cnnvk/engine/cpu"
	"cnnvk/net"
)

// A validation scores the weights that are saved: their average, or without one those of the last step.
func TestValidationScoresSavedWeights(t *testing.T) {
	t.Parallel()
	for _, decay := range []float64{0.9, 0} {
		tr := someTrainer(t, func(r *Recipe) { r.EMADecay, r.LearningRate, r.WarmupEpochs = decay, 0.05, 0 })
		d := tr.Data
		d.Images, d.Labels, d.Shape.N = nil, nil, len(tr.Val)
		bytes := len(tr.Data.Images) / len(tr.Data.Labels)
		for _, at := range tr.Val {
			d.Images = append(d.Images, tr.Data.Images[at*bytes:][:bytes]...)
			d.Labels = append(d.Labels, tr.Data.Labels[at])
		}
		epochs := 0
		tr.OnEpoch = func(e EpochEnded) error {
			epochs++
			c, err := tr.Checkpoint(nil)
			if err != nil {
				return err
			}
			saved, err := c.Averaged(tr.Model, nil)
			if err != nil {
				return err
			}
			score, _, err := net.Evaluate(t.Context(), cpu.New(), saved, d, len(tr.Val))
			if err != nil {
				return err
			}
			// A file of weights has float32, of which the reference computes more.
			if math.Abs(score.LossSum-e.Validation.LossSum) > 1e-4 || score.Total != e.Validation.Total {
				t.Errorf("decay %g, epoch %d: the validation found %+v, the saved weights have %+v", decay, e.Epoch, e.Validation, score)
			}
			last := slices.Clone(saved.Arena) // of the last step, in place of their average
			for _, x := range c.tensors {
				name, is := strings.CutPrefix(x.Name, modelPrefix)
				if s, _ := saved.Layout.Segment(name); is {
					for i, v := range x.F32 {
						last[s.Offset+i] = float64(v)
					}
				}
			}
			saved.Arena = last
			if score, _, err = net.Evaluate(t.Context(), cpu.New(), saved, d, len(tr.Val)); err != nil {
				return err
			}
			if differs := math.Abs(score.LossSum-e.Validation.LossSum) > 1e-3; differs != (decay > 0) {
				t.Errorf("decay %g, epoch %d: the weights of the last step have %+v", decay, e.Epoch, score)
			}
			return nil
		}
		if err := tr.Open(t.Context(), cpu.New()); err != nil {
			t.Fatal(err)
		}
		if err := tr.Run(t.Context()); err != nil || epochs != 2 {
			t.Errorf("decay %g: %d epochs, %v", decay, epochs, err)
		}
	}
}
