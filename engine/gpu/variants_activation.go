package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

var (
	relu = kernel{
		name: "relu", storage: []vk.Access{in, out},
		spec: []string{"C", "PLANE", "GX", "GY"}, push: []string{"count"},
	}.orAny("relu_any")
	reluBackward = kernel{
		name: "relu_backward", storage: []vk.Access{in, in, out},
		spec: []string{"C", "PLANE", "GD", "GV", "GY"}, push: []string{"count"},
	}.orAny("relu_backward_any")
	activation = kernel{
		name: "activation", storage: []vk.Access{in, out},
		spec: []string{"C", "PLANE", "GX", "GY", "FUNCTION"}, push: []string{"count"},
	}.orAny("activation_any")
	activationBackward = kernel{
		name: "activation_backward", storage: []vk.Access{in, in, out},
		spec: []string{"C", "PLANE", "GD", "GV", "GY", "FUNCTION"}, push: []string{"count"},
	}.orAny("activation_backward_any")
)

// The functions of activation.glsl.
const (
	functionSiLU = iota + 1
	functionReLU6
	functionGELU
	functionHardswish
	functionSigmoid
)

var activationVariants = slices.Concat(
	byLanes(engine.ReLU, "relu", "relu_any", foldedRows, func(c *call, lanes int) { c.activateWhole(relu, lanes) }),
	byLanes(engine.ReLUBackward, "relu_backward", "relu_backward_any", foldedRows, func(c *call, lanes int) { c.activateWhole(reluBackward, lanes) }),
	ofFunction(functionSiLU, engine.SiLU, "silu", "silu_any", engine.SiLUBackward, "silu_backward", "silu_backward_any"),
	ofFunction(functionReLU6, engine.ReLU6, "relu6", "relu6_any", engine.ReLU6Backward, "relu6_backward", "relu6_backward_any"),
	ofFunction(functionGELU, engine.GELU, "gelu", "gelu_any", engine.GELUBackward, "gelu_backward", "gelu_backward_any"),
	ofFunction(functionHardswish, engine.Hardswish, "hardswish", "hardswish_any", engine.HardswishBackward, "hardswish_backward", "hardswish_backward_any"),
	ofFunction(functionSigmoid, engine.Sigmoid, "sigmoid", "sigmoid_any", engine.SigmoidBackward, "sigmoid_backward", "sigmoid_backward_any"),
)

// ofFunction are the variants of an activation and of its gradient.
func ofFunction(function int, forward engine.Kind, vec4, any string, backward engine.Kind, vec4Backward, anyBackward string) []variant {
	return slices.Concat(
		byLanes(forward, vec4, any, foldedRows, func(c *call, lanes int) { c.activateWhole(activation, lanes, function) }),
		byLanes(backward, vec4Backward, anyBackward, foldedRows, func(c *call, lanes int) { c.activateWhole(activationBackward, lanes, function) }),
	)
}

// activateWhole runs a kernel over the inputs and the output, which have one shape.
func (c *call) activateWhole(f forms, lanes int, function ...int) {
	ts := append(slices.Clone(c.ops[0].Inputs), c.out(0))
	var operands []operand
	for _, t := range ts {
		operands = append(operands, c.of(t))
	}
	c.elementwise(f, lanes, c.planes(ts...), operands, function...)
}
