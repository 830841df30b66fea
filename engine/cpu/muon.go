package cpu

import (
	"math"

	"cnnvk/engine"
)

// muon is Jordan's Muon (2024) with Nesterov's momentum, over matrices (rows, columns) among the parameters. With g = clip gradient:
//
//	buffer = momentum buffer + (1-momentum) g
//	u = orthogonal((1-momentum) g + momentum buffer)
//	p = p (1 - lr weight_decay) - lr sqrt(max(1, rows/columns)) u
//
// Parameters outside of the matrices stay.
//
//	gradients, parameters, moments (P) = buffer; status (64), rates (4), see engine.RateLearning
func muon(attr engine.MuonAttr, parameters, moments, gradients, status, rates, oldParameters, oldMoments *tensor) {
	copy(parameters.floats, oldParameters.floats)
	copy(moments.floats, oldMoments.floats)
	if notFinite(status) {
		return
	}
	lr, beta := rates.floats[engine.RateLearning], attr.Momentum
	parallel(len(attr.Matrices), func(i int) {
		m := attr.Matrices[i]
		size := m.Rows * m.Columns
		p, buffer := parameters.floats[m.Offset:][:size], moments.floats[m.Offset:][:size]
		u := make([]float64, size)
		for i := range size {
			g := status.floats[engine.StatusClip] * gradients.floats[m.Offset+i]
			buffer[i] = beta*buffer[i] + (1-beta)*g
			u[i] = (1-beta)*g + beta*buffer[i]
		}
		gain := math.Sqrt(max(1, float64(m.Rows)/float64(m.Columns)))
		for i, v := range orthogonal(u, m.Rows, m.Columns) {
			p[i] = p[i]*(1-lr*attr.WeightDecay) - lr*gain*v
		}
	})
}

// orthogonal brings the singular values of x (rows, columns) near 1: x / (|x| + 1e-7), then five times
//
//	x = a x + (b A + c A A) x,  A = x x'
//
// of the matrix or, where it has more rows than columns, of its transpose.
func orthogonal(x []float64, rows, columns int) []float64 {
	if rows > columns {
		return transposed(orthogonal(transposed(x, rows, columns), columns, rows), columns, rows)
	}
	norm := 0.0
	for _, v := range x {
		norm += v * v
	}
	norm = math.Sqrt(norm) + engine.NewtonSchulzEpsilon
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v / norm
	}
	for range engine.NewtonSchulzSteps {
		a := multiplied(out, transposed(out, rows, columns), rows, columns, rows)
		square := multiplied(a, a, rows, rows, rows)
		for i := range a {
			a[i] = engine.NewtonSchulzB*a[i] + engine.NewtonSchulzC*square[i]
		}
		for i, v := range multiplied(a, out, rows, rows, columns) {
			out[i] = engine.NewtonSchulzA*out[i] + v
		}
	}
	return out
}

// multiplied is x y of x (m,k) and y (k,n).
func multiplied(x, y []float64, m, k, n int) []float64 {
	out := make([]float64, m*n)
	for i := range m {
		for at := range k {
			for j := range n {
				out[i*n+j] += x[i*k+at] * y[at*n+j]
			}
		}
	}
	return out
}

// transposed is the transpose of x (m,n).
func transposed(x []float64, m, n int) []float64 {
	out := make([]float64, len(x))
	for i := range m {
		for j := range n {
			out[j*m+i] = x[i*n+j]
		}
	}
	return out
}
