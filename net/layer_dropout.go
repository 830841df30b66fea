package net

import "cnnvk/engine"

// dropout is Dropout, which drops values, or Dropout2d, which drops channels. In an evaluation it does nothing.
type dropout struct {
	unparameterised
	name         string
	p            float64 // the share that is dropped
	draw, effect engine.Kind
}

var (
	dropoutKind   = dropoutKindOf("Dropout", engine.DropoutMask, engine.Dropout, false)
	dropout2dKind = dropoutKindOf("Dropout2d", engine.Dropout2dMask, engine.Dropout2d, true)
)

func dropoutKindOf(name string, draw, effect engine.Kind, images bool) *layerKind {
	return &layerKind{
		name:       name,
		params:     []string{"p"},
		positional: 1,
		ignored:    []string{"inplace"},
		images:     images,
		dropout:    true,
		build: func(a *arguments, in shape) (layer, shape) {
			p := a.number("p", 0.5)
			if p < 0 || p >= 1 {
				a.failf("p %g: use a number from 0 to below 1", p)
			} else if p*a.dropout >= 1 {
				a.failf("p %g times the dropout factor %g is not below 1", p, a.dropout)
			}
			return dropout{name: name, p: a.dropout * p, draw: draw, effect: effect}, in
		},
	}
}

func (d dropout) kind() string { return d.name }

func (d dropout) forward(f *forward, _ string, x *engine.Tensor) *engine.Tensor {
	if f.random == nil {
		return x
	}
	return d.drop(f, x, d.mask(f, x))
}

// drop applies a mask, if there is one.
func (d dropout) drop(f *forward, x, mask *engine.Tensor) *engine.Tensor {
	if mask == nil {
		return x
	}
	return f.apply(d.effect, nil, x, mask)
}

// mask draws the mask for x; nil if nothing is dropped.
func (d dropout) mask(f *forward, x *engine.Tensor) *engine.Tensor {
	layer := f.dropouts
	f.dropouts++
	if d.p == 0 {
		return nil
	}
	return f.apply(d.draw, engine.DropoutAttr{P: d.p, Layer: layer}, x, f.random)
}

func (dropout) onnx(_ *onnxGraph, _ string, x edge) edge { return x }
