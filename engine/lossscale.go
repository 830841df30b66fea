package engine

import "math"

// The loss scale of float16, whose smallest number is too large for many a gradient: cross_entropy multiplies the gradient of the loss by
// the scale, gradient_norm divides by it. An update whose gradients have overflowed is skipped and the scale halved; it doubles again after
// a run of updates that have not. All of that is the device's own affair, in the Status arena, so that steps can be queued ahead.
// PyTorch's GradScaler does alike.
const (
	// LossScaleInitial is what a training begins with.
	LossScaleInitial = 1 << 16
	// LossScaleInterval is how many updates in a row double the scale.
	LossScaleInterval = 2000
	// LossScaleLargest is where it ends: its inverse is a normal number of float32, too.
	LossScaleLargest = 0x1p126
	// LossScaleAttempts is how many steps in a row may overflow at a scale of 1, below which it does not go: then the training has diverged.
	LossScaleAttempts = 20
)

// Corrections is the table (T,2) from which gradient_norm takes adamw's bias corrections for the t-th update, counted from 1:
//
//	1 / (1 - beta1^t), 1 / sqrt(1 - beta2^t)
//
// Its last row, which serves all later updates, is 1 and 1 in float32.
func Corrections(beta1, beta2 float64) [][2]float32 {
	var out [][2]float32
	for t := 1.0; ; t++ {
		row := [2]float32{float32(1 / (1 - math.Pow(beta1, t))), float32(1 / math.Sqrt(1-math.Pow(beta2, t)))}
		out = append(out, row)
		if row == [2]float32{1, 1} {
			return out
		}
	}
}
