package net

import "cnnvk/engine"

// squeezeExcitation is torchvision.ops.SqueezeExcitation (Hu et al., 2018): each channel times a number from 0 to 1 that follows from the
// means of all, y = x * sigmoid(fc2(act(fc1(mean(x))))), where fc1 and fc2 are convolutions of kernel 1 with bias.
type squeezeExcitation struct {
	fc1, fc2   conv2d
	activation layer
}

var squeezeExcitationKind = &layerKind{
	name:       "SqueezeExcitation",
	params:     []string{"squeeze_channels", "activation"},
	positional: 1,
	images:     true,
	build:      buildSqueezeExcitation,
}

func buildSqueezeExcitation(a *arguments, in shape) (layer, shape) {
	squeezed := a.count("squeeze_channels", 0, 1, MaxWidth)
	point := engine.ConvAttr{Kernel: 1, Stride: 1}
	s := squeezeExcitation{
		fc1: conv2d{in: in.c, out: squeezed, bias: true, attr: point},
		fc2: conv2d{in: squeezed, out: in.c, bias: true, attr: point},
	}
	name := a.given("activation")
	if name == "" {
		name = reluKind.name
	}
	s.activation = a.activation(name, in)
	return s, in
}

// activation is the layer of that name.
func (a *arguments) activation(name string, in shape) layer {
	for _, k := range activations {
		if k.name == name {
			l, _ := k.build(a, in)
			return l
		}
	}
	a.failf("activation %s: use %s", name, OneOf(activationNames()))
	return nil
}

func (squeezeExcitation) kind() string { return squeezeExcitationKind.name }

func (s squeezeExcitation) parameters(name string) []parameter {
	return append(s.fc1.parameters(name+".fc1"), s.fc2.parameters(name+".fc2")...)
}

func (s squeezeExcitation) forward(f *forward, name string, x *engine.Tensor) *engine.Tensor {
	y := f.apply(engine.GlobalAvgPool, nil, x)
	y = s.fc1.forward(f, name+".fc1", y)
	y = s.activation.forward(f, "", y)
	y = s.fc2.forward(f, name+".fc2", y)
	return f.apply(engine.ChannelScale, nil, x, f.apply(engine.Sigmoid, nil, y))
}

// onnx calls the nodes as torchvision calls the modules.
func (s squeezeExcitation) onnx(g *onnxGraph, name string, x edge) edge {
	y := globalAvgPool{}.onnx(g, name+".avgpool", x)
	y = s.fc1.onnx(g, name+".fc1", y)
	y = s.activation.onnx(g, name+".activation", y)
	y = s.fc2.onnx(g, name+".fc2", y)
	y = g.node(name+".scale_activation", "Sigmoid", []edge{y})
	return g.node(name, "Mul", []edge{y, x})
}
