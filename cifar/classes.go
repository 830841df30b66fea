package cifar

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/nlpodyssey/gopickle/types"

	"cnnvk/internal/hints"
)

// longestNames bounds a file of names; the published ones have some hundred bytes.
const longestNames = 64 << 10

// classes are the names of a part's classes: of the file beside it, if it is there, or else the published ones.
func (p part) classes(at *place) ([]string, error) {
	v := p.binary
	if at.python {
		v = p.python
	}
	if v.names == "" {
		return p.form.Classes, nil
	}
	path := filepath.Join(filepath.Dir(at.paths[0]), v.names)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return p.form.Classes, nil
	case err != nil:
		return nil, systemError(path, err)
	}
	fail := func(format string, args ...any) error {
		return hints.With(&FileError{Path: path, Problem: fmt.Sprintf(format, args...)}, "without this file the published names are taken")
	}
	if !info.Mode().IsRegular() || info.Size() > longestNames {
		return nil, fail("is no list of the classes' names")
	}
	data, err := readWhole(path)
	if err != nil {
		return nil, systemError(path, err)
	}
	names := strings.FieldsFunc(string(data), func(r rune) bool { return r == '\n' || r == '\r' })
	if at.python {
		if names, err = pickledNames(data); err != nil {
			return nil, fail("%v", err)
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return strings.TrimSpace(name) == "" })
	if n := len(p.form.Classes); len(names) != n {
		return nil, fail("has %d names of classes, must have %d", len(names), n)
	}
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
		if !isName(names[i]) || slices.Contains(names[:i], names[i]) {
			return nil, fail("class %d has the name %s: use short words, another for each class", i, shortened(name))
		}
	}
	return names, nil
}

// isName says whether a word fits into a table and a picture.
func isName(name string) bool {
	const longest = 40
	return len(name) <= longest && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar })
}

func readWhole(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, longestNames))
}

// pickledNames are the label_names of CIFAR-10's batches.meta.
func pickledNames(data []byte) ([]string, error) {
	skeleton, err := scanPickle(strings.NewReader(string(data)), int64(len(data)), 0)
	if err != nil {
		return nil, err
	}
	value, err := loadPickle(skeleton)
	if err != nil {
		return nil, err
	}
	entries, ok := dictionary(value)
	list, isList := entries["label_names"].(*types.List)
	if !ok || !isList {
		return nil, errors.New("is a Python pickle without label_names, a list")
	}
	var names []string
	for _, item := range *list {
		name, ok := asText(item)
		if !ok {
			return nil, errors.New("has label_names that are no words")
		}
		names = append(names, name)
	}
	return names, nil
}
