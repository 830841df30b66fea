package net

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"cnnvk/net/onnx"
)

// The names of an exported network's input and outputs.
const (
	onnxInput         = "input"
	onnxLogits        = "logits"
	onnxProbabilities = "probabilities"
)

// ONNXForm is what a network takes and gives in ONNX's form.
type ONNXForm struct {
	Input // nil Mean and Std are 0 and 1; the classes' names are kept where they are known
	// Bytes takes pixels as they are in files, uint8 of 0 to 255, and not float32 of 0 to 1.
	Bytes bool
	// Normalized takes what Mean and Std have been applied to already.
	Normalized bool
	Softmax    bool   // gives probabilities, not logits
	Version    string // of this program
}

// ONNX is the network as an evaluation runs it: images (batch,C,H,W) of any number in, (batch,classes) out. It is a node for each op that
// PyTorch has, with the very weights: BatchNorm2d stays one, and runtimes fold it into the convolution before it by themselves.
func (w *Weights) ONNX(f ONNXForm) (*onnx.Model, error) {
	t := w.Model.Task
	switch {
	case f.Bytes && f.Normalized:
		return nil, fmt.Errorf("net: bytes are not normalised")
	case f.Mean != nil && (len(f.Mean) != t.C || len(f.Std) != t.C):
		return nil, fmt.Errorf("net: mean %v and std %v of images with %d channels", f.Mean, f.Std, t.C)
	}
	g := &onnxGraph{weights: w, names: map[string]bool{}}
	g.Name = w.Model.Name
	x := g.run(w.Model.steps, g.input(f, t))
	x = g.flatten("", x)
	output := onnxLogits
	if f.Softmax {
		output = onnxProbabilities
		g.node("", "Softmax", []edge{x}, onnx.Attribute{Name: "axis", Value: 1})
	}
	g.finish(output, t.Classes)
	metadata, err := w.onnxMetadata(f)
	if err != nil {
		return nil, err
	}
	return &onnx.Model{Producer: "cnnvk", ProducerVersion: f.Version, Graph: g.Graph, Metadata: metadata}, g.err
}

// input adds the graph's input, and makes of it what the first layer takes: what ToTensor and Normalize compute. Were the mean in the first
// convolution's bias, pixels beside the image would not be 0 there.
func (g *onnxGraph) input(f ONNXForm, t Task) edge {
	in := onnx.Value{Name: onnxInput, Type: onnx.Float, Item: []int{t.C, t.H, t.W}}
	x := edge{name: in.Name}
	const layer = "preprocessing"
	if f.Bytes {
		in.Type = onnx.Uint8
		x = g.node(layer, "Cast", []edge{x}, onnx.Attribute{Name: "to", Value: int(onnx.Float)})
		x = g.node(layer, "Div", []edge{x, g.constant(255)})
	}
	g.Inputs = []onnx.Value{in}
	if f.Normalized || !f.normalizes() {
		return x
	}
	shape := []int{1, t.C, 1, 1}
	x = g.node(layer, "Sub", []edge{x, g.tensor("mean", shape, float32s(f.Mean))})
	return g.node(layer, "Div", []edge{x, g.tensor("std", shape, float32s(f.Std))})
}

// normalizes says whether mean and deviation change the images.
func (in Input) normalizes() bool {
	other := func(than float64) func(float64) bool { return func(v float64) bool { return v != than } }
	return slices.ContainsFunc(in.Mean, other(0)) || slices.ContainsFunc(in.Std, other(1))
}

func float32s(values []float64) (out []float32) {
	for _, v := range values {
		out = append(out, float32(v))
	}
	return out
}

// The keys of an exported network's metadata. Values are JSON but for those that ONNX's documents, IR.md and MetadataProps.md, define.
const (
	onnxClasses = "classes" // their names by label
	onnxSize    = "size"    // (C,H,W)
	onnxMean    = "mean"    // by channel, of pixels of 0 to 1
	onnxStd     = "std"
	onnxLicense = "model_license" // a name or an address
	onnxPixels  = "Image.BitmapPixelFormat"
	onnxRange   = "Image.NominalPixelRange"
)

// metaLicense is the key of a weights file's metadata that says on what terms it may be used.
const metaLicense = "license"

func (w *Weights) onnxMetadata(f ONNXForm) (out []onnx.Entry, err error) {
	t := w.Model.Task
	add := func(key string, value any) {
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		if failed := e.Encode(value); failed != nil && err == nil {
			err = fmt.Errorf("net: metadata %s: %w", key, failed)
		}
		out = append(out, onnx.Entry{Key: key, Value: strings.TrimSpace(text.String())})
	}
	if slices.ContainsFunc(f.Classes, func(name string) bool { return name != "" }) {
		add(onnxClasses, f.Classes)
	}
	add(onnxSize, t.image())
	if f.Mean != nil {
		add(onnxMean, f.Mean)
		add(onnxStd, f.Std)
	}
	license := w.Metadata[metaLicense]
	if license == "" {
		license = "unknown"
	}
	out = append(out, onnx.Entry{Key: onnxLicense, Value: license})
	if pixels := map[int]string{1: "Gray8", 3: "Rgb8"}[t.C]; pixels != "" && !f.Normalized {
		out = append(out, onnx.Entry{Key: onnxPixels, Value: pixels})
	}
	switch {
	case f.Bytes:
		out = append(out, onnx.Entry{Key: onnxRange, Value: "NominalRange_0_255"})
	case !f.Normalized:
		out = append(out, onnx.Entry{Key: onnxRange, Value: "Normalized_0_1"})
	}
	return out, err
}
