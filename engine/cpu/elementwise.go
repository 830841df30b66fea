package cpu

import "math"

// relu computes y = max(x, 0). A NaN passes, as in PyTorch.
//
//	x, y (N,C,H,W)
func relu(y, x *tensor) {
	parallel(x.N(), func(n int) {
		out := y.row(n)
		for i, v := range x.row(n) {
			out[i] = max(v, 0)
		}
	})
}

// reluBackward computes dx = dy where y > 0, else 0.
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

// silu computes y = x σ(x), σ(x) = 1 / (1 + exp(-x)).
//
//	x, y (N,C,H,W)
func silu(y, x *tensor) {
	parallel(x.N(), func(n int) {
		out := y.row(n)
		for i, v := range x.row(n) {
			out[i] = v / (1 + math.Exp(-v))
		}
	})
}

// siluBackward computes dx = dy σ(x) (1 + x (1 - σ(x))).
//
//	dy, x, dx (N,C,H,W)
func siluBackward(dx, dy, x *tensor) {
	parallel(x.N(), func(n int) {
		grad, out := dy.row(n), dx.row(n)
		for i, v := range x.row(n) {
			s := 1 / (1 + math.Exp(-v))
			out[i] = grad[i] * s * (1 + v*(1-s))
		}
	})
}

// add computes y = a + b.
//
//	a, b, y of any one shape
func add(y, a, b *tensor) {
	parallel(y.Shape[0], func(n int) {
		out, right := y.row(n), b.row(n)
		for i, v := range a.row(n) {
			out[i] = v + right[i]
		}
	})
}
