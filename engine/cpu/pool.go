package cpu

import "cnnvk/engine"

// maxPool2d computes y[n,c,i,j] = the largest value of x[n,c] in window (i,j). What no window reaches at the end of a row or a column
// counts nowhere.
//
//	x (N,C,H,W), y (N,C,HO,WO)
func maxPool2d(a engine.PoolAttr, y, x *tensor) {
	parallel(x.N()*x.C(), func(nc int) {
		n, c := nc/x.C(), nc%x.C()
		in, out := x.plane(n, c), y.plane(n, c)
		eachWindow(a, x, func(number, top, bottom, left, right int) {
			out[number] = in[largest(in, x.W(), top, bottom, left, right)]
		})
	})
}

// maxPool2dBackward gives dy to the place of each window that held the maximum, where windows overlap the sum, and 0 to all others.
//
//	dy (N,C,HO,WO), x, dx (N,C,H,W)
func maxPool2dBackward(a engine.PoolAttr, dx, dy, x *tensor) {
	parallel(x.N()*x.C(), func(nc int) {
		n, c := nc/x.C(), nc%x.C()
		in, grad, out := x.plane(n, c), dy.plane(n, c), dx.plane(n, c)
		clear(out)
		eachWindow(a, x, func(number, top, bottom, left, right int) {
			out[largest(in, x.W(), top, bottom, left, right)] += grad[number]
		})
	})
}

// largest is the place of the largest value in those rows and columns of a plane of width w. The first
// of equal ones counts, in row order. A NaN is passed over unless it comes first (PyTorch lets every NaN win).
func largest(x []float64, w, top, bottom, left, right int) int {
	best := top*w + left
	for i := top; i < bottom; i++ {
		for j := left; j < right; j++ {
			if x[i*w+j] > x[best] {
				best = i*w + j
			}
		}
	}
	return best
}

// avgPool2d computes y[n,c,i,j] = the sum of x[n,c] in window (i,j), by the pixels of the window, padding among them.
//
//	x (N,C,H,W), y (N,C,HO,WO)
func avgPool2d(a engine.PoolAttr, y, x *tensor) {
	parallel(x.N()*x.C(), func(nc int) {
		n, c := nc/x.C(), nc%x.C()
		in, out := x.plane(n, c), y.plane(n, c)
		eachWindow(a, x, func(number, top, bottom, left, right int) {
			sum := 0.0
			for i := top; i < bottom; i++ {
				for _, v := range in[i*x.W()+left : i*x.W()+right] {
					sum += v
				}
			}
			out[number] = sum / float64(a.Kernel*a.Kernel)
		})
	})
}

// avgPool2dBackward gives every pixel of a window its share of dy, where windows overlap the sum.
//
//	dy (N,C,HO,WO), dx (N,C,H,W)
func avgPool2dBackward(a engine.PoolAttr, dx, dy *tensor) {
	parallel(dx.N()*dx.C(), func(nc int) {
		n, c := nc/dx.C(), nc%dx.C()
		grad, out := dy.plane(n, c), dx.plane(n, c)
		clear(out)
		eachWindow(a, dx, func(number, top, bottom, left, right int) {
			share := grad[number] / float64(a.Kernel*a.Kernel)
			for i := top; i < bottom; i++ {
				for j := left; j < right; j++ {
					out[i*dx.W()+j] += share
				}
			}
		})
	})
}

// eachWindow calls f for every window of one plane of (N,C,H,W), in row order: number, and the rows and columns of it that lie in the image.
func eachWindow(a engine.PoolAttr, x *tensor, f func(number, top, bottom, left, right int)) {
	ho, wo := a.Output(x.H()), a.Output(x.W())
	for i := range ho {
		for j := range wo {
			top, left := i*a.Stride-a.Padding, j*a.Stride-a.Padding
			f(i*wo+j, max(top, 0), min(top+a.Kernel, x.H()), max(left, 0), min(left+a.Kernel, x.W()))
		}
	}
}

// globalAvgPool computes y[n,c] = Σ_{i,j} x[n,c,i,j] / (H W).
//
//	x (N,C,H,W), y (N,C,1,1)
func globalAvgPool(y, x *tensor) {
	parallel(x.N(), func(n int) {
		for c := range x.C() {
			sum := 0.0
			for _, v := range x.plane(n, c) {
				sum += v
			}
			y.row(n)[c] = sum / float64(x.H()*x.W())
		}
	})
}

// globalAvgPoolBackward computes dx[n,c,i,j] = dy[n,c] / (H W).
//
//	dy (N,C,1,1), dx (N,C,H,W)
func globalAvgPoolBackward(dx, dy *tensor) {
	parallel(dx.N(), func(n int) {
		for c, g := range dy.row(n) {
			out := dx.plane(n, c)
			for i := range out {
				out[i] = g / float64(len(out))
			}
		}
	})
}
