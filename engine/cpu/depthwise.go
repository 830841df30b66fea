package cpu

import "cnnvk/engine"

// depthwiseConv2d computes y[n,c,i,j] = b[c] + Σ_{u,v} w[c,u,v] x[n,c,i s+u-p,j s+v-p], x being 0 outside, with stride s,
// padding p and u, v in 0..R-1. Without b it is 0.
//
//	x (N,C,H,W), w (C,1,R,R), b (C), y (N,C,HO,WO)
func depthwiseConv2d(a engine.ConvAttr, y, x, w *tensor, b ...*tensor) {
	parallel(y.N()*y.C(), func(nc int) {
		n, c := nc/y.C(), nc%y.C()
		in, out, taps := x.plane(n, c), y.plane(n, c), w.row(c)
		for i := range y.H() {
			for j := range y.W() {
				sum := 0.0
				if len(b) > 0 {
					sum = b[0].floats[c]
				}
				for u := range a.Kernel {
					for v := range a.Kernel {
						sum += taps[u*a.Kernel+v] * at(in, x.H(), x.W(), i*a.Stride+u-a.Padding, j*a.Stride+v-a.Padding)
					}
				}
				out[i*y.W()+j] = sum
			}
		}
	})
}

// depthwiseConv2dBackwardData computes dx[n,c,i,j] = Σ_{u,v} w[c,u,v] dy[n,c,(i+p-u)/s,(j+p-v)/s], where both divide, dy being 0 outside.
//
//	dy (N,C,HO,WO), w (C,1,R,R), dx (N,C,H,W)
func depthwiseConv2dBackwardData(a engine.ConvAttr, dx, dy, w *tensor) {
	parallel(dx.N()*dx.C(), func(nc int) {
		n, c := nc/dx.C(), nc%dx.C()
		in, out, taps := dy.plane(n, c), dx.plane(n, c), w.row(c)
		for i := range dx.H() {
			for j := range dx.W() {
				sum := 0.0
				for u := range a.Kernel {
					for v := range a.Kernel {
						if row, column := i+a.Padding-u, j+a.Padding-v; row%a.Stride == 0 && column%a.Stride == 0 {
							sum += taps[u*a.Kernel+v] * at(in, dy.H(), dy.W(), row/a.Stride, column/a.Stride)
						}
					}
				}
				out[i*dx.W()+j] = sum
			}
		}
	})
}

// depthwiseConv2dBackwardWeight computes dw[c,u,v] = Σ_{n,i,j} dy[n,c,i,j] x[n,c,i s+u-p,j s+v-p].
//
//	dy (N,C,HO,WO), x (N,C,H,W), dw (C,1,R,R)
func depthwiseConv2dBackwardWeight(a engine.ConvAttr, dw, dy, x *tensor) {
	parallel(x.C(), func(c int) {
		taps := dw.row(c)
		for u := range a.Kernel {
			for v := range a.Kernel {
				sum := 0.0
				for n := range x.N() {
					in, grad := x.plane(n, c), dy.plane(n, c)
					for i := range dy.H() {
						for j := range dy.W() {
							sum += grad[i*dy.W()+j] * at(in, x.H(), x.W(), i*a.Stride+u-a.Padding, j*a.Stride+v-a.Padding)
						}
					}
				}
				taps[u*a.Kernel+v] = sum
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
