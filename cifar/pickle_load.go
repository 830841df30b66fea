package cifar

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/nlpodyssey/gopickle/types"

	"cnnvk/internal/pickle"
)

// scanPickle looks through a pickle of size bytes that describes that many records.
func scanPickle(r io.Reader, size int64, records int) (*pickle.Skeleton, error) {
	// At worst, a label is a NumPy scalar in 14 instructions; there are two, and a file's name in 8.
	return pickle.Scan(r, size, pickle.Limits{Instructions: 40*records + 4096, Containers: records/100 + 1024})
}

// loadPickle runs a pickle. It can make lists, dictionaries, numbers, strings and NumPy arrays.
func loadPickle(s *pickle.Skeleton) (any, error) {
	value, err := s.Load(findClass, nil)
	var foreign *pickle.ForeignClass
	if errors.As(err, &foreign) {
		err = fmt.Errorf("%w: only NumPy's arrays are read", err)
	}
	return value, err
}

// findClass knows all the classes that a pickle may name.
func findClass(module, name string) (any, error) {
	switch strings.Replace(module, "numpy._core.", "numpy.core.", 1) + " " + name { // NumPy 2 calls it _core
	case "numpy ndarray":
		return arrayClass{}, nil
	case "numpy dtype":
		return callable(newDtype), nil
	case "numpy.core.multiarray _reconstruct":
		return callable(func(...any) (any, error) { return new(array), nil }), nil // its state follows
	case "numpy.core.multiarray scalar":
		return callable(newScalar), nil
	case "numpy.core.numeric _frombuffer":
		return callable(fromBuffer), nil
	case "_codecs encode":
		return callable(encodeLatin1), nil
	}
	return nil, &pickle.ForeignClass{Module: module, Name: name}
}

// callable is what a pickle may call.
type callable func(args ...any) (any, error)

func (f callable) Call(args ...any) (any, error) { return f(args...) }

// arrayClass is numpy.ndarray, which is only passed on.
type arrayClass struct{}

// array is a numpy.ndarray.
type array struct {
	shape   []int
	dtype   *dtype
	fortran bool // the first index runs the fastest
	data    any  // of its bytes: a string, []byte, *types.ByteArray or pickle.Blob
}

// dtype is a numpy.dtype of one number.
type dtype struct {
	name      string // "u1": a kind and the number of bytes
	bigEndian bool
}

var errNotNumPy = errors.New("has an array in a form that is not NumPy's")

// PySetState takes (version, shape, dtype, is it in Fortran's order, data).
func (a *array) PySetState(state any) error {
	s, ok := state.(*types.Tuple)
	if !ok || s.Len() != 5 {
		return errNotNumPy
	}
	fortran, ok := truth(s.Get(3))
	if !ok {
		return errNotNumPy
	}
	return a.set(s.Get(1), s.Get(2), fortran, s.Get(4))
}

// fromBuffer takes (data, dtype, shape, order): arrays of protocol 5.
func fromBuffer(args ...any) (any, error) {
	if len(args) != 4 {
		return nil, errNotNumPy
	}
	order, _ := args[3].(string)
	a := new(array)
	return a, a.set(args[2], args[1], order != "C", args[0])
}

func (a *array) set(shape, of any, fortran bool, data any) error {
	sizes, isTuple := shape.(*types.Tuple)
	d, isDtype := of.(*dtype)
	if !isTuple || !isDtype {
		return errNotNumPy
	}
	a.shape, a.dtype, a.fortran, a.data = nil, d, fortran, data
	for _, size := range *sizes {
		n, ok := size.(int)
		if !ok || n < 0 {
			return errNotNumPy
		}
		a.shape = append(a.shape, n)
	}
	return nil
}

// truth is a bool, which older pickles write as a number.
func truth(v any) (value, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case int:
		return v != 0, true
	}
	return false, false
}

func newDtype(args ...any) (any, error) {
	if len(args) == 0 {
		return nil, errNotNumPy
	}
	name, ok := asText(args[0])
	if !ok {
		return nil, errNotNumPy
	}
	return &dtype{name: name}, nil
}

// PySetState takes (version, byte order, ...).
func (d *dtype) PySetState(state any) error {
	s, ok := state.(*types.Tuple)
	if !ok || s.Len() < 2 {
		return errNotNumPy
	}
	order, _ := asText(s.Get(1))
	d.bigEndian = order == ">"
	return nil
}

// newScalar takes (dtype, data): a number that was taken out of an array.
func newScalar(args ...any) (any, error) {
	if len(args) != 2 {
		return nil, errNotNumPy
	}
	d, isDtype := args[0].(*dtype)
	data, isText := asText(args[1])
	if !isDtype || !isText {
		return nil, errNotNumPy
	}
	n, err := d.integers([]byte(data))
	if err != nil || len(n) != 1 {
		return nil, errNotNumPy
	}
	return n[0], nil
}

// integers decodes numbers of the type.
func (d *dtype) integers(data []byte) ([]int, error) {
	size := map[string]int{"u1": 1, "i1": 1, "b1": 1, "u2": 2, "i2": 2, "u4": 4, "i4": 4, "u8": 8, "i8": 8}[d.name]
	if size == 0 || len(data)%size != 0 {
		return nil, fmt.Errorf("has labels of type %s, must be whole numbers", shortened(d.name))
	}
	var order binary.ByteOrder = binary.LittleEndian
	if d.bigEndian {
		order = binary.BigEndian
	}
	out := make([]int, 0, len(data)/size)
	for ; len(data) > 0; data = data[size:] {
		switch size { // a negative one is too large, too
		case 1:
			out = append(out, int(data[0]))
		case 2:
			out = append(out, int(order.Uint16(data)))
		case 4:
			out = append(out, int(order.Uint32(data)))
		case 8:
			out = append(out, int(order.Uint64(data)))
		}
	}
	return out, nil
}

// shortened makes a foreign text fit into a line.
func shortened(s string) string {
	const limit = 60
	if len(s) > limit {
		s = s[:limit] + "..."
	}
	return fmt.Sprintf("%q", s)
}

// encodeLatin1 takes (text, "latin1"), which is how Python 3 writes bytes for Python 2.
func encodeLatin1(args ...any) (any, error) {
	if len(args) != 2 || args[1] != "latin1" && args[1] != "latin-1" {
		return nil, errNotNumPy
	}
	switch v := args[0].(type) {
	case pickle.Blob:
		return v, nil
	case string:
		out := make([]byte, 0, len(v))
		for _, r := range v {
			if r > 0xff {
				return nil, errNotNumPy
			}
			out = append(out, byte(r))
		}
		return out, nil
	}
	return nil, errNotNumPy
}

// asText is a short string, which Python 3 may have written as bytes.
func asText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	}
	return "", false
}
