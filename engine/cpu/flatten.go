package cpu

// flatten computes y[n,(c H+i) W+j] = x[n,c,i,j].
//
//	x (N,C,H,W), y (N,C*H*W,1,1)
func flatten(y, x *tensor) { copy(y.floats, x.floats) }

// flattenBackward computes dx[n,c,i,j] = dy[n,(c H+i) W+j].
//
//	dy (N,C*H*W,1,1), dx (N,C,H,W)
func flattenBackward(dx, dy *tensor) { copy(dx.floats, dy.floats) }
