package cpu

import "math"

// activate computes y = f(x), element by element.
//
//	x, y (N,C,H,W)
func activate(y, x *tensor, f func(x float64) float64) {
	parallel(x.N(), func(n int) {
		out := y.row(n)
		for i, v := range x.row(n) {
			out[i] = f(v)
		}
	})
}

// activateBackward computes dx = dy f'(x), the slope being a function of v: x, or y where that tells as much.
//
//	dy, v, dx (N,C,H,W)
func activateBackward(dx, dy, v *tensor, slope func(v float64) float64) {
	parallel(v.N(), func(n int) {
		grad, out := dy.row(n), dx.row(n)
		for i, at := range v.row(n) {
			out[i] = grad[i] * slope(at)
		}
	})
}

// relu is max(x, 0). A NaN passes, as in PyTorch.
func relu(x float64) float64 { return max(x, 0) }

// reluBackward computes dx = dy where y > 0, else 0, whatever dy is.
//
//	dy, y, dx (N,C,H,W)
func reluBackward(dx, dy, y *tensor) {
	parallel(y.N(), func(n int) {
		grad, out := dy.row(n), dx.row(n)
		for i, v := range y.row(n) {
			if v > 0 {
				out[i] = grad[i]
			} else {
				out[i] = 0
			}
		}
	})
}

// silu is x σ(x), σ(x) = 1 / (1 + exp(-x)).
func silu(x float64) float64 { return x / (1 + math.Exp(-x)) }

func siluSlope(x float64) float64 {
	s := sigmoid(x)
	return s * (1 + x*(1-s))
}

// relu6 is min(max(x, 0), 6). A NaN passes, as in PyTorch.
func relu6(x float64) float64 { return min(max(x, 0), 6) }

// relu6Slope is 0 at 0 and at 6, and 1 at NaN, as in PyTorch.
func relu6Slope(x float64) float64 {
	if x <= 0 || x >= 6 {
		return 0
	}
	return 1
}

// gelu is x Φ(x), Φ being the normal distribution: PyTorch's GELU without its approximation by tanh.
func gelu(x float64) float64 { return x * normalDistribution(x) }

// geluSlope is Φ(x) + x φ(x), φ being the normal density.
func geluSlope(x float64) float64 {
	return normalDistribution(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
}

// normalDistribution is Φ(x) = erfc(-x/√2) / 2.
func normalDistribution(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// hardswish is x min(max(x + 3, 0), 6) / 6.
func hardswish(x float64) float64 { return x * min(max(x+3, 0), 6) / 6 }

// hardswishSlope is -1/2 at -3 and 3/2 at 3, as in PyTorch.
func hardswishSlope(x float64) float64 {
	switch {
	case x < -3:
		return 0
	case x > 3:
		return 1
	}
	return x/3 + 0.5
}

// sigmoid is σ(x) = 1 / (1 + exp(-x)).
func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// sigmoidSlope is σ'(x) by y = σ(x).
func sigmoidSlope(y float64) float64 { return y * (1 - y) }
