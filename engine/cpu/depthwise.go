package cpu

import "cnnvk/engine"

// depthwiseConv2d computes y[n,c,i,j] = b[c] + Σ_{u,v} w[c,u,v] x[n,c,i s+u-p,j s+v-p], x being 0 outside, with stride s,
// padding p and u, v in 0..R-1. Without b it is 0.
//
//	x (N,C,H,W), w (C,1,R,R), b (C), y (N,C,HO,WO)
func depthwiseConv2d(a engine.ConvAttr, y, x, w *tensor, b ...*tensor) {
	parallel(y.N()*y.C(), func(nc int) {
		n, c := nc/y.C(), nc%y.C()
		out := y.plane(n, c)
		begin(out, c, b)
		addConvolved(a, y, x, out, x.plane(n, c), w.row(c))
	})
}

// depthwiseConv2dBackwardData computes dx[n,c,i,j] = Σ_{u,v} w[c,u,v] dy[n,c,(i+p-u)/s,(j+p-v)/s], where both divide, dy being 0 outside.
//
//	dy (N,C,HO,WO), w (C,1,R,R), dx (N,C,H,W)
func depthwiseConv2dBackwardData(a engine.ConvAttr, dx, dy, w *tensor) {
	parallel(dx.N()*dx.C(), func(nc int) {
		n, c := nc/dx.C(), nc%dx.C()
		out := dx.plane(n, c)
		clear(out)
		addSpread(a, dx, dy, out, dy.plane(n, c), w.row(c))
	})
}

// depthwiseConv2dBackwardWeight computes dw[c,u,v] = Σ_{n,i,j} dy[n,c,i,j] x[n,c,i s+u-p,j s+v-p].
//
//	dy (N,C,HO,WO), x (N,C,H,W), dw (C,1,R,R)
func depthwiseConv2dBackwardWeight(a engine.ConvAttr, dw, dy, x *tensor) {
	parallel(x.C(), func(c int) {
		taps := dw.row(c)
		clear(taps)
		for n := range x.N() {
			addProducts(a, dy, x, taps, dy.plane(n, c), x.plane(n, c))
		}
	})
}
