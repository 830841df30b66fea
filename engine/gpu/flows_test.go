package gpu

import "cnnvk/engine"

// flow is a program in which the ops of a fusion stand, connected as they should be or otherwise.
type flow struct {
	name  string
	fuses []string // the fused variants that run, in order
	write func(w *flowWriter)
}

// flowWriter writes a flow down: one shape, which every fused kernel takes, and two of each parameter.
type flowWriter struct {
	*engine.Builder
	shape engine.Shape
	masks int
}

// program writes the flow down. What no op reads is its result.
func (f flow) program() (*engine.Program, error) { return f.storing(engine.Float) }

// storing is program with activations of that type.
func (f flow) storing(activations engine.DType) (*engine.Program, error) {
	const channels = 4
	var segments []engine.Segment
	for _, i := range []string{"0", "1"} {
		segments = append(segments, engine.Segment{Name: "conv" + i, Shape: engine.Shape{channels, channels, 1, 1}, Trained: true})
		for _, name := range []string{"weight", "bias"} {
			segments = append(segments, engine.Segment{Name: name + i, Shape: engine.Shape{channels}, Trained: true})
		}
	}
	segments = append(segments, engine.Segment{Name: "dense", Shape: engine.Shape{channels, channels, 3, 3}, Trained: true},
		engine.Segment{Name: "depthwise", Shape: engine.Shape{channels, 1, 3, 3}, Trained: true})
	for _, name := range []string{"mean0", "var0", "mean1", "var1"} {
		segments = append(segments, engine.Segment{Name: name, Shape: engine.Shape{channels}})
	}
	l, err := engine.NewLayout(segments, 0)
	if err != nil {
		return nil, err
	}
	w := &flowWriter{Builder: engine.NewBuilder(f.name, l, 4), shape: engine.Shape{4, channels, 4, 8}}
	w.Store(activations)
	f.write(w)
	return w.Program()
}

// host is a tensor that the host writes; pooled is one of the size that pooling leaves.
func (w *flowWriter) host(name string) *engine.Tensor {
	return w.Activation(name, w.shape...)
}

func (w *flowWriter) pooled(name string) *engine.Tensor {
	s := w.shape
	return w.Activation(name, s[0], s[1], s[2]/2, s[3]/2)
}

func (w *flowWriter) model(name string) *engine.Tensor { return w.State(engine.Model, name) }

// norm is batch_norm2d by the parameters of that number.
func (w *flowWriter) norm(x *engine.Tensor, i string) (n, saved *engine.Tensor) {
	out := w.Apply(engine.BatchNorm2d, engine.BatchNormAttr{Epsilon: 1e-5, Momentum: 0.1},
		[]*engine.Tensor{x, w.model("weight" + i), w.model("bias" + i), w.model("mean" + i), w.model("var" + i)},
		nil, nil, w.State(engine.Gradient, "mean"+i), w.State(engine.Gradient, "var"+i))
	return out[0], out[1]
}

func (w *flowWriter) normBackward(dn, x *engine.Tensor, weight string, saved *engine.Tensor) {
	w.Apply(engine.BatchNorm2dBackward, engine.BatchNormAttr{Epsilon: 1e-5, Momentum: 0.1}, []*engine.Tensor{dn, x, w.model(weight), saved})
}

func (w *flowWriter) normEval(x *engine.Tensor, i string) *engine.Tensor {
	return w.Apply1(engine.BatchNorm2dEval, engine.BatchNormAttr{Epsilon: 1e-5},
		[]*engine.Tensor{x, w.model("weight" + i), w.model("bias" + i), w.model("mean" + i), w.model("var" + i)})
}

func (w *flowWriter) conv(x *engine.Tensor, i string) *engine.Tensor {
	return w.op(engine.PointwiseConv2d, x, w.model("conv"+i))
}

// window is a convolution of 3x3 windows by the parameter of that name.
func (w *flowWriter) window(k engine.Kind, x *engine.Tensor, weight string) *engine.Tensor {
	return w.Apply1(k, engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1}, []*engine.Tensor{x, w.model(weight)})
}

// windowGradient is its gradient by an input of dy's shape.
func (w *flowWriter) windowGradient(k engine.Kind, dy *engine.Tensor, weight string) *engine.Tensor {
	return w.Apply1(k, engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1}, []*engine.Tensor{dy, w.model(weight), dy})
}

// op is an op without attributes.
func (w *flowWriter) op(k engine.Kind, in ...*engine.Tensor) *engine.Tensor {
	return w.Apply1(k, nil, in)
}

func (w *flowWriter) relu(x *engine.Tensor) *engine.Tensor { return w.op(engine.ReLU, x) }

func (w *flowWriter) pool(x *engine.Tensor) *engine.Tensor {
	return w.Apply1(engine.MaxPool2d, halvingPool, []*engine.Tensor{x})
}

func (w *flowWriter) poolBackward(dy, x *engine.Tensor) *engine.Tensor {
	return w.Apply1(engine.MaxPool2dBackward, halvingPool, []*engine.Tensor{dy, x})
}

// mask is another one at every call.
func (w *flowWriter) mask() *engine.Tensor {
	w.masks++
	like := w.host("like")
	return w.Apply1(engine.Dropout2dMask, engine.DropoutAttr{P: 0.3, Layer: w.masks},
		[]*engine.Tensor{like, w.Input("random", engine.Uint32, engine.RandomElements)})
}

// back brings a gradient that the host writes from y to the leaves.
func (w *flowWriter) back(y *engine.Tensor, leaves ...*engine.Tensor) {
	w.Backward(y, w.Activation("dy", y.Shape...), leaves...)
}

// normReLU is a block whose backward pass a flow writes by itself.
func (w *flowWriter) normReLU() (x, r, saved *engine.Tensor) {
	x = w.host("x")
	n, saved := w.norm(x, "0")
	return x, w.relu(n), saved
}

// activated is a block with another activation.
func (w *flowWriter) activated(k engine.Kind) {
	x := w.host("x")
	n, _ := w.norm(x, "0")
	w.back(w.op(k, n), x)
}

// residuals is two blocks with identity shortcuts, one after another: the first one's activation has two readers.
func (w *flowWriter) residuals(first, second engine.Kind) {
	x := w.host("x")
	n, _ := w.norm(w.conv(x, "0"), "0")
	h := w.op(first, w.op(engine.Add, n, x))
	m, _ := w.norm(w.conv(h, "1"), "1")
	w.back(w.op(second, w.op(engine.Add, h, m)), x)
}

// flows are programs around BatchNorm2d and ReLU: residual connections, tensors with several readers, and gradients of other ops than those
// in front of them.
var flows = []flow{
	{"a block", []string{"norm_relu", "norm_relu_backward"}, func(w *flowWriter) {
		x, r, _ := w.normReLU()
		w.back(r, x)
	}},
	{"another activation", []string{"norm_silu", "norm_silu_backward"}, func(w *flowWriter) { w.activated(engine.SiLU) }},
	{"ReLU6", []string{"norm_relu6", "norm_relu6_backward"}, func(w *flowWriter) { w.activated(engine.ReLU6) }},
	{"GELU", []string{"norm_gelu", "norm_gelu_backward"}, func(w *flowWriter) { w.activated(engine.GELU) }},
	{"Hardswish", []string{"norm_hardswish", "norm_hardswish_backward"}, func(w *flowWriter) { w.activated(engine.Hardswish) }},
	{"normalised tensor that another activation and an op read", nil, func(w *flowWriter) {
		x := w.host("x")
		n, _ := w.norm(x, "0")
		w.back(w.op(engine.Add, w.op(engine.SiLU, n), n), x)
	}},
	{"gradient of another activation than the one in front", []string{"norm_silu", "norm_gelu_backward"}, func(w *flowWriter) {
		x := w.host("x")
		n, saved := w.norm(x, "0")
		w.op(engine.SiLU, n)
		w.normBackward(w.op(engine.GELUBackward, w.host("dr"), n), x, "weight0", saved)
	}},
	{"evaluation by other activations", []string{"norm_silu_eval", "norm_relu6_eval", "norm_gelu_eval", "norm_hardswish_eval"}, func(w *flowWriter) {
		x := w.host("x")
		for _, k := range []engine.Kind{engine.SiLU, engine.ReLU6, engine.GELU, engine.Hardswish} {
			w.op(k, w.normEval(x, "0"))
		}
	}},
	{"skip without a gradient", []string{"norm_add_relu", "relu_norm_backward"}, func(w *flowWriter) {
		x := w.host("x")
		n, _ := w.norm(x, "0")
		w.back(w.relu(w.op(engine.Add, n, w.host("skip"))), x)
	}},
	{"skip in front, without a gradient", []string{"norm_add_relu", "relu_norm_backward"}, func(w *flowWriter) {
		x, skip := w.host("x"), w.host("skip")
		n, _ := w.norm(x, "0")
		w.back(w.relu(w.op(engine.Add, skip, n)), x)
	}},
	{"skip with a gradient, made behind the norm", []string{"add_activation"}, func(w *flowWriter) {
		x, skip := w.host("x"), w.host("skip")
		n, _ := w.norm(x, "0")
		y := w.relu(w.op(engine.Add, n, w.conv(skip, "0")))
		w.back(y, x, skip)
	}},
	{"identity shortcut", []string{"norm_relu", "norm_add_relu", "relu_norm_backward", "norm_relu_backward"}, func(w *flowWriter) {
		x, h, _ := w.normReLU()
		n, _ := w.norm(w.conv(h, "0"), "1")
		w.back(w.relu(w.op(engine.Add, n, h)), x)
	}},
	{"identity of x", []string{"norm_add_relu", "relu_norm_backward"}, func(w *flowWriter) {
		x := w.host("x")
		n, _ := w.norm(x, "0")
		w.back(w.relu(w.op(engine.Add, n, x)), x)
	}},
	{"projected shortcut", []string{"norm_add_relu", "relu_norm_backward"}, func(w *flowWriter) {
		x := w.host("x")
		short, _ := w.norm(w.conv(x, "0"), "0")
		n, _ := w.norm(w.conv(x, "1"), "1")
		w.back(w.relu(w.op(engine.Add, n, short)), x)
	}},
	{"projected shortcut behind the block", []string{"norm_relu", "norm_relu_backward"}, func(w *flowWriter) {
		x := w.host("x")
		n, _ := w.norm(w.conv(x, "0"), "0")
		short, _ := w.norm(w.conv(x, "1"), "1")
		w.back(w.op(engine.Add, w.relu(short), n), x)
	}},
	{"residual blocks in a row", []string{"norm_add_relu", "norm_add_relu", "relu_norm_backward", "relu_norm_backward"}, func(w *flowWriter) {
		w.residuals(engine.ReLU, engine.ReLU)
	}},
	{"residual blocks by ReLU6 and SiLU", []string{"norm_add_relu6", "norm_add_silu", "norm_add_silu_backward", "norm_add_relu6_backward"}, func(w *flowWriter) {
		w.residuals(engine.ReLU6, engine.SiLU)
	}},
	{"residual blocks by GELU and Hardswish", []string{"norm_add_gelu", "norm_add_hardswish", "norm_add_hardswish_backward", "norm_add_gelu_backward"}, func(w *flowWriter) {
		w.residuals(engine.GELU, engine.Hardswish)
	}},
	{"projected shortcut in front, with SiLU", []string{"norm_add_silu", "norm_add_silu_backward"}, func(w *flowWriter) {
		x := w.host("x")
		short, _ := w.norm(w.conv(x, "0"), "0")
		n, _ := w.norm(w.conv(x, "1"), "1")
		w.back(w.op(engine.SiLU, w.op(engine.Add, short, n)), x)
	}},
	{"sum without an activation", []string{"norm_add"}, func(w *flowWriter) {
		x := w.host("x")
		n, _ := w.norm(w.conv(x, "0"), "0")
		w.back(w.op(engine.Add, n, x), x)
	}},
	{"sum that ReLU and another op read", []string{"norm_add"}, func(w *flowWriter) {
		x := w.host("x")
		n, _ := w.norm(w.conv(x, "0"), "0")
		s := w.op(engine.Add, n, x)
		w.back(w.op(engine.Add, w.relu(s), s), x)
	}},
	{"sum that SiLU and another op read, its gradient by SiLU alone", []string{"norm_add", "norm_add_silu_backward"}, func(w *flowWriter) {
		x := w.host("x")
		n, saved := w.norm(x, "0")
		s := w.op(engine.Add, n, w.host("skip"))
		w.op(engine.SiLU, s)
		w.normBackward(w.op(engine.SiLUBackward, w.host("dr"), s), x, "weight0", saved)
		w.pool(s)
	}},
	{"sum of the normalised tensor with itself", []string{"add_activation", "relu_norm_backward"}, func(w *flowWriter) {
		x := w.host("x")
		n, saved := w.norm(x, "0")
		r := w.relu(w.op(engine.Add, n, n))
		w.normBackward(w.op(engine.ReLUBackward, w.host("dr"), r), x, "weight0", saved)
	}},
	{"normalised tensor that the sum and another op read", []string{"add_activation", "norm_add_silu_backward"}, func(w *flowWriter) {
		x := w.host("x")
		n, saved := w.norm(x, "0")
		s := w.op(engine.Add, n, w.host("skip"))
		w.op(engine.SiLU, s)
		w.pool(n)
		w.normBackward(w.op(engine.SiLUBackward, w.host("dr"), s), x, "weight0", saved)
	}},
	{"shortcut that changes before the gradient", []string{"norm_add"}, func(w *flowWriter) {
		x, skip := w.host("x"), w.relu(w.host("skip"))
		n, saved := w.norm(x, "0")
		s := w.op(engine.Add, n, skip)
		w.op(engine.SiLU, s)
		w.Apply(engine.ReLU, nil, []*engine.Tensor{x}, skip)
		w.normBackward(w.op(engine.SiLUBackward, w.host("dr"), s), x, "weight0", saved)
	}},
	{"gradient of a sum by another norm", []string{"norm_add"}, func(w *flowWriter) {
		x, z := w.host("x"), w.host("z")
		_, saved := w.norm(z, "1")
		n, _ := w.norm(x, "0")
		s := w.op(engine.Add, n, w.host("skip"))
		w.op(engine.SiLU, s)
		w.normBackward(w.op(engine.SiLUBackward, w.host("dr"), s), z, "weight1", saved)
	}},
	{"residual block without a last ReLU", []string{"norm_relu", "norm_relu_backward"}, func(w *flowWriter) {
		x, r, _ := w.normReLU()
		w.back(w.op(engine.Add, w.conv(r, "0"), x), x)
	}},
	{"activation that two ops read", []string{"norm_relu", "norm_relu_backward"}, func(w *flowWriter) {
		x, r, _ := w.normReLU()
		w.back(w.op(engine.Add, w.op(engine.Dropout2d, r, w.mask()), r), x)
	}},
	{"activation that is pooled twice", []string{"norm_relu", "norm_relu_backward"}, func(w *flowWriter) {
		x, r, _ := w.normReLU()
		w.back(w.op(engine.Add, w.pool(r), w.pool(r)), x)
	}},
	{"activation that is pooled by windows that overlap", []string{"norm_relu", "norm_relu_backward"}, func(w *flowWriter) {
		x, r, _ := w.normReLU()
		w.back(w.Apply1(engine.MaxPool2d, overlappingPool, []*engine.Tensor{r}), x)
	}},
	{"evaluation, pooled by windows that overlap", []string{"norm_relu_eval"}, func(w *flowWriter) {
		w.Apply1(engine.MaxPool2d, overlappingPool, []*engine.Tensor{w.relu(w.normEval(w.host("x"), "0"))})
	}},
	{"normalised tensor that two ops read", nil, func(w *flowWriter) {
		x := w.host("x")
		n, _ := w.norm(x, "0")
		w.back(w.op(engine.Add, w.relu(n), n), x)
	}},
	{"one block's norm, another one's ReLU", nil, func(w *flowWriter) {
		x, z := w.host("x"), w.host("z")
		n, _ := w.norm(x, "0")
		m, _ := w.norm(z, "1")
		w.back(w.op(engine.Add, w.relu(n), w.relu(m)), x, z)
	}},
	{"gradient of another ReLU", []string{"norm_relu", "relu_norm_backward"}, func(w *flowWriter) {
		x, _, saved := w.normReLU()
		other := w.relu(w.host("z"))
		w.normBackward(w.op(engine.ReLUBackward, w.host("dr"), other), x, "weight0", saved)
	}},
	{"gradient of a ReLU by what SiLU made", []string{"norm_silu", "relu_norm_backward"}, func(w *flowWriter) {
		x := w.host("x")
		n, saved := w.norm(x, "0")
		w.normBackward(w.op(engine.ReLUBackward, w.host("dr"), w.op(engine.SiLU, n)), x, "weight0", saved)
	}},
	{"gradient of a ReLU that the host wrote", []string{"norm_relu", "relu_norm_backward"}, func(w *flowWriter) {
		x, _, saved := w.normReLU()
		w.normBackward(w.op(engine.ReLUBackward, w.host("dr"), w.host("y")), x, "weight0", saved)
	}},
	{"gradient by another x", []string{"norm_relu", "relu_norm_backward"}, func(w *flowWriter) {
		_, r, saved := w.normReLU()
		w.normBackward(w.op(engine.ReLUBackward, w.host("dr"), r), w.host("z"), "weight0", saved)
	}},
	{"statistics of another norm", []string{"norm_relu", "relu_norm_backward"}, func(w *flowWriter) {
		x, r, _ := w.normReLU()
		_, saved := w.norm(x, "1")
		w.normBackward(w.op(engine.ReLUBackward, w.host("dr"), r), x, "weight1", saved)
	}},
	{"weight of another norm", []string{"norm_relu", "relu_norm_backward"}, func(w *flowWriter) {
		x, r, saved := w.normReLU()
		w.normBackward(w.op(engine.ReLUBackward, w.host("dr"), r), x, "weight1", saved)
	}},
	{"statistics that the host wrote", []string{"norm_relu", "relu_norm_backward"}, func(w *flowWriter) {
		x, r, _ := w.normReLU()
		saved := w.Tensor(engine.Tensor{Name: "saved", Shape: engine.Shape{2, w.shape[1]}})
		w.normBackward(w.op(engine.ReLUBackward, w.host("dr"), r), x, "weight0", saved)
	}},
	{"gradient alone", []string{"relu_norm_backward"}, func(w *flowWriter) {
		saved := w.Tensor(engine.Tensor{Name: "saved", Shape: engine.Shape{2, w.shape[1]}})
		w.normBackward(w.op(engine.ReLUBackward, w.host("dr"), w.host("y")), w.host("x"), "weight0", saved)
	}},
	{"bias that changes before the gradient", []string{"norm_relu", "relu_norm_backward"}, func(w *flowWriter) {
		x, r, saved := w.normReLU()
		w.Apply(engine.Add, nil, []*engine.Tensor{w.model("bias0"), w.model("mean1")}, w.model("bias0"))
		w.normBackward(w.op(engine.ReLUBackward, w.host("dr"), r), x, "weight0", saved)
	}},
	{"all parameters change before the gradient", []string{"norm_relu", "relu_norm_backward"}, func(w *flowWriter) {
		x, r, saved := w.normReLU()
		all := w.Part(engine.Model, engine.AllParameters)
		w.Apply(engine.Add, nil, []*engine.Tensor{all, w.Part(engine.EMA, engine.AllParameters)}, all)
		w.normBackward(w.op(engine.ReLUBackward, w.host("dr"), r), x, "weight0", saved)
	}},
	{"statistics that change before the gradient", []string{"norm_relu", "relu_norm_backward"}, func(w *flowWriter) {
		x, r, saved := w.normReLU()
		w.Apply(engine.Add, nil, []*engine.Tensor{saved, saved}, saved)
		w.normBackward(w.op(engine.ReLUBackward, w.host("dr"), r), x, "weight0", saved)
	}},
	{"gradient that is the activation itself", []string{"norm_relu", "relu_norm_backward"}, func(w *flowWriter) {
		x, r, saved := w.normReLU()
		w.pool(r)
		w.normBackward(w.op(engine.ReLUBackward, r, r), x, "weight0", saved)
	}},
	{"gradient that two norms read", []string{"norm_relu", "relu_norm_backward"}, func(w *flowWriter) {
		x, r, saved := w.normReLU()
		dn := w.op(engine.ReLUBackward, w.host("dr"), r)
		w.normBackward(dn, x, "weight0", saved)
		w.normBackward(dn, x, "weight1", saved)
	}},
	{"gradient taken twice", []string{"norm_relu", "norm_relu_backward", "norm_relu_backward"}, func(w *flowWriter) {
		x, r, saved := w.normReLU()
		for _, name := range []string{"dr", "another"} {
			w.normBackward(w.op(engine.ReLUBackward, w.host(name), r), x, "weight0", saved)
		}
	}},
	{"dropout backward by another mask", []string{"norm_relu_dropout_pool", "norm_relu_dropout_backward"}, func(w *flowWriter) {
		mask, other := w.mask(), w.mask()
		x, r, saved := w.normReLU()
		w.pool(w.op(engine.Dropout2d, r, mask))
		w.normBackward(w.op(engine.ReLUBackward, w.op(engine.Dropout2d, w.host("dd"), other), r), x, "weight0", saved)
	}},
	{"pooled, dropout backward by another mask", []string{"norm_relu_dropout", "norm_relu_dropout_backward"}, func(w *flowWriter) {
		mask, other := w.mask(), w.mask()
		x, r, saved := w.normReLU()
		d := w.op(engine.Dropout2d, r, mask)
		w.pool(d)
		dd := w.poolBackward(w.pooled("dp"), d)
		w.normBackward(w.op(engine.ReLUBackward, w.op(engine.Dropout2d, dd, other), r), x, "weight0", saved)
	}},
	{"pooling's gradient by another x", []string{"norm_relu_pool", "norm_relu_backward"}, func(w *flowWriter) {
		x, r, saved := w.normReLU()
		w.pool(r)
		dr := w.poolBackward(w.pooled("dp"), w.host("z"))
		w.normBackward(w.op(engine.ReLUBackward, dr, r), x, "weight0", saved)
	}},
	{"pooling's gradient by another x, with dropout", []string{"norm_relu_dropout", "norm_relu_dropout_backward"}, func(w *flowWriter) {
		mask := w.mask()
		x, r, saved := w.normReLU()
		w.op(engine.Dropout2d, r, mask)
		dd := w.poolBackward(w.pooled("dp"), w.host("z"))
		w.normBackward(w.op(engine.ReLUBackward, w.op(engine.Dropout2d, dd, mask), r), x, "weight0", saved)
	}},
	{"convolution that changes before the norm", []string{"norm_relu"}, func(w *flowWriter) {
		x := w.conv(w.host("x"), "0")
		w.Apply(engine.Add, nil, []*engine.Tensor{w.model("conv0"), w.model("conv1")}, w.model("conv0"))
		n, _ := w.norm(x, "0")
		w.relu(n)
	}},
	{"gradients by a shortcut and a dense convolution", []string{"conv2d_backward_data_add"}, func(w *flowWriter) {
		x := w.host("x")
		w.back(w.op(engine.Add, w.window(engine.Conv2d, x, "dense"), x), x)
	}},
	{"gradients by a shortcut and a depthwise convolution", []string{"depthwise_conv2d_backward_data_add"}, func(w *flowWriter) {
		x := w.host("x")
		w.back(w.op(engine.Add, x, w.window(engine.DepthwiseConv2d, x, "depthwise")), x)
	}},
	{"gradients by two convolutions", []string{"conv2d_backward_data_add"}, func(w *flowWriter) {
		dy := w.host("dy")
		other := w.windowGradient(engine.DepthwiseConv2dBackwardData, dy, "depthwise")
		w.pool(w.op(engine.Add, other, w.windowGradient(engine.Conv2dBackwardData, dy, "dense")))
	}},
	{"gradient by a convolution that two ops read", nil, func(w *flowWriter) {
		dy := w.host("dy")
		d := w.windowGradient(engine.DepthwiseConv2dBackwardData, dy, "depthwise")
		w.pool(w.op(engine.Add, d, dy))
		w.pool(d)
	}},
	{"gradient by a convolution, added to itself", nil, func(w *flowWriter) {
		d := w.windowGradient(engine.Conv2dBackwardData, w.host("dy"), "dense")
		w.pool(w.op(engine.Add, d, d))
	}},
	{"evaluation", []string{"pointwise_conv2d_norm_relu_eval", "norm_relu_pool_eval"}, func(w *flowWriter) {
		h := w.relu(w.normEval(w.conv(w.host("x"), "0"), "0"))
		w.pool(w.relu(w.normEval(h, "1")))
	}},
	{"evaluation with an identity shortcut", []string{"pointwise_conv2d_norm_relu_eval", "pointwise_conv2d_norm_add_activation_eval"}, func(w *flowWriter) {
		h := w.relu(w.normEval(w.conv(w.host("x"), "0"), "0"))
		w.relu(w.op(engine.Add, w.normEval(w.conv(h, "1"), "1"), h))
	}},
	{"evaluation with a projected shortcut", []string{"pointwise_conv2d_norm_eval", "pointwise_conv2d_norm_add_activation_eval"}, func(w *flowWriter) {
		x := w.host("x")
		short := w.normEval(w.conv(x, "0"), "0")
		w.relu(w.op(engine.Add, short, w.normEval(w.conv(x, "1"), "1")))
	}},
	{"evaluation, sum without an activation", []string{"pointwise_conv2d_norm_activation_eval", "pointwise_conv2d_norm_add_eval"}, func(w *flowWriter) {
		h := w.op(engine.ReLU6, w.normEval(w.conv(w.host("x"), "0"), "0"))
		w.pool(w.op(engine.Add, h, w.normEval(w.conv(h, "1"), "1")))
	}},
	{"evaluation, sum that two ops read", []string{"pointwise_conv2d_norm_add_eval"}, func(w *flowWriter) {
		x := w.host("x")
		s := w.op(engine.Add, w.normEval(w.conv(x, "0"), "0"), x)
		w.op(engine.Add, w.relu(s), s)
	}},
	{"evaluation, norm that the sum and another op read", []string{"pointwise_conv2d_norm_eval", "add_activation"}, func(w *flowWriter) {
		x := w.host("x")
		n := w.normEval(w.conv(x, "0"), "0")
		w.relu(w.op(engine.Add, n, x))
		w.pool(n)
	}},
	{"sum of anything, and an activation", []string{"add_activation"}, func(w *flowWriter) {
		w.op(engine.Hardswish, w.op(engine.Add, w.host("a"), w.host("b")))
	}},
	{"sum of a tensor with itself, and an activation", []string{"add_activation"}, func(w *flowWriter) {
		x := w.host("x")
		w.relu(w.op(engine.Add, x, x))
	}},
	{"evaluation, norm of no convolution with a shortcut", []string{"norm_add_relu_eval", "norm_add_eval"}, func(w *flowWriter) {
		x := w.host("x")
		h := w.relu(w.op(engine.Add, x, w.normEval(w.host("z"), "0")))
		w.pool(w.op(engine.Add, w.normEval(h, "1"), x))
	}},
	{"evaluation, Add between convolution and norm", []string{"norm_relu_eval"}, func(w *flowWriter) {
		w.relu(w.normEval(w.op(engine.Add, w.conv(w.host("x"), "0"), w.host("skip")), "0"))
	}},
	{"evaluation, convolution that two ops read", []string{"norm_relu_eval"}, func(w *flowWriter) {
		h := w.conv(w.host("x"), "0")
		w.op(engine.Add, w.relu(w.normEval(h, "0")), h)
	}},
	{"evaluation, norm that two ops read", []string{"pointwise_conv2d_norm_eval"}, func(w *flowWriter) {
		n := w.normEval(w.conv(w.host("x"), "0"), "0")
		w.op(engine.Add, w.relu(n), n)
	}},
	{"evaluation, activation that two ops read", []string{"norm_relu_eval"}, func(w *flowWriter) {
		r := w.relu(w.normEval(w.host("x"), "0"))
		w.pool(r)
		w.op(engine.Dropout2d, r, w.mask())
	}},
	{"evaluation, convolution that its norm adds to", []string{"norm_relu_eval"}, func(w *flowWriter) {
		x := w.host("x")
		h := w.conv(x, "0")
		w.op(engine.PointwiseConv2dBackwardWeight, h, x)
		w.relu(w.normEval(h, "0"))
	}},
}
