package cifar

import (
	"fmt"
	"math"

	"github.com/go-gl/mathgl/mgl64"

	"cnnvk/engine"
)

// RandAugment's operations with torchvision's ranges at magnitude 9 of 31 levels (torchvision.transforms.RandAugment).
const (
	randAugmentLevels    = 31
	randAugmentMagnitude = 9
	maxTranslation       = 150.0 / 331 // of the image's side
)

// randAugmentOperation is an operation: its magnitude at the highest level on an h x w image, whether it is negated half of the time, and
// what it does to one; nil for nothing.
type randAugmentOperation struct {
	name   string
	most   func(h, w int) float64
	signed bool
	do     func(magnitude float64, h, w int) engine.AugmentOp
}

var randAugmentOperations = []randAugmentOperation{
	{"Identity", always(0), false, nil},
	{"ShearX", always(0.3), true, func(m float64, _, _ int) engine.AugmentOp { return affine(mgl64.ShearX2D(-m)) }}, // a positive one moves what lies low to the left
	{"ShearY", always(0.3), true, func(m float64, _, _ int) engine.AugmentOp { return affine(mgl64.ShearY2D(-m)) }},
	{"TranslateX", func(_, w int) float64 { return maxTranslation * float64(w) }, true, func(m float64, _, _ int) engine.AugmentOp { return affine(mgl64.Translate2D(math.Trunc(m), 0)) }},
	{"TranslateY", func(h, _ int) float64 { return maxTranslation * float64(h) }, true, func(m float64, _, _ int) engine.AugmentOp { return affine(mgl64.Translate2D(0, math.Trunc(m))) }},
	{"Rotate", always(30), true, rotate},
	{"Brightness", always(0.9), true, blended(engine.Brightness)},
	{"Color", always(0.9), true, blended(engine.Saturation)},
	{"Contrast", always(0.9), true, blended(engine.Contrast)},
	{"Sharpness", always(0.9), true, blended(engine.Sharpness)},
	{"Posterize", always(4), false, func(m float64, _, _ int) engine.AugmentOp {
		return engine.AugmentOp{Kind: engine.Posterize, Level: 256 - 1<<(8-int(m))}
	}},
	{"Solarize", always(255), false, func(m float64, _, _ int) engine.AugmentOp {
		return engine.AugmentOp{Kind: engine.Solarize, Level: int(math.Ceil(m))}
	}},
	{"AutoContrast", always(0), false, func(float64, int, int) engine.AugmentOp { return engine.AugmentOp{Kind: engine.AutoContrast} }},
	{"Equalize", always(0), false, func(float64, int, int) engine.AugmentOp { return engine.AugmentOp{Kind: engine.Equalize} }},
}

// always is a magnitude for images of any size.
func always(most float64) func(h, w int) float64 { return func(int, int) float64 { return most } }

// randAugmentKinds are the kinds of all operations.
const randAugmentKinds = 1<<(engine.Affine+1) - 1 - 1<<engine.Hue

// randAugment draws an operation with its sign, for an h x w image. There is nothing to do where that is Identity.
func (s *stream) randAugment(h, w int) (engine.AugmentOp, bool) {
	op := randAugmentOperations[s.below(len(randAugmentOperations))]
	magnitude := op.magnitude(randAugmentMagnitude, h, w)
	if op.signed && s.uniform() < 0.5 {
		magnitude = -magnitude
	}
	if op.do == nil {
		return engine.AugmentOp{}, false
	}
	return op.do(magnitude, h, w), true
}

// magnitude is that of a level, 0 to 30. Posterize counts down from 8 bits, Solarize from 255; the others rise.
func (o randAugmentOperation) magnitude(level, h, w int) float64 {
	share, most := float64(level)/(randAugmentLevels-1), o.most(h, w)
	switch o.name {
	case "Posterize":
		return 8 - math.RoundToEven(most*share)
	case "Solarize":
		return most * (1 - share)
	}
	return float64(float32(most * share))
}

// RandAugmentOp is an operation of torchvision's RandAugment on an h x w image. Magnitudes are torchvision's: shears and
// factors as numbers, translations in pixels, rotations in degrees anticlockwise, bits for Posterize, a threshold for Solarize. Identity
// is none.
func RandAugmentOp(name string, magnitude float64, h, w int) (engine.AugmentOp, error) {
	for _, op := range randAugmentOperations {
		if op.name == name && op.do != nil {
			return op.do(magnitude, h, w), nil
		}
	}
	return engine.AugmentOp{}, fmt.Errorf("cifar: RandAugment has no operation %q that does something", name)
}

func blended(kind engine.AugmentKind) func(m float64, h, w int) engine.AugmentOp {
	return func(m float64, _, _ int) engine.AugmentOp {
		return engine.AugmentOp{Kind: kind, Factor: float32(1 + m)}
	}
}

// rotate turns around the middle.
func rotate(degrees float64, h, w int) engine.AugmentOp {
	x, y := float64(w)/2, float64(h)/2
	turn := mgl64.HomogRotate2D(-mgl64.DegToRad(degrees)) // y points down
	return affine(mgl64.Translate2D(x, y).Mul3(turn).Mul3(mgl64.Translate2D(-x, -y)))
}

// affine moves the image by a matrix. Pixels are taken, so it is the inverse that is sent, in 16.16 fixed point, with half a pixel
// added in, for a pixel is sampled at its middle (Pillow's affine_fixed).
func affine(forward mgl64.Mat3) engine.AugmentOp {
	m := forward.Inv()
	fixed := func(v float64) int32 { return int32(math.Floor(v*65536 + 0.5)) }
	op := engine.AugmentOp{Kind: engine.Affine}
	for row := range 2 {
		a, b, c := m.At(row, 0), m.At(row, 1), m.At(row, 2)
		op.Affine[3*row], op.Affine[3*row+1], op.Affine[3*row+2] = fixed(a), fixed(b), fixed(c+a/2+b/2)
	}
	return op
}
