package safetensors

import (
	"encoding/binary"
	"math"
)

// dtype is a type of a safetensors file that is read.
type dtype struct {
	size uint64 // of an element, in bytes
	into func(t *Tensor, data []byte)
}

// dtypes are the types by their names. Every value of F16 and BF16 is one of float32.
var dtypes = map[string]dtype{
	"F64":  {8, func(t *Tensor, b []byte) { t.F64 = decode(b, 8, float64At); t.F32 = Rounded(t.F64) }},
	"F32":  {4, func(t *Tensor, b []byte) { t.F32 = decode(b, 4, float32At) }},
	"F16":  {2, func(t *Tensor, b []byte) { t.F32 = decode(b, 2, float16At) }},
	"BF16": {2, func(t *Tensor, b []byte) { t.F32 = decode(b, 2, bfloat16At) }},
	"I64":  {8, func(t *Tensor, b []byte) { t.I64 = decode(b, 8, int64At) }},
	"I32":  {4, func(t *Tensor, b []byte) { t.I64 = decode(b, 4, int32At) }},
	"U8":   {1, func(t *Tensor, b []byte) { t.I64 = decode(b, 1, uint8At) }},
}

// SizeOf is the size in bytes of an element of a type that is read, by its name in the format: F32.
func SizeOf(dtype string) (size int, read bool) {
	d, read := dtypes[dtype]
	return int(d.size), read
}

// Decode gives a tensor the values that little-endian bytes of a type hold, as Read does.
func (t *Tensor) Decode(dtype string, data []byte) { dtypes[dtype].into(t, data) }

func float64At(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }
func float32At(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }
func float16At(b []byte) float32 { return float16(binary.LittleEndian.Uint16(b)) }
func bfloat16At(b []byte) float32 {
	return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
}
func int64At(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) }
func int32At(b []byte) int64 { return int64(int32(binary.LittleEndian.Uint32(b))) }
func uint8At(b []byte) int64 { return int64(b[0]) }

// float16 is a half of IEEE 754: a sign, 5 bits of exponent with a bias of 15, 10 of fraction.
func float16(b uint16) float32 {
	sign, exponent, fraction := uint32(b>>15), uint32(b>>10&31), uint32(b&1023)
	switch exponent {
	case 0: // zero, or subnormal: fraction * 2^-24
		return math.Float32frombits(sign<<31 | math.Float32bits(float32(fraction)*0x1p-24))
	case 31: // infinite, or no number
		exponent = 255
	default:
		exponent += 127 - 15
	}
	return math.Float32frombits(sign<<31 | exponent<<23 | fraction<<13)
}

func decode[T any](data []byte, size int, at func([]byte) T) []T {
	values := make([]T, len(data)/size)
	for i := range values {
		values[i] = at(data[i*size:])
	}
	return values
}

// Rounded are the values as float32.
func Rounded(values []float64) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(v)
	}
	return out
}
