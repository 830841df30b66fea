package gpu

import (
	"encoding/binary"

	"cnnvk/engine"
	"cnnvk/vk"
)

// With mixed precision a program stores its activations in 16 bits. A kernel that is handed such a one runs in another form: compiled from the
// same shader with HALF, bound alike, and told the type by one more constant (shaders/fetch.glsl and half.glsl).

// typeConstant is the number of the specialization constant TYPE.
const typeConstant = 31

// code is the name of what a kernel was compiled to: shaders/spirv/NAME.spv.
func (k kernel) code() string {
	if k.half.Half() {
		return k.name + "_half"
	}
	return k.name
}

// rounding is the form of a kernel that writes no activation but rounds weights for them.
func (k kernel) rounding(d engine.DType) kernel {
	if d.Half() {
		k.half = d
	}
	return k
}

// specialized are the values of all specialization constants. Those between the kernel's and those of matrices, or TYPE, are of no shader.
func (d *dispatch) specialized() []uint32 {
	if !d.kernel.half.Half() {
		return d.constants
	}
	all := make([]uint32, typeConstant+1)
	copy(all, d.constants)
	copy(all[firstMatrixConstant:], d.kernel.matrixConstants())
	all[typeConstant] = flag(d.kernel.half == engine.BFloat16)
	return all
}

// access is what a dispatch does with a storage buffer. One value of 16 bits is written into a word that is read before.
func (d *dispatch) access(at int) vk.Access {
	if access := d.kernel.storage[at]; access != vk.Write || !d.storage[at].slab.stored.Half() {
		return access
	}
	return vk.ReadWrite
}

// texels is how a shader reads four values at once.
func (o operand) texels() vk.TexelFormat {
	if o.slab.stored.Half() {
		return vk.TwoWords
	}
	return vk.FourFloats
}

// storedBytes is the memory of so many values, in whole words.
func storedBytes(d engine.DType, n int) int64 {
	switch {
	case d == engine.Uint8:
		return alignUp(int64(n), 4)
	case d.Half():
		return alignUp(2*int64(n), 4)
	}
	return 4 * int64(n)
}

// encode is values as a device stores them; decode is the way back of n of them.
func encode(d engine.DType, values []float64) []byte {
	if !d.Half() {
		return floatBytes(values)
	}
	out := make([]byte, storedBytes(d, len(values)))
	for i, v := range values {
		binary.LittleEndian.PutUint16(out[2*i:], d.Bits(v))
	}
	return out
}

func decode(d engine.DType, b []byte, n int) []float64 {
	if !d.Half() {
		return floats(b, n)
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = d.Value(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return out
}
