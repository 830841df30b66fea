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
)

// randAugmentOp is an operation: its magnitude at the highest level, and whether it is negated half of the time.
type randAugmentOp struct {
	name   string
	most   float64
	signed bool
}

var randAugmentOps = []randAugmentOp{
	{"Identity", 0, false},
	{"ShearX", 0.3, true},
	{"ShearY", 0.3, true},
	{"TranslateX", 150.0 / 331 * Side, true},
	{"TranslateY", 150.0 / 331 * Side, true},
	{"Rotate", 30, true},
	{"Brightness", 0.9, true},
	{"Color", 0.9, true},
	{"Contrast", 0.9, true},
	{"Sharpness", 0.9, true},
	{"Posterize", 4, false},
	{"Solarize", 255, false},
	{"AutoContrast", 0, false},
	{"Equalize", 0, false},
}

// randAugmentKinds are the kinds of steps of all operations.
const randAugmentKinds = 1<<(engine.Affine+1) - 1 - 1<<engine.Hue

// randAugment draws an operation with its sign. There is no step where that is Identity.
func (s *stream) randAugment() (engine.Step, bool) {
	op := randAugmentOps[s.below(len(randAugmentOps))]
	magnitude := op.magnitude(randAugmentMagnitude)
	if op.signed && s.uniform() < 0.5 {
		magnitude = -magnitude
	}
	if op.name == "Identity" {
		return engine.Step{}, false
	}
	step, err := RandAugmentStep(op.name, magnitude, Side, Side)
	if err != nil {
		panic(err) // a name of the list above
	}
	return step, true
}

// magnitude is that of a level, 0 to 30. Posterize counts down from 8 bits, Solarize from 255; the others rise.
func (o randAugmentOp) magnitude(level int) float64 {
	share := float64(level) / (randAugmentLevels - 1)
	switch o.name {
	case "Posterize":
		return 8 - math.RoundToEven(o.most*share)
	case "Solarize":
		return o.most * (1 - share)
	}
	return float64(float32(o.most * share))
}

// RandAugmentStep is an operation of torchvision's RandAugment on an h x w image. Magnitudes are torchvision's: shears and
// factors as numbers, translations in pixels, rotations in degrees anticlockwise, bits for Posterize, a threshold for Solarize.
func RandAugmentStep(name string, magnitude float64, h, w int) (engine.Step, error) {
	factor := float32(1 + magnitude)
	switch name {
	case "ShearX": // torchvision's positive shear moves what lies low to the left
		return affine(mgl64.ShearX2D(-magnitude)), nil
	case "ShearY":
		return affine(mgl64.ShearY2D(-magnitude)), nil
	case "TranslateX":
		return affine(mgl64.Translate2D(math.Trunc(magnitude), 0)), nil
	case "TranslateY":
		return affine(mgl64.Translate2D(0, math.Trunc(magnitude))), nil
	case "Rotate":
		x, y := float64(w)/2, float64(h)/2
		turn := mgl64.HomogRotate2D(-mgl64.DegToRad(magnitude)) // y points down
		return affine(mgl64.Translate2D(x, y).Mul3(turn).Mul3(mgl64.Translate2D(-x, -y))), nil
	case "Brightness":
		return engine.Step{Kind: engine.Brightness, Factor: factor}, nil
	case "Color":
		return engine.Step{Kind: engine.Saturation, Factor: factor}, nil
	case "Contrast":
		return engine.Step{Kind: engine.Contrast, Factor: factor}, nil
	case "Sharpness":
		return engine.Step{Kind: engine.Sharpness, Factor: factor}, nil
	case "Posterize":
		return engine.Step{Kind: engine.Posterize, Level: 256 - 1<<(8-int(magnitude))}, nil
	case "Solarize":
		return engine.Step{Kind: engine.Solarize, Level: int(math.Ceil(magnitude))}, nil
	case "AutoContrast":
		return engine.Step{Kind: engine.AutoContrast}, nil
	case "Equalize":
		return engine.Step{Kind: engine.Equalize}, nil
	}
	return engine.Step{}, fmt.Errorf("cifar: RandAugment has no operation %q", name)
}

// affine is the step that moves the image by a matrix. Pixels are taken, so it is the inverse that is sent, in 16.16 fixed point, with
// half a pixel added in, for a pixel is sampled at its middle (Pillow's affine_fixed).
func affine(forward mgl64.Mat3) engine.Step {
	m := forward.Inv()
	fixed := func(v float64) int32 { return int32(math.Floor(v*65536 + 0.5)) }
	s := engine.Step{Kind: engine.Affine}
	for row := range 2 {
		a, b, c := m.At(row, 0), m.At(row, 1), m.At(row, 2)
		s.Affine[3*row], s.Affine[3*row+1], s.Affine[3*row+2] = fixed(a), fixed(b), fixed(c+a/2+b/2)
	}
	return s
}
