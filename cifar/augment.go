package cifar

import (
	"math"

	"cnnvk/engine"
)

// Policy is how training images are augmented. Its draws are functions of the images' size, seed, epoch and image alone.
type Policy struct {
	Name        string
	Pad         int     // pixels that a crop may reach past the border, which is black there (torchvision's RandomCrop with padding)
	Reflect     bool    // with Pad: the image is reflected there (torchvision's padding_mode)
	Flip        bool    // left and right change places half of the time
	Alternate   bool    // with Flip: in every second epoch, of half of the images in the even ones (Jordan, 2024)
	RandAugment int     // operations of RandAugment, behind the flip
	Jitter      Jitter  // behind those
	EraseP      float64 // probability of erasing a rectangle (torchvision's RandomErasing, value 0)

	h, w int // of the images
}

// Jitter is torchvision's ColorJitter: factors are drawn from 1-v to 1+v, the hue's turn from -Hue to Hue, and the four changes
// come in an order drawn for each image. The zero value changes nothing.
type Jitter struct{ Brightness, Contrast, Saturation, Hue float64 }

// The reference's constants of erasing: the share of the image's area, and height by width.
const (
	eraseAreaLow, eraseAreaHigh     = 0.02, 0.33
	eraseAspectLow, eraseAspectHigh = 0.3, 3.3
	eraseTries                      = 10
)

// PolicyNamed finds a policy.
func PolicyNamed(name string) (Policy, bool) {
	for _, p := range Policies() {
		if p.Name == name {
			return p, true
		}
	}
	return Policy{}, false
}

// Policies are those that a recipe can name: none, crops and flips alone, the reference's, and the reference's with
// two operations of RandAugment (Cubuk, Zoph, Shlens and Le, 2020) between flip and jitter. They are for images of CIFAR's size: see On.
func Policies() []Policy {
	jitter := Jitter{0.2, 0.2, 0.2, 0.02}
	policies := []Policy{
		{Name: "none"},
		{Name: "crop-flip", Pad: 4, Flip: true},
		{Name: "reference", Pad: 4, Flip: true, Jitter: jitter, EraseP: 0.25},
		{Name: "randaugment", Pad: 4, Flip: true, RandAugment: 2, Jitter: jitter, EraseP: 0.25},
	}
	for i, p := range policies {
		policies[i] = p.On(CIFAR100)
	}
	return policies
}

// On is the policy for images of that form.
func (p Policy) On(f Form) Policy {
	p.h, p.w = f.H, f.W
	return p
}

// None reports whether the policy changes nothing.
func (p Policy) None() bool { return p == Policy{Name: p.Name, h: p.h, w: p.w} }

// Kinds are the kinds of operations that draws may hold, for engine.AugmentAttr.
func (p Policy) Kinds() uint32 {
	var kinds uint32
	if p.Jitter != (Jitter{}) {
		kinds |= engine.Brightness.Bit() | engine.Contrast.Bit() | engine.Saturation.Bit() | engine.Hue.Bit()
	}
	if p.RandAugment > 0 {
		kinds |= randAugmentKinds
	}
	return kinds
}

// Draw draws for one image.
func (p Policy) Draw(seed uint32, epoch, image int) engine.Draw {
	s := newStream(uint64(seed), streamAugment, uint64(uint32(epoch))<<32|uint64(uint32(image)))
	d := engine.Draw{Image: image}
	if p.Pad > 0 {
		d.Top, d.Left = s.below(2*p.Pad+1)-p.Pad, s.below(2*p.Pad+1)-p.Pad
		d.Reflect = p.Reflect
	}
	if p.Flip {
		d.Flip = s.uniform() < 0.5
	}
	if p.Flip && p.Alternate {
		first := newStream(uint64(seed), streamFlip, uint64(uint32(image))).uniform() < 0.5
		d.Flip = first != (epoch%2 == 1)
	}
	for range p.RandAugment {
		if op, ok := s.randAugment(p.h, p.w); ok {
			d.Ops = append(d.Ops, op)
		}
	}
	if p.Jitter != (Jitter{}) {
		d.Ops = append(d.Ops, s.jitter(p.Jitter)...)
	}
	if p.EraseP > 0 && s.uniform() < p.EraseP {
		d.Erase = s.rectangle(p.h, p.w)
	}
	return d
}

// jitter draws an order and the four changes.
func (s *stream) jitter(j Jitter) []engine.AugmentOp {
	order := []int{0, 1, 2, 3}
	shuffle(order, s.next)
	ops := []engine.AugmentOp{
		{Kind: engine.Brightness, Factor: s.about(1, j.Brightness)},
		{Kind: engine.Contrast, Factor: s.about(1, j.Contrast)},
		{Kind: engine.Saturation, Factor: s.about(1, j.Saturation)},
		HueOp(float64(s.about(0, j.Hue))),
	}
	out := make([]engine.AugmentOp, len(order))
	for i, which := range order {
		out[i] = ops[which]
	}
	return out
}

// HueOp turns the hue by that part of a full turn, as torchvision's adjust_hue does on 8 bits: by int(255 turn), cut towards zero,
// modulo 256.
func HueOp(turn float64) engine.AugmentOp {
	return engine.AugmentOp{Kind: engine.Hue, Level: int(uint8(int(255 * turn)))}
}

// rectangle draws one that fits into that many pixels, with area and the logarithm of the aspect uniform; none after ten tries.
func (s *stream) rectangle(height, width int) engine.Rectangle {
	for range eraseTries {
		area := float64(height*width) * (eraseAreaLow + (eraseAreaHigh-eraseAreaLow)*s.uniform())
		low, high := math.Log(eraseAspectLow), math.Log(eraseAspectHigh)
		aspect := math.Exp(low + (high-low)*s.uniform())
		h, w := int(math.RoundToEven(math.Sqrt(area*aspect))), int(math.RoundToEven(math.Sqrt(area/aspect)))
		if h < height && w < width {
			return engine.Rectangle{Top: s.below(height - h + 1), Left: s.below(width - w + 1), Height: h, Width: w}
		}
	}
	return engine.Rectangle{}
}
