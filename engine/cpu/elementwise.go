package cpu

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

// multiply computes y = a b, element by element.
//
//	a, b, y (N,C,H,W)
func multiply(y, a, b *tensor) {
	parallel(y.N(), func(n int) {
		out, right := y.row(n), b.row(n)
		for i, v := range a.row(n) {
			out[i] = v * right[i]
		}
	})
}

// scaleChannels computes y[n,c,i,j] = x[n,c,i,j] s[n,c].
//
//	x, y (N,C,H,W), s (N,C) or (N,C,1,1)
func scaleChannels(y, x, s *tensor) {
	parallel(x.N(), func(n int) {
		for c, scale := range s.row(n) {
			out := y.plane(n, c)
			for i, v := range x.plane(n, c) {
				out[i] = scale * v
			}
		}
	})
}

// channelScaleBackwardScale computes ds[n,c] = Σ_{i,j} dy[n,c,i,j] x[n,c,i,j].
//
//	dy, x (N,C,H,W), ds (N,C,1,1)
func channelScaleBackwardScale(ds, dy, x *tensor) {
	parallel(x.N(), func(n int) {
		for c := range x.C() {
			ds.row(n)[c] = dot(dy.plane(n, c), x.plane(n, c))
		}
	})
}
