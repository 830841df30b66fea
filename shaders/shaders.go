// Package shaders holds the compute shaders: GLSL by hand, and beside it the SPIR-V that glslc makes of it.
//
// NAME.comp is one op, or one stage of an op whose work takes several dispatches; its header gives formula, shapes and
// tiling. The .glsl files are what several of them share, each with a header that says what that is. "make shaders"
// compiles them; the compiled files are committed, so that building needs no shader compiler.
package shaders

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
)

//go:embed spirv/*.spv
var spirv embed.FS

// Code is the SPIR-V of a shader.
func Code(name string) ([]byte, error) {
	code, err := spirv.ReadFile("spirv/" + name + ".spv")
	if err != nil {
		return nil, fmt.Errorf("shaders: no shader %q was compiled in", name)
	}
	return code, nil
}

// Names lists the compiled shaders.
func Names() ([]string, error) {
	entries, err := spirv.ReadDir("spirv")
	if err != nil {
		return nil, fmt.Errorf("shaders: %w", err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name()[:len(e.Name())-len(".spv")])
	}
	return names, nil
}

// Hash names this set of compiled shaders: with any other code it is another.
func Hash() (string, error) {
	h := sha256.New()
	names, err := Names()
	if err != nil {
		return "", err
	}
	for _, name := range names {
		code, err := Code(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n", name, len(code))
		h.Write(code)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
