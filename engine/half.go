package engine

import "math"

// format is a binary floating-point format of 16 bits: a sign, an exponent, and the bits of a fraction, as in IEEE 754.
type format struct {
	fraction int // bits of the fraction
	least    int // the exponent of the smallest normal number
}

// format is that of a 16-bit type: IEEE 754's binary16, or the upper half of a float32.
func (d DType) format() format {
	if d == Float16 {
		return format{fraction: 10, least: -14}
	}
	return format{fraction: 7, least: -126}
}

// Half reports whether the type is a floating-point one of 16 bits.
func (d DType) Half() bool { return d == Float16 || d == BFloat16 }

// Floating reports whether the type's values are floating-point numbers.
func (d DType) Floating() bool { return d == Float || d.Half() }

// Round is the value of a 16-bit type nearest to v, of two the one whose last bit is 0, as PyTorch's .half() and .bfloat16() have it:
// subnormal numbers are values like others, what lies half a step beyond the largest number or farther is infinite, and a NaN stays one.
// Other types are left as they are.
func (d DType) Round(v float64) float64 {
	if !d.Half() {
		return v
	}
	return d.format().round(v)
}

// round adds and takes away a power of two whose last bit is worth as much as the format's is at v: the addition rounds.
func (f format) round(v float64) float64 {
	exponent := exponentOf(v)
	if exponent > float64Bias { // infinite, or NaN
		return v
	}
	power := powerOfTwo(max(exponent, f.least) - f.fraction + float64Fraction)
	rounded := (math.Abs(v) + power) - power
	if rounded >= powerOfTwo(2-f.least) { // one above the largest exponent
		rounded = math.Inf(1)
	}
	return math.Copysign(rounded, v)
}

const float64Fraction, float64Bias = 52, 1023

// exponentOf is -float64Bias for zeros and subnormal numbers of float64, more than float64Bias for what is not finite.
func exponentOf(v float64) int { return int(math.Float64bits(v)>>float64Fraction&0x7ff) - float64Bias }

func powerOfTwo(exponent int) float64 {
	return math.Float64frombits(uint64(exponent+float64Bias) << float64Fraction)
}

// Bits is a 16-bit type's pattern of the value nearest to v, as [DType.Round] has it. The pattern of a NaN is the quiet one without a
// payload, of v's sign.
func (d DType) Bits(v float64) uint16 {
	f, rounded := d.format(), d.Round(v)
	sign := uint16(0)
	if math.Signbit(v) {
		sign = 1 << 15
	}
	switch infinite := f.infinite(); {
	case math.IsNaN(rounded):
		return sign | infinite | 1<<(f.fraction-1)
	case math.IsInf(rounded, 0):
		return sign | infinite
	case rounded == 0:
		return sign
	}
	exponent := max(exponentOf(rounded), f.least)
	steps := uint16(math.Ldexp(math.Abs(rounded), f.fraction-exponent)) // of the last bit, the hidden one among them
	return sign | uint16(exponent-f.least)<<f.fraction + steps
}

// infinite is the pattern of infinity: an exponent of ones.
func (f format) infinite() uint16 { return 1<<15 - 1<<f.fraction }

// Value is the number that a 16-bit type's pattern stands for.
func (d DType) Value(bits uint16) float64 {
	f := d.format()
	magnitude := bits &^ (1 << 15)
	fraction, exponent := float64(magnitude&(1<<f.fraction-1)), int(magnitude>>f.fraction)
	var v float64
	switch {
	case magnitude > f.infinite():
		v = math.NaN()
	case magnitude == f.infinite():
		v = math.Inf(1)
	case exponent == 0:
		v = math.Ldexp(fraction, f.least-f.fraction)
	default:
		v = math.Ldexp(fraction+math.Ldexp(1, f.fraction), exponent-1+f.least-f.fraction)
	}
	if bits>>15 != 0 {
		return math.Copysign(v, -1)
	}
	return v
}
