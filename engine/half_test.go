package engine

import (
	"math"
	"testing"
)

var halves = []DType{Float16, BFloat16}

// Every pattern stands for a number whose pattern it is.
func TestHalfPatterns(t *testing.T) {
	for _, d := range halves {
		for bits := range 1 << 16 {
			v := d.Value(uint16(bits))
			switch got := d.Bits(v); {
			case math.IsNaN(v):
				if !math.IsNaN(d.Value(got)) || got>>15 != uint16(bits)>>15 {
					t.Errorf("%v: NaN %#04x comes back as %#04x", d, bits, got)
				}
			case got != uint16(bits) || d.Round(v) != v:
				t.Errorf("%v: %#04x is %g, which is %#04x", d, bits, v, got)
			}
		}
	}
}

// Between neighbours the middle goes to the even one, and what lies beside the middle to the nearer.
func TestHalfRounding(t *testing.T) {
	for _, d := range halves {
		f := d.format()
		for bits := range f.infinite() {
			low, high := d.Value(bits), d.Value(bits+1)
			if math.IsInf(high, 1) {
				high = low + low - d.Value(bits-1)
			}
			middle, even := low+(high-low)/2, bits+bits&1
			for _, sign := range []float64{1, -1} {
				for _, c := range []struct {
					v    float64
					want uint16
				}{
					{middle, even}, {math.Nextafter(middle, 0), bits}, {math.Nextafter(middle, math.Inf(1)), bits + 1},
				} {
					want := c.want
					if sign < 0 {
						want |= 1 << 15
					}
					if got := d.Bits(sign * c.v); got != want {
						t.Errorf("%v: %g is %#04x, want %#04x", d, sign*c.v, got, want)
					}
				}
			}
		}
	}
}

// Values that are known by themselves.
func TestHalfValues(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		d    DType
		v    float64
		bits uint16
		is   float64
	}{
		{Float16, 1, 0x3c00, 1},
		{Float16, 0.1, 0x2e66, 0.0999755859375},
		{Float16, -2, 0xc000, -2},
		{Float16, 65504, 0x7bff, 65504},
		{Float16, 65519.999, 0x7bff, 65504},
		{Float16, 65520, 0x7c00, inf},
		{Float16, 1e300, 0x7c00, inf},
		{Float16, -inf, 0xfc00, -inf},
		{Float16, 0x1p-14, 0x0400, 0x1p-14},
		{Float16, 0x1p-24, 0x0001, 0x1p-24},
		{Float16, 0x1p-25, 0x0000, 0},
		{Float16, -0x1.8p-24, 0x8002, -0x1p-23},
		{Float16, math.SmallestNonzeroFloat64, 0, 0},
		{BFloat16, 1, 0x3f80, 1},
		{BFloat16, 0.1, 0x3dcd, 0.10009765625},
		{BFloat16, 3.14159265, 0x4049, 3.140625},
		{BFloat16, 0x1.ffp127, 0x7f80, inf},
		{BFloat16, 0x1.fep127, 0x7f7f, 0x1.fep127},
		{BFloat16, 0x1p-133, 0x0001, 0x1p-133},
		{BFloat16, 0x1p-134, 0x0000, 0},
	} {
		if bits, is := c.d.Bits(c.v), c.d.Round(c.v); bits != c.bits || is != c.is || c.d.Value(bits) != is {
			t.Errorf("%v: %g is %#04x (%g), want %#04x (%g)", c.d, c.v, bits, is, c.bits, c.is)
		}
	}
	if v := Float16.Round(math.Copysign(0, -1)); v != 0 || !math.Signbit(v) {
		t.Errorf("-0 becomes %g", v)
	}
	if v := Float.Round(0.1); v != 0.1 {
		t.Errorf("a value of another type becomes %g", v)
	}
}
