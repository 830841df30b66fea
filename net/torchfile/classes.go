package torchfile

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nlpodyssey/gopickle/types"

	"cnnvk/internal/pickle"
)

// unpickle runs data.pkl.
func (a *archive) unpickle() (any, error) {
	data, err := a.read(a.folder+"data.pkl", maxPickleBytes)
	if err != nil {
		return nil, err
	}
	// PyTorch's pickles have more than three bytes an instruction, and four marks and dictionaries for 200 bytes.
	limits := pickle.Limits{Instructions: len(data)/2 + 4096, Containers: len(data)/16 + 1024, More: persistent + newObject + sets}
	s, err := pickle.Scan(bytes.NewReader(data), int64(len(data)), limits)
	if err != nil {
		return nil, fmt.Errorf("its data.pkl %w", err)
	}
	var u unpickler
	value, err := s.Load(u.class, u.storage)
	switch {
	case err == nil:
		return value, nil
	case u.err != nil:
		return nil, u.err
	}
	return nil, fmt.Errorf("its data.pkl %w", err)
}

// Opcodes that PyTorch's pickles have beside those of data.
const (
	persistent = "Q"            // BINPERSID: a storage
	newObject  = "\x81"         // NEWOBJ: an object of a class, such as argparse.Namespace
	sets       = "\x8f\x90\x91" // EMPTY_SET ADDITEMS FROZENSET
)

// unpickler keeps the first error of what a pickle calls.
type unpickler struct{ err error }

// elementType is a torch.dtype, or the class of a storage of it.
type elementType struct{ name string } // as in safetensors; what is not read has PyTorch's name

// elementTypes are PyTorch's types by the names of their storages, which stand without Storage, and of themselves.
var elementTypes = map[string]elementType{
	"Double": {"F64"}, "Float": {"F32"}, "Half": {"F16"}, "BFloat16": {"BF16"}, "Long": {"I64"}, "Int": {"I32"}, "Byte": {"U8"}, "Untyped": {"U8"},
	"Short": {"int16"}, "Char": {"int8"}, "Bool": {"bool"}, "ComplexFloat": {"complex64"}, "ComplexDouble": {"complex128"},
	"QInt8": {"qint8"}, "QUInt8": {"quint8"}, "QInt32": {"qint32"}, "QUInt4x2": {"quint4x2"}, "QUInt2x4": {"quint2x4"},
	"float64": {"F64"}, "float32": {"F32"}, "float16": {"F16"}, "bfloat16": {"BF16"}, "int64": {"I64"}, "int32": {"I32"}, "uint8": {"U8"},
}

// unreadTypes are the names of the other torch.dtypes.
var unreadTypes = []string{"int16", "int8", "bool", "uint16", "uint32", "uint64", "complex32", "complex64", "complex128",
	"float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu", "qint8", "quint8", "qint32", "quint4x2", "quint2x4"}

// inertNames are classes and functions of which a checkpoint may have objects beside its weights. What a pickle makes of them is nothing.
var inertNames = []string{
	"torch Size", "torch device", "torch.torch_version TorchVersion", "torch._C device",
	"argparse Namespace", "types SimpleNamespace", "collections Counter", "collections deque",
	"pathlib PosixPath", "pathlib WindowsPath", "pathlib PurePosixPath", "pathlib PureWindowsPath", "pathlib Path",
	"datetime datetime", "datetime date", "datetime timedelta", "_codecs encode",
	"numpy dtype", "numpy ndarray", "numpy.core.multiarray scalar", "numpy.core.multiarray _reconstruct",
	"numpy._core.multiarray scalar", "numpy._core.multiarray _reconstruct",
}

// inertBuiltins are the builtins of that kind.
var inertBuiltins = []string{"set", "frozenset", "bytearray", "complex", "range", "slice", "list", "dict", "tuple", "int", "float", "str", "bool", "bytes"}

// class knows all that a pickle may name.
func (u *unpickler) class(module, name string) (any, error) {
	switch module + " " + name {
	case "torch._utils _rebuild_tensor", "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor_v3":
		return callable(u.rebuildTensor), nil
	case "torch._utils _rebuild_parameter", "torch._utils _rebuild_parameter_with_state":
		return callable(u.rebuildParameter), nil
	case "torch._tensor _rebuild_from_type_v2":
		return callable(u.rebuildFromType), nil
	case "torch Tensor", "torch.nn.parameter Parameter", "torch.nn.parameter Buffer":
		return inert{}, nil
	case "collections defaultdict":
		return callable(func(...any) (any, error) { return types.NewDict(), nil }), nil
	}
	switch storage, isStorage := strings.CutSuffix(name, "Storage"); module {
	case "torch", "torch.storage", "torch.cuda":
		if t, known := elementTypes[storage]; known && isStorage == (storage[0] < 'a') {
			return t, nil
		}
		if !isStorage && slices.Contains(unreadTypes, name) {
			return elementType{name}, nil
		}
	case "builtins", "__builtin__":
		if slices.Contains(inertBuiltins, name) {
			return inert{}, nil
		}
	}
	if slices.Contains(inertNames, module+" "+name) {
		return inert{}, nil
	}
	return nil, &pickle.ForeignClass{Module: module, Name: name}
}

// callable is what a pickle may call.
type callable func(args ...any) (any, error)

func (f callable) Call(args ...any) (any, error) { return f(args...) }

// inert is a class whose objects are nothing but there. It is also such an object, which takes whatever is put into it and keeps nothing.
type inert struct{}

func (inert) Call(...any) (any, error)  { return inert{}, nil }
func (inert) PyNew(...any) (any, error) { return inert{}, nil }
func (inert) PySetState(any) error      { return nil }
func (inert) Set(_, _ any)              {}
func (inert) Append(any)                {}
func (inert) Add(any)                   {}

// storage makes a storage of its persistent ID: ("storage", its class, the entry's name, where it was, how many elements it has).
func (u *unpickler) storage(id any) (any, error) {
	t, ok := id.(*types.Tuple)
	if !ok || t.Len() != 5 || t.Get(0) != "storage" {
		return nil, u.failed("its data.pkl has an object elsewhere that is no storage")
	}
	of, isType := t.Get(1).(elementType)
	key, isText := t.Get(2).(string)
	count, isNumber := t.Get(4).(int)
	if !isType || !isText || !isNumber || count < 0 || count > maxElements {
		return nil, u.failed("its data.pkl describes a storage that is none")
	}
	size, _ := sizeOf(of.name)
	return &storage{key: key, dtype: of.name, bytes: uint64(count) * uint64(size)}, nil
}

var errArguments = errors.New("its data.pkl describes a tensor that is none")

// rebuildTensor takes (storage, offset, sizes, strides, ...); a seventh argument is the type of a view of raw bytes.
func (u *unpickler) rebuildTensor(args ...any) (any, error) {
	if len(args) < 4 {
		return nil, u.failed("%w", errArguments)
	}
	s, isStorage := args[0].(*storage)
	offset, isNumber := args[1].(int)
	shape, isShape := numbers(args[2])
	strides, areStrides := numbers(args[3])
	if !isStorage || !isNumber || !isShape || !areStrides {
		return nil, u.failed("%w", errArguments)
	}
	t := &tensor{storage: s, dtype: s.dtype, offset: offset, shape: shape, strides: strides}
	if len(args) > 6 {
		of, isType := args[6].(elementType)
		if !isType {
			return nil, u.failed("%w", errArguments)
		}
		t.dtype = of.name
	}
	return t, nil
}

// numbers are those of a tuple, or of a torch.Size that is one.
func numbers(v any) ([]int, bool) {
	t, ok := v.(*types.Tuple)
	if !ok || t.Len() > maxDims {
		return nil, false
	}
	out := make([]int, 0, t.Len())
	for _, item := range *t {
		n, ok := item.(int)
		if !ok {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}

// rebuildParameter takes (tensor, does it require a gradient, hooks, ...).
func (u *unpickler) rebuildParameter(args ...any) (any, error) {
	if len(args) > 0 {
		if t, ok := args[0].(*tensor); ok {
			return t, nil
		}
	}
	return nil, u.failed("%w", errArguments)
}

// rebuildFromType takes (function, class, its arguments, attributes): a tensor that has attributes.
func (u *unpickler) rebuildFromType(args ...any) (any, error) {
	if len(args) >= 3 {
		f, isCallable := args[0].(callable)
		given, isTuple := args[2].(*types.Tuple)
		if isCallable && isTuple {
			if t, err := f(*given...); err != nil || isTensor(t) {
				return t, err
			}
		}
	}
	return nil, u.failed("%w", errArguments)
}

// failed is an error to end the pickle with.
func (u *unpickler) failed(format string, args ...any) error {
	if u.err == nil {
		u.err = fmt.Errorf(format, args...)
	}
	return u.err
}

func isTensor(v any) bool { _, ok := v.(*tensor); return ok }
