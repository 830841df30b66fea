// Package shaders holds the compute shaders: GLSL by hand, and beside it the SPIR-V that glslc makes of it.
//
// NAME.comp is one op, or one stage of an op whose work takes several dispatches; its head gives formula, shapes and
// tiling. Where a shader is compiled in several ways, a line "// kernel NAME: DEFINES" of its head names each: whoever looks for a
// kernel finds its shader by that line, or by the file's name; NAME_half is kernel NAME for activations of 16 bits, which compile.sh makes
// of whatever reads or writes activations. A line "// ops:" lists the ops that a shader computes besides the one
// it is named after. The .glsl files are what several shaders share, each with a head that says what that is. "make shaders"
// compiles them; the compiled files are committed, so that building needs no shader compiler.
package shaders

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"strings"
)

//go:embed spirv/*.spv
var spirv embed.FS

// sources has a line for every kernel: its name, the file of its shader, what is defined for it.
//
//go:embed spirv/SOURCES
var sources string

// Source is the file of this folder that a kernel was compiled from, and what was defined for it.
func Source(name string) (file string, defines []string, err error) {
	for line := range strings.Lines(sources) {
		if words := strings.Fields(line); words[0] == name {
			return words[1], words[2:], nil
		}
	}
	return "", nil, fmt.Errorf("shaders: no kernel %q was compiled in", name)
}

// Hash names this set of compiled kernels: with any other code it is another.
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

// Names lists the compiled kernels.
func Names() ([]string, error) {
	entries, err := spirv.ReadDir("spirv")
	if err != nil {
		return nil, fmt.Errorf("shaders: %w", err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".spv"))
	}
	return names, nil
}

// Code is the SPIR-V of a kernel.
func Code(name string) ([]byte, error) {
	code, err := spirv.ReadFile("spirv/" + name + ".spv")
	if err != nil {
		return nil, fmt.Errorf("shaders: no kernel %q was compiled in", name)
	}
	return code, nil
}
