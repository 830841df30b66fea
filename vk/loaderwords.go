package vk

/*
#include <stdint.h>
*/
import "C"

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"runtime/cgo"
	"slices"
	"strings"
	"sync"
)

// LoaderProblem is something that the Vulkan loader could not use: a driver or a layer.
type LoaderProblem struct {
	Manifest string // the JSON file that describes it; empty where that is not known
	Text     string // the loader's words
}

// loaderWords are the loader's messages while an instance is made.
type loaderWords struct {
	mu        sync.Mutex
	manifests []string // the files that it found
	said      []saying
}

type saying struct {
	text    string
	isError bool // and no mere warning
}

const (
	severityWarning = 0x100 // VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT
	severityError   = 0x1000
)

// goLoaderMessage takes a message of the loader, inside of vkCreateInstance or vkDestroyInstance.
//
//export goLoaderMessage
func goLoaderMessage(user C.uintptr_t, severity C.uint32_t, text *C.char) {
	if in, ok := cgo.Handle(user).Value().(*Instance); ok {
		in.words.hear(uint32(severity), C.GoString(text))
	}
}

var manifestPath = regexp.MustCompile(`(?:/|\b[A-Za-z]:\\)[^"\n]*?\.json`)

// hear takes note of a message: of an error, of a warning that names a manifest, and of each manifest found.
func (w *loaderWords) hear(severity uint32, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	file := manifestPath.FindString(text)
	switch {
	case severity < severityWarning:
		if file != "" {
			w.manifests = append(w.manifests, file)
		}
	case strings.HasSuffix(text, "Found no drivers!"): // as the call's result says
	case severity >= severityError || file != "":
		w.said = append(w.said, saying{strings.TrimSuffix(text, "."), severity >= severityError})
	}
}

// problems are what was said, once for each manifest: the first is the cause. Warnings are of interest where nothing works.
func (w *loaderWords) problems(warnings bool) []LoaderProblem {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []LoaderProblem
	for _, s := range w.said {
		p := LoaderProblem{manifestPath.FindString(s.text), s.text}
		if p.Manifest == "" {
			p.Manifest = w.describing(s.text)
		}
		known := slices.ContainsFunc(list, func(o LoaderProblem) bool { return o == p || p.Manifest != "" && o.Manifest == p.Manifest })
		if (s.isError || warnings) && !known {
			list = append(list, p)
		}
	}
	return list
}

// describing finds the manifest of the library that a message is about.
func (w *loaderWords) describing(text string) string {
	for _, file := range w.manifests {
		for _, library := range readManifest(file).libraries() {
			if strings.Contains(text, filepath.Base(library)) {
				return file
			}
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

// baseError is an error of a file without the file's name.
func baseError(err error) string {
	if at := (*os.PathError)(nil); errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
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
