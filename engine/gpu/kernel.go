package gpu

import (
	"math"

	"cnnvk/engine"
	"cnnvk/vk"
)

// kernel declares a compiled shader: what it binds and how it is specialised. Its name stands in profiles, in the head of its shader
// and, written out, once in this package. Tests hold the declaration against GLSL and SPIR-V.
type kernel struct {
	name     string      // of shaders/spirv/NAME.spv
	storage  []vk.Access // storage buffers, in order of binding
	uniform  bool        // a uniform buffer behind them: a step input that is a handful of scalars
	texel    int         // texel buffers behind those, read alone
	subgroup exchange    // if any, a workgroup is one subgroup
	lanes    int         // of that subgroup, once it is known
	spec     []string    // specialization constants from number 1 on; number 0 is the workgroup size
	push     []string    // push constants, 32 bit each
}

// exchange is how the lanes of a subgroup take values from one another.
type exchange uint8

const (
	noExchange exchange = iota
	shuffle
	broadcast
)

// as is the declaration of another kernel that binds the same and is specialised alike.
func (k kernel) as(name string) kernel {
	k.name = name
	return k
}

// by is as for one whose lanes take values from one another in that way.
func (k kernel) by(e exchange, name string) kernel {
	k.subgroup = e
	return k.as(name)
}

// on is the kernel in subgroups of so many lanes, if its lanes take values from one another.
func (k kernel) on(lanes int) kernel {
	if k.subgroup != noExchange {
		k.lanes = lanes
	}
	return k
}

// forms are the kernels that compute the same, of which a plan takes one by shape and device.
type forms struct {
	vec4  kernel // moves vec4s
	texel kernel // does that too, and reads activations from texel buffers; without a name there is none
	any   kernel // moves single floats, so it takes every shape; without a name there is none
}

// orTexel adds the form that reads the last n storage buffers from texel buffers instead.
func (k kernel) orTexel(name string, n int) forms {
	t := k.as(name)
	t.storage, t.texel = k.storage[:len(k.storage)-n], n
	return forms{vec4: k, texel: t}
}

// orAny adds the form that moves single floats.
func (k kernel) orAny(name string) forms { return forms{vec4: k}.orAny(name) }

func (f forms) orAny(name string) forms {
	f.any = f.vec4.as(name)
	return f
}

// of is the form that moves chunks of that size (shaders/chunk.glsl) from and to storage buffers.
func (f forms) of(chunk int) kernel {
	if chunk == 1 {
		return f.any
	}
	return f.vec4
}

const (
	in    = vk.Read
	out   = vk.Write
	inOut = vk.ReadWrite
)

// workgroup is the size of every workgroup that is not one subgroup: one or two subgroups on GPUs, eight vectors on lavapipe.
const workgroup = 64

// dispatch is one kernel launch of a plan.
type dispatch struct {
	kernel    kernel
	constants []uint32
	push      []uint32
	groups    [3]uint32
	storage   []operand
	uniform   *slab
	texel     []operand
	op        int // index of the op, or of the first of a fused run
	phase     int // of the schedule
}

// operand is a slab, or a part of one, bound to a kernel.
type operand struct {
	slab          *slab
	offset, bytes int64 // within the slab; bytes 0 is all of it
	used          int64 // of a window over more than is asked for: the bytes that are; else 0
}

func (o operand) size() int64 {
	if o.bytes == 0 {
		return o.slab.bytes
	}
	return o.bytes
}

// variant is one way to run an op, or a run of ops that it fuses.
type variant struct {
	name   string
	covers []engine.Kind
	fusion *fusion            // of a run of ops; nil for a single op
	tile   tile               // of variants that have one
	runs   func(c *call) bool // nil: always
	emit   func(c *call)      // adds the dispatches
}

// call is a variant at work on the ops that it covers.
type call struct {
	plan  *plan
	ops   []engine.Op
	at    int    // index of ops[0] in the program
	match *match // of a fused variant
	// affine are the operands of a convolution that something is folded into, nil for its own.
	affine *affine
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

// run adds a dispatch of count invocations in a line.
func (c *call) run(k kernel, count int, constants, push []uint32, operands ...operand) {
	c.runGroups(k, cover(count), constants, push, operands...)
}

// runGroups adds a dispatch of that many workgroups. The operands are the kernel's storage buffers, then its texel buffers.
func (c *call) runGroups(k kernel, groups [3]uint32, constants, push []uint32, operands ...operand) {
	buffers, size := min(len(k.storage), len(operands)), uint32(workgroup)
	if k.subgroup != noExchange {
		size = uint32(k.lanes)
	}
	c.plan.add(dispatch{
		kernel: k, push: push, groups: groups, storage: operands[:buffers], texel: operands[buffers:], op: c.at,
		constants: append([]uint32{size}, constants...),
	})
}

// subgroups reports whether the device's subgroups can hand values round in that way. On Adreno Turnip makes a loop of every shuffle, and
// spills whatever is held.
func (c *call) subgroups(by exchange) bool {
	t := c.plan.target
	return by == broadcast && t.features.SubgroupBroadcast || by == shuffle && t.features.SubgroupShuffle && t.hardware != qualcomm
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

// readingChunk is reading where vec4s are moved, else the form of single floats.
func (c *call) readingChunk(f forms, chunk int, elements ...int) kernel {
	if chunk == 4 {
		return c.reading(f, elements...)
	}
	return f.any
}

// binds reports whether the device binds as many storage buffers as the kernel has: all of them four.
func (c *call) binds(k kernel) bool {
	return len(k.storage) <= int(c.plan.target.limits.StorageBuffersPerStage)
}

// fitsTexels reports whether a tensor can be bound as a texel buffer of rgba32f.
func (c *call) fitsTexels(elements int) bool {
	return elements%4 == 0 && elements/4 <= int(c.plan.target.limits.TexelBufferElements)
}

// runUniform is run for a kernel that also reads a small step input.
func (c *call) runUniform(k kernel, count int, constants, push []uint32, uniform *engine.Tensor, operands ...operand) {
	c.run(k, count, constants, push, operands...)
	c.plan.dispatches[len(c.plan.dispatches)-1].uniform = c.plan.slabs[uniform]
}

// cover is the workgroups for count invocations in a line.
func cover(count int) [3]uint32 { return spread(ceilDiv(count, workgroup)) }

// spread is so many workgroups in a line, those past 65,535 over a second axis; the last row may reach past the end.
func spread(groups int) [3]uint32 {
	const most = 65535
	if groups <= most {
		return [3]uint32{uint32(groups), 1, 1}
	}
	rows := ceilDiv(groups, most)
	return [3]uint32{uint32(ceilDiv(groups, rows)), uint32(rows), 1}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// roundUp is the least multiple of to that is not below n.
func roundUp(n, to int) int { return ceilDiv(n, to) * to }

// words packs integers for constants and push constants.
func words(v ...int) []uint32 {
	out := make([]uint32, len(v))
	for i, x := range v {
		out[i] = uint32(x)
	}
	return out
}

// word is the bits of a float constant.
func word(f float64) uint32 { return math.Float32bits(float32(f)) }

func flag(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
