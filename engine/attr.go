package engine

// Attr is the constants of an op: one of the structs below, as the op's row in the table says, or nil for an op without constants.
type Attr interface {
	// extend adds the dimensions that follow from the constants.
	extend(d Dims)
}

// ConvAttr is the window of conv2d and depthwise_conv2d, and of their gradients by input and weight.
type ConvAttr struct {
	Kernel  int // rows and columns of the kernel
	Stride  int // pixels of x from one output to the next, each way
	Padding int // zeros around x on each side
}

// PoolAttr is the window of max_pool2d, avg_pool2d and their gradients.
type PoolAttr struct {
	Kernel  int // rows and columns of the window
	Stride  int // pixels of x from one window to the next, each way
	Padding int // pixels around x on each side, at most half a window: below every number to the maximum, zeros to the mean, which counts them
}

// BatchNormAttr belongs to batch_norm2d in training, in evaluation, and backward.
type BatchNormAttr struct {
	Epsilon  float64 // added to the variance
	Momentum float64 // weight of the batch's statistic in the running one
}

// DropoutAttr belongs to dropout2d_mask and dropout_mask.
type DropoutAttr struct {
	P     float64 // probability of dropping a channel of an image, or a value
	Layer int     // its place among the network's dropouts, part of the random counter
}

// CrossEntropyAttr belongs to cross_entropy and cross_entropy_mixed.
type CrossEntropyAttr struct {
	Smoothing float64 // label smoothing
}

// AugmentAttr belongs to augment.
type AugmentAttr struct {
	Kinds uint32 // a bit for every AugmentKind that a draw may hold
}

// ResizeAttr belongs to resize.
type ResizeAttr struct {
	Height, Width int // of the result
}

// GradientNormAttr belongs to gradient_norm.
type GradientNormAttr struct {
	ClipNorm float64 // largest global norm let through, 0 for no limit
}

// AdamWAttr belongs to adamw.
type AdamWAttr struct {
	Beta1, Beta2 float64
	Epsilon      float64 // added to the root of the second moment
	WeightDecay  float64 // decoupled: parameters shrink by it
	Undecayed    int     // how many of the last parameters have no weight decay
	Counted      bool    // the bias corrections are those of the updates that status counts, not the rates'
}

// SGDAttr belongs to sgd.
type SGDAttr struct {
	Momentum    float64 // weight of the old velocity
	Nesterov    bool
	WeightDecay float64 // added to the gradient
	Undecayed   int     // how many of the last parameters are free of weight decay
}

// MuonAttr belongs to muon.
type MuonAttr struct {
	Momentum    float64 // weight of the old one
	WeightDecay float64 // decoupled: parameters shrink by it
	Matrices    []Matrix
}

// Matrix is a parameter seen as rows and columns: a convolution's weight (M,K,R,R) has M rows of K R R.
type Matrix struct{ Offset, Rows, Columns int } // Offset in elements, from the first of those that the op goes over

// The steps of Muon's Newton-Schulz iteration, x = a x + (b A + c A A) x with A = x x', and their coefficients: those of Jordan (2024), which
// bring singular values from 0..1 to about 0.7..1.2 as fast as they can.
const (
	NewtonSchulzSteps = 5
	NewtonSchulzA     = 3.4445
	NewtonSchulzB     = -4.7750
	NewtonSchulzC     = 2.0315
	// NewtonSchulzEpsilon is added to the norm by which the first x is divided.
	NewtonSchulzEpsilon = 1e-7
)

// ExponentialMeanAttr belongs to ema.
type ExponentialMeanAttr struct {
	Decay float64 // weight of the old average
}

// Output is the number of outputs along a side of that many pixels.
func (a ConvAttr) Output(size int) int { return (size+2*a.Padding-a.Kernel)/a.Stride + 1 }

// extend adds R, the kernel's side, and HO and WO, what the windows make of H and W.
func (a ConvAttr) extend(d Dims) {
	d["R"] = a.Kernel
	if a.Stride > 0 {
		d["HO"], d["WO"] = a.Output(d["H"]), a.Output(d["W"])
	}
}

// Output is the number of windows along an image of that size.
func (a PoolAttr) Output(size int) int { return ConvAttr(a).Output(size) }

// extend adds HO and WO, what the windows make of H and W.
func (a PoolAttr) extend(d Dims) { ConvAttr(a).extend(d) }

// extend adds HO and WO.
func (a ResizeAttr) extend(d Dims) { d["HO"], d["WO"] = a.Height, a.Width }

func (BatchNormAttr) extend(Dims)       {}
func (DropoutAttr) extend(Dims)         {}
func (CrossEntropyAttr) extend(Dims)    {}
func (AugmentAttr) extend(Dims)         {}
func (GradientNormAttr) extend(Dims)    {}
func (AdamWAttr) extend(Dims)           {}
func (SGDAttr) extend(Dims)             {}
func (MuonAttr) extend(Dims)            {}
func (ExponentialMeanAttr) extend(Dims) {}
