package cpu

import (
	"math"

	"cnnvk/engine"
)

// BatchNorm (Ioffe and Szegedy 2015) as PyTorch's BatchNorm2d has it. Sums run over the images and the
// pixels of a channel, count = N*H*W of them.

// batchNorm2d normalises with the batch's own statistics:
//
//	mean[c] = Σ x / count,  var[c] = Σ (x - mean)² / count
//	y = (x - mean) / sqrt(var + ε) weight + bias
//	saved = mean, 1/sqrt(var + ε)
//	next_mean = (1-momentum) running_mean + momentum mean
//	next_var  = (1-momentum) running_var + momentum var count/(count-1)
//
//	x, y (N,C,H,W), saved (2,C), all others (C)
func batchNorm2d(attr engine.BatchNormAttr, y, saved, nextMean, nextVar, x, weight, bias, runningMean, runningVar *tensor) {
	count := float64(x.N() * x.H() * x.W())
	parallel(x.C(), func(c int) {
		mean, squares := 0.0, 0.0
		overChannel(x, c, func(_ int, plane []float64) {
			for _, v := range plane {
				mean += v
			}
		})
		mean /= count
		overChannel(x, c, func(_ int, plane []float64) {
			for _, v := range plane {
				squares += (v - mean) * (v - mean)
			}
		})
		inverse := 1 / math.Sqrt(squares/count+attr.Epsilon)
		normalize(y, x, c, mean, inverse, weight.floats[c], bias.floats[c])
		saved.row(0)[c], saved.row(1)[c] = mean, inverse
		m := attr.Momentum
		nextMean.floats[c] = (1-m)*runningMean.floats[c] + m*mean
		nextVar.floats[c] = (1-m)*runningVar.floats[c] + m*squares/(count-1)
	})
}

// batchNorm2dEval normalises with the running statistics: y = (x - running_mean) / sqrt(running_var + ε) weight + bias.
//
//	x, y (N,C,H,W), all others (C)
func batchNorm2dEval(attr engine.BatchNormAttr, y, x, weight, bias, runningMean, runningVar *tensor) {
	parallel(x.C(), func(c int) {
		inverse := 1 / math.Sqrt(runningVar.floats[c]+attr.Epsilon)
		normalize(y, x, c, runningMean.floats[c], inverse, weight.floats[c], bias.floats[c])
	})
}

// normalize computes y = (x - mean) inverse weight + bias for one channel.
func normalize(y, x *tensor, c int, mean, inverse, weight, bias float64) {
	overChannel(x, c, func(n int, plane []float64) {
		out := y.plane(n, c)
		for i, v := range plane {
			out[i] = (v-mean)*inverse*weight + bias
		}
	})
}

// batchNorm2dBackward is the gradient of training mode, in which mean and var depend on x. With
// x̂ = (x - mean) inverse, inverse = 1/sqrt(var + ε):
//
//	dbias = Σ dy,  dweight = Σ dy x̂
//	dx = weight inverse (dy - dbias/count - x̂ dweight/count)
//
//	dy, x, dx (N,C,H,W), saved (2,C) = mean, inverse; weight, dweight, dbias (C)
func batchNorm2dBackward(dx, dweight, dbias, dy, x, weight, saved *tensor) {
	count := float64(x.N() * x.H() * x.W())
	parallel(x.C(), func(c int) {
		mean, inverse := saved.row(0)[c], saved.row(1)[c]
		sum, product := 0.0, 0.0
		overChannel(x, c, func(n int, plane []float64) {
			for i, g := range dy.plane(n, c) {
				sum += g
				product += g * (plane[i] - mean) * inverse
			}
		})
		overChannel(x, c, func(n int, plane []float64) {
			grad, out := dy.plane(n, c), dx.plane(n, c)
			for i, v := range plane {
				out[i] = weight.floats[c] * inverse * (grad[i] - sum/count - (v-mean)*inverse*product/count)
			}
		})
		dweight.floats[c], dbias.floats[c] = product, sum
	})
}

// overChannel calls visit for each plane of channel c of x, in the order of the images.
func overChannel(x *tensor, c int, visit func(n int, plane []float64)) {
	for n := range x.N() {
		visit(n, x.plane(n, c))
	}
}
