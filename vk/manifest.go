package vk

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// manifestFault says what is wrong with a driver's or layer's JSON file, as far as that can be seen: "is empty".
func manifestFault(file string) string {
	m := readManifest(file)
	if m.fault != "" {
		return m.fault
	}
	for _, path := range m.libraries() {
		if !strings.ContainsAny(path, `/\`) {
			continue // which is looked for as every library is
		}
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(file), path)
		}
		if _, err := os.Stat(path); err != nil {
			return "names the library " + path + ", which is not there"
		}
	}
	return ""
}

// manifest is what a driver's or layer's JSON file says about libraries.
type manifest struct {
	ICD    library   `json:"ICD"`
	Layer  library   `json:"layer"`
	Layers []library `json:"layers"`
	fault  string    // what is wrong with the file; empty if it can be read
}

type library struct {
	Path string `json:"library_path"`
}

// byteOrderMark begins files that some editors save.
const byteOrderMark = "\ufeff"

func readManifest(file string) (m manifest) {
	text, err := os.ReadFile(file)
	switch {
	case os.IsNotExist(err):
		m.fault = "is not there"
	case err != nil:
		m.fault = "cannot be read (" + baseError(err) + ")"
	case len(text) == 0:
		m.fault = "is empty"
	case strings.HasPrefix(string(text), byteOrderMark):
		m.fault = "begins with a byte-order mark"
	default:
		if err := json.Unmarshal(text, &m); err != nil {
			m.fault = "is no manifest (" + err.Error() + ")"
		}
	}
	return m
}

func (m manifest) libraries() []string {
	var paths []string
	for _, l := range append([]library{m.ICD, m.Layer}, m.Layers...) {
		if l.Path != "" {
			paths = append(paths, l.Path)
		}
	}
	return paths
}

// baseError is an error of a file without the file's name.
func baseError(err error) string {
	if at := (*os.PathError)(nil); errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}
