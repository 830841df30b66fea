package gpu

import (
	"encoding/binary"
	"slices"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/optest"
	"cnnvk/net"
	"cnnvk/shaders"
	"cnnvk/vk"
)

// module is what a kernel's declaration says, read from SPIR-V.
type module struct {
	storage   map[uint32]vk.Access // by binding
	uniform   map[uint32]bool
	texel     map[uint32]bool
	constants uint32 // largest SpecId
	push      uint32 // bytes
}

// The numbers of the SPIR-V specification that the test needs.
const (
	opDecorate, opMemberDecorate, opVariable, opTypePointer, opTypeStruct            = 71, 72, 59, 32, 30
	specID, binding, offsetOf, nonWritable, nonReadable                              = 1, 33, 35, 24, 25
	classUniformConstant, classUniform, classPushConstant, classStorageBuffer uint32 = 0, 2, 9, 12
)

func reflect(t *testing.T, name string) module {
	t.Helper()
	code, err := shaders.Code(name)
	must(t, err)
	words := make([]uint32, len(code)/4)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(code[4*i:])
	}
	m := module{storage: map[uint32]vk.Access{}, uniform: map[uint32]bool{}, texel: map[uint32]bool{}}
	bindings, pointee, class := map[uint32]uint32{}, map[uint32]uint32{}, map[uint32]uint32{}
	access, size := map[uint32]vk.Access{}, map[uint32]uint32{}
	for at := 5; at < len(words); at += int(words[at] >> 16) {
		w := words[at : at+int(words[at]>>16)]
		switch w[0] & 0xffff {
		case opDecorate:
			switch w[2] {
			case specID:
				m.constants = max(m.constants, w[3])
			case binding:
				bindings[w[1]] = w[3]
			}
		case opMemberDecorate:
			switch w[3] {
			case nonWritable:
				access[w[1]] |= vk.Read
			case nonReadable:
				access[w[1]] |= vk.Write
			case offsetOf:
				size[w[1]] = max(size[w[1]], w[4]+4)
			}
		case opTypePointer:
			class[w[1]], pointee[w[1]] = w[2], w[3]
		case opVariable:
			pointer, id := w[1], w[2]
			switch class[pointer] {
			case classStorageBuffer:
				m.storage[bindings[id]] = access[pointee[pointer]]
			case classUniform:
				// glslang of SPIR-V 1.3 puts only uniform blocks here
				m.uniform[bindings[id]] = true
			case classUniformConstant:
				m.texel[bindings[id]] = true
			case classPushConstant:
				m.push = size[pointee[pointer]]
			}
		}
	}
	return m
}

// plannedKernels plans all op cases and whole steps, and returns every kernel that comes up, by its name.
func plannedKernels(t *testing.T) map[string]kernel {
	t.Helper()
	kernels := map[string]kernel{}
	on := anyDevice()
	collect := func(p *engine.Program, opt Options) {
		pl, err := newPlan(p, planOptions{Options: opt}, on)
		if err != nil {
			return // all variants of the op are forbidden
		}
		for _, d := range pl.dispatches {
			kernels[d.kernel.code()] = d.kernel
		}
	}
	for _, c := range slices.Concat(optest.Cases(), halfCases(engine.BFloat16), productsOfNetworks()) {
		p, err := c.Program()
		must(t, err)
		var without []string
		for _, v := range variants {
			if !slices.Equal(v.covers, []engine.Kind{c.Kind}) || v.tile.lanes > 0 {
				continue // of another op, or of the same kernels at another size
			}
			collect(p, Options{Without: without})
			collect(p, Options{Without: without, NoTexels: true})
			without = append(without, v.name)
		}
	}
	for _, b := range slices.Concat(fusedBlocks(), halfBlocks(engine.BFloat16)) {
		p, err := b.program()
		must(t, err)
		collect(p, Options{})
		collect(p, Options{NoTexels: true})
	}
	collect(oddSum(t, engine.BFloat16), Options{})
	for _, f := range flows {
		p, err := f.storing(engine.BFloat16)
		must(t, err)
		collect(p, Options{})
		collect(p, Options{NoTexels: true})
	}
	for _, n := range slices.Concat(normedCases(), halfNormed(engine.BFloat16)) {
		p, err := n.program()
		must(t, err)
		collect(p, Options{})
		collect(p, Options{NoTexels: true})
	}
	for _, f := range flows {
		p, err := f.program()
		must(t, err)
		collect(p, Options{})
		collect(p, Options{NoTexels: true})
	}
	collect(updateProgram(t, 0, false), Options{})
	collect(updateProgram(t, 0, true), Options{})
	on = nvidia
	collect(network(t, net.SmallCIFARNetName, 128)[0], Options{})
	for _, k := range probes {
		kernels[k.name] = k
	}
	return kernels
}

// TestKernelsMatchSPIRV holds every kernel against its shader. It also finds compiled ones that no variant uses.
func TestKernelsMatchSPIRV(t *testing.T) {
	kernels := plannedKernels(t)
	for name, k := range kernels {
		t.Run(name, func(t *testing.T) { k.check(t, reflect(t, name)) })
	}
	names, err := shaders.Names()
	must(t, err)
	for _, name := range names {
		if _, used := kernels[name]; !used {
			t.Errorf("no variant uses the kernel %s", name)
		}
	}
}

func (k kernel) check(t *testing.T, m module) {
	for i, want := range k.storage {
		got, bound := m.storage[uint32(i)]
		if got == 0 {
			got = vk.ReadWrite // neither readonly nor writeonly
		}
		if k.half.Half() && want == vk.Write && got == vk.ReadWrite { // results of 16 bits; see access
			continue
		}
		if !bound || got != want {
			t.Errorf("storage buffer %d: declared with access %v, in the shader %v (bound: %t)", i, want, got, bound)
		}
	}
	next := uint32(len(k.storage))
	if k.uniform != m.uniform[next] {
		t.Errorf("uniform buffer at binding %d: declared %t, in the shader %t", next, k.uniform, m.uniform[next])
	}
	if k.uniform {
		next++
	}
	for i := range uint32(k.texel) {
		if !m.texel[next+i] {
			t.Errorf("no texel buffer at binding %d", next+i)
		}
	}
	if len(m.storage) != len(k.storage) || len(m.texel) != k.texel {
		t.Errorf("declared %d storage and %d texel buffers, the shader has %v and %v", len(k.storage), k.texel, m.storage, m.texel)
	}
	byNumber := k.half.Half() && m.constants == typeConstant || k.subgroup == cooperative && m.constants >= firstMatrixConstant
	if m.constants > uint32(len(k.spec)) && !byNumber {
		t.Errorf("declared the specialization constants %v, the shader has number %d", k.spec, m.constants)
	}
	if m.push != uint32(4*len(k.push)) {
		t.Errorf("declared the push constants %v, the shader has %d bytes", k.push, m.push)
	}
}
