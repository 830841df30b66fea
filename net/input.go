package net

import (
	"encoding/json"
	"fmt"
	"slices"
)

// The keys of a weights file's metadata that say for which images it is.
const (
	metaClasses = "classes" // their names by label
	metaImage   = "image"   // (C,H,W)
	metaResize  = "resize"
)

// Input is what weights say of the images that they are for. What they do not say is zero.
type Input struct {
	Classes   []string   // their names by label
	Image     ImageShape // whose N is 0
	Mean, Std []float64  // by channel
	Resize    string     // how pictures of any size are brought to the image's
}

// Metadata is the input as entries of Weights.Metadata.
func (in Input) Metadata() (map[string]string, error) {
	out := map[string]string{}
	for key, value := range map[string]any{
		metaClasses: in.Classes, metaImage: []int{in.Image.C, in.Image.H, in.Image.W}, metaPreprocessing: preprocessing{in.Mean, in.Std},
	} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("net: metadata %s: %w", key, err)
		}
		out[key] = string(text)
	}
	if in.Resize != "" {
		out[metaResize] = in.Resize
	}
	return out, nil
}

// Task is what a network for such images is built for. What the weights do not say is as in CIFAR100.
func (in Input) Task() Task {
	t := CIFAR100
	if in.Classes != nil {
		t.Classes = len(in.Classes)
	}
	if in.Image != (ImageShape{}) {
		t.C, t.H, t.W = in.Image.C, in.Image.H, in.Image.W
	}
	return t
}

// InputOf reads what metadata say of the input.
func InputOf(metadata map[string]string) (Input, error) {
	in := Input{Resize: metadata[metaResize]}
	if text, ok := metadata[metaClasses]; ok {
		if err := json.Unmarshal([]byte(text), &in.Classes); err != nil || len(in.Classes) == 0 {
			return Input{}, fmt.Errorf("net: metadata %s is no list of names", metaClasses)
		}
	}
	if text, ok := metadata[metaImage]; ok {
		var dims []int
		if err := json.Unmarshal([]byte(text), &dims); err != nil || len(dims) != 3 || slices.Min(dims) < 1 || slices.Max(dims) > MaxWidth {
			return Input{}, fmt.Errorf("net: metadata %s %q is no shape of an image", metaImage, text)
		}
		in.Image = ImageShape{C: dims[0], H: dims[1], W: dims[2]}
	}
	if text, ok := metadata[metaPreprocessing]; ok {
		var p preprocessing
		if err := json.Unmarshal([]byte(text), &p); err != nil || len(p.Mean) == 0 || len(p.Mean) != len(p.Std) {
			return Input{}, fmt.Errorf("net: metadata %s %q is no mean and std of each channel", metaPreprocessing, text)
		}
		in.Mean, in.Std = p.Mean, p.Std
	}
	return in, nil
}
