package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// BatchNorm2d and another activation than ReLU, or none. The kernels are those of BatchNorm2d, ReLU and Dropout2d, compiled for a function that is a
// constant. The gradient of such an activation needs the normalised tensor, which is computed anew.

var (
	normActivation = kernel{
		name: "norm_activation", storage: []vk.Access{in, in, out, in},
		spec: []string{"C", "PLANE", "GX", "GY", "RUN", "DROPOUT", "FUNCTION"}, push: []string{"count"},
	}.orTexel("norm_activation_texel", 1).orAny("norm_activation_any")
	normActivationBackwardReduce = kernel{
		name: "norm_activation_backward_reduce", storage: []vk.Access{in, out, in, in},
		spec: []string{"C", "PLANE", "GD", "GX", "RUN", "DROPOUT", "FUNCTION", "TEAM", "ACROSS"}, push: []string{"N", "per", "S", "mask"},
	}.orTexel("norm_activation_backward_reduce_texel", 2).orAny("norm_activation_backward_reduce_any")
	normActivationBackward = kernel{
		name: "norm_activation_backward", storage: []vk.Access{in, out, in, in},
		spec: []string{"C", "PLANE", "GD", "GX", "GY", "RUN", "DROPOUT", "FUNCTION"}, push: []string{"count", "mask"},
	}.orTexel("norm_activation_backward_texel", 2).orAny("norm_activation_backward_any")
)

// unmasked is the constant DROPOUT of a kernel without dropout.
const unmasked = 0

var fusedActivationVariants = slices.Concat(
	normActivated("norm_silu", "norm_silu_backward", "norm_silu_eval", engine.SiLU, engine.SiLUBackward),
	normActivated("norm_relu6", "norm_relu6_backward", "norm_relu6_eval", engine.ReLU6, engine.ReLU6Backward),
	normActivated("norm_gelu", "norm_gelu_backward", "norm_gelu_eval", engine.GELU, engine.GELUBackward),
	normActivated("norm_hardswish", "norm_hardswish_backward", "norm_hardswish_eval", engine.Hardswish, engine.HardswishBackward),
)

// normActivated are the fusions of an activation with the BatchNorm2d before it: in training, backward, and in an evaluation.
func normActivated(train, back, eval string, forward, backward engine.Kind) []variant {
	activation := line{forward, "n", "r"}
	return []variant{
		fused(train, fusion{covers: []line{lineNorm, activation}}, fusedRows, activateBatch),
		fused(back, fusion{covers: []line{{backward, "dr n", "dn"}, lineNormBackward}, again: []line{lineNorm}}, fusedRows, activateBackward),
		fused(eval, fusion{covers: []line{lineNormEval, activation}}, fusedRows, activateEval),
	}
}
