package net

import (
	"cnnvk/engine"
	"cnnvk/net/onnx"
)

// pool is MaxPool2d or AvgPool2d.
type pool struct {
	unparameterised
	name string
	op   engine.Kind
	attr engine.PoolAttr
}

var (
	maxPoolKind = poolKind("MaxPool2d", engine.MaxPool2d)
	avgPoolKind = poolKind("AvgPool2d", engine.AvgPool2d)
)

func poolKind(name string, op engine.Kind) *layerKind {
	return &layerKind{
		name:       name,
		params:     []string{"kernel_size", "stride", "padding"},
		positional: 3,
		images:     true,
		build: func(a *arguments, in shape) (layer, shape) {
			return buildPool(a, in, pool{name: name, op: op})
		},
	}
}

func buildPool(a *arguments, in shape, p pool) (layer, shape) {
	r := a.count("kernel_size", 0, 1, maxKernel)
	p.attr = engine.PoolAttr{Kernel: r, Stride: a.count("stride", r, 1, maxKernel), Padding: a.count("padding", 0, 0, maxKernel)}
	switch p.attr {
	case engine.PoolAttr{Kernel: 2, Stride: 2}, engine.PoolAttr{Kernel: 3, Stride: 2, Padding: 1}:
	default:
		all := ""
		if p.op == engine.AvgPool2d && r == in.h && r == in.w && p.attr.Padding == 0 {
			all = ", or AdaptiveAvgPool2d(1) for the mean of all pixels"
		}
		a.failf("kernel_size %d, stride %d, padding %d: use %[4]s(2) or %[4]s(3, stride=2, padding=1)%[5]s", r, p.attr.Stride, p.attr.Padding, p.name, all)
		return p, in
	}
	if min(in.h, in.w)+2*p.attr.Padding < r {
		a.failf("%v come in, too few pixels for a window of %d x %d", in, r, r)
		return p, in
	}
	return p, shape{c: in.c, h: p.attr.Output(in.h), w: p.attr.Output(in.w)}
}

func (p pool) kind() string { return p.name }

func (p pool) forward(f *forward, _ string, x *engine.Tensor) *engine.Tensor {
	return f.apply(p.op, p.attr, x)
}

func (p pool) onnx(g *onnxGraph, name string, x edge) edge {
	window := onnxWindow(p.attr.Kernel, p.attr.Stride, p.attr.Padding)
	if p.op == engine.AvgPool2d {
		return g.node(name, "AveragePool", []edge{x}, append(window, onnx.Attribute{Name: "count_include_pad", Value: 1})...)
	}
	return g.node(name, "MaxPool", []edge{x}, window...)
}

// globalAvgPool is AdaptiveAvgPool2d(1).
type globalAvgPool struct{ unparameterised }

var globalAvgPoolKind = &layerKind{
	name:       "AdaptiveAvgPool2d",
	params:     []string{"output_size"},
	positional: 1,
	images:     true,
	build: func(a *arguments, in shape) (layer, shape) {
		a.only("output_size", a.count("output_size", 0, 1, maxKernel), 1)
		return globalAvgPool{}, shape{c: in.c, h: 1, w: 1}
	},
}

func (globalAvgPool) kind() string { return globalAvgPoolKind.name }

func (globalAvgPool) forward(f *forward, _ string, x *engine.Tensor) *engine.Tensor {
	return f.apply(engine.GlobalAvgPool, nil, x)
}

func (globalAvgPool) onnx(g *onnxGraph, name string, x edge) edge {
	return g.node(name, "GlobalAveragePool", []edge{x})
}
