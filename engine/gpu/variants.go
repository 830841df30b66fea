package gpu

import (
	"runtime"
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// variants lists every way to run an op, the preferred one first. The last one for an op takes any shape on any device.
var variants = slices.Concat(foldedVariants, fusedVariants, fusedActivationVariants, fusedAddVariants, gatherVariants, augmentVariants, mixVariants, resizeVariants, conv2dVariants, depthwiseVariants, productVariants, weightVariants,
	batchNormVariants, activationVariants, elementwiseVariants, poolVariants, lossVariants, updateVariants, muonVariants)

// variant is one way to run an op, or a run of ops that it fuses.
type variant struct {
	name   string
	covers []engine.Kind
	fusion *fusion            // of a run of ops; nil for a single op
	tile   tile               // of variants that have one
	runs   func(c *call) bool // nil: always
	suits  func(c *call) bool // nil: never; whether it is rather the built-in choice than those before it
	emit   func(c *call)      // adds the dispatches
	adds   bool               // to a convolution's sums what the call says (call.skip)
}

// adding are variants that can add to their sums.
func adding(list []variant) []variant {
	for i := range list {
		list[i].adds = true
	}
	return list
}

// fused is a variant that runs several ops at once.
func fused(name string, f fusion, runs func(c *call) bool, emit func(c *call)) variant {
	v := variant{name: name, fusion: &f, runs: runs, emit: emit}
	for _, l := range f.covers {
		v.covers = append(v.covers, l.kind)
	}
	return v
}

// byChunk is two variants of an op: one that moves vec4s, where fits says that a row's length divides by 4, and one that moves
// single floats.
func byChunk(k engine.Kind, vec4, any string, fits func(c *call) bool, emit func(c *call, chunk int)) []variant {
	return []variant{
		one(k, vec4, func(c *call) bool { return fits(c) && !c.fewVec4s() }, func(c *call) { emit(c, 4) }),
		one(k, any, nil, func(c *call) { emit(c, 1) }),
	}
}

// fewVec4s reports whether moving vec4s would leave a GPU idle.
func (c *call) fewVec4s() bool {
	values, bytes := c.out(0).Shape.Elements(), 0
	for _, t := range c.ops[0].Inputs {
		if t.Batched {
			values = max(values, t.Shape.Elements())
			bytes += t.Shape.Elements() * 4
		}
	}
	return c.tooFew(values/4, bytes)
}

// one is a variant that runs a single op.
func one(k engine.Kind, name string, runs func(c *call) bool, emit func(c *call)) variant {
	return variant{name: name, covers: []engine.Kind{k}, runs: runs, emit: emit}
}

// pieces cuts n things into as many pieces as it takes to keep the device busy, if each piece is the work of so many invocations. It returns
// how many things are in a piece, and how many pieces there are.
func (c *call) pieces(n, each int) (per, count int) {
	count = min(max(c.plan.target.invocations()/each, 1), n)
	per = ceilDiv(n, count)
	return per, ceilDiv(n, per)
}

// invocationsWanted is how much parallel work a reduction is cut into: enough for a GPU of some thousand lanes. A CPU
// has fewer, and every piece costs it memory traffic.
const (
	invocationsWanted  = 4096
	invocationsOfACore = 512
)

func (t target) invocations() int {
	if t.kind == vk.CPU {
		return min(max(invocationsOfACore*runtime.NumCPU(), 1024), invocationsWanted)
	}
	return invocationsWanted
}

// chunkOf is the size of the chunks in which so many neighbouring values are moved (shaders/chunk.glsl): 4 where that divides them, else 1.
func chunkOf(n int) int {
	if n%4 == 0 {
		return 4
	}
	return 1
}

// runOf is how many of so many neighbours, vec4s or rows, one invocation or one piece of unrolled code takes.
func runOf(n int) int {
	for _, run := range []int{4, 2} {
		if n%run == 0 {
			return run
		}
	}
	return 1
}
