package cifar

import (
	"math"
	"reflect"
	"testing"

	"cnnvk/engine"
)

func policy(t *testing.T, name string) Policy {
	t.Helper()
	p, ok := PolicyNamed(name)
	if !ok {
		t.Fatalf("no policy %q", name)
	}
	return p
}

// TestDrawDepends holds a draw to be a function of seed, epoch and image, and of nothing else.
func TestDrawDepends(t *testing.T) {
	p := policy(t, "randaugment")
	first := p.Draw(42, 3, 7)
	for range 3 {
		p.Draw(1, 2, 3)
	}
	if again := p.Draw(42, 3, 7); !reflect.DeepEqual(first, again) {
		t.Errorf("the same draw twice: %+v, then %+v", first, again)
	}
	for _, other := range []engine.Draw{p.Draw(43, 3, 7), p.Draw(42, 4, 7), p.Draw(42, 3, 8)} {
		if other.Image = first.Image; reflect.DeepEqual(first, other) {
			t.Errorf("another seed, epoch or image gives the same draw %+v", other)
		}
	}
}

// TestReferenceDraws holds many draws against the recipe's distributions. Allowed is four standard deviations of the mean.
func TestReferenceDraws(t *testing.T) {
	p := policy(t, "reference")
	const n = 20_000
	var top, left, flips, erased, area, aspect, hue float64
	var first [engine.Affine + 1]float64
	var factors [engine.Affine + 1]float64
	for image := range n {
		d := p.Draw(42, 0, image)
		if d.Image != image || d.Top < -4 || d.Top > 4 || d.Left < -4 || d.Left > 4 || len(d.Ops) != 4 {
			t.Fatalf("draw %+v", d)
		}
		top, left = top+float64(d.Top), left+float64(d.Left)
		if d.Flip {
			flips++
		}
		first[d.Ops[0].Kind]++
		seen := uint32(0)
		for _, s := range d.Ops {
			seen |= s.Kind.Bit()
			factors[s.Kind] += float64(s.Factor)
			if s.Kind == engine.Hue {
				hue += float64(int8(s.Level))
				if l := int8(s.Level); l < -5 || l > 5 {
					t.Fatalf("hue moves by %d of 256, want at most int(255 * 0.02) = 5", l)
				}
			} else if s.Factor < 0.8 || s.Factor > 1.2 {
				t.Fatalf("factor %g of operation of kind %d", s.Factor, s.Kind)
			}
		}
		if seen != p.Kinds() {
			t.Fatalf("draw of kinds %b, want %b", seen, p.Kinds())
		}
		if e := d.Erase; e.Height > 0 {
			if e.Top < 0 || e.Left < 0 || e.Top+e.Height > Side || e.Left+e.Width > Side {
				t.Fatalf("rectangle %+v", e)
			}
			erased++
			area += float64(e.Height*e.Width) / (Side * Side)
			aspect += math.Log(float64(e.Height) / float64(e.Width))
		}
	}
	near := func(what string, got, want, deviation, count float64) {
		t.Helper()
		if allowed := 4 * deviation / math.Sqrt(count); math.Abs(got-want) > allowed {
			t.Errorf("%s is %.4f in the mean, want %.4f within %.4f", what, got, want, allowed)
		}
	}
	near("top", top/n, 0, 2.6, n)
	near("left", left/n, 0, 2.6, n)
	near("flip", flips/n, 0.5, 0.5, n)
	near("erasing", erased/n, 0.25, 0.43, n)
	near("area", area/erased, 0.175, 0.09, erased)
	near("log aspect", aspect/erased, 0, 0.7, erased) // ln 0.3 and ln 3.3 lie almost alike around 0
	near("hue", hue/n, 0, 3, n)
	for _, k := range []engine.AugmentKind{engine.Brightness, engine.Contrast, engine.Saturation} {
		near("factor", factors[k]/n, 1, 0.4/math.Sqrt(12), n)
	}
	for _, k := range []engine.AugmentKind{engine.Brightness, engine.Contrast, engine.Saturation, engine.Hue} {
		near("first in order", first[k]/n, 0.25, 0.43, n)
	}
}

// TestPolicies: what a policy does without.
func TestPolicies(t *testing.T) {
	if !policy(t, "none").None() || policy(t, "crop-flip").None() {
		t.Error("none is the policy that changes nothing, and crop-flip is not")
	}
	d := policy(t, "crop-flip").Draw(1, 0, 5)
	if len(d.Ops) != 0 || d.Erase != (engine.Rectangle{}) || policy(t, "crop-flip").Kinds() != 0 {
		t.Errorf("crop-flip draws %+v", d)
	}
	for image := range 1000 {
		var words [engine.DrawElements]uint32
		d := policy(t, "randaugment").Draw(1, 0, image)
		d.Put(words[:])
		if back := engine.DrawOf(words[:]); !reflect.DeepEqual(back, d) {
			t.Fatalf("draw %+v comes back as %+v", d, back)
		}
	}
	if _, ok := PolicyNamed("autoaugment"); ok {
		t.Error("there is no policy autoaugment")
	}
}

// TestPolicyOn: on images of another size rectangles lie within them and take the same share, and translations reach as far by share.
func TestPolicyOn(t *testing.T) {
	f := SyntheticForm("made", 3, 20, 60, 2)
	p := policy(t, "randaugment").On(f)
	area, erased, wide := 0.0, 0.0, 0.0
	for image := range 20_000 {
		d := p.Draw(3, 0, image)
		if e := d.Erase; e.Height > 0 {
			if e.Top < 0 || e.Left < 0 || e.Top+e.Height > 20 || e.Left+e.Width > 60 {
				t.Fatalf("rectangle %+v", e)
			}
			area, erased = area+float64(e.Height*e.Width)/(20*60), erased+1
		}
		for _, op := range d.Ops {
			if op.Kind == engine.Affine && op.Affine[0] == 1<<16 && op.Affine[1] == 0 && op.Affine[3] == 0 && op.Affine[4] == 1<<16 {
				wide = max(wide, math.Abs(float64(op.Affine[2])-0.5*65536)/65536)
			}
		}
	}
	// Rectangles that do not fit are drawn again, which takes some of the large ones away.
	if mean := area / erased; mean < 0.12 || mean > 0.18 {
		t.Errorf("rectangles take %.3f of the image", mean)
	}
	if want := math.Trunc(150.0 / 331 * 60 * 9 / 30); math.Abs(wide-want) > 1 {
		t.Errorf("translations reach %g pixels of 60, want %g", wide, want)
	}
	if q := policy(t, "none").On(f); !q.None() {
		t.Error("none changes images of another size")
	}
}

// TestRandAugmentMagnitudes: torchvision's for RandAugment(2, 9), and at level 20.
func TestRandAugmentMagnitudes(t *testing.T) {
	want := map[string][2]float64{
		"ShearX": {0.09, 0.2}, "TranslateX": {4.3504534, 9.6676737}, "Rotate": {9, 20}, "Color": {0.27, 0.6},
		"Posterize": {7, 5}, "Solarize": {178.5, 85}, "Identity": {0, 0},
	}
	for _, op := range randAugmentOperations {
		for i, level := range []int{9, 20} {
			w, ok := want[op.name]
			if got := op.magnitude(level, Side, Side); ok && math.Abs(got-w[i]) > 1e-6 {
				t.Errorf("%s at level %d: %g, want %g", op.name, level, got, w[i])
			}
		}
		if _, err := RandAugmentOp(op.name, 1, Side, Side); err != nil && op.name != "Identity" {
			t.Error(err)
		}
	}
	if _, err := RandAugmentOp("Invert", 0, Side, Side); err == nil {
		t.Error("Invert is no operation of RandAugment")
	}
}

// Alternating flips: an image is flipped in every second epoch, half of them in the first one; nothing else of a draw changes.
func TestAlternatingFlips(t *testing.T) {
	t.Parallel()
	plain, _ := PolicyNamed("reference")
	policy := plain
	policy.Alternate = true
	const images = 2000
	first := 0
	for image := range images {
		for epoch := range 5 {
			d, before := policy.Draw(3, epoch, image), plain.Draw(3, epoch, image)
			if want := policy.Draw(3, 0, image).Flip != (epoch%2 == 1); d.Flip != want {
				t.Fatalf("image %d, epoch %d: flipped is %t", image, epoch, d.Flip)
			}
			if d.Flip = before.Flip; !reflect.DeepEqual(d, before) {
				t.Fatalf("image %d, epoch %d: %+v, want %+v", image, epoch, d, before)
			}
		}
		if policy.Draw(3, 0, image).Flip {
			first++
		}
	}
	if first < images*45/100 || first > images*55/100 {
		t.Errorf("%d of %d images are flipped in the first epoch", first, images)
	}
}
