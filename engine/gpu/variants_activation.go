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

// functions are the numbers that activation.glsl has for activations and their gradients, but for ReLU, which by itself has kernels of its
// own.
var functions = map[engine.Kind]int{
	engine.SiLU: 1, engine.SiLUBackward: 1,
	engine.ReLU6: 2, engine.ReLU6Backward: 2,
	engine.GELU: 3, engine.GELUBackward: 3,
	engine.Hardswish: 4, engine.HardswishBackward: 4,
	engine.Sigmoid: 5, engine.SigmoidBackward: 5,
}

// Numbers of activation.glsl beside those.
const (
	noFunction   = 0
	reluFunction = 6
)

// functionOf is the number of an activation or its gradient, ReLU among them; of any other op that of none.
func functionOf(k engine.Kind) int {
	if k == engine.ReLU || k == engine.ReLUBackward {
		return reluFunction
	}
	return functions[k]
}

var activationVariants = slices.Concat(
	activated(engine.ReLU, relu, "relu", "relu_any"), activated(engine.ReLUBackward, reluBackward, "relu_backward", "relu_backward_any"),
	activated(engine.SiLU, activation, "silu", "silu_any"), activated(engine.SiLUBackward, activationBackward, "silu_backward", "silu_backward_any"),
	activated(engine.ReLU6, activation, "relu6", "relu6_any"), activated(engine.ReLU6Backward, activationBackward, "relu6_backward", "relu6_backward_any"),
	activated(engine.GELU, activation, "gelu", "gelu_any"), activated(engine.GELUBackward, activationBackward, "gelu_backward", "gelu_backward_any"),
	activated(engine.Hardswish, activation, "hardswish", "hardswish_any"),
	activated(engine.HardswishBackward, activationBackward, "hardswish_backward", "hardswish_backward_any"),
	activated(engine.Sigmoid, activation, "sigmoid", "sigmoid_any"), activated(engine.SigmoidBackward, activationBackward, "sigmoid_backward", "sigmoid_backward_any"),
)

// activated are the variants of an activation or its gradient, whose inputs and output have one shape.
func activated(k engine.Kind, f forms, vec4, any string) []variant {
	return byChunk(k, vec4, any, foldedRows, func(c *call, chunk int) {
		ts := append(slices.Clone(c.ops[0].Inputs), c.out(0))
		var operands []operand
		for _, t := range ts {
			operands = append(operands, c.of(t))
		}
		c.elementwise(f, chunk, c.planes(ts...), operands, c.function()...)
	})
}

// function is the constant of a kernel for any activation: the number of the first of the ops that has one, and nothing where none has.
func (c *call) function() []uint32 {
	for _, op := range c.ops {
		if n, ok := functions[op.Kind]; ok {
			return words(n)
		}
	}
	return nil
}
