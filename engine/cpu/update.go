package cpu

import (
	"math"

	"cnnvk/engine"
)

// The ops of the update leave everything as it is once the not-finite flag is up. Each writes its outputs
// from its inputs element by element, so the two may be the same memory.

// gradientNorm computes the global L2 norm and the factor of PyTorch's clip_grad_norm_, of gradients g that are those of the loss times scale,
// which is 1 without corrections:
//
//	norm = sqrt(Σ (g/scale)²)
//	status[clip] = min(1, clip / (norm + 1e-6)) / scale, or 1 / scale where clip is 0
//	status[not finite] = 1 once a norm was not finite; with corrections see rescale
//
// The rest of status stays. If the norm is not finite, status[clip] has no meaning.
//
//	gradients (P), status (64), norm (4), see engine.NormGlobal; corrections (T,2)
func gradientNorm(attr engine.GradientNormAttr, status, norm, gradients, old *tensor, corrections ...*tensor) {
	copy(status.floats, old.floats)
	scale := 1.0
	if len(corrections) > 0 {
		scale = status.floats[engine.StatusLossScale]
	}
	squares := 0.0
	for _, g := range gradients.floats {
		squares += (g / scale) * (g / scale)
	}
	root := math.Sqrt(squares)
	status.floats[engine.StatusClip] = 1 / scale
	if factor := attr.ClipNorm / (root + 1e-6); attr.ClipNorm > 0 && factor < 1 {
		status.floats[engine.StatusClip] = factor / scale
	}
	clear(norm.floats)
	norm.floats[engine.NormGlobal] = root
	overflow := math.IsInf(root, 0) || math.IsNaN(root)
	if len(corrections) > 0 {
		rescale(status, norm, corrections[0], overflow)
		return
	}
	if overflow {
		status.floats[engine.StatusNotFinite] = 1
	}
	norm.floats[engine.NormNotFinite] = status.floats[engine.StatusNotFinite]
}

// adamW is PyTorch's AdamW (Loshchilov and Hutter 2019). With g = clip gradient at step t:
//
//	p = p (1 - lr weight_decay), but for the last Undecayed parameters
//	m = β1 m + (1-β1) g,  v = β2 v + (1-β2) g²
//	p = p - lr/(1-β1^t) m / (sqrt(v) / sqrt(1-β2^t) + ε)
//
// The two factors that depend on t come with the step's rates, or stand in status where the device counts the updates.
//
//	gradients, parameters (P), moments (2P) = m, v; status (64), rates (4), see engine.RateLearning
func adamW(attr engine.AdamWAttr, parameters, moments, gradients, status, rates, oldParameters, oldMoments *tensor) {
	copy(parameters.floats, oldParameters.floats)
	copy(moments.floats, oldMoments.floats)
	if notFinite(status) {
		return
	}
	n := len(parameters.floats)
	p, m, v := parameters.floats, moments.floats[:n], moments.floats[n:]
	lr := rates.floats[engine.RateLearning]
	momentScale, varianceRoot := rates.floats[engine.RateMomentScale], rates.floats[engine.RateVarianceRoot]
	if attr.Counted {
		momentScale, varianceRoot = lr*status.floats[engine.StatusMomentScale], status.floats[engine.StatusVarianceRoot]
	}
	for i := range p {
		g := status.floats[engine.StatusClip] * gradients.floats[i]
		if i < n-attr.Undecayed {
			p[i] *= 1 - lr*attr.WeightDecay
		}
		m[i] = attr.Beta1*m[i] + (1-attr.Beta1)*g
		v[i] = attr.Beta2*v[i] + (1-attr.Beta2)*g*g
		p[i] -= momentScale * m[i] / (math.Sqrt(v[i])*varianceRoot + attr.Epsilon)
	}
}

// sgd is PyTorch's SGD with dampening 0:
//
//	g = clip gradient + weight_decay p, without the latter for the last Undecayed parameters
//	buffer = momentum buffer + g
//	p = p - lr (g + momentum buffer) with Nesterov's momentum, p - lr buffer without
//
//	gradients, parameters, moments (P) = buffer; status (64), rates (4), see engine.RateLearning
func sgd(attr engine.SGDAttr, parameters, moments, gradients, status, rates, oldParameters, oldMoments *tensor) {
	copy(parameters.floats, oldParameters.floats)
	copy(moments.floats, oldMoments.floats)
	if notFinite(status) {
		return
	}
	p, buffer := parameters.floats, moments.floats
	for i := range p {
		g := status.floats[engine.StatusClip] * gradients.floats[i]
		if i < len(p)-attr.Undecayed {
			g += attr.WeightDecay * p[i]
		}
		buffer[i] = attr.Momentum*buffer[i] + g
		step := buffer[i]
		if attr.Nesterov {
			step = g + attr.Momentum*buffer[i]
		}
		p[i] -= rates.floats[engine.RateLearning] * step
	}
}

// runningStatistics commits the statistics that forward computed: statistics = candidates.
//
//	candidates, statistics (S), status (64)
func runningStatistics(statistics, candidates, status, old *tensor) {
	if notFinite(status) {
		copy(statistics.floats, old.floats)
		return
	}
	copy(statistics.floats, candidates.floats)
}

// ema is the exponential moving average of the model: average = decay average + (1-decay) model.
//
//	model, average of one size, status (64)
func ema(attr engine.ExponentialMeanAttr, average, model, status, old *tensor) {
	if notFinite(status) {
		copy(average.floats, old.floats)
		return
	}
	for i, v := range model.floats {
		average.floats[i] = attr.Decay*old.floats[i] + (1-attr.Decay)*v
	}
}

// notFinite reports whether the flag is up.
func notFinite(status *tensor) bool { return status.floats[engine.StatusNotFinite] != 0 }
