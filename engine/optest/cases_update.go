package optest

import (
	"slices"

	"cnnvk/engine"
)

// updateCases lists the cases of the update. Their parameters are a matrix (M,C) and vectors of M and of C.
func updateCases() []Case {
	return slices.Concat(gradientNormCases(), adamWCases(), sgdCases(), muonCases(), commitCases())
}

func gradientNormCases() []Case {
	clip := engine.GradientNormAttr{ClipNorm: 1}
	return each([]engine.Kind{engine.GradientNorm},
		Case{N: 1, M: 768, C: 1000, Attr: clip, Why: "as many parameters as SmallCIFARNet: a long sum, clipped"},
		Case{N: 1, M: 20, C: 12, Attr: clip, Why: "below the limit: scale 1"},
		Case{N: 1, M: 100, C: 36, Attr: engine.GradientNormAttr{ClipNorm: 0.01}, Why: "clipped hard"},
		Case{N: 1, M: 100, C: 36, Attr: engine.GradientNormAttr{}, Why: "no limit: scale 1 at any norm"},
		Case{N: 1, M: 1, C: 1, Attr: clip, Why: "one parameter a segment"},
		Case{N: 1, M: 7, C: 20, Attr: clip, Fill: ZeroGrads, Why: "norm 0: no division by it"},
		Case{N: 1, M: 7, C: 20, Attr: clip, Fill: Infinite, Why: "+Inf raises the flag"},
		Case{N: 1, M: 7, C: 20, Attr: clip, Fill: NotANumber, Why: "NaN raises the flag"},
		Case{N: 1, M: 7, C: 20, Attr: engine.GradientNormAttr{}, Fill: NotANumber, Why: "NaN raises the flag without a limit, too"},
		Case{N: 1, M: 7, C: 20, Attr: clip, Fill: Flagged, Why: "the flag stays up after a finite norm"},
	)
}

func adamWCases() []Case {
	recipe := engine.AdamWAttr{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 5e-4}
	undecayed := func(n int) engine.Attr {
		a := recipe
		a.WeightDecay, a.Undecayed = 0.5, n // so that a step with decay cannot be taken for one without
		return a
	}
	other := engine.AdamWAttr{Beta1: 0.8, Beta2: 0.95, Epsilon: 1e-4}
	return each([]engine.Kind{engine.AdamW},
		Case{N: 1, M: 100, C: 512, Attr: recipe, Why: "the recipe"},
		Case{N: 1, M: 20, C: 12, Attr: recipe, Fill: FirstUpdate, Why: "the first step: bias corrections far from 1"},
		Case{N: 1, M: 7, C: 36, Attr: other, Why: "no weight decay, other constants"},
		Case{N: 1, M: 1, C: 1, Attr: recipe, Why: "one parameter a segment"},
		Case{N: 1, M: 7, C: 20, Attr: recipe, Fill: ZeroGrads, Why: "moments fade, weights decay"},
		Case{N: 1, M: 7, C: 20, Attr: recipe, Fill: SmallGrads, Why: "gradients below epsilon, which then decides the step"},
		Case{N: 1, M: 7, C: 20, Attr: recipe, Fill: Flagged, Why: "nothing changes once a step was not finite"},
		Case{N: 1, M: 20, C: 100, Attr: undecayed(320), Why: "vectors do not decay"},
		Case{N: 1, M: 7, C: 36, Attr: undecayed(118), Why: "the decay ends within a vec4"},
		Case{N: 1, M: 1, C: 1, Attr: undecayed(256), Why: "nothing decays"},
	)
}

func sgdCases() []Case {
	nesterov := engine.SGDAttr{Momentum: 0.9, WeightDecay: 5e-4, Nesterov: true}
	undecayed := func(n int) engine.Attr {
		return engine.SGDAttr{Momentum: 0.9, WeightDecay: 0.5, Nesterov: true, Undecayed: n}
	}
	return each([]engine.Kind{engine.SGD},
		Case{N: 1, M: 100, C: 512, Attr: nesterov, Why: "Nesterov's momentum"},
		Case{N: 1, M: 20, C: 12, Attr: engine.SGDAttr{Momentum: 0.9, WeightDecay: 5e-4}, Why: "plain momentum"},
		Case{N: 1, M: 7, C: 36, Attr: engine.SGDAttr{}, Fill: FirstUpdate, Why: "plain SGD, TinyNet's baseline"},
		Case{N: 1, M: 7, C: 36, Attr: engine.SGDAttr{Momentum: 0.5, Nesterov: true}, Why: "no weight decay"},
		Case{N: 1, M: 1, C: 1, Attr: nesterov, Fill: FirstUpdate, Why: "one parameter a segment, first step"},
		Case{N: 1, M: 7, C: 20, Attr: nesterov, Fill: ZeroGrads, Why: "the velocity carries on"},
		Case{N: 1, M: 7, C: 20, Attr: nesterov, Fill: Flagged, Why: "nothing changes once a step was not finite"},
		Case{N: 1, M: 20, C: 100, Attr: undecayed(320), Why: "vectors do not decay"},
		Case{N: 1, M: 7, C: 36, Attr: undecayed(118), Why: "the decay ends within a vec4"},
		Case{N: 1, M: 1, C: 1, Attr: undecayed(256), Why: "nothing decays"},
	)
}

func muonCases() []Case {
	of := func(rows, columns int) engine.Attr {
		return engine.MuonAttr{Momentum: 0.95, WeightDecay: 0.5, Matrices: []engine.Matrix{{Rows: rows, Columns: columns}}}
	}
	both := engine.MuonAttr{Momentum: 0.9, Matrices: []engine.Matrix{{Rows: 24, Columns: 216}, {Offset: 24 * 216, Rows: 8, Columns: 3}}}
	return each([]engine.Kind{engine.Muon},
		Case{N: 1, M: 48, C: 216, Attr: of(48, 216), Why: "a 3x3 convolution: fewer rows than columns"},
		Case{N: 1, M: 512, C: 256, Attr: of(512, 256), Why: "a wide pointwise one, more rows than columns"},
		Case{N: 1, M: 64, C: 64, Attr: of(64, 64), Why: "square"},
		Case{N: 1, M: 24, C: 27, Attr: of(24, 27), Why: "of three colours: columns that 4 does not divide"},
		Case{N: 1, M: 7, C: 3, Attr: of(7, 3), Why: "nothing divides, more rows than columns"},
		Case{N: 1, M: 5, C: 13, Attr: of(5, 13), Why: "nothing divides, fewer"},
		Case{N: 1, M: 1, C: 9, Attr: of(1, 9), Why: "one row"},
		Case{N: 1, M: 9, C: 1, Attr: of(9, 1), Why: "one column"},
		Case{N: 1, M: 160, C: 1440, Attr: of(160, 1440), Why: "long sums"},
		Case{N: 1, M: 24, C: 224, Attr: both, Why: "two matrices, the rest stays"},
		Case{N: 1, M: 20, C: 36, Attr: of(20, 36), Fill: FirstUpdate, Why: "the first step"},
		Case{N: 1, M: 20, C: 36, Attr: of(20, 36), Fill: ZeroGrads, Why: "the momentum carries on"},
		Case{N: 1, M: 20, C: 36, Attr: of(20, 36), Fill: Flagged, Why: "nothing changes once a step was not finite"},
	)
}

func commitCases() []Case {
	rows := []Case{
		{N: 1, M: 100, C: 512, Why: "wide"},
		{N: 1, M: 20, C: 12, Why: "narrow, gaps between segments"},
		{N: 1, M: 1, C: 1, Why: "one element a segment"},
		{N: 1, M: 7, C: 130, Why: "nothing divides"},
		{N: 1, M: 7, C: 20, Fill: Flagged, Why: "nothing changes once a step was not finite"},
	}
	return slices.Concat(
		each([]engine.Kind{engine.RunningStatistics}, rows...),
		with(engine.ExponentialMeanAttr{Decay: 0.995}, each([]engine.Kind{engine.ExponentialMean}, rows...)),
		each([]engine.Kind{engine.ExponentialMean}, Case{N: 1, M: 7, C: 36, Attr: engine.ExponentialMeanAttr{}, Why: "decay 0: a copy of the model"}),
	)
}
