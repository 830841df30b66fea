package cpu

import "cnnvk/engine"

// ops says which function computes an op and which operand goes where; in and out stand in the order of the op
// table of package engine.
var ops = map[engine.Kind]func(a engine.Attr, out, in []*tensor){
	engine.GatherNormalize: func(_ engine.Attr, out, in []*tensor) { gatherNormalize(out[0], in[0], in[1], in[2]) },
	engine.Augment:         func(_ engine.Attr, out, in []*tensor) { augment(out[0], in[0], in[1], in[2]) },

	engine.Resize:    func(_ engine.Attr, out, in []*tensor) { resize(out[0], in[0]) },
	engine.MixImages: func(_ engine.Attr, out, in []*tensor) { mixImages(out[0], in[0], in[1]) },

	engine.Conv2d:             func(a engine.Attr, out, in []*tensor) { conv2d(a.(engine.ConvAttr), out[0], in[0], in[1], in[2:]...) },
	engine.Conv2dBackwardData: func(a engine.Attr, out, in []*tensor) { conv2dBackwardData(a.(engine.ConvAttr), out[0], in[0], in[1]) },
	engine.Conv2dBackwardWeight: func(a engine.Attr, out, in []*tensor) {
		conv2dBackwardWeight(a.(engine.ConvAttr), out[0], in[0], in[1])
	},
	engine.Conv2dBackwardBias: func(_ engine.Attr, out, in []*tensor) { conv2dBackwardBias(out[0], in[0]) },

	engine.DepthwiseConv2d: func(a engine.Attr, out, in []*tensor) {
		depthwiseConv2d(a.(engine.ConvAttr), out[0], in[0], in[1], in[2:]...)
	},
	engine.DepthwiseConv2dBackwardData: func(a engine.Attr, out, in []*tensor) {
		depthwiseConv2dBackwardData(a.(engine.ConvAttr), out[0], in[0], in[1])
	},
	engine.DepthwiseConv2dBackwardWeight: func(a engine.Attr, out, in []*tensor) {
		depthwiseConv2dBackwardWeight(a.(engine.ConvAttr), out[0], in[0], in[1])
	},

	engine.PointwiseConv2d:               func(_ engine.Attr, out, in []*tensor) { pointwiseConv2d(out[0], in[0], in[1]) },
	engine.PointwiseConv2dBackwardData:   func(_ engine.Attr, out, in []*tensor) { pointwiseConv2dBackwardData(out[0], in[0], in[1]) },
	engine.PointwiseConv2dBackwardWeight: func(_ engine.Attr, out, in []*tensor) { pointwiseConv2dBackwardWeight(out[0], in[0], in[1]) },

	engine.BatchNorm2d: func(a engine.Attr, out, in []*tensor) {
		batchNorm2d(a.(engine.BatchNormAttr), out[0], out[1], out[2], out[3], in[0], in[1], in[2], in[3], in[4])
	},
	engine.BatchNorm2dEval: func(a engine.Attr, out, in []*tensor) {
		batchNorm2dEval(a.(engine.BatchNormAttr), out[0], in[0], in[1], in[2], in[3], in[4])
	},
	engine.BatchNorm2dBackward: func(_ engine.Attr, out, in []*tensor) {
		batchNorm2dBackward(out[0], out[1], out[2], in[0], in[1], in[2], in[3])
	},

	engine.ReLU:         func(_ engine.Attr, out, in []*tensor) { activate(out[0], in[0], relu) },
	engine.ReLUBackward: func(_ engine.Attr, out, in []*tensor) { reluBackward(out[0], in[0], in[1]) },

	engine.SiLU:         func(_ engine.Attr, out, in []*tensor) { activate(out[0], in[0], silu) },
	engine.SiLUBackward: func(_ engine.Attr, out, in []*tensor) { activateBackward(out[0], in[0], in[1], siluSlope) },

	engine.ReLU6:         func(_ engine.Attr, out, in []*tensor) { activate(out[0], in[0], relu6) },
	engine.ReLU6Backward: func(_ engine.Attr, out, in []*tensor) { activateBackward(out[0], in[0], in[1], relu6Slope) },

	engine.GELU:         func(_ engine.Attr, out, in []*tensor) { activate(out[0], in[0], gelu) },
	engine.GELUBackward: func(_ engine.Attr, out, in []*tensor) { activateBackward(out[0], in[0], in[1], geluSlope) },

	engine.Hardswish:         func(_ engine.Attr, out, in []*tensor) { activate(out[0], in[0], hardswish) },
	engine.HardswishBackward: func(_ engine.Attr, out, in []*tensor) { activateBackward(out[0], in[0], in[1], hardswishSlope) },

	engine.Sigmoid:         func(_ engine.Attr, out, in []*tensor) { activate(out[0], in[0], sigmoid) },
	engine.SigmoidBackward: func(_ engine.Attr, out, in []*tensor) { activateBackward(out[0], in[0], in[1], sigmoidSlope) },

	engine.Cast: func(_ engine.Attr, out, in []*tensor) { cast(out[0], in[0]) },

	engine.Dropout2dMask: func(a engine.Attr, out, in []*tensor) { dropout2dMask(a.(engine.DropoutAttr), out[0], in[1]) },
	engine.Dropout2d:     func(_ engine.Attr, out, in []*tensor) { scaleChannels(out[0], in[0], in[1]) },

	engine.DropoutMask: func(a engine.Attr, out, in []*tensor) { dropoutMask(a.(engine.DropoutAttr), out[0], in[1]) },
	engine.Dropout:     func(_ engine.Attr, out, in []*tensor) { multiply(out[0], in[0], in[1]) },

	engine.MaxPool2d:         func(a engine.Attr, out, in []*tensor) { maxPool2d(a.(engine.PoolAttr), out[0], in[0]) },
	engine.MaxPool2dBackward: func(a engine.Attr, out, in []*tensor) { maxPool2dBackward(a.(engine.PoolAttr), out[0], in[0], in[1]) },

	engine.AvgPool2d:         func(a engine.Attr, out, in []*tensor) { avgPool2d(a.(engine.PoolAttr), out[0], in[0]) },
	engine.AvgPool2dBackward: func(a engine.Attr, out, in []*tensor) { avgPool2dBackward(a.(engine.PoolAttr), out[0], in[0]) },

	engine.GlobalAvgPool:         func(_ engine.Attr, out, in []*tensor) { globalAvgPool(out[0], in[0]) },
	engine.GlobalAvgPoolBackward: func(_ engine.Attr, out, in []*tensor) { globalAvgPoolBackward(out[0], in[0]) },

	engine.ChannelScale:              func(_ engine.Attr, out, in []*tensor) { scaleChannels(out[0], in[0], in[1]) },
	engine.ChannelScaleBackwardScale: func(_ engine.Attr, out, in []*tensor) { channelScaleBackwardScale(out[0], in[0], in[1]) },

	engine.Flatten:         func(_ engine.Attr, out, in []*tensor) { flatten(out[0], in[0]) },
	engine.FlattenBackward: func(_ engine.Attr, out, in []*tensor) { flattenBackward(out[0], in[0]) },

	engine.Linear:               func(_ engine.Attr, out, in []*tensor) { linear(out[0], in[0], in[1], in[2:]...) },
	engine.LinearBackwardData:   func(_ engine.Attr, out, in []*tensor) { linearBackwardData(out[0], in[0], in[1]) },
	engine.LinearBackwardWeight: func(_ engine.Attr, out, in []*tensor) { linearBackwardWeight(out[0], in[0], in[1]) },
	engine.LinearBackwardBias:   func(_ engine.Attr, out, in []*tensor) { linearBackwardBias(out[0], in[0]) },

	engine.CrossEntropy: func(a engine.Attr, out, in []*tensor) {
		crossEntropy(a.(engine.CrossEntropyAttr), out[0], out[1], in[0], in[1], in[2:]...)
	},

	engine.CrossEntropyMixed: func(a engine.Attr, out, in []*tensor) {
		crossEntropyMixed(a.(engine.CrossEntropyAttr), out[0], out[1], in[0], in[1], in[2:]...)
	},

	engine.Add: func(_ engine.Attr, out, in []*tensor) { add(out[0], in[0], in[1]) },

	engine.GradientNorm: func(a engine.Attr, out, in []*tensor) {
		gradientNorm(a.(engine.GradientNormAttr), out[0], out[1], in[0], in[1], in[2:]...)
	},
	engine.AdamW: func(a engine.Attr, out, in []*tensor) {
		adamW(a.(engine.AdamWAttr), out[0], out[1], in[0], in[1], in[2], in[3], in[4])
	},
	engine.SGD: func(a engine.Attr, out, in []*tensor) {
		sgd(a.(engine.SGDAttr), out[0], out[1], in[0], in[1], in[2], in[3], in[4])
	},
	engine.Muon: func(a engine.Attr, out, in []*tensor) {
		muon(a.(engine.MuonAttr), out[0], out[1], in[0], in[1], in[2], in[3], in[4])
	},
	engine.RunningStatistics: func(_ engine.Attr, out, in []*tensor) { runningStatistics(out[0], in[0], in[1], in[2]) },
	engine.ExponentialMean: func(a engine.Attr, out, in []*tensor) {
		ema(a.(engine.ExponentialMeanAttr), out[0], in[0], in[1], in[2])
	},
}
