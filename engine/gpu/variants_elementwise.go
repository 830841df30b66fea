package gpu

import (
	"math"
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
	silu = kernel{
		name: "silu", storage: []vk.Access{in, out},
		spec: []string{"C", "PLANE", "GX", "GY"}, push: []string{"count"},
	}.orAny("silu_any")
	siluBackward = kernel{
		name: "silu_backward", storage: []vk.Access{in, in, out},
		spec: []string{"C", "PLANE", "GD", "GX", "GY"}, push: []string{"count"},
	}.orAny("silu_backward_any")
	dropout2d = kernel{
		name: "dropout2d", storage: []vk.Access{in, in, out},
		spec: []string{"C", "PLANE", "GX", "GY"}, push: []string{"count"},
	}.orAny("dropout2d_any")
	dropout2dMask = kernel{
		name: "dropout2d_mask", storage: []vk.Access{out}, uniform: true,
		spec: []string{"C", "LAYER", "THRESHOLD", "SCALE"}, push: []string{"count"},
	}
	add = kernel{
		name: "add", storage: []vk.Access{in, in, out},
		spec: []string{"C", "PLANE", "GA", "GB", "GY"}, push: []string{"count"},
	}.orAny("add_any")
)

var elementwiseVariants = slices.Concat(
	byLanes(engine.ReLU, "relu", "relu_any", foldedRows, func(c *call, lanes int) {
		c.elementwise(relu, lanes, c.planes(c.in(0), c.out(0)), c.of(c.in(0)), c.of(c.out(0)))
	}),
	byLanes(engine.ReLUBackward, "relu_backward", "relu_backward_any", foldedRows, func(c *call, lanes int) {
		dy, y, dx := c.in(0), c.in(1), c.out(0)
		c.elementwise(reluBackward, lanes, c.planes(dy, y, dx), c.of(dy), c.of(y), c.of(dx))
	}),
	byLanes(engine.SiLU, "silu", "silu_any", foldedRows, func(c *call, lanes int) {
		c.elementwise(silu, lanes, c.planes(c.in(0), c.out(0)), c.of(c.in(0)), c.of(c.out(0)))
	}),
	byLanes(engine.SiLUBackward, "silu_backward", "silu_backward_any", foldedRows, func(c *call, lanes int) {
		dy, x, dx := c.in(0), c.in(1), c.out(0)
		c.elementwise(siluBackward, lanes, c.planes(dy, x, dx), c.of(dy), c.of(x), c.of(dx))
	}),
	byLanes(engine.Dropout2d, "dropout2d", "dropout2d_any", wholeRows, func(c *call, lanes int) {
		x, mask, y := c.in(0), c.in(1), c.out(0)
		c.elementwise(dropout2d, lanes, c.images(x, y), c.of(x), c.of(mask), c.of(y))
	}),
	[]variant{one(engine.Dropout2dMask, "dropout2d_mask", nil, dropoutMask)},
	byLanes(engine.Add, "add", "add_any", addRows, func(c *call, lanes int) {
		a, b, y := c.in(0), c.in(1), c.out(0)
		c.elementwise(add, lanes, c.addPlanes(), c.of(a), c.of(b), c.of(y))
	}),
)

// wholeRows says whether the images of the first input divide by 4.
func wholeRows(c *call) bool { return c.in(0).H()*c.in(0).W()%4 == 0 }

// elementwise runs a kernel of constants C, PLANE and the panels of its operands.
func (c *call) elementwise(f forms, lanes int, p planes, operands ...operand) {
	count := p.values() / lanes
	c.run(f.of(lanes), count, append(words(p.c, p.size/lanes), words(p.g...)...), words(count), operands...)
}

func dropoutMask(c *call) {
	mask, a := c.out(0), c.attr().(engine.DropoutAttr)
	constants := append(words(mask.C(), a.Layer, int(math.Floor(a.P*(1<<24)))), word(1/(1-a.P)))
	c.runUniform(dropout2dMask, mask.Shape.Elements(), constants, words(mask.Shape.Elements()), c.in(1), c.of(mask))
}

// addPlanes walks activations in their panels, and other tensors as one plane.
func (c *call) addPlanes() planes {
	a, b, y := c.in(0), c.in(1), c.out(0)
	if a.Batched {
		return c.planes(a, b, y)
	}
	return planes{n: 1, c: 1, size: a.Shape.Elements(), g: []int{1, 1, 1}}
}

func addRows(c *call) bool { return c.addPlanes().size%4 == 0 }
