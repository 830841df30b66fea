package vk

import (
	"encoding/binary"
	"fmt"
)

// What a shader needs of a device is read from its SPIR-V before the driver sees it. A driver takes what its hardware can do; so
// only a check here holds a shader to the limits and features that were promised, the floor profile's above all.

// The numbers of the SPIR-V specification.
const (
	spirvMagic       = 0x07230203
	spirvHeaderWords = 5

	opExecutionMode         = 16
	opCapability            = 17
	opConstant              = 43
	opConstantComposite     = 44
	opSpecConstant          = 50
	opSpecConstantComposite = 51
	opDecorate              = 71

	modeLocalSize        = 17
	decorationSpecID     = 1
	decorationBuiltIn    = 11
	builtInWorkgroupSize = 25
)

// capabilities are those that need a feature, with the feature's name. The others every device has, or the driver refuses the shader.
var capabilities = map[uint32]struct {
	name string
	has  func(Features) bool
}{
	9:    {"float16 arithmetic", func(f Features) bool { return f.ShaderFloat16 }},
	4433: {"16-bit storage", func(f Features) bool { return f.Storage16Bit }},
	63:   {"subgroup arithmetic", func(f Features) bool { return f.SubgroupArithmetic }},
	64:   {"subgroup broadcast", func(f Features) bool { return f.SubgroupBroadcast }},
	65:   {"subgroup shuffle", func(f Features) bool { return f.SubgroupShuffle }},
	5345: {"Vulkan's memory model", func(f Features) bool { return f.CooperativeMatrix }},
	6022: {"cooperative matrices", func(f Features) bool { return f.CooperativeMatrix }},
}

// needs is what a shader asks of a device.
type needs struct {
	capabilities []uint32
	workgroup    [3]uint32
}

// checkShader is the error of a shader that a device with these limits and features cannot be relied on to run.
func (s *PipelineSpec) checkShader(l Limits, f Features) error {
	n, ok := readNeeds(s.Code, s.Constants)
	if !ok {
		return usage("pipeline %q: its code is no SPIR-V", s.Name)
	}
	for _, c := range n.capabilities {
		if need, known := capabilities[c]; known && !need.has(f) {
			return unsupported("pipeline %q needs %s", s.Name, need.name)
		}
	}
	size := n.workgroup
	text := fmt.Sprintf("%d x %d x %d", size[0], size[1], size[2])
	if min(size[0], size[1], size[2]) == 0 {
		return usage("pipeline %q has workgroups of %s", s.Name, text)
	}
	for axis, most := range l.WorkgroupSize {
		if size[axis] > most {
			return unsupported("pipeline %q has workgroups of %s, the device allows %d on axis %d", s.Name, text, most, axis)
		}
	}
	if invocations := uint64(size[0]) * uint64(size[1]) * uint64(size[2]); invocations > uint64(l.WorkgroupInvocations) {
		return unsupported("pipeline %q has workgroups of %s, the device allows %d invocations", s.Name, text, l.WorkgroupInvocations)
	}
	return s.checkSubgroup(size[0], l, f)
}

// readNeeds goes through the instructions. The size of a workgroup is that of the execution mode, unless a constant is
// decorated as it, whose parts may be specialised. ok is false for what is no SPIR-V.
func readNeeds(code []byte, specialized []uint32) (n needs, ok bool) {
	words := make([]uint32, len(code)/4)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(code[4*i:])
	}
	if len(code)%4 != 0 || len(words) < spirvHeaderWords || words[0] != spirvMagic {
		return needs{}, false
	}
	specID, value, parts := map[uint32]uint32{}, map[uint32]uint32{}, map[uint32][]uint32{}
	var workgroupID uint32
	n.workgroup = [3]uint32{1, 1, 1}
	for at := spirvHeaderWords; at < len(words); {
		length := int(words[at] >> 16)
		if length == 0 || length > len(words)-at {
			return needs{}, false
		}
		w := words[at : at+length]
		at += length
		switch op := w[0] & 0xffff; {
		case op == opCapability && length == 2:
			n.capabilities = append(n.capabilities, w[1])
		case op == opExecutionMode && length == 6 && w[2] == modeLocalSize:
			n.workgroup = [3]uint32(w[3:6])
		case op == opDecorate && length == 4 && w[2] == decorationSpecID:
			specID[w[1]] = w[3]
		case op == opDecorate && length == 4 && w[2] == decorationBuiltIn && w[3] == builtInWorkgroupSize:
			workgroupID = w[1]
		case op == opConstant && length == 4:
			value[w[2]] = w[3]
		case op == opSpecConstant && length == 4:
			value[w[2]] = w[3]
			if id, given := specID[w[2]]; given && int(id) < len(specialized) {
				value[w[2]] = specialized[id]
			}
		case (op == opConstantComposite || op == opSpecConstantComposite) && length == 6:
			parts[w[2]] = w[3:6]
		}
	}
	for axis, id := range parts[workgroupID] {
		n.workgroup[axis] = value[id]
	}
	return n, true
}
