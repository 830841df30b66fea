package safetensors

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"cnnvk/internal/files"
	"cnnvk/internal/filetype"
	"cnnvk/internal/hints"
)

// Foreign is the error about a file of another kind than the wanted one. Its hint says how to convert the file.
func Foreign(path, wanted string, t filetype.Type) error {
	err := fmt.Errorf("net: %s is no %s file: it is %s", path, wanted, t.Name)
	if hint := adviceOn(path, t.Kind); hint != "" {
		return hints.With(err, hint)
	}
	return err
}

// fromPyTorch is the hint for a file that no command can convert: write the weights anew.
const fromPyTorch = "in PyTorch, safetensors.torch.save_file(model.state_dict(), 'model.safetensors') writes what is read here"

// adviceOn says how to get weights from a file of that kind, or a good file in its place; "" if nothing is known.
func adviceOn(path string, kind filetype.Kind) string {
	name := files.Quote(path)
	switch kind {
	case filetype.Empty, filetype.Zeros:
		return "a copy or download was not finished: copy or download it again"
	case filetype.LFSPointer:
		return "git lfs pull, in its repository, brings the file that the pointer stands for"
	case filetype.AnnexPointer:
		return "git annex get " + name + " brings the file that the pointer stands for"
	case filetype.HTML, filetype.XML, filetype.JSON, filetype.Text:
		return "where weights were downloaded, this is what the server answered in their place: download them again, from a link to the file itself"
	case filetype.PyTorch, filetype.PyTorchPickle:
		return python("import torch; from safetensors.torch import save_file; w = torch.load(sys.argv[1], 'cpu', weights_only=True); "+
			"w = w.get('state_dict', w.get('model', w)); save_file({k: v.contiguous() for k, v in w.items()}, sys.argv[2])", name, converted(path))
	case filetype.NumPyArchive:
		return python("import numpy; from safetensors.numpy import save_file; save_file(dict(numpy.load(sys.argv[1])), sys.argv[2])",
			name, converted(path))
	case filetype.ShardIndex:
		return JoinShards(filepath.Dir(path))
	case filetype.Pickle, filetype.NumPyArray, filetype.HDF5, filetype.Keras, filetype.ONNX, filetype.TensorFlow, filetype.GGUF:
		return fromPyTorch
	case filetype.Gzip:
		return "tar -xzf " + name + " (or gzip -dk, where no tar is in it) unpacks it: take the .safetensors file from it"
	case filetype.Zip:
		return "unzip " + name + " unpacks it: take the .safetensors file from it"
	case filetype.Tar:
		return "tar -xf " + name + " unpacks it: take the .safetensors file from it"
	case filetype.Archive:
		return "unpack it: take the .safetensors file from it"
	}
	return ""
}

// unreadType is the error about a tensor of a type that is not read. The hint for a floating-point type is a conversion by PyTorch.
func unreadType(path string, t tensorInfo) error {
	err := fmt.Errorf("tensor %q is of type %s; F32, F16, BF16, F64 and, for counters, I64, I32 and U8 are read", t.name, t.dtype)
	err = fmt.Errorf("net: %s: %s", path, Shorten(err.Error()))
	if !strings.HasPrefix(t.dtype, "F") {
		return err
	}
	return hints.With(err, python("from safetensors.torch import load_file, save_file; "+
		"save_file({k: v.float() for k, v in load_file(sys.argv[1]).items()}, sys.argv[2])", files.Quote(path), converted(path)))
}

// shardName is what one part of a model in several files is called: model-00001-of-00002.safetensors.
var shardName = regexp.MustCompile(`-\d+-of-\d+\.`)

// IsShard says whether a file is called like one part of a model in several files.
func IsShard(path string) bool { return shardName.MatchString(filepath.Base(path)) }

// JoinShards is a shell command that joins the parts of a model in a folder into one file.
func JoinShards(dir string) string {
	return python("from safetensors.torch import load_file, save_file; "+
		"save_file({k: v for f in sys.argv[1:-1] for k, v in load_file(f).items()}, sys.argv[-1])",
		files.Quote(dir)+"/*-of-*.safetensors", filepath.Join(dir, "model.safetensors"))
}

// Extract is a shell command that makes a file of the tensors whose names begin with prefix. It takes the prefix off.
func Extract(path, prefix string) string {
	return python("from safetensors.torch import load_file, save_file; p = sys.argv[3]; "+
		"save_file({k[len(p):]: v for k, v in load_file(sys.argv[1]).items() if k.startswith(p)}, sys.argv[2])",
		files.Quote(path), converted(path)) + " " + files.Quote(prefix)
}

// python is a shell command that runs a script. The script converts from, one or more words of a shell, and writes the path to.
func python(script, from, to string) string {
	return fmt.Sprintf(`python3 -c "import sys; %s" %s %s`, script, from, files.Quote(to))
}

// converted is the name of the file into which a file is converted.
func converted(path string) string {
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	if out := stem + ".safetensors"; out != path {
		return out
	}
	return stem + ".converted.safetensors"
}
