package training

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"cnnvk/engine"
)

// Mixing says how the images of a batch are mixed with one another, as torchvision.transforms.v2's MixUp and CutMix do: each with the one
// before it, in shares that are drawn for the whole batch. The zero value mixes nothing; of two that are set each has half of the steps.
type Mixing struct {
	Mixup, Cutmix float64 // alpha of the Beta distribution of the shares, 0 for none
}

// Mixing is the recipe's.
func (r Recipe) Mixing() Mixing { return Mixing{r.Mixup, r.Cutmix} }

func (m Mixing) none() bool { return m == Mixing{} }

// fill fills the step inputs of mix_images and cross_entropy_mixed for images of those labels.
func (m Mixing) fill(r *engine.StepInputs, labels []int, seed uint32, step, h, w int) {
	mix, share := m.draw(seed, step, h, w)
	mixes, targets := r.Uints(inputMixes), r.Uints(inputTargets)
	for i, label := range labels {
		mix.Partner = (i + len(labels) - 1) % len(labels)
		mix.Put(mixes[i*engine.MixElements:])
		engine.Target{Label: label, Other: labels[mix.Partner], Share: share}.Put(targets[i*engine.TargetElements:])
	}
}

// draw is what becomes of every image of a step, and the share of its own label: a function of seed and step alone.
func (m Mixing) draw(seed uint32, step, h, w int) (mix engine.Mix, label float32) {
	r := rand.New(&counted{seed: seed, step: uint32(step)})
	if m.Cutmix == 0 || m.Mixup > 0 && r.Float64() < 0.5 {
		share := float32(distuv.Beta{Alpha: m.Mixup, Beta: m.Mixup, Src: r}.Rand())
		return engine.Mix{Share: share}, share
	}
	return cutMix(distuv.Beta{Alpha: m.Cutmix, Beta: m.Cutmix, Src: r}.Rand(), r.IntN(h), r.IntN(w), h, w)
}

// cutMix takes a rectangle of about 1-share of the image around a pixel from the partner. What lies outside of the image is cut off, and
// the label's share is that of the pixels.
func cutMix(share float64, row, column, h, w int) (engine.Mix, float32) {
	half := 0.5 * math.Sqrt(1-share)
	down, across := int(half*float64(h)), int(half*float64(w))
	top, left := max(row-down, 0), max(column-across, 0)
	paste := engine.Rectangle{Top: top, Left: left, Height: min(row+down, h) - top, Width: min(column+across, w) - left}
	return engine.Mix{Share: 1, Paste: paste}, float32(1 - float64(paste.Height*paste.Width)/float64(h*w))
}

// counted hands out Philox's draws of a step's mixing, in order.
type counted struct{ seed, step, block uint32 }

// mixingPurpose keeps the draws apart from all others of the same seed: it is the second half of Philox's key, which is a layer's number for
// dropout, and 0 for the data.
const mixingPurpose = 0x6d697867

func (c *counted) Uint64() uint64 {
	v := engine.Philox4x32([4]uint32{c.block, 0, c.step, 0}, [2]uint32{c.seed, mixingPurpose})
	c.block++
	return uint64(v[1])<<32 | uint64(v[0])
}
