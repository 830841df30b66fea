package optest

import (
	"slices"

	"cnnvk/engine"
)

// scaledCases are those of the loss scale.
func scaledCases() []Case {
	clip, smooth := engine.GradientNormAttr{ClipNorm: 1}, engine.CrossEntropyAttr{Smoothing: 0.1}
	counted := engine.AdamWAttr{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 5e-4, Counted: true}
	return slices.Concat(
		each([]engine.Kind{engine.CrossEntropy, engine.CrossEntropyMixed},
			Case{N: 8, M: 100, H: 1, W: 1, Attr: smooth, Scaled: true, Why: "the loss is scaled, its value is not"},
			Case{N: 7, M: 10, H: 1, W: 1, Attr: engine.CrossEntropyAttr{}, Scaled: true, Fill: FarLogits, Why: "the same where nothing divides"},
		),
		each([]engine.Kind{engine.GradientNorm},
			Case{N: 1, M: 768, C: 1000, Attr: clip, Scaled: true, Why: "gradients of a scaled loss: a long sum, clipped"},
			Case{N: 1, M: 20, C: 12, Attr: clip, Scaled: true, Why: "below the limit: the update divides by the scale"},
			Case{N: 1, M: 7, C: 20, Attr: engine.GradientNormAttr{}, Scaled: true, Why: "no limit"},
			Case{N: 1, M: 1, C: 1, Attr: clip, Scaled: true, Fill: ZeroGrads, Why: "nothing to divide"},
			Case{N: 1, M: 7, C: 20, Attr: clip, Scaled: true, Fill: Infinite, Why: "+Inf skips the step and halves the scale"},
			Case{N: 1, M: 7, C: 20, Attr: engine.GradientNormAttr{}, Scaled: true, Fill: NotANumber, Why: "so does NaN, without a limit"},
			Case{N: 1, M: 7, C: 20, Attr: clip, Scaled: true, Fill: Flagged, Why: "the flag is down after a finite norm"},
			Case{N: 1, M: 7, C: 20, Attr: clip, Scaled: true, Fill: Growing, Why: "enough good steps double the scale; the last row of the table is every later update's"},
			Case{N: 1, M: 7, C: 20, Attr: clip, Scaled: true, Fill: Largest, Why: "a scale that cannot double stays"},
			Case{N: 1, M: 7, C: 20, Attr: clip, Scaled: true, Fill: Smallest, Why: "a scale of 1 stays, and the overflow is counted"},
			Case{N: 1, M: 7, C: 20, Attr: clip, Scaled: true, Fill: Stuck, Why: "one overflow more at a scale of 1, and the training has diverged"},
			Case{N: 1, M: 7, C: 20, Attr: clip, Scaled: true, Fill: Recovered, Why: "a good step at a scale of 1 ends the count"},
		),
		each([]engine.Kind{engine.AdamW},
			Case{N: 1, M: 100, C: 512, Attr: counted, Why: "the bias corrections of the updates that the device has counted"},
			Case{N: 1, M: 1, C: 1, Attr: counted, Why: "the same, one parameter a segment"},
			Case{N: 1, M: 7, C: 20, Attr: counted, Fill: Flagged, Why: "the same, nothing changes in a step that is skipped"},
		),
	)
}
