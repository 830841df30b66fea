package gpu

import (
	"math"
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

var elementwiseVariants = slices.Concat(
	byLanes(engine.ReLU, foldedRows, func(c *call, suffix string, lanes int) {
		k := kernel{shader: "relu" + suffix, storage: []vk.Access{in, out}, constants: 4, push: 1}
		c.elementwise(k, lanes, c.planes(c.in(0), c.out(0)), c.of(c.in(0)), c.of(c.out(0)))
	}),
	byLanes(engine.ReLUBackward, foldedRows, func(c *call, suffix string, lanes int) {
		k := kernel{shader: "relu_backward" + suffix, storage: []vk.Access{in, in, out}, constants: 5, push: 1}
		dy, y, dx := c.in(0), c.in(1), c.out(0)
		c.elementwise(k, lanes, c.planes(dy, y, dx), c.of(dy), c.of(y), c.of(dx))
	}),
	byLanes(engine.SiLU, foldedRows, func(c *call, suffix string, lanes int) {
		k := kernel{shader: "silu" + suffix, storage: []vk.Access{in, out}, constants: 4, push: 1}
		c.elementwise(k, lanes, c.planes(c.in(0), c.out(0)), c.of(c.in(0)), c.of(c.out(0)))
	}),
	byLanes(engine.SiLUBackward, foldedRows, func(c *call, suffix string, lanes int) {
		k := kernel{shader: "silu_backward" + suffix, storage: []vk.Access{in, in, out}, constants: 5, push: 1}
		dy, x, dx := c.in(0), c.in(1), c.out(0)
		c.elementwise(k, lanes, c.planes(dy, x, dx), c.of(dy), c.of(x), c.of(dx))
	}),
	byLanes(engine.Dropout2d, wholeRows, func(c *call, suffix string, lanes int) {
		k := kernel{shader: "dropout2d" + suffix, storage: []vk.Access{in, in, out}, constants: 4, push: 1}
		x, mask, y := c.in(0), c.in(1), c.out(0)
		c.elementwise(k, lanes, c.images(x, y), c.of(x), c.of(mask), c.of(y))
	}),
	[]variant{one(engine.Dropout2dMask, "dropout2d_mask", nil, dropoutMask)},
	byLanes(engine.Add, addRows, func(c *call, suffix string, lanes int) {
		k := kernel{shader: "add" + suffix, storage: []vk.Access{in, in, out}, constants: 5, push: 1}
		a, b, y := c.in(0), c.in(1), c.out(0)
		c.elementwise(k, lanes, c.addPlanes(), c.of(a), c.of(b), c.of(y))
	}),
)

// wholeRows says whether the images of the first input divide by 4.
func wholeRows(c *call) bool { return c.in(0).H()*c.in(0).W()%4 == 0 }

// elementwise runs a kernel of constants C, PLANE and the panels of its operands.
func (c *call) elementwise(k kernel, lanes int, p planes, operands ...operand) {
	count := p.values() / lanes
	c.run(k, count, append(words(p.c, p.size/lanes), words(p.g...)...), words(count), operands...)
}

func dropoutMask(c *call) {
	k := kernel{shader: "dropout2d_mask", storage: []vk.Access{out}, uniform: true, constants: 4, push: 1}
	mask, a := c.out(0), c.attr().(engine.DropoutAttr)
	constants := append(words(mask.C(), a.Layer, int(math.Floor(a.P*(1<<24)))), word(1/(1-a.P)))
	c.runUniform(k, mask.Shape.Elements(), constants, words(mask.Shape.Elements()), c.in(1), c.of(mask))
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
