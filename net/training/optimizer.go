package training

import (
	"cnnvk/engine"
	"cnnvk/net"
)

// The optimisers, as in Recipe.Optimizer.
const (
	AdamW    = "adamw"
	SGD      = "sgd"
	Nesterov = "nesterov" // SGD with Nesterov's momentum
)

// Optimizers lists the optimisers.
var Optimizers = []string{AdamW, SGD, Nesterov}

// UseOptimizer sets the optimiser, and the momentum that is usual with it.
func (r *Recipe) UseOptimizer(name string) {
	r.Optimizer, r.Momentum = name, 0
	if name == Nesterov {
		r.Momentum = 0.9
	}
}

// The constants of AdamW, as in PyTorch.
const adamBeta1, adamBeta2, adamEpsilon = 0.9, 0.999, 1e-8

// optimizer is an update rule: its op and constants.
type optimizer struct {
	kind engine.Kind
	attr func(decay float64, undecayed int) engine.Attr // the last undecayed parameters have no weight decay
}

func optimizerOf(r Recipe) (optimizer, error) {
	switch r.Optimizer {
	case AdamW:
		return optimizer{engine.AdamW, func(decay float64, undecayed int) engine.Attr {
			return engine.AdamWAttr{Beta1: adamBeta1, Beta2: adamBeta2, Epsilon: adamEpsilon, WeightDecay: decay, Undecayed: undecayed}
		}}, nil
	case SGD, Nesterov:
		return optimizer{engine.SGD, func(decay float64, undecayed int) engine.Attr {
			return engine.SGDAttr{Momentum: r.Momentum, Nesterov: r.Optimizer == Nesterov, WeightDecay: decay, Undecayed: undecayed}
		}}, nil
	}
	return optimizer{}, &RecipeError{"optimizer", r.Optimizer, net.OneOf(Optimizers)}
}
