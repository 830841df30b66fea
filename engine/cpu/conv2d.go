package cpu

import "cnnvk/engine"

// conv2d computes y[n,m,i,j] = b[m] + Σ_{k,u,v} w[m,k,u,v] x[n,k,i s+u-p,j s+v-p], x being 0 outside, with stride s,
// padding p and u, v in 0..R-1. Without b it is 0.
//
//	x (N,K,H,W), w (M,K,R,R), b (M), y (N,M,HO,WO)
func conv2d(a engine.ConvAttr, y, x, w *tensor, b ...*tensor) {
	parallel(y.N()*y.C(), func(nm int) {
		n, m := nm/y.C(), nm%y.C()
		out := y.plane(n, m)
		begin(out, m, b)
		for k := range x.C() {
			addConvolved(a, y, x, out, x.plane(n, k), w.plane(m, k))
		}
	})
}

// conv2dBackwardData adds w[m,k,u,v] dy[n,m,i,j] to dx[n,k,i s+u-p,j s+v-p], for all m, u, v, i and j.
//
//	dy (N,M,HO,WO), w (M,K,R,R), dx (N,K,H,W)
func conv2dBackwardData(a engine.ConvAttr, dx, dy, w *tensor) {
	parallel(dx.N()*dx.C(), func(nk int) {
		n, k := nk/dx.C(), nk%dx.C()
		out := dx.plane(n, k)
		clear(out)
		for m := range dy.C() {
			addSpread(a, dx, dy, out, dy.plane(n, m), w.plane(m, k))
		}
	})
}

// conv2dBackwardWeight computes dw[m,k,u,v] = Σ_{n,i,j} dy[n,m,i,j] x[n,k,i s+u-p,j s+v-p].
//
//	dy (N,M,HO,WO), x (N,K,H,W), dw (M,K,R,R)
func conv2dBackwardWeight(a engine.ConvAttr, dw, dy, x *tensor) {
	parallel(dy.C()*x.C(), func(mk int) {
		m, k := mk/x.C(), mk%x.C()
		taps := dw.plane(m, k)
		clear(taps)
		for n := range x.N() {
			addProducts(a, dy, x, taps, dy.plane(n, m), x.plane(n, k))
		}
	})
}

// conv2dBackwardBias computes db[m] = Σ_{n,i,j} dy[n,m,i,j].
//
//	dy (N,M,HO,WO), db (M)
func conv2dBackwardBias(db, dy *tensor) {
	clear(db.floats)
	for n := range dy.N() {
		for m := range dy.C() {
			for _, v := range dy.plane(n, m) {
				db.floats[m] += v
			}
		}
	}
}

// begin fills a plane with channel c of a bias, or with 0 where there is none.
func begin(plane []float64, c int, bias []*tensor) {
	clear(plane)
	if len(bias) > 0 {
		for i := range plane {
			plane[i] = bias[0].floats[c]
		}
	}
}

// addConvolved adds to a plane of y what the taps make of a plane of x.
func addConvolved(a engine.ConvAttr, y, x *tensor, out, in, taps []float64) {
	eachTap(a, x, y, func(tap, from, to, count int) {
		if a.Stride == 1 {
			addScaled(out[to:to+count], taps[tap], in[from:from+count])
			return
		}
		for j := range count {
			out[to+j] += taps[tap] * in[from+j*a.Stride]
		}
	})
}

// addSpread adds to a plane of dx what the taps give it of a plane of dy.
func addSpread(a engine.ConvAttr, dx, dy *tensor, out, grad, taps []float64) {
	eachTap(a, dx, dy, func(tap, from, to, count int) {
		if a.Stride == 1 {
			addScaled(out[from:from+count], taps[tap], grad[to:to+count])
			return
		}
		for j := range count {
			out[from+j*a.Stride] += taps[tap] * grad[to+j]
		}
	})
}

// addProducts adds to each tap the products of what it brings together in a plane of dy and one of x.
func addProducts(a engine.ConvAttr, dy, x *tensor, taps, grad, in []float64) {
	eachTap(a, x, dy, func(tap, from, to, count int) {
		sum := taps[tap]
		for j, g := range grad[to : to+count] {
			sum += g * in[from+j*a.Stride]
		}
		taps[tap] = sum
	})
}

// eachTap visits the pairs of values that a kernel's taps bring together, a row of the output at a time: tap number
// u R + v multiplies x's plane at from, from+s, ... for y's at to, to+1, ..., count of them. What lies outside x is left out.
func eachTap(a engine.ConvAttr, x, y *tensor, visit func(tap, from, to, count int)) {
	for u := range a.Kernel {
		for v := range a.Kernel {
			first, end := inside(a, v, x.W(), y.W())
			for i := range y.H() {
				if row := i*a.Stride + u - a.Padding; row >= 0 && row < x.H() && first < end {
					visit(u*a.Kernel+v, row*x.W()+first*a.Stride+v-a.Padding, i*y.W()+first, end-first)
				}
			}
		}
	}
}

// inside is the range of places j in 0..count-1 for which j s+v-p lies in 0..size-1.
func inside(a engine.ConvAttr, v, size, count int) (first, end int) {
	for first < count && first*a.Stride+v-a.Padding < 0 {
		first++
	}
	end = first
	for end < count && end*a.Stride+v-a.Padding < size {
		end++
	}
	return first, end
}
