package optest

import "cnnvk/engine"

// depthwiseCases are those of depthwise_conv2d and its gradients: windows of 3 and 5, strides of 1 and 2.
func depthwiseCases() []Case {
	same, half := engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1}, engine.ConvAttr{Kernel: 3, Stride: 2, Padding: 1}
	wide, wideHalf := engine.ConvAttr{Kernel: 5, Stride: 1, Padding: 2}, engine.ConvAttr{Kernel: 5, Stride: 2, Padding: 2}
	rows := []Case{
		{N: 5, C: 3, H: 7, W: 9, Attr: same, NoBias: true, Why: "nothing divides: edges on every side"},
		{N: 2, C: 3, H: 32, W: 32, Attr: same, NoBias: true, Why: "the first block of SmallCIFARNet"},
		{N: 2, C: 64, H: 16, W: 16, Attr: same, NoBias: true, Why: "its second block"},
		{N: 4, C: 128, H: 8, W: 8, Attr: same, NoBias: true, Why: "its third block"},
		{N: 8, C: 512, H: 4, W: 4, Attr: same, NoBias: true, Placed: true, Why: "its deep blocks"},
		{N: 7, C: 12, H: 1, W: 1, Attr: same, NoBias: true, Why: "one pixel: only the middle tap counts"},
		{N: 1, C: 20, H: 5, W: 4, Attr: same, NoBias: true, Why: "one image"},
		{N: 12, C: 36, H: 6, W: 10, Attr: same, Why: "W even but not a multiple of four"},
		{N: 3, C: 5, H: 1, W: 8, Attr: same, NoBias: true, Why: "one row"},
		{N: 2, C: 4, H: 8, W: 1, Attr: same, Why: "one column"},
		{N: 4, C: 128, H: 16, W: 16, Attr: half, NoBias: true, Why: "a separable block that halves the image"},
		{N: 6, C: 67, H: 14, W: 14, Attr: half, Placed: true, Why: "the same, of an odd number of channels"},
		{N: 5, C: 22, H: 7, W: 9, Attr: half, Why: "odd sizes halved"},
		{N: 3, C: 6, H: 1, W: 2, Attr: half, Why: "one output"},
		{N: 4, C: 12, H: 28, W: 28, Attr: wide, NoBias: true, Why: "5 x 5"},
		{N: 12, C: 9, H: 4, W: 3, Attr: wide, Why: "no row without an edge on both sides"},
		{N: 4, C: 33, H: 8, W: 10, Attr: wideHalf, Why: "5 x 5 at stride 2"},
		{N: 2, C: 5, H: 9, W: 7, Attr: wideHalf, NoBias: true, Why: "odd sizes halved"},
		{N: 2, C: 3, H: 8, W: 11, Attr: engine.ConvAttr{Kernel: 3, Stride: 3, Padding: 2}, Why: "stride 3, a padding that windows lie in"},
		{N: 2, C: 3, H: 11, W: 13, Attr: engine.ConvAttr{Kernel: 2, Stride: 5}, Why: "even window, pixels in none, no padding"},
		{N: 2, C: 8, H: 6, W: 6, Attr: engine.ConvAttr{Kernel: 1, Stride: 2}, Why: "one tap"},
		{N: 8, C: 256, H: 8, W: 8, Attr: half, NoBias: true, Why: "rows that become one texel"},
		{N: 3, C: 5, H: 9, W: 24, Attr: half, Why: "three texels, an odd number of rows"},
		{N: 3, C: 7, H: 9, W: 16, Attr: wideHalf, Why: "5 x 5 at stride 2 over whole texels"},
		{N: 2, C: 3, H: 8, W: 8, Attr: engine.ConvAttr{Kernel: 9, Stride: 2, Padding: 4}, NoBias: true, Why: "a window that is larger than the image"},
		{N: 2, C: 3, H: 7, W: 24, Attr: engine.ConvAttr{Kernel: 3, Stride: 3, Padding: 1}, Why: "stride 3 over whole texels"},
		{N: 2, C: 3, H: 8, W: 16, Attr: engine.ConvAttr{Kernel: 3, Stride: 4, Padding: 1}, Why: "stride 4, pixels in no window"},
		{N: 2, C: 8, H: 6, W: 8, Attr: engine.ConvAttr{Kernel: 1, Stride: 2}, Why: "one tap of whole texels"},
	}
	var out []Case
	for _, k := range []engine.Kind{engine.DepthwiseConv2d, engine.DepthwiseConv2dBackwardData, engine.DepthwiseConv2dBackwardWeight} {
		for _, c := range rows {
			c.Kind, c.NoBias = k, c.NoBias && k == engine.DepthwiseConv2d
			out = append(out, c)
		}
	}
	return out
}
