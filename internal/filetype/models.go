package filetype

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"unicode/utf8"
)

// What a zip archive's first entry is called, by who writes it. PyTorch puts all under a folder that has the file's name.
var (
	torchEntry = regexp.MustCompile(`^[^/]+/(data\.pkl|constants\.pkl|data/|code/|extra/|version$|byteorder$|\.data/|\.format_version$|\.storage_alignment$)`)
	numpyEntry = regexp.MustCompile(`\.npy$`)
	kerasEntry = regexp.MustCompile(`^(metadata\.json|config\.json|model\.weights\.h5)$`)
)

// ofZip tells the models that are zip archives by the name in the first local header: 30 bytes, then the name.
func ofZip(head []byte) Type {
	if len(head) < 30 || !bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return Type{}
	}
	name := head[30:]
	name = name[:min(len(name), int(binary.LittleEndian.Uint16(head[26:])))]
	switch {
	case torchEntry.Match(name):
		return Type{PyTorch, "a PyTorch file (.pt, .pth)"}
	case numpyEntry.Match(name):
		return Type{NumPyArchive, "NumPy arrays (.npz)"}
	case kerasEntry.Match(name):
		return Type{Keras, "a Keras model"}
	}
	return Type{Zip, "a zip archive"}
}

// torchMagic is how torch.save began before PyTorch 1.6: the pickled number 0x1950a86a20f9469cfc6c.
const torchMagic = "\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."

// earlyPickle is how a dict, a list or an object begins in the pickle protocols 0 and 1, which have no mark of their own.
var earlyPickle = regexp.MustCompile(`^(\([dl]p?\d*\n|c[A-Za-z_][\w.]*\n[A-Za-z_]\w*\n|[}\]]q\x00)`)

func ofPickle(head []byte) Type {
	marked := len(head) > 2 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5
	switch {
	case marked && bytes.HasPrefix(head[2:], []byte(torchMagic)):
		return Type{PyTorchPickle, "a PyTorch file of the form before 1.6"}
	case marked, earlyPickle.Match(head):
		return Type{Pickle, "a Python pickle"}
	}
	return Type{}
}

// ofProtobuf tells an ONNX model and a TensorFlow SavedModel, which both are a message whose first field is a small number. In ONNX it is
// the format's version, and the producer's name follows, or the opset, or the graph; in TensorFlow it is 1, and graphs follow.
func ofProtobuf(head []byte) Type {
	if len(head) < 6 || head[0] != 0x08 || head[1] == 0 || head[1] > 32 {
		return Type{}
	}
	const producer, version, domain, graph, opset = 0x12, 0x1a, 0x22, 0x3a, 0x42
	size, n := binary.Uvarint(head[3:])
	if n <= 0 || size == 0 || len(head) == 3+n {
		return Type{}
	}
	rest := head[3+n:]
	onnx := Type{ONNX, "an ONNX model"}
	switch head[2] {
	case producer, version, domain:
		if size < uint64(len(rest)) && isPrintable(rest[:size]) {
			return onnx
		}
		if head[1] == 1 && rest[0] == 0x0a {
			return Type{TensorFlow, "a TensorFlow SavedModel"}
		}
	case graph, opset:
		if rest[0]&7 == 2 { // a field that has a length
			return onnx
		}
	}
	return Type{}
}

func isPrintable(text []byte) bool {
	return utf8.Valid(text) && bytes.IndexFunc(text, func(r rune) bool { return r < ' ' }) < 0
}
