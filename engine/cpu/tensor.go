package cpu

import (
	"fmt"
	"math"

	"cnnvk/engine"
)

// tensor is an operand with its values, in logical row-major order. One of the three slices is in
// use, as the element type says.
type tensor struct {
	*engine.Tensor
	floats []float64
	uints  []uint32
	bytes  []byte
}

// newTensor makes a tensor of zeros.
func newTensor(t *engine.Tensor) *tensor {
	out := &tensor{Tensor: t}
	n := t.Shape.Elements()
	switch t.DType {
	case engine.Float, engine.Float16, engine.BFloat16:
		out.floats = make([]float64, n)
	case engine.Uint32:
		out.uints = make([]uint32, n)
	case engine.Uint8:
		out.bytes = make([]byte, n)
	}
	return out
}

// plane is one channel of one image: H*W values in rows.
func (t *tensor) plane(n, c int) []float64 {
	size := t.H() * t.W()
	start := (n*t.C() + c) * size
	return t.floats[start : start+size]
}

// row is row i of a tensor seen as a matrix of Shape[0] rows.
func (t *tensor) row(i int) []float64 {
	size := len(t.floats) / t.Shape[0]
	return t.floats[i*size : (i+1)*size]
}

// size is the memory that the values take.
func (t *tensor) size() int64 {
	return int64(8*len(t.floats) + 4*len(t.uints) + len(t.bytes))
}

// values copies the tensor's values, whatever their type.
func (t *tensor) values() []float64 {
	out := make([]float64, t.Shape.Elements())
	copy(out, t.floats)
	for i, v := range t.uints {
		out[i] = float64(v)
	}
	for i, v := range t.bytes {
		out[i] = float64(v)
	}
	return out
}

// set replaces all values. Integer tensors take integers in their range only.
func (t *tensor) set(data []float64) error {
	if len(data) != t.Shape.Elements() {
		return fmt.Errorf("%v takes %d values, not %d", t, t.Shape.Elements(), len(data))
	}
	limit := math.Inf(1)
	switch t.DType {
	case engine.Float, engine.Float16, engine.BFloat16:
		copy(t.floats, data)
		return nil
	case engine.Uint32:
		limit = math.MaxUint32
	case engine.Uint8:
		limit = math.MaxUint8
	}
	for i, v := range data {
		if v != math.Trunc(v) || v < 0 || v > limit {
			return fmt.Errorf("%v of type %v cannot hold %g", t, t.DType, v)
		}
		if t.DType == engine.Uint32 {
			t.uints[i] = uint32(v)
		} else {
			t.bytes[i] = byte(v)
		}
	}
	return nil
}
