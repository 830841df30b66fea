package vk

/*
#include <stdint.h>
*/
import "C"

import (
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
