package optest

import (
	"fmt"
	"math"
	"slices"

	"cnnvk/engine"
)

// halves are the types in which mixed precision stores activations.
var halves = []engine.DType{engine.Float16, engine.BFloat16}

// HalfCases are those of [Cases] whose op has an activation that a program may store in 16 bits, in both of these types, and the casts.
func HalfCases() []Case {
	var out []Case
	for _, d := range halves {
		for _, c := range append(Cases(), castCases()...) {
			if c.Type = d; c.stores() {
				out = append(out, c)
			}
		}
	}
	return out
}

func castCases() []Case {
	shapes := []Case{
		{N: 8, C: 512, H: 1, W: 1, Why: "features before the classifier"},
		{N: 7, C: 13, H: 1, W: 1, Why: "features where nothing divides"},
		{N: 7, C: 12, H: 5, W: 3, Why: "images where nothing divides"},
		{N: 1, C: 1, H: 1, W: 1, Why: "one value"},
		{N: 12, C: 20, H: 4, W: 4, Why: "several layouts"},
		{N: 5, C: 36, H: 4, W: 4, Fill: NotANumber, Why: "a NaN stays one, of either sign, and infinity"},
	}
	cases := each([]engine.Kind{engine.Cast}, shapes...)
	for _, c := range shapes {
		c.Kind = engine.Cast
		if c.Fill == "" {
			c.Fill = Unrounded
			cases = append(cases, c)
		}
	}
	return cases
}

// stores reports whether an activation that the case reads or writes has the case's type.
func (c Case) stores() bool {
	p, err := c.Program()
	if err != nil {
		return true // let it be seen
	}
	return slices.ContainsFunc(p.Tensors, func(t *engine.Tensor) bool { return t.DType.Half() })
}

// HalfShare is the share of a tensor's values that may be one step beside the reference's: those that lie so near the middle of two steps that
// the rounding of float32 decides.
const HalfShare = 0.01

// Summed is how many float32 numbers an op adds up for one of its values, or for a statistic that goes into all of them. Winograd's way, which
// a device may go for windows of 3 x 3, has five times the NMSE of the sum itself (shaders/winograd.glsl), which is that of five times as many.
func Summed(op engine.Op) int {
	x := op.Inputs[0]
	switch op.Kind {
	case engine.BatchNorm2d, engine.BatchNorm2dBackward:
		return x.Shape.Elements() / x.C()
	case engine.GlobalAvgPool, engine.ChannelScaleBackwardScale:
		return x.H() * x.W()
	}
	n := max(1, int(op.MultiplyAdds())/op.Outputs[0].Shape.Elements())
	if window, ok := op.Attr.(engine.ConvAttr); ok && window.Kernel == 3 && window.Stride == 1 && (op.Kind == engine.Conv2d || op.Kind == engine.Conv2dBackwardData) {
		return 5 * n
	}
	return n
}

// cancelled is how far a sum of float32 numbers may be from the reference's, in shares of the root of the mean square. Near 0, where terms cancel
// out, steps of 16 bits are finer than that, so float32 decides. Each addition rounds a part of the sum by u = 2^-24 of it at most, by u/sqrt(3) in the mean
// square; the parts grow as the root of their number, so that n of them are off by u sqrt(n/6) in the end; no value by more than four times that.
func cancelled(n int) float64 { return 4 * 0x1p-24 * math.Sqrt(float64(n)/6) }

// HalfError is nil where values of a 16-bit type are the reference's, or for [HalfShare] of them (one value in any tensor) a neighbour of these,
// or as near as sums of so many float32 numbers can be told.
func HalfError(d engine.DType, summed int, got, want []float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d values, want %d", len(got), len(want))
	}
	beside, near := 0, cancelled(summed)*rootMeanSquare(want)
	for i, w := range want {
		switch steps := Steps(d, got[i], w); {
		case steps > 1 && !(math.Abs(got[i]-w) <= near):
			return fmt.Errorf("[%d] is %g, want %g: %d steps of %v, off by %.2g of the root mean square, %.2g allowed", i, got[i], w, steps, d,
				math.Abs(got[i]-w)/rootMeanSquare(want), cancelled(summed))
		case steps > 0:
			beside++
		}
	}
	if beside > max(1, int(HalfShare*float64(len(want)))) {
		return fmt.Errorf("%d of %d values are one step of %v beside the reference's", beside, len(want), d)
	}
	return nil
}

// rootMeanSquare is that of the finite values.
func rootMeanSquare(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		if finite(v) {
			sum += v * v
		}
	}
	return math.Sqrt(sum / float64(max(len(values), 1)))
}

// Steps is how many values of a 16-bit type lie from a to b, infinity among them; zeros of either sign are one value. From a NaN to anything
// else no number of steps leads.
func Steps(d engine.DType, a, b float64) int {
	const signBit = 1 << 15
	if math.IsNaN(a) || math.IsNaN(b) {
		if math.IsNaN(a) && math.IsNaN(b) {
			return 0
		}
		return math.MaxInt
	}
	place := func(v float64) int {
		bits := int(d.Bits(v))
		if bits < signBit {
			return bits
		}
		return signBit - bits
	}
	steps := place(a) - place(b)
	return max(steps, -steps)
}
