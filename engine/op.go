package engine

// Kind names an op. The same name is its row in the op table, its CPU function and its test, and stands in the head of every shader
// that computes it.
type Kind string

// The ops, forward and backward, in the order of a training step.
const (
	GatherNormalize = Kind("gather_normalize")
	Augment         = Kind("augment")
	MixImages       = Kind("mix_images")
	Resize          = Kind("resize")

	Conv2d               = Kind("conv2d")
	Conv2dBackwardData   = Kind("conv2d_backward_data")
	Conv2dBackwardWeight = Kind("conv2d_backward_weight")
	Conv2dBackwardBias   = Kind("conv2d_backward_bias")

	DepthwiseConv2d               = Kind("depthwise_conv2d")
	DepthwiseConv2dBackwardData   = Kind("depthwise_conv2d_backward_data")
	DepthwiseConv2dBackwardWeight = Kind("depthwise_conv2d_backward_weight")

	PointwiseConv2d               = Kind("pointwise_conv2d")
	PointwiseConv2dBackwardData   = Kind("pointwise_conv2d_backward_data")
	PointwiseConv2dBackwardWeight = Kind("pointwise_conv2d_backward_weight")

	BatchNorm2d         = Kind("batch_norm2d")
	BatchNorm2dEval     = Kind("batch_norm2d_eval")
	BatchNorm2dBackward = Kind("batch_norm2d_backward")

	ReLU         = Kind("relu")
	ReLUBackward = Kind("relu_backward")

	SiLU         = Kind("silu")
	SiLUBackward = Kind("silu_backward")

	ReLU6         = Kind("relu6")
	ReLU6Backward = Kind("relu6_backward")

	GELU         = Kind("gelu")
	GELUBackward = Kind("gelu_backward")

	Hardswish         = Kind("hardswish")
	HardswishBackward = Kind("hardswish_backward")

	Sigmoid         = Kind("sigmoid")
	SigmoidBackward = Kind("sigmoid_backward")

	Dropout2dMask = Kind("dropout2d_mask")
	Dropout2d     = Kind("dropout2d")

	DropoutMask = Kind("dropout_mask")
	Dropout     = Kind("dropout")

	MaxPool2d         = Kind("max_pool2d")
	MaxPool2dBackward = Kind("max_pool2d_backward")

	AvgPool2d         = Kind("avg_pool2d")
	AvgPool2dBackward = Kind("avg_pool2d_backward")

	GlobalAvgPool         = Kind("global_avg_pool")
	GlobalAvgPoolBackward = Kind("global_avg_pool_backward")

	ChannelScale              = Kind("channel_scale")
	ChannelScaleBackwardScale = Kind("channel_scale_backward_scale")

	Cast = Kind("cast")

	Flatten         = Kind("flatten")
	FlattenBackward = Kind("flatten_backward")

	Linear               = Kind("linear")
	LinearBackwardData   = Kind("linear_backward_data")
	LinearBackwardWeight = Kind("linear_backward_weight")
	LinearBackwardBias   = Kind("linear_backward_bias")

	CrossEntropy      = Kind("cross_entropy")
	CrossEntropyMixed = Kind("cross_entropy_mixed")

	Add = Kind("add")

	GradientNorm      = Kind("gradient_norm")
	AdamW             = Kind("adamw")
	SGD               = Kind("sgd")
	Muon              = Kind("muon")
	RunningStatistics = Kind("running_statistics")
	ExponentialMean   = Kind("ema")
)

// Op is one line of a program.
type Op struct {
	Kind    Kind
	Attr    Attr // of the type that the op's row names, nil where it names none
	Inputs  []*Tensor
	Outputs []*Tensor
}

// The indices in the step input "rates", which the host sets per step.
const (
	RateLearning     = 0 // the learning rate
	RateMomentScale  = 1 // adamw: learning rate / (1 - beta1^t)
	RateVarianceRoot = 2 // adamw: 1 / sqrt(1 - beta2^t)
	RateElements     = 4
)

// The indices in the step input "random", the part of the random counter that the host sets.
const (
	RandomSeed     = 0
	RandomStep     = 1
	RandomSample   = 2 // index of this batch's first sample in the global batch
	RandomElements = 4
)

// The indices in the result "metrics" of cross_entropy.
const (
	MetricLoss     = 0 // sum over the samples
	MetricTop1     = 1 // samples whose label has the largest logit; the first of equal ones counts
	MetricTop5     = 2 // samples whose label is among the five largest
	MetricElements = 4
)

// The indices in the result "norm" of gradient_norm.
const (
	NormGlobal    = 0 // L2 norm of all gradients, before clipping
	NormNotFinite = 1 // the sticky flag after this step, 0 or 1; where the loss is scaled, whether the training has diverged
	NormSkipped   = 2 // 1 where the loss is scaled and this step's gradients have overflowed
	NormLossScale = 3 // of this step, where the loss is scaled
	NormElements  = 4
)
