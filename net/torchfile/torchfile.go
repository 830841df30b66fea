// Package torchfile reads and writes the files of torch.save that hold a state_dict (.pt, .pth), without Python.
//
// Such a file is a zip archive without compression. In a folder of any name it has data.pkl, a pickle of everything but the tensors'
// values; data/0, data/1 and so on, the storages that tensors are views of; and version. The pickle is a program, and may name any function
// of Python's. Here it runs with a closed list of names, of which none does more than describe tensors; a file that names another is
// refused. Read begins in this file, archive.go has the zip archive, classes.go what the pickle may name, tensor.go a tensor's place in its
// storage, find.go the state_dict among what else a checkpoint holds, write.go the way back.
//
// Errors begin with "net: ", as those of package net do.
package torchfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cnnvk/internal/files"
	"cnnvk/internal/filetype"
	"cnnvk/internal/hints"
	"cnnvk/internal/pickle"
	"cnnvk/net/safetensors"
)

// Is says whether a file is one of PyTorch's: by its first bytes, or else by its name, unless it is safetensors.
func Is(path string) bool {
	named := slices.Contains([]string{".pt", ".pth"}, strings.ToLower(filepath.Ext(path)))
	f, head, _, err := filetype.Open(path)
	if err != nil {
		return named
	}
	f.Close()
	switch filetype.Of(head).Kind {
	case filetype.PyTorch, filetype.PyTorchPickle:
		return true
	case filetype.Safetensors:
		return false
	}
	return named
}

// Read reads the state_dict of a file of torch.save: its tensors, in its order, and the metadata that Write put beside them. note says in
// one line where in a checkpoint the state_dict stood, and what was left out of it; "" for nothing. Types become what safetensors.Read makes
// of them. Tensors may be parameters, views, transposed, or share a storage.
//
// Files over 1 GiB are refused, a pickle of more than 1 MiB, compressed archives, TorchScript, the form before PyTorch 1.6, a pickle that
// would call anything but what rebuilds tensors, and tensors of more values than the file has.
func Read(path string) (tensors []safetensors.Tensor, metadata map[string]string, note string, err error) {
	f, head, size, err := filetype.Open(path)
	if err != nil {
		return nil, nil, "", fmt.Errorf("net: reading %s: %w", path, files.Reason(err))
	}
	defer f.Close()
	switch kind := filetype.Of(head); {
	case kind.Kind == filetype.PyTorchPickle:
		return nil, nil, "", hints.With(fmt.Errorf("net: %s is %s: only the form of today is read", path, kind.Name), again(path, "torch.load(sys.argv[1], 'cpu', weights_only=True)"))
	case kind.Kind == filetype.Unknown:
		return nil, nil, "", fmt.Errorf("net: %s is no PyTorch file: it begins with % x, like no kind of file that is known here", path, head[:min(8, len(head))])
	case kind.Kind != filetype.PyTorch && kind.Kind != filetype.Zip:
		return nil, nil, "", safetensors.Foreign(path, "PyTorch", kind)
	case size > safetensors.MaxBytes:
		return nil, nil, "", fmt.Errorf("net: reading %s: it has %d bytes; no more than %d are read", path, size, safetensors.MaxBytes)
	}
	tensors, metadata, note, err = read(f, size)
	if err != nil {
		return nil, nil, "", explain(path, err)
	}
	return tensors, metadata, note, nil
}

// read reads an archive of size bytes. Its error does not name the file.
func read(f readerAt, size int64) (tensors []safetensors.Tensor, metadata map[string]string, note string, err error) {
	a, err := openArchive(f, size)
	if err != nil {
		return nil, nil, "", err
	}
	value, err := a.unpickle()
	if err != nil {
		return nil, nil, "", err
	}
	named, note, err := findState(value)
	if err != nil {
		return nil, nil, "", err
	}
	if tensors, err = a.values(named); err != nil {
		return nil, nil, "", err
	}
	if metadata, err = a.metadata(); err != nil {
		return nil, nil, "", err
	}
	return tensors, metadata, note, nil
}

// errScript says that a file is TorchScript.
var errScript = errors.New("it is a program (TorchScript), not a state_dict")

// explain makes an error of reading one line with the file's name, and adds what can be done.
func explain(path string, err error) error {
	const save = "in PyTorch, torch.save(model.state_dict(), 'model.pt') writes what is read here"
	var (
		foreign *pickle.ForeignClass
		other   *notState
		failed  *os.PathError
	)
	switch {
	case errors.As(err, &failed):
		return fmt.Errorf("net: reading %s: %w", path, files.Reason(err))
	case errors.As(err, &foreign):
		return hints.With(fmt.Errorf("net: %s: to load it would run Python's %s: only tensors, numbers and texts in dictionaries and lists are read", path, foreign.Quoted()), save)
	case errors.As(err, &other):
		if other.key == "" {
			return hints.With(fmt.Errorf("net: %s: %w", path, err), save)
		}
		return hints.With(fmt.Errorf("net: %s: %w", path, err), again(path, "torch.load(sys.argv[1], 'cpu', weights_only=True)["+pythonText(other.key)+"]"))
	case errors.Is(err, errScript):
		return hints.With(fmt.Errorf("net: %s: %w", path, err), again(path, "torch.jit.load(sys.argv[1], 'cpu').state_dict()"))
	case errors.Is(err, errCompressed):
		return hints.With(fmt.Errorf("net: %s: %w", path, err), again(path, "torch.load(sys.argv[1], 'cpu', weights_only=True)"))
	case errors.Is(err, errType):
		return hints.With(fmt.Errorf("net: %s: %s", path, safetensors.Shorten(err.Error())), "in PyTorch, x.float() makes of a tensor one that is read; one that is no weight is best left out")
	}
	return fmt.Errorf("net: %s is a damaged PyTorch file: %s", path, safetensors.Shorten(err.Error()))
}
