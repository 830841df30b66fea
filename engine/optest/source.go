package optest

import (
	"hash/fnv"
	"math"
)

// source draws numbers that depend on the case, the operand and the element alone, so a program can be
// filled in any order and on any executor with the same values.
type source uint64

// newSource starts the numbers of one operand of a case.
func newSource(c Case, operand string) source {
	h := fnv.New64a()
	h.Write([]byte(c.String() + "/" + operand))
	return source(h.Sum64())
}

// uniform is in [0, 1).
func (s source) uniform(i, k int) float64 { return float64(s.bits(i, k)>>11) / (1 << 53) }

// bits is draw k of element i: SplitMix64's mixing function (Steele, Lea and Flood, OOPSLA 2014).
func (s source) bits(i, k int) uint64 {
	z := uint64(s) + (uint64(i)*8+uint64(k)+1)*0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// below is a whole number in [0, n).
func (s source) below(i, n int) uint32 { return uint32(s.uniform(i, 0) * float64(n)) }

// normal has mean 0 and variance 1: four uniform numbers together, within ±3.5.
func (s source) normal(i int) float64 {
	sum := s.uniform(i, 0) + s.uniform(i, 1) + s.uniform(i, 2) + s.uniform(i, 3)
	return (sum - 2) * math.Sqrt(3)
}

// make fills n elements, each rounded to float32 so that every executor can hold it exactly.
func (s source) make(n int, value func(i int) float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(float32(value(i)))
	}
	return out
}
