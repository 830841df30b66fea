package training

import (
	"math"
	"testing"

	"cnnvk/engine"
)

// Rectangles and shares of torchvision.transforms.v2.CutMix for these lambdas and centres, on 32 x 24 pixels.
func TestCutMix(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		share       float64
		row, column int
		want        engine.Rectangle
		label       float64
	}{
		{0.75, 16, 12, engine.Rectangle{Top: 8, Left: 6, Height: 16, Width: 12}, 0.75},      // half of each side
		{0.75, 0, 23, engine.Rectangle{Top: 0, Left: 17, Height: 8, Width: 7}, 1 - 56./768}, // a corner is cut off
		{0, 31, 0, engine.Rectangle{Top: 15, Left: 0, Height: 17, Width: 12}, 1 - 204./768},
		{1, 5, 5, engine.Rectangle{Top: 5, Left: 5}, 1}, // nothing
		{0.5, 10, 10, engine.Rectangle{Top: 0, Left: 2, Height: 21, Width: 16}, 1 - 336./768},
	} {
		mix, label := cutMix(c.share, c.row, c.column, 32, 24)
		if mix.Share != 1 || mix.Paste != c.want || math.Abs(float64(label)-c.label) > 1e-7 {
			t.Errorf("%+v: %+v, label %v", c, mix, label)
		}
	}
}

// Shares follow from seed and step, and are those of a Beta distribution: of alpha 1 uniform, of a small one mostly near 0 or 1.
func TestMixingDraws(t *testing.T) {
	t.Parallel()
	const steps = 4000
	for _, c := range []struct {
		mixing   Mixing
		variance float64 // of the share: 1 / (4 (2 alpha + 1))
	}{
		{Mixing{Mixup: 1}, 1. / 12}, {Mixing{Mixup: 0.2}, 1. / 5.6}, {Mixing{Mixup: 4}, 1. / 36},
	} {
		mean, squares := 0.0, 0.0
		for step := range steps {
			mix, label := c.mixing.draw(7, step, 32, 32)
			again, _ := c.mixing.draw(7, step, 32, 32)
			if mix != again || mix.Share != label || mix.Paste != (engine.Rectangle{}) {
				t.Fatalf("step %d: %+v, then %+v, label %v", step, mix, again, label)
			}
			mean += float64(label) / steps
			squares += float64(label) * float64(label) / steps
		}
		if variance := squares - mean*mean; math.Abs(mean-0.5) > 0.02 || math.Abs(variance-c.variance) > 0.1*c.variance {
			t.Errorf("%+v: mean %.3f, variance %.4f, want 0.5 and %.4f", c.mixing, mean, variance, c.variance)
		}
	}
	cut, area := 0, 0.0
	for step := range steps {
		mix, label := Mixing{Mixup: 1, Cutmix: 1}.draw(7, step, 32, 32)
		if mix.Share == 1 {
			cut++
			area += 1 - float64(label)
		}
	}
	if share := float64(cut) / steps; math.Abs(share-0.5) > 0.03 || area/float64(cut) < 0.2 || area/float64(cut) > 0.5 {
		t.Errorf("%.3f of the steps are cut, of %.3f of the image", share, area/float64(cut))
	}
	a, _ := Mixing{Mixup: 1}.draw(7, 3, 32, 32)
	b, _ := Mixing{Mixup: 1}.draw(8, 3, 32, 32)
	if a == b {
		t.Error("the seed changes nothing")
	}
}

// An image is mixed with the one before it, the first with the last, and so are the labels.
func TestMixingPartners(t *testing.T) {
	t.Parallel()
	tr := someTrainer(t, func(r *Recipe) { r.Mixup = 1 })
	_, programs, err := tr.Programs()
	if err != nil {
		t.Fatal(err)
	}
	r := engine.NewStepInputs(programs[0])
	tr.Recipe.Mixing().fill(r, []int{5, 6, 7, 8}, 1, 2, 32, 32)
	for i, want := range []engine.Target{{Label: 5, Other: 8}, {Label: 6, Other: 5}, {Label: 7, Other: 6}, {Label: 8, Other: 7}} {
		mix, got := engine.MixOf(r.Uints(inputMixes)[i*engine.MixElements:]), engine.TargetOf(r.Uints(inputTargets)[i*engine.TargetElements:])
		if want.Share = mix.Share; got != want || mix.Partner != (i+3)%4 {
			t.Errorf("image %d: %+v, %+v", i, mix, got)
		}
	}
}
