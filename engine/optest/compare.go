package optest

import "math"

// NMSE is the normalised mean squared error Σ(got-want)² / Σ want². Where want is all zero, got must be, too:
// the error is then 0 or +Inf. It is +Inf as well if the lengths differ, or if a value is NaN or infinite
// in one and not the same in the other.
func NMSE(got, want []float64) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	difference, size := 0.0, 0.0
	for i, w := range want {
		g := got[i]
		if !finite(g) || !finite(w) {
			if g == w || math.IsNaN(g) && math.IsNaN(w) {
				continue
			}
			return math.Inf(1)
		}
		difference += (g - w) * (g - w)
		size += w * w
	}
	switch {
	case difference == 0:
		return 0
	case size == 0:
		return math.Inf(1)
	}
	return difference / size
}

func finite(v float64) bool { return !math.IsInf(v, 0) && !math.IsNaN(v) }
