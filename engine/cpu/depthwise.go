package cpu

// depthwiseConv2d computes y[n,c,i,j] = Σ_{u,v in 0..2} w[c,u,v] x[n,c,i+u-1,j+v-1], x being 0 outside.
//
//	x, y (N,C,H,W), w (C,1,3,3)
func depthwiseConv2d(y, x, w *tensor) {
	parallel(x.N()*x.C(), func(nc int) {
		n, c := nc/x.C(), nc%x.C()
		in, out, taps := x.plane(n, c), y.plane(n, c), w.row(c)
		for i := range x.H() {
			for j := range x.W() {
				sum := 0.0
				for u := range 3 {
					for v := range 3 {
						sum += taps[u*3+v] * at(in, x.H(), x.W(), i+u-1, j+v-1)
					}
				}
				out[i*x.W()+j] = sum
			}
		}
	})
}

// depthwiseConv2dBackwardData computes dx[n,c,i,j] = Σ_{u,v} w[c,u,v] dy[n,c,i-u+1,j-v+1], dy being 0 outside.
//
//	dx, dy (N,C,H,W), w (C,1,3,3)
func depthwiseConv2dBackwardData(dx, dy, w *tensor) {
	parallel(dx.N()*dx.C(), func(nc int) {
		n, c := nc/dx.C(), nc%dx.C()
		in, out, taps := dy.plane(n, c), dx.plane(n, c), w.row(c)
		for i := range dx.H() {
			for j := range dx.W() {
				sum := 0.0
				for u := range 3 {
					for v := range 3 {
						sum += taps[u*3+v] * at(in, dx.H(), dx.W(), i-u+1, j-v+1)
					}
				}
				out[i*dx.W()+j] = sum
			}
		}
	})
}

// depthwiseConv2dBackwardWeight computes dw[c,u,v] = Σ_{n,i,j} dy[n,c,i,j] x[n,c,i+u-1,j+v-1].
//
//	dy, x (N,C,H,W), dw (C,1,3,3)
func depthwiseConv2dBackwardWeight(dw, dy, x *tensor) {
	parallel(x.C(), func(c int) {
		taps := dw.row(c)
		for u := range 3 {
			for v := range 3 {
				sum := 0.0
				for n := range x.N() {
					in, grad := x.plane(n, c), dy.plane(n, c)
					for i := range x.H() {
						for j := range x.W() {
							sum += grad[i*x.W()+j] * at(in, x.H(), x.W(), i+u-1, j+v-1)
						}
					}
				}
				taps[u*3+v] = sum
			}
		}
	})
}

// at is x[i,j] of an h x w plane, 0 outside.
func at(x []float64, h, w, i, j int) float64 {
	if i < 0 || i >= h || j < 0 || j >= w {
		return 0
	}
	return x[i*w+j]
}
