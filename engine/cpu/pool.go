package cpu

// maxPool2d computes y[n,c,i,j] = max of x[n,c,2i..2i+1,2j..2j+1]. An odd last row or column is in no window.
//
//	x (N,C,H,W), y (N,C,H/2,W/2)
func maxPool2d(y, x *tensor) {
	parallel(x.N()*x.C(), func(nc int) {
		n, c := nc/x.C(), nc%x.C()
		in, out := x.plane(n, c), y.plane(n, c)
		for i := range y.H() {
			for j := range y.W() {
				out[i*y.W()+j] = in[largest(in, x.W(), 2*i, 2*j)]
			}
		}
	})
}

// largest is the place of the largest value in the 2x2 window at (i,j) of a plane of width w. The first
// of equal ones counts, in row order. A NaN is passed over unless it comes first (PyTorch lets every NaN win).
func largest(x []float64, w, i, j int) int {
	best := i*w + j
	for _, place := range [3]int{i*w + j + 1, (i+1)*w + j, (i+1)*w + j + 1} {
		if x[place] > x[best] {
			best = place
		}
	}
	return best
}

// maxPool2dBackward gives dy to the place of each window that held the maximum and 0 to all others.
//
//	dy (N,C,H/2,W/2), x, dx (N,C,H,W)
func maxPool2dBackward(dx, dy, x *tensor) {
	parallel(x.N()*x.C(), func(nc int) {
		n, c := nc/x.C(), nc%x.C()
		in, grad, out := x.plane(n, c), dy.plane(n, c), dx.plane(n, c)
		clear(out)
		for i := range dy.H() {
			for j := range dy.W() {
				out[largest(in, x.W(), 2*i, 2*j)] = grad[i*dy.W()+j]
			}
		}
	})
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
