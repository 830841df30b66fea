package optest

import (
	"slices"

	"cnnvk/engine"
)

// Cases lists every case: for each op kind the shapes of the networks at few images, and those at
// which a kernel would go wrong.
func Cases() []Case {
	return slices.Concat(gatherCases(), augmentCases(), mixCases(), resizeCases(), denseCases(), depthwiseCases(), pointwiseCases(), normCases(), elementCases(), dropoutCases(), poolCases(),
		flattenCases(), linearCases(), lossCases(), updateCases(), scaledCases())
}

func gatherCases() []Case {
	return each([]engine.Kind{engine.GatherNormalize},
		Case{N: 8, C: 3, M: 50, H: 32, W: 32, Why: "CIFAR"},
		Case{N: 5, C: 3, M: 7, H: 5, W: 3, Why: "images that start at no multiple of four bytes"},
		Case{N: 12, C: 1, M: 2, H: 4, W: 4, Why: "grey, the same image several times"},
		Case{N: 1, C: 2, M: 1, H: 1, W: 1, Why: "one pixel"},
		Case{N: 7, C: 3, M: 3, H: 6, W: 10, Why: "W not a multiple of four"},
		Case{N: 9, C: 3, M: 11, H: 2, W: 6, Why: "12 pixels: rows are not multiples of four, images are"},
	)
}

func pointwiseCases() []Case {
	return each([]engine.Kind{engine.PointwiseConv2d, engine.PointwiseConv2dBackwardData, engine.PointwiseConv2dBackwardWeight},
		Case{N: 2, C: 3, M: 64, H: 32, W: 32, Why: "the first block of SmallCIFARNet: three input channels"},
		Case{N: 2, C: 64, M: 128, H: 16, W: 16, Why: "its second block"},
		Case{N: 8, C: 256, M: 512, H: 4, W: 4, Why: "its fourth block"},
		Case{N: 12, C: 512, M: 512, H: 4, W: 4, Why: "its deep blocks", Placed: true},
		Case{N: 7, C: 12, M: 20, H: 8, W: 8, Why: "the narrow network, batch 7"},
		Case{N: 5, C: 7, M: 9, H: 5, W: 3, Why: "nothing divides"},
		Case{N: 12, C: 20, M: 36, H: 4, W: 4, Why: "narrow and deep"},
		Case{N: 1, C: 36, M: 40, H: 1, W: 1, Why: "one pixel of one image"},
		Case{N: 8, C: 52, M: 44, H: 1, W: 1, Why: "one pixel: a matrix product over images"},
		Case{N: 3, C: 1, M: 1, H: 2, W: 6, Why: "one channel each way"},
		Case{N: 2, C: 130, M: 65, H: 6, W: 6, Why: "one more than a tile everywhere"},
		Case{N: 3, C: 67, M: 22, H: 7, W: 7, Why: "odd channels of odd images"},
		Case{N: 17, C: 22, M: 67, H: 14, W: 14, Why: "pixels of many tiles, and some beyond"},
	)
}

func normCases() []Case {
	defaults := engine.BatchNormAttr{Epsilon: 1e-5, Momentum: 0.1}
	rows := []Case{
		{N: 2, C: 64, H: 32, W: 32, Why: "the first block of SmallCIFARNet: long sums"},
		{N: 8, C: 512, H: 4, W: 4, Why: "its deep blocks", Placed: true},
		{N: 72, C: 12, H: 4, W: 4, Why: "the short last batch of an epoch"},
		{N: 7, C: 20, H: 5, W: 3, Why: "nothing divides"},
		{N: 2, C: 36, H: 1, W: 1, Why: "two values a channel"},
		{N: 1, C: 3, H: 9, W: 7, Why: "one image"},
		{N: 5, C: 12, H: 6, W: 6, Attr: engine.BatchNormAttr{Epsilon: 1e-3, Momentum: 0.3}, Why: "other constants"},
		{N: 12, C: 12, H: 8, W: 8, Fill: FarMean, Why: "a mean of thirty deviations: squares would cancel"},
		{N: 5, C: 5, H: 4, W: 4, Fill: Dead, Why: "an input of zeros: variance 0"},
	}
	return with(defaults, each([]engine.Kind{engine.BatchNorm2d, engine.BatchNorm2dEval, engine.BatchNorm2dBackward}, rows...))
}

func elementCases() []Case {
	shapes := []Case{
		{N: 2, C: 64, H: 32, W: 32, Why: "the first block of SmallCIFARNet"},
		{N: 8, C: 512, H: 4, W: 4, Why: "its deep blocks"},
		{N: 7, C: 12, H: 5, W: 3, Why: "nothing divides"},
		{N: 1, C: 1, H: 1, W: 1, Why: "one element"},
		{N: 12, C: 20, H: 2, W: 2, Why: "narrow"},
	}
	dead := Case{N: 5, C: 36, H: 4, W: 4, Fill: Dead, Why: "a dead ReLU: all outputs exactly zero"}
	far := Case{N: 5, C: 12, H: 4, W: 4, Fill: FarValues, Why: "exponentials overflow float32"}
	return slices.Concat(
		each([]engine.Kind{engine.ReLU, engine.ReLUBackward}, append(shapes, dead)...),
		each([]engine.Kind{engine.ReLU},
			Case{N: 5, C: 36, H: 4, W: 4, Fill: NotANumber, Why: "a NaN passes, of either sign, and infinity"},
			Case{N: 7, C: 12, H: 5, W: 3, Fill: NotANumber, Why: "the same where nothing divides"},
		),
		each([]engine.Kind{engine.SiLU, engine.SiLUBackward, engine.ReLU6, engine.ReLU6Backward, engine.GELU, engine.GELUBackward,
			engine.Hardswish, engine.HardswishBackward, engine.Sigmoid, engine.SigmoidBackward}, append(shapes, far)...),
		each([]engine.Kind{engine.ReLU6, engine.GELU, engine.Hardswish},
			Case{N: 5, C: 36, H: 4, W: 4, Fill: NotANumber, Why: "a NaN passes, of either sign, and infinity"},
			Case{N: 7, C: 12, H: 5, W: 3, Fill: NotANumber, Why: "the same where nothing divides"},
		),
		each([]engine.Kind{engine.ReLU6, engine.ReLU6Backward, engine.HardswishBackward},
			Case{N: 5, C: 12, H: 4, W: 4, Fill: Kinks, Why: "x at the edges of the pieces, and beside them"},
			Case{N: 7, C: 5, H: 5, W: 3, Fill: Kinks, Why: "the same where nothing divides"},
		),
		each([]engine.Kind{engine.Add}, shapes...),
		each([]engine.Kind{engine.Add},
			Case{N: 2, C: 36, M: 20, Why: "two contributions to a parameter's gradient"},
			Case{N: 2, C: 7, M: 9, Placed: true, Why: "the sum goes to the parameter's segment"},
		),
	)
}

func dropoutCases() []Case {
	masks := each([]engine.Kind{engine.Dropout2dMask},
		Case{N: 8, C: 512, H: 4, W: 4, Attr: engine.DropoutAttr{P: 0.2, Layer: 5}, Why: "the last dropout of SmallCIFARNet"},
		Case{N: 2, C: 64, H: 32, W: 32, Attr: engine.DropoutAttr{P: 0.05}, Why: "its first"},
		Case{N: 7, C: 12, H: 5, W: 3, Attr: engine.DropoutAttr{P: 0.1, Layer: 1}, Why: "nothing divides"},
		Case{N: 5, C: 36, H: 1, W: 1, Attr: engine.DropoutAttr{P: 0, Layer: 2}, Why: "p = 0 keeps everything at scale 1"},
		Case{N: 12, C: 100, H: 1, W: 1, Attr: engine.DropoutAttr{P: 0.99, Layer: 3}, Why: "p near 1: few survivors, scaled by 100"},
		Case{N: 12, C: 20, H: 2, W: 2, Attr: engine.DropoutAttr{P: 0.5, Layer: 4}, Fill: LargeSeed, Why: "counters near 2^32, sample wraps around"},
		Case{N: 1, C: 1, H: 1, W: 1, Attr: engine.DropoutAttr{P: 0.3}, Why: "one draw"},
	)
	apply := each([]engine.Kind{engine.Dropout2d},
		Case{N: 8, C: 512, H: 4, W: 4, Dropped: 0.2, Why: "the deep blocks of SmallCIFARNet"},
		Case{N: 2, C: 64, H: 32, W: 32, Dropped: 0.05, Why: "its first block"},
		Case{N: 7, C: 12, H: 5, W: 3, Dropped: 0.5, Why: "nothing divides"},
		Case{N: 5, C: 36, H: 1, W: 1, Dropped: 0.9, Why: "one pixel, most channels dropped"},
		Case{N: 12, C: 20, H: 6, W: 10, Why: "nothing dropped"},
		Case{N: 9, C: 33, H: 2, W: 6, Dropped: 0.4, Why: "12 pixels"},
	)
	values := each([]engine.Kind{engine.DropoutMask},
		Case{N: 8, C: 64, H: 8, W: 8, Attr: engine.DropoutAttr{P: 0.2, Layer: 5}, Why: "a whole image"},
		Case{N: 16, C: 128, H: 1, W: 1, Attr: engine.DropoutAttr{P: 0.5}, Why: "features, before a Linear"},
		Case{N: 7, C: 13, H: 5, W: 3, Attr: engine.DropoutAttr{P: 0.1, Layer: 1}, Why: "nothing divides: the last draw of an image has values left over"},
		Case{N: 5, C: 36, H: 2, W: 2, Attr: engine.DropoutAttr{P: 0, Layer: 2}, Why: "p = 0 keeps everything at scale 1"},
		Case{N: 12, C: 10, H: 6, W: 6, Attr: engine.DropoutAttr{P: 0.99, Layer: 3}, Why: "p near 1: few survivors, scaled by 100"},
		Case{N: 12, C: 20, H: 2, W: 2, Attr: engine.DropoutAttr{P: 0.5, Layer: 4}, Fill: LargeSeed, Why: "counters near 2^32, sample wraps around"},
		Case{N: 12, C: 21, H: 1, W: 3, Attr: engine.DropoutAttr{P: 0.5, Layer: 4}, Fill: LargeSeed, Why: "the same where nothing divides"},
		Case{N: 1, C: 1, H: 1, W: 1, Attr: engine.DropoutAttr{P: 0.3}, Why: "one draw, of which one value is taken"},
	)
	applyValues := each([]engine.Kind{engine.Dropout},
		Case{N: 8, C: 64, H: 8, W: 8, Dropped: 0.2, Why: "a whole image"},
		Case{N: 16, C: 128, H: 1, W: 1, Dropped: 0.5, Why: "features, before a Linear"},
		Case{N: 7, C: 12, H: 5, W: 3, Dropped: 0.5, Why: "nothing divides"},
		Case{N: 9, C: 33, H: 2, W: 6, Dropped: 0.4, Why: "12 pixels"},
		Case{N: 3, C: 5, H: 1, W: 1, Dropped: 0.9, Why: "most values dropped"},
		Case{N: 12, C: 20, H: 6, W: 10, Why: "nothing dropped"},
	)
	return slices.Concat(masks, apply, values, applyValues)
}

// The windows that networks pool by.
var (
	pairs      = engine.PoolAttr{Kernel: 2, Stride: 2}
	overlapped = engine.PoolAttr{Kernel: 3, Stride: 2, Padding: 1}
)

func poolCases() []Case {
	halved := with(pairs, each([]engine.Kind{engine.MaxPool2d, engine.MaxPool2dBackward},
		Case{N: 2, C: 64, H: 32, W: 32, Why: "after the first block of SmallCIFARNet"},
		Case{N: 8, C: 256, H: 8, W: 8, Why: "after its third"},
		Case{N: 7, C: 12, H: 9, W: 7, Why: "odd sizes: the last row and column are in no window"},
		Case{N: 5, C: 3, H: 2, W: 2, Why: "one window"},
		Case{N: 12, C: 36, H: 2, W: 3, Why: "one window and a column outside"},
		Case{N: 1, C: 20, H: 6, W: 10, Why: "W not a multiple of four"},
		Case{N: 5, C: 20, H: 8, W: 8, Fill: Ties, Why: "equal values: the first in row order gets the gradient"},
		Case{N: 2, C: 12, H: 4, W: 4, Fill: Dead, Why: "after a dead ReLU: all values equal"},
		Case{N: 3, C: 5, H: 2, W: 24, Why: "one row of windows"},
	))
	windows := []Case{
		{N: 2, C: 64, H: 32, W: 32, Attr: overlapped, Why: "3 x 3 windows that overlap, after a stem"},
		{N: 4, C: 20, H: 8, W: 8, Attr: overlapped, Why: "the same in several layouts"},
		{N: 7, C: 12, H: 9, W: 7, Attr: overlapped, Why: "odd sizes: windows reach into the padding on every side"},
		{N: 5, C: 3, H: 1, W: 1, Attr: overlapped, Why: "one pixel, padding around it"},
		{N: 3, C: 5, H: 5, W: 16, Attr: overlapped, Why: "odd rows, whole vec4s of columns"},
		{N: 6, C: 7, H: 4, W: 24, Attr: overlapped, Why: "four rows, wider than high"},
		{N: 12, C: 5, H: 6, W: 10, Attr: overlapped, Why: "W even but not a multiple of four"},
		{N: 2, C: 9, H: 2, W: 8, Attr: overlapped, Why: "one row of windows"},
		{N: 3, C: 4, H: 28, W: 28, Attr: overlapped, Why: "W a multiple of four, not of eight"},
		{N: 3, C: 4, H: 7, W: 11, Attr: engine.PoolAttr{Kernel: 3, Stride: 1, Padding: 1}, Why: "nine windows to a pixel"},
		{N: 3, C: 4, H: 11, W: 9, Attr: engine.PoolAttr{Kernel: 2, Stride: 3, Padding: 1}, Why: "pixels between the windows"},
		{N: 2, C: 3, H: 5, W: 8, Attr: engine.PoolAttr{Kernel: 5, Stride: 4, Padding: 2}, Why: "5 x 5"},
	}
	maximum := each([]engine.Kind{engine.MaxPool2d, engine.MaxPool2dBackward}, append(windows,
		Case{N: 5, C: 20, H: 8, W: 8, Attr: overlapped, Fill: Ties, Why: "equal values: the first in row order gets the gradient"},
		Case{N: 2, C: 12, H: 4, W: 8, Attr: overlapped, Fill: Dead, Why: "after a dead ReLU: all values equal"},
		Case{N: 5, C: 5, H: 7, W: 5, Attr: overlapped, Fill: Ties, Why: "equal values where nothing divides"},
	)...)
	mean := each([]engine.Kind{engine.AvgPool2d, engine.AvgPool2dBackward}, append(windows,
		Case{N: 2, C: 64, H: 32, W: 32, Attr: pairs, Why: "2 x 2"},
		Case{N: 8, C: 32, H: 8, W: 8, Attr: pairs, Why: "the same in several layouts"},
		Case{N: 7, C: 12, H: 9, W: 7, Attr: pairs, Why: "odd sizes: the last row and column are in no window"},
		Case{N: 3, C: 5, H: 2, W: 24, Attr: pairs, Why: "one row of windows"},
		Case{N: 5, C: 6, H: 7, W: 8, Attr: pairs, Why: "a last row in no window, whole vec4s"},
		Case{N: 5, C: 3, H: 2, W: 2, Attr: pairs, Why: "one window"},
	)...)
	average := each([]engine.Kind{engine.GlobalAvgPool, engine.GlobalAvgPoolBackward},
		Case{N: 8, C: 512, H: 4, W: 4, Why: "SmallCIFARNet"},
		Case{N: 7, C: 12, H: 3, W: 5, Why: "nothing divides"},
		Case{N: 5, C: 20, H: 1, W: 1, Why: "nothing to average"},
		Case{N: 1, C: 36, H: 8, W: 8, Why: "one image"},
		Case{N: 12, C: 44, H: 2, W: 2, Why: "narrow"},
		Case{N: 6, C: 9, H: 2, W: 6, Why: "12 pixels"},
	)
	scaled := each([]engine.Kind{engine.ChannelScale, engine.ChannelScaleBackwardScale},
		Case{N: 2, C: 64, H: 32, W: 32, Why: "squeeze-and-excitation early in a network"},
		Case{N: 8, C: 512, H: 4, W: 4, Why: "and late"},
		Case{N: 7, C: 12, H: 5, W: 3, Why: "nothing divides"},
		Case{N: 5, C: 36, H: 1, W: 1, Why: "one pixel"},
		Case{N: 9, C: 33, H: 2, W: 6, Why: "12 pixels"},
		Case{N: 1, C: 1, H: 1, W: 1, Why: "one element"},
		Case{N: 12, C: 5, H: 7, W: 7, Why: "odd sizes, several layouts"},
		Case{N: 12, C: 20, H: 6, W: 10, Why: "W even but not a multiple of four"},
	)
	return slices.Concat(halved, maximum, mean, average, scaled)
}

func flattenCases() []Case {
	return each([]engine.Kind{engine.Flatten, engine.FlattenBackward},
		Case{N: 8, C: 64, H: 8, W: 8, Why: "TinyNet"},
		Case{N: 12, C: 3, H: 2, W: 6, Why: "12 pixels, twelve images: blocks of four"},
		Case{N: 64, C: 9, H: 2, W: 2, Why: "four pixels, one block of them"},
		Case{N: 7, C: 5, H: 3, W: 5, Why: "nothing divides"},
		Case{N: 6, C: 4, H: 4, W: 4, Why: "pixels divide by four, images do not"},
		Case{N: 4, C: 3, H: 3, W: 3, Why: "images divide by four, pixels do not"},
		Case{N: 16, C: 20, H: 1, W: 1, Why: "one pixel: flat already"},
		Case{N: 1, C: 12, H: 2, W: 4, Why: "one image"},
		Case{N: 32, C: 7, H: 4, W: 8, Why: "eight blocks of images"},
	)
}

func linearCases() []Case {
	free := each([]engine.Kind{engine.Linear},
		Case{N: 64, C: 512, M: 100, H: 1, W: 1, NoBias: true, Placed: true, Why: "a classifier without a bias"},
		Case{N: 5, C: 7, M: 9, H: 1, W: 1, NoBias: true, Why: "the same where nothing divides"},
		Case{N: 16, C: 33, M: 21, H: 1, W: 1, NoBias: true, Why: "the same in tiles of eight images"},
	)
	return append(free, each([]engine.Kind{engine.Linear, engine.LinearBackwardData, engine.LinearBackwardWeight, engine.LinearBackwardBias},
		Case{N: 8, C: 512, M: 100, H: 1, W: 1, Why: "SmallCIFARNet's classifier", Placed: true},
		Case{N: 2, C: 4096, M: 128, H: 1, W: 1, Why: "TinyNet's fc1: long sums"},
		Case{N: 7, C: 52, M: 100, H: 1, W: 1, Why: "the narrow network, batch 7"},
		Case{N: 5, C: 7, M: 9, H: 1, W: 1, Why: "nothing divides"},
		Case{N: 1, C: 12, M: 1, H: 1, W: 1, Why: "one image, one output"},
		Case{N: 12, C: 1, M: 20, H: 1, W: 1, Why: "one feature"},
		Case{N: 72, C: 36, M: 10, H: 1, W: 1, Why: "the short last batch of an epoch"},
		Case{N: 16, C: 33, M: 21, H: 1, W: 1, Why: "tiles of eight images, odd features"},
		Case{N: 24, C: 5, M: 3, H: 1, W: 1, Why: "fewer rows than a tile has"},
		Case{N: 64, C: 512, M: 100, H: 1, W: 1, Why: "the classifier in tiles of 64"},
		Case{N: 128, C: 36, M: 20, H: 1, W: 1, Why: "two tiles of images, less than one of features"},
		Case{N: 192, C: 21, M: 18, H: 1, W: 1, Why: "odd features, three tiles of images"},
		Case{N: 64, C: 130, M: 65, H: 1, W: 1, Why: "one more than a tile of features each way"},
	)...)
}

func lossCases() []Case {
	smooth := engine.CrossEntropyAttr{Smoothing: 0.1}
	return each([]engine.Kind{engine.CrossEntropy, engine.CrossEntropyMixed},
		Case{N: 8, M: 100, H: 1, W: 1, Attr: smooth, Why: "the recipe"},
		Case{N: 72, M: 100, H: 1, W: 1, Attr: smooth, Why: "the short last batch of an epoch"},
		Case{N: 7, M: 10, H: 1, W: 1, Attr: engine.CrossEntropyAttr{}, Why: "no smoothing"},
		Case{N: 1, M: 2, H: 1, W: 1, Attr: engine.CrossEntropyAttr{Smoothing: 0.9}, Why: "two classes, hardly a target"},
		Case{N: 12, M: 12, H: 1, W: 1, Attr: smooth, Fill: Ties, Why: "equal logits: the first of them ranks first"},
		Case{N: 5, M: 3, H: 1, W: 1, Attr: smooth, Why: "fewer than five classes: every label is among the first five"},
		Case{N: 12, M: 100, H: 1, W: 1, Attr: smooth, Fill: FarLogits, Why: "the exponentials overflow float32"},
		Case{N: 2, M: 1000, H: 1, W: 1, Attr: engine.CrossEntropyAttr{}, Why: "more classes than a workgroup has invocations"},
	)
}
