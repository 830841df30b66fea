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
	Muon     = "muon"     // of dense convolutions; another one beside it has the rest
)

// Optimizers lists the optimisers.
var Optimizers = []string{AdamW, SGD, Nesterov, Muon}

// MuonRests lists the optimisers beside Muon, as in Recipe.MuonRest.
var MuonRests = []string{AdamW, SGD, Nesterov}

// settleOptimizer gives the constants that nobody said what the optimiser is used with.
func (r *Recipe) settleOptimizer(before Recipe, said func(key string) bool) {
	now := *r
	if r.Optimizer != before.Optimizer {
		r.UseOptimizer(r.Optimizer)
	} else if r.rest() != before.rest() {
		r.useRest()
	}
	for key, values := range map[string][2]*float64{
		"momentum": {&r.Momentum, &now.Momentum}, "muon_rate": {&r.MuonRate, &now.MuonRate}, "muon_momentum": {&r.MuonMomentum, &now.MuonMomentum},
		"muon_decay": {&r.MuonDecay, &now.MuonDecay},
	} {
		if said(key) {
			*values[0] = *values[1]
		}
	}
	if was := r.rest(); said("muon_rest") {
		r.MuonRest = now.MuonRest
		if r.rest() != was && !said("momentum") {
			r.useRest()
		}
	}
	if r.Optimizer == Muon && said("weight_decay") && !said("muon_decay") {
		r.MuonDecay = r.WeightDecay
	}
}

// What Muon is used with.
const (
	muonRate     = 0.02
	muonMomentum = 0.95
)

// UseOptimizer changes the optimiser, and the constants to what that one is used with.
func (r *Recipe) UseOptimizer(name string) {
	r.Optimizer, r.MuonRate, r.MuonMomentum, r.MuonDecay, r.MuonRest = name, 0, 0, 0, ""
	if name == Muon {
		r.MuonRate, r.MuonMomentum, r.MuonDecay, r.MuonRest = muonRate, muonMomentum, r.WeightDecay, AdamW
	}
	r.useRest()
}

// useRest changes the momentum to what the optimiser of all that Muon has not is used with.
func (r *Recipe) useRest() {
	r.Momentum = 0
	if r.rest() == Nesterov {
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

// optimizerOf is the one of all that Muon has not.
func optimizerOf(r Recipe) (optimizer, error) {
	switch rest := r.rest(); rest {
	case AdamW:
		return optimizer{engine.AdamW, func(decay float64, undecayed int) engine.Attr {
			return engine.AdamWAttr{Beta1: adamBeta1, Beta2: adamBeta2, Epsilon: adamEpsilon, WeightDecay: decay, Undecayed: undecayed, Counted: r.scalesLoss()}
		}}, nil
	case SGD, Nesterov:
		return optimizer{engine.SGD, func(decay float64, undecayed int) engine.Attr {
			return engine.SGDAttr{Momentum: r.Momentum, Nesterov: rest == Nesterov, WeightDecay: decay, Undecayed: undecayed}
		}}, nil
	}
	return optimizer{}, &RecipeError{"optimizer", r.Optimizer, net.OneOf(Optimizers)}
}

// rest is the optimiser of all that Muon has not.
func (r Recipe) rest() string {
	if r.Optimizer == Muon {
		return r.MuonRest
	}
	return r.Optimizer
}

// isDense says whether Muon has a parameter: the weight of a convolution that is not depthwise.
func isDense(s engine.Segment) bool { return s.Trained && len(s.Shape) == 4 && s.Shape[1] > 1 }

// muonOf is Muon over the parameters of a group, as matrices (out, in k k).
func muonOf(r Recipe, l *engine.Layout, group int, decay float64) engine.MuonAttr {
	a := engine.MuonAttr{Momentum: r.MuonMomentum, WeightDecay: decay}
	for _, s := range l.Segments {
		if s.Trained && s.Group == group {
			a.Matrices = append(a.Matrices, engine.Matrix{Offset: s.Offset - l.Groups[group].Offset, Rows: s.Shape[0], Columns: s.Shape.Elements() / s.Shape[0]})
		}
	}
	return a
}
