package main

import (
	"fmt"
	"math"

	"cnnvk/cifar"
	"cnnvk/internal/hints"
	"cnnvk/net"
)

// inputOf is what the weights say of their images. What they do not say is as their network was built: as many classes, without names, and
// images of that shape.
func inputOf(w *net.Weights) (net.Input, error) {
	in, err := net.InputOf(w.Metadata)
	if err != nil {
		return in, err
	}
	t := w.Model.Task
	in.Image = net.ImageShape{C: t.C, H: t.H, W: t.W}
	if in.Classes == nil {
		in.Classes = make([]string, t.Classes)
	}
	for c := range in.Mean {
		if len(in.Mean) != in.Image.C || !(in.Std[c] > 0) || math.IsInf(in.Std[c], 1) || math.IsNaN(in.Mean[c]) || math.IsInf(in.Mean[c], 0) {
			return in, fmt.Errorf("images cannot be normalised by mean %v and std %v", in.Mean, in.Std)
		}
	}
	return in, nil
}

// fits refuses a data set that the weights are not for, and warns of one whose classes are called otherwise.
func fits(s *console, path string, in net.Input, set *cifar.Set) error {
	of := cifar.Form{C: in.Image.C, H: in.Image.H, W: in.Image.W, Classes: in.Classes}
	if !of.Like(set.Form) {
		return hints.With(fmt.Errorf("the weights in %s are for %v, but %s has %v", path, of, set.Name, set.Form), "--data DIR with the data set that they were trained on")
	}
	for label, name := range in.Classes {
		if is := set.Form.Classes[label]; name != "" && name != is {
			s.log.Warn("the classes have other names than those that the weights were trained on", "label", label, "was", name, "is", is)
			break
		}
	}
	return nil
}
