package cpu

// linear computes y[n,m] = b[m] + Σ_k w[m,k] x[n,k]. Without a bias b is empty.
//
//	x (N,K,1,1), w (M,K), b (M), y (N,M,1,1)
func linear(y, x, w *tensor, b ...*tensor) {
	parallel(y.N(), func(n int) {
		for m := range y.C() {
			bias := 0.0
			if len(b) > 0 {
				bias = b[0].floats[m]
			}
			y.row(n)[m] = bias + dot(w.row(m), x.row(n))
		}
	})
}

// linearBackwardData computes dx[n,k] = Σ_m dy[n,m] w[m,k].
//
//	dy (N,M,1,1), w (M,K), dx (N,K,1,1)
func linearBackwardData(dx, dy, w *tensor) {
	parallel(dx.N(), func(n int) {
		out := dx.row(n)
		clear(out)
		for m, g := range dy.row(n) {
			addScaled(out, g, w.row(m))
		}
	})
}

// linearBackwardWeight computes dw[m,k] = Σ_n dy[n,m] x[n,k].
//
//	dy (N,M,1,1), x (N,K,1,1), dw (M,K)
func linearBackwardWeight(dw, dy, x *tensor) {
	parallel(dy.C(), func(m int) {
		out := dw.row(m)
		clear(out)
		for n := range dy.N() {
			addScaled(out, dy.row(n)[m], x.row(n))
		}
	})
}

// linearBackwardBias computes db[m] = Σ_n dy[n,m].
//
//	dy (N,M,1,1), db (M)
func linearBackwardBias(db, dy *tensor) {
	clear(db.floats)
	for n := range dy.N() {
		addScaled(db.floats, 1, dy.row(n))
	}
}
