package gpu

import "cnnvk/engine"

// call is a variant at work on the ops that it covers.
type call struct {
	plan  *plan
	ops   []engine.Op
	at    int    // index of ops[0] in the program
	match *match // of a fused variant
	// affine are the operands of a convolution that something is folded into, nil for its own.
	affine *affine
	skip   *engine.Tensor // what is added to a convolution's sums, if anything
}

func (c *call) in(i int) *engine.Tensor  { return c.ops[0].Inputs[i] }
func (c *call) out(i int) *engine.Tensor { return c.ops[0].Outputs[i] }
func (c *call) attr() engine.Attr        { return c.ops[0].Attr }

// named is what a fused variant's fusion calls by that name.
func (c *call) named(name string) *engine.Tensor { return c.match.named[name] }

// of is the whole of a tensor as an operand.
func (c *call) of(t *engine.Tensor) operand { return c.plan.of(t) }

// scratch is memory that lives for this call alone.
func (c *call) scratch(name string, elements int) operand {
	s := &slab{name: name, bytes: int64(elements) * 4, home: workspace, first: -1}
	c.plan.scratch = append(c.plan.scratch, s)
	return operand{slab: s}
}

// subgroups reports whether the device's subgroups can hand values round in that way. On Adreno Turnip makes a loop of every shuffle, and
// spills whatever is held; lavapipe makes such loops with vectors of some widths.
func (c *call) subgroups(by exchange) bool {
	t := c.plan.target
	switch by {
	case broadcast:
		return t.features.SubgroupBroadcast
	case shuffle:
		return t.features.SubgroupShuffle && t.hardware != qualcomm && t.hardware != loopingLavapipe
	}
	return by == cooperative
}

// binds reports whether the device binds as many storage buffers as the kernel has: all of them four.
func (c *call) binds(k kernel) bool {
	return len(k.storage) <= int(c.plan.target.limits.StorageBuffersPerStage)
}

// runUniform is run for a kernel that also reads a small step input.
func (c *call) runUniform(k kernel, count int, constants, push []uint32, uniform *engine.Tensor, operands ...operand) {
	c.run(k, count, constants, push, operands...)
	c.plan.dispatches[len(c.plan.dispatches)-1].uniform = c.plan.slabs[uniform]
}

// run adds a dispatch of count invocations in a line.
func (c *call) run(k kernel, count int, constants, push []uint32, operands ...operand) {
	c.runGroups(k, cover(count), constants, push, operands...)
}

// runGroups adds a dispatch of that many workgroups. The operands are the kernel's storage buffers, then its texel buffers.
func (c *call) runGroups(k kernel, groups [3]uint32, constants, push []uint32, operands ...operand) {
	size := workgroup
	switch {
	case k.shared:
		size = sharedWorkgroup
	case k.subgroup != noExchange:
		size = k.lanes
	}
	c.runSized(k, size, groups, constants, push, operands...)
}

// runSized is runGroups with workgroups of that size.
func (c *call) runSized(k kernel, size int, groups [3]uint32, constants, push []uint32, operands ...operand) {
	buffers := min(len(k.storage), len(operands))
	c.plan.add(dispatch{
		kernel: k, push: push, groups: groups, storage: operands[:buffers], texel: operands[buffers:], op: c.at,
		constants: append(words(size), constants...),
	})
}

// readingChunk is reading where vec4s are moved, else the form of single floats.
func (c *call) readingChunk(f forms, chunk int, elements ...int) kernel {
	if chunk == 4 {
		return c.reading(f, elements...)
	}
	return f.any
}

// reading is the form that reads activations of so many values from texel buffers, where they fit.
func (c *call) reading(f forms, elements ...int) kernel {
	if c.plan.opt.NoTexels || c.plan.opt.without(f.texel.name) {
		return f.vec4
	}
	for _, n := range elements {
		if !c.fitsTexels(n) {
			return f.vec4
		}
	}
	return f.texel
}

// fitsTexels reports whether a tensor can be bound as a texel buffer of rgba32f.
func (c *call) fitsTexels(elements int) bool {
	return elements%4 == 0 && elements/4 <= int(c.plan.target.limits.TexelBufferElements)
}
