package gpu

import (
	"cnnvk/engine"
	"cnnvk/vk"
)

// kernel declares a compiled shader: what it binds and how it is specialised. Its name stands in profiles, in the head of its shader
// and, written out, once in this package. Tests hold the declaration against GLSL and SPIR-V.
type kernel struct {
	name     string       // of shaders/spirv/NAME.spv
	storage  []vk.Access  // storage buffers, in order of binding
	uniform  bool         // a uniform buffer behind them: a step input that is a handful of scalars
	texel    int          // texel buffers behind those, read alone
	subgroup exchange     // if any, a workgroup is one subgroup
	lanes    int          // of that subgroup, once it is known
	shared   bool         // a workgroup makes a tile in shared memory, and is of sharedWorkgroup invocations
	spec     []string     // specialization constants from number 1 on; number 0 is the workgroup size
	push     []string     // push constants, 32 bit each
	half     engine.DType // of its activations, if that has 16 bits: the form is named after it (code)
	matrix   matrices     // that it multiplies by, once they are known
	block    matrixBlock  // of a subgroup of such a one
}

// exchange is how the lanes of a subgroup take values from one another.
type exchange uint8

const (
	noExchange exchange = iota
	shuffle
	broadcast
	cooperative // they hold matrices together, several subgroups a workgroup
)

// by is as for one whose lanes take values from one another in that way.
func (k kernel) by(e exchange, name string) kernel {
	k.subgroup = e
	return k.as(name)
}

// inGroups is as for one whose workgroups make a tile in shared memory.
func (k kernel) inGroups(name string) kernel {
	k.shared = true
	return k.as(name)
}

// byMatrices is as for one whose subgroups multiply matrices, and whose workgroups make a tile in shared memory.
func (k kernel) byMatrices(name string) kernel {
	k.subgroup = cooperative
	return k.inGroups(name)
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

// as is the declaration of another kernel that binds the same and is specialised alike.
func (k kernel) as(name string) kernel {
	k.name = name
	return k
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

// workgroup is the size of every workgroup that is not one subgroup or one team: one or two subgroups on GPUs, eight vectors on lavapipe.
const workgroup = 64
