package cpu

import "gonum.org/v1/gonum/floats"

// pointwiseConv2d computes y[n,m,p] = Σ_k w[m,k] x[n,k,p], p running over the H*W pixels.
//
//	x (N,K,H,W), w (M,K,1,1), y (N,M,H,W)
func pointwiseConv2d(y, x, w *tensor) {
	parallel(y.N()*y.C(), func(nm int) {
		n, m := nm/y.C(), nm%y.C()
		out := y.plane(n, m)
		clear(out)
		for k, a := range w.row(m) {
			addScaled(out, a, x.plane(n, k))
		}
	})
}

// pointwiseConv2dBackwardData computes dx[n,k,p] = Σ_m w[m,k] dy[n,m,p].
//
//	dy (N,M,H,W), w (M,K,1,1), dx (N,K,H,W)
func pointwiseConv2dBackwardData(dx, dy, w *tensor) {
	parallel(dx.N()*dx.C(), func(nk int) {
		n, k := nk/dx.C(), nk%dx.C()
		out := dx.plane(n, k)
		clear(out)
		for m := range dy.C() {
			addScaled(out, w.row(m)[k], dy.plane(n, m))
		}
	})
}

// pointwiseConv2dBackwardWeight computes dw[m,k] = Σ_{n,p} dy[n,m,p] x[n,k,p].
//
// An image's pixels are summed as dot does it, in four interleaved sums, but for all k at once: that is several times as fast.
//
//	dy (N,M,H,W), x (N,K,H,W), dw (M,K,1,1)
func pointwiseConv2dBackwardWeight(dw, dy, x *tensor) {
	channels, pixels := x.C(), x.H()*x.W()
	image := make([]float64, channels*pixels) // its pixels one after another, each with all channels
	clear(dw.floats)
	for n := range x.N() {
		for k := range channels {
			for p, v := range x.plane(n, k) {
				image[p*channels+k] = v
			}
		}
		parallel(dy.C(), func(m int) {
			var sums [4][]float64
			for i := range sums {
				sums[i] = make([]float64, channels)
			}
			for p, g := range dy.plane(n, m) {
				i := p % 4
				if p >= pixels/4*4 {
					i = 0
				}
				addScaled(sums[i], g, image[p*channels:][:channels])
			}
			for k := range dw.row(m) {
				dw.row(m)[k] += (sums[0][k] + sums[1][k]) + (sums[2][k] + sums[3][k])
			}
		})
	}
}

// addScaled computes y += a x.
func addScaled(y []float64, a float64, x []float64) { floats.AddScaled(y, a, x) }

// dot computes Σ a[i] b[i] in four interleaved sums, so that no addition waits for the one before.
func dot(a, b []float64) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}
