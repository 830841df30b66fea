package torchfile

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"cnnvk/net/safetensors"
)

const (
	maxDims     = 64            // PyTorch's own limit
	maxElements = math.MaxInt32 // of a storage or a tensor: more than any file has
)

// storage is an entry data/KEY of the archive: the elements that tensors are views of.
type storage struct {
	key   string
	dtype string
	bytes uint64 // that the pickle claims
}

// tensor is a view of a storage: element (i, j) is at offset + i*strides[0] + j*strides[1], in elements.
type tensor struct {
	*storage
	dtype          string
	offset         int
	shape, strides []int
}

// namedTensor is an entry of a state_dict.
type namedTensor struct {
	name string
	*tensor
}

// sizeOf is the size of an element in bytes, 0 of a type that is not read.
func sizeOf(dtype string) (size int, read bool) { return safetensors.SizeOf(dtype) }

// errType ends the error about a tensor of a type that is not read.
var errType = errors.New("float32, float16, bfloat16, float64 and, for counters, int64, int32 and uint8 are read")

// check refuses a tensor whose elements are not all in its storage. bytes is the size of its values.
func (t *tensor) check() (bytes uint64, err error) {
	size, read := sizeOf(t.dtype)
	if !read {
		return 0, fmt.Errorf("of type %s; %w", t.dtype, errType)
	}
	if len(t.shape) != len(t.strides) || t.offset < 0 || len(t.shape) > 0 && (slices.Min(t.shape) < 0 || slices.Min(t.strides) < 0) {
		return 0, fmt.Errorf("its place in its storage is offset %d, shape %v, strides %v", t.offset, t.shape, t.strides)
	}
	count, last, over := uint64(1), uint64(t.offset), uint64(0)
	for i, d := range t.shape {
		if d == 0 {
			return 0, nil
		}
		high, step := bits.Mul64(uint64(d-1), uint64(t.strides[i]))
		var carry uint64
		last, carry = bits.Add64(last, step, 0)
		count *= uint64(d)
		if over |= high | carry; over > 0 || count > maxElements {
			return 0, errors.New("its shape is too large")
		}
	}
	if end := t.storage.bytes / uint64(size); last >= end {
		return 0, fmt.Errorf("its shape %v reaches to element %d of its storage, which claims %d", t.shape, last, end)
	}
	return count * uint64(size), nil
}

// gather puts the tensor's elements one after another, in row-major order and the bytes of each from the low one to the high one.
func (t *tensor) gather(data []byte, bigEndian bool) []byte {
	size, _ := sizeOf(t.dtype)
	count := 1
	for _, d := range t.shape {
		count *= d
	}
	if count == 0 {
		return nil
	}
	if t.contiguous() && !bigEndian {
		return data[t.offset*size:][:count*size]
	}
	out := make([]byte, 0, count*size)
	index, at := make([]int, len(t.shape)), t.offset
	for range count {
		out = append(out, data[at*size:][:size]...)
		if bigEndian {
			slices.Reverse(out[len(out)-size:])
		}
		for i := len(index) - 1; i >= 0; i-- {
			index[i]++
			at += t.strides[i]
			if index[i] < t.shape[i] {
				break
			}
			at -= index[i] * t.strides[i]
			index[i] = 0
		}
	}
	return out
}

// contiguous says whether the elements lie in row-major order. The stride of a dimension of size 1 does not matter.
func (t *tensor) contiguous() bool {
	next := 1
	for i := len(t.shape) - 1; i >= 0; i-- {
		if t.shape[i] != 1 && t.strides[i] != next {
			return false
		}
		next *= t.shape[i]
	}
	return true
}
