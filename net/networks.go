package net

import (
	"embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cnnvk/internal/files"
)

// The names in flags and files of the networks that others are compared with.
const (
	SmallCIFARNetName = "smallcifarnet"
	TinyNetName       = "tinynet"
	ResNet9sName      = "resnet9s"
)

//go:embed networks
var networkFiles embed.FS

// modelNames are the built-in networks; the first one is meant where nothing says otherwise.
var modelNames = []string{SmallCIFARNetName, TinyNetName, ResNet9sName, "ds-resnet", "resnet20", "wrn-16-2", "mobilenetv2"}

// ModelNames lists the networks that can be asked for by name.
func ModelNames() []string { return slices.Clone(modelNames) }

// builtIns are the built-in networks as their files say them. Those files are the program's own: that they can be read is tested.
var builtIns = func() map[string]*Spec {
	out := map[string]*Spec{}
	for _, name := range modelNames {
		out[name], _ = ParseSpec([]byte(BuiltInText(name)), name)
	}
	return out
}()

// BuiltInText is the file of a built-in network, with its comments.
func BuiltInText(name string) string {
	text, _ := networkFiles.ReadFile("networks/" + name + ".yaml")
	return string(text)
}

// NewModel is the built-in network of that name, for a task; nil widths are its file's. Its rates of dropout, where it has any, are the
// file's times dropout; with 0 there is none.
func NewModel(name string, widths []int, dropout float64, t Task) (*Model, error) {
	s, err := BuiltIn(name)
	if err != nil {
		return nil, err
	}
	if s, err = s.WithWidths(widths); err != nil {
		return nil, fmt.Errorf("net: %w", err)
	}
	return s.BuildNamed(dropout, t)
}

// frozen are the networks that weights and config.yaml name and do not hold: their files are the same bytes as those of versions that knew
// no others.
var frozen = []string{SmallCIFARNetName, TinyNetName}

// Stored is what a file has to hold beside the network's name and widths: the network itself, or "".
func (m *Model) Stored() string { return m.spec.Stored() }

// Stored is Model.Stored for the widths that the file has.
func (s *Spec) Stored() string {
	text := s.Text()
	if slices.Contains(frozen, s.Name) {
		if known, err := builtIns[s.Name].WithWidths(s.Widths()); err == nil && known.Text() == text {
			return ""
		}
	}
	return text
}

// ReferenceWidths are the widths of a built-in network where none are given; nil for an unknown name.
func ReferenceWidths(name string) []int {
	s, err := BuiltIn(name)
	if err != nil {
		return nil
	}
	return s.Widths()
}

// BuiltIn is the built-in network of that name.
func BuiltIn(name string) (*Spec, error) {
	if s := builtIns[name]; s != nil {
		return s, nil
	}
	return nil, orMeant(fmt.Errorf("net: model %q: use %s", name, OneOf(modelNames)), name, modelNames)
}

// IsSpecFile says whether what stands in the place of a network's name is a file: by its ending, or a folder in it.
func IsSpecFile(name string) bool {
	ending := strings.ToLower(filepath.Ext(name))
	return ending == ".yaml" || ending == ".yml" || strings.ContainsAny(name, `/\`)
}

// ReadSpecFor is ReadSpec of a network for a task: what does not fit together is told by the lines of the file.
func ReadSpecFor(path string, t Task) (*Spec, error) {
	s, err := ReadSpec(path)
	if err != nil {
		return nil, err
	}
	_, err = s.BuildNamed(1, t)
	return s, err
}

// ReadSpec reads a network's file. The network is called as the file says, or else as the file is.
func ReadSpec(path string) (*Spec, error) {
	text, err := readSpecFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	if !networkName.MatchString(name) {
		name = "network"
	}
	s, err := ParseSpec(text, name)
	if err != nil {
		return nil, inFile(path, err)
	}
	s.file = path
	return s, nil
}

// readSpecFile reads no more than what makes a network.
func readSpecFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, files.Reason(err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, files.Reason(err)
	case info.IsDir():
		return nil, fmt.Errorf("it is a folder, not a file")
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSpecBytes+1))
	if err != nil {
		return nil, files.Reason(err)
	}
	if len(text) > maxSpecBytes {
		return nil, fmt.Errorf("more than %d bytes, which make no network", maxSpecBytes)
	}
	return text, nil
}
