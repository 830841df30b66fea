package optest

import "cnnvk/engine"

// denseCases are those of conv2d and its gradients: strides of 1 and 2, kernels of 3, 1 and 5.
func denseCases() []Case {
	same, half := engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1}, engine.ConvAttr{Kernel: 3, Stride: 2, Padding: 1}
	rows := []Case{
		{N: 2, C: 3, M: 32, H: 32, W: 32, Attr: same, Why: "TinyNet's conv1: three input channels"},
		{N: 4, C: 32, M: 64, H: 16, W: 16, Attr: same, Placed: true, Why: "its conv2"},
		{N: 4, C: 64, M: 64, H: 8, W: 8, Attr: same, NoBias: true, Why: "a residual block"},
		{N: 4, C: 16, M: 32, H: 32, W: 32, Attr: half, Why: "a residual block that halves the image"},
		{N: 8, C: 33, M: 65, H: 8, W: 8, Attr: half, Why: "the same, one channel more than tiles have"},
		{N: 8, C: 16, M: 32, H: 16, W: 16, Attr: engine.ConvAttr{Kernel: 1, Stride: 2}, NoBias: true, Why: "its shortcut"},
		{N: 2, C: 36, M: 20, H: 8, W: 8, Attr: engine.ConvAttr{Kernel: 1, Stride: 1}, Why: "one tap"},
		{N: 5, C: 5, M: 7, H: 7, W: 9, Attr: same, Why: "nothing divides: edges on every side"},
		{N: 5, C: 5, M: 7, H: 7, W: 9, Attr: half, Why: "nothing divides, odd sizes halved"},
		{N: 3, C: 4, M: 6, H: 6, W: 10, Attr: half, Why: "even sizes halved to odd ones"},
		{N: 4, C: 3, M: 5, H: 9, W: 8, Attr: half, Why: "odd rows, whole texels of columns"},
		{N: 1, C: 7, M: 9, H: 5, W: 4, Attr: same, Why: "one image, one texel a row"},
		{N: 12, C: 20, M: 12, H: 4, W: 4, Attr: same, Why: "one texel a row, several layouts"},
		{N: 6, C: 12, M: 20, H: 2, W: 8, Attr: same, Why: "no row without an edge"},
		{N: 2, C: 3, M: 2, H: 1, W: 1, Attr: same, Why: "one pixel: only the middle tap counts"},
		{N: 2, C: 3, M: 4, H: 8, W: 8, Attr: engine.ConvAttr{Kernel: 5, Stride: 1, Padding: 2}, Why: "5 x 5"},
		{N: 2, C: 3, M: 4, H: 9, W: 7, Attr: engine.ConvAttr{Kernel: 3, Stride: 1}, Why: "no padding"},
		{N: 2, C: 3, M: 4, H: 8, W: 11, Attr: engine.ConvAttr{Kernel: 3, Stride: 3, Padding: 2}, Why: "stride 3, a padding that windows lie in"},
		{N: 12, C: 32, M: 33, H: 4, W: 8, Attr: same, Why: "one row more than a tile"},
		{N: 4, C: 24, M: 16, H: 8, W: 16, Attr: half, Why: "wider than high"},
		{N: 6, C: 22, M: 67, H: 14, W: 14, Attr: half, NoBias: true, Why: "odd channels, rows of no whole texels halved"},
		{N: 2, C: 1, M: 32, H: 28, W: 28, Attr: engine.ConvAttr{Kernel: 5, Stride: 1, Padding: 2}, Placed: true, Why: "5 x 5 on grey images of 28 x 28"},
		{N: 4, C: 16, M: 33, H: 14, W: 15, Attr: engine.ConvAttr{Kernel: 5, Stride: 2, Padding: 2}, Why: "5 x 5 at stride 2"},
		{N: 7, C: 17, M: 65, H: 7, W: 7, Attr: engine.ConvAttr{Kernel: 1, Stride: 2}, NoBias: true, Why: "a shortcut of odd rows and channels"},
		{N: 12, C: 30, M: 9, H: 1, W: 1, Attr: engine.ConvAttr{Kernel: 1, Stride: 1}, Why: "what squeezes channels"},
		{N: 3, C: 18, M: 9, H: 7, W: 9, Attr: same, NoBias: true, Why: "Winograd's tiles past every edge, odd channels"},
		{N: 65, C: 24, M: 32, H: 10, W: 6, Attr: same, NoBias: true, Why: "Winograd's tiles in two pieces"},
		{N: 2, C: 512, M: 17, H: 6, W: 6, Attr: same, NoBias: true, Why: "Winograd's errors add up over many channels"},
	}
	var out []Case
	for _, k := range []engine.Kind{engine.Conv2d, engine.Conv2dBackwardData, engine.Conv2dBackwardWeight, engine.Conv2dBackwardBias} {
		for _, c := range rows {
			c.Kind = k
			c.NoBias = c.NoBias && k == engine.Conv2d
			if k == engine.Conv2dBackwardBias { // which sees the output alone
				window := c.Attr.(engine.ConvAttr)
				c.H, c.W, c.Attr = window.Output(c.H), window.Output(c.W), nil
			}
			out = append(out, c)
		}
	}
	return out
}
