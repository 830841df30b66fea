package net

import (
	"cnnvk/engine"
	"cnnvk/net/onnx"
)

// conv2d is Conv2d(in, out): dense, or, with as many groups as channels, depthwise.
type conv2d struct {
	in, out   int
	depthwise bool
	bias      bool
	attr      engine.ConvAttr
}

var conv2dKind = &layerKind{
	name:       "Conv2d",
	params:     []string{"out_channels", "kernel_size", "stride", "padding", "groups", "bias"},
	positional: 4,
	images:     true,
	build:      buildConv2d,
}

// maxKernel is more than any kernel; those that there are follow.
const maxKernel = 1 << 10

func buildConv2d(a *arguments, in shape) (layer, shape) {
	c := conv2d{in: in.c, out: a.count("out_channels", 0, 1, MaxWidth), bias: a.flag("bias", true)}
	r := a.count("kernel_size", 0, 1, maxKernel)
	a.only("kernel_size", r, 1, 3, 5)
	stride := a.count("stride", 1, 1, maxKernel)
	a.only("stride", stride, 1, 2)
	padding := a.count("padding", r/2, 0, maxKernel)
	if padding != r/2 {
		a.failf("padding %d: use %d, half of the kernel", padding, r/2)
	}
	groups := a.count("groups", 1, 1, MaxWidth)
	c.depthwise = groups > 1
	switch {
	case c.depthwise && groups != in.c:
		a.failf("groups %d: %d channels come in; use groups=in, which is depthwise, or leave it out", groups, in.c)
	case c.depthwise && c.out != in.c:
		a.failf("out_channels %d: a depthwise convolution gives as many as come in, %d", c.out, in.c)
	case c.depthwise && r == 1:
		a.failf("kernel_size 1: a depthwise convolution has 3 or 5")
	}
	c.attr = engine.ConvAttr{Kernel: r, Stride: stride, Padding: r / 2}
	return c, shape{c: c.out, h: c.attr.Output(in.h), w: c.attr.Output(in.w)}
}

func (c conv2d) kind() string { return conv2dKind.name }

func (c conv2d) parameters(name string) []parameter {
	r, inputs := c.attr.Kernel, c.in
	if c.depthwise {
		inputs = 1
	}
	fanIn := inputs * r * r
	out := []parameter{{name: name + ".weight", shape: engine.Shape{c.out, inputs, r, r}, trained: true, fanIn: fanIn}}
	if c.bias {
		out = append(out, parameter{name: name + ".bias", shape: engine.Shape{c.out}, trained: true, fanIn: fanIn})
	}
	return out
}

func (c conv2d) forward(f *forward, name string, x *engine.Tensor) *engine.Tensor {
	inputs := []*engine.Tensor{x, f.weight(name + ".weight")}
	if c.bias {
		inputs = append(inputs, f.weight(name+".bias"))
	}
	switch {
	case c.depthwise:
		return f.apply(engine.DepthwiseConv2d, c.attr, inputs...)
	case c.attr.Kernel == 1 && c.attr.Stride == 1 && !c.bias:
		return f.apply(engine.PointwiseConv2d, nil, inputs...)
	}
	return f.apply(engine.Conv2d, c.attr, inputs...)
}

func (c conv2d) onnx(g *onnxGraph, name string, x edge) edge {
	inputs := []edge{x, g.weight(name + ".weight")}
	if c.bias {
		inputs = append(inputs, g.weight(name+".bias"))
	}
	groups := 1
	if c.depthwise {
		groups = c.in
	}
	window := onnxWindow(c.attr.Kernel, c.attr.Stride, c.attr.Padding)
	return g.node(name, "Conv", inputs, append(window, onnx.Attribute{Name: "group", Value: groups})...)
}

// onnxWindow are the attributes of a square window that moves over rows and columns.
func onnxWindow(kernel, stride, padding int) []onnx.Attribute {
	return []onnx.Attribute{
		{Name: "kernel_shape", Value: []int{kernel, kernel}},
		{Name: "strides", Value: []int{stride, stride}},
		{Name: "pads", Value: []int{padding, padding, padding, padding}}, // above, left, below, right
	}
}
