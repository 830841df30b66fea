package vk

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

func TestWorkgroupOfShader(t *testing.T) {
	double := testShader(t, "double") // its size is specialization constant 0
	for _, c := range []struct {
		constants []uint32
		want      uint32
	}{{nil, 1}, {[]uint32{1}, 1}, {[]uint32{128}, 128}, {[]uint32{500, 7}, 500}} {
		n, ok := readNeeds(double, c.constants)
		if !ok || n.workgroup != [3]uint32{c.want, 1, 1} {
			t.Errorf("with constants %v: %v, %t", c.constants, n.workgroup, ok)
		}
	}
}

// spirv is a module of these instructions.
func spirv(instructions ...[]uint32) []byte {
	words := []uint32{spirvMagic, 0x10300, 0, 100, 0}
	for _, i := range instructions {
		words = append(words, uint32(len(i))<<16|i[0])
		words = append(words, i[1:]...)
	}
	var code []byte
	for _, w := range words {
		code = binary.LittleEndian.AppendUint32(code, w)
	}
	return code
}

func TestCheckShader(t *testing.T) {
	limits := Limits{WorkgroupInvocations: 128, WorkgroupSize: [3]uint32{128, 128, 64}}
	local := func(x, y, z uint32) []uint32 { return []uint32{opExecutionMode, 1, modeLocalSize, x, y, z} }
	all := Features{true, true, true, true, true, true, true, true, true, true, true, true}
	for _, c := range []struct {
		why  string
		code []byte
		f    Features
		is   error
		says string
	}{
		{"plain", spirv([]uint32{opCapability, 1}, local(64, 2, 1)), Features{}, nil, ""},
		{"no size given", spirv(), Features{}, nil, ""},
		{"too many invocations", spirv(local(64, 2, 2)), all, ErrUnsupported, "64 x 2 x 2, the device allows 128 invocations"},
		{"too wide", spirv(local(1<<31, 1<<31, 4)), all, ErrUnsupported, "the device allows 128 on axis 0"},
		{"too deep", spirv(local(1, 1, 65)), all, ErrUnsupported, "the device allows 64 on axis 2"},
		{"none", spirv(local(0, 1, 1)), all, ErrUsage, "0 x 1 x 1"},
		{"float16", spirv([]uint32{opCapability, 9}), Features{}, ErrUnsupported, "needs float16 arithmetic"},
		{"float16 there", spirv([]uint32{opCapability, 9}), Features{ShaderFloat16: true}, nil, ""},
		{"cooperative matrices", spirv([]uint32{opCapability, 6022}), Features{ShaderFloat16: true}, ErrUnsupported, "needs cooperative matrices"},
		{"the memory model", spirv([]uint32{opCapability, 5345}), Features{}, ErrUnsupported, "needs Vulkan's memory model"},
		{"cooperative matrices there", spirv([]uint32{opCapability, 5345}, []uint32{opCapability, 6022}), Features{CooperativeMatrix: true}, nil, ""},
		{"16-bit storage", spirv([]uint32{opCapability, 4433}), Features{ShaderFloat16: true}, ErrUnsupported, "needs 16-bit storage"},
		{"shuffle", spirv([]uint32{opCapability, 65}), Features{}, ErrUnsupported, "needs subgroup shuffle"},
		{"everything", spirv([]uint32{opCapability, 63}, []uint32{opCapability, 64}, []uint32{opCapability, 65}), all, nil, ""},
		{"an instruction of no words", append(spirv(), 0, 0, 0, 0), all, ErrUsage, "no SPIR-V"},
		{"cut off", spirv(local(1, 1, 1))[:spirvHeaderWords*4+8], all, ErrUsage, "no SPIR-V"},
		{"too short", spirv()[:16], all, ErrUsage, "no SPIR-V"},
		{"text", []byte("#version 450 is not SPIR-V at all"), all, ErrUsage, "no SPIR-V"},
	} {
		err := (&PipelineSpec{Name: "p", Code: c.code}).checkShader(limits, c.f)
		if !errors.Is(err, c.is) || err != nil && (c.is == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, expected %v with %q", c.why, err, c.is, c.says)
		}
	}
}
