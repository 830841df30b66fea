// Package optest holds the op cases: for every op kind the shapes, constants and inputs at which two
// executors must agree, and how to compare them. Tests hold a device against the reference with it.
// [CompareStep] does the same for each op of a real training step.
package optest

import (
	"fmt"
	"strings"

	"cnnvk/engine"
)

// Case is one op with its shapes, constants and kind of input. All values follow from it.
type Case struct {
	Kind engine.Kind
	N    int // images
	C    int // channels, of the input where input and output differ
	M    int // output channels, classes, images of the data set; rows of the parameters of an update op
	H, W int // rows and columns, of the larger side where input and output differ
	Attr engine.Attr
	Fill Fill
	// Type is what activations are stored as.
	Type engine.DType
	// Placed puts parameters, statistics and their gradients into the arenas, as a network does, and not
	// into tensors of their own.
	Placed  bool
	NoBias  bool    // leaves the operand out that conv2d and linear can do without
	Scaled  bool    // the loss is scaled: the operands for that are there
	Dropped float64 // the share of a mask that is 0
	Why     string  // what the case is for
}

// Fill is what is special about a case's inputs.
type Fill string

// The fills. The empty one is pseudo-random numbers, roughly normal, of the size that the operand has
// in training.
const (
	Dead        Fill = "dead"         // activations before a ReLU all negative, after it all zero
	Ties        Fill = "ties"         // few distinct values, so that many are equal
	FarMean     Fill = "far mean"     // BatchNorm: a mean of many standard deviations
	FarLogits   Fill = "far logits"   // logits around 80, which overflow float32 if exponentiated as they are
	FarValues   Fill = "far values"   // x of either sign and up to some hundred, whose exponentials overflow float32
	Kinks       Fill = "kinks"        // x in steps of 1/2 from -7 to 7, where an activation's pieces meet among them
	LargeSeed   Fill = "large seed"   // random counters near 2^32
	Infinite    Fill = "infinite"     // one gradient is +Inf
	NotANumber  Fill = "not a number" // one gradient is NaN; activations are, of either sign, and infinite
	Flagged     Fill = "flagged"      // an earlier step raised the not-finite flag
	ZeroGrads   Fill = "zero grads"   // all gradients are zero
	SmallGrads  Fill = "small grads"  // gradients below AdamW's epsilon, in the first step
	Growing     Fill = "growing"      // the loss scale is to double
	Largest     Fill = "largest"      // the loss scale is to double, but cannot
	Smallest    Fill = "smallest"     // one gradient is +Inf at a loss scale of 1
	Stuck       Fill = "stuck"        // one gradient is +Inf at a loss scale of 1, as often before as may be
	Recovered   Fill = "recovered"    // gradients are finite at a loss scale of 1, at which they were not
	Unrounded   Fill = "unrounded"    // a cast of what is not stored in 16 bits
	FirstUpdate Fill = "first update" // moments are zero, bias corrections those of step 1
)

// String names the case by everything that tells it from the others.
func (c Case) String() string {
	parts := []string{fmt.Sprintf("%s N%d C%d M%d %dx%d", c.Kind, c.N, c.C, c.M, c.H, c.W)}
	if c.Attr != nil {
		parts = append(parts, strings.Trim(fmt.Sprintf("%+v", c.Attr), "{}"))
	}
	if c.Dropped > 0 {
		parts = append(parts, fmt.Sprintf("dropped %g", c.Dropped))
	}
	if c.Type != engine.Float {
		parts = append(parts, c.Type.String())
	}
	if c.Fill != "" {
		parts = append(parts, string(c.Fill))
	}
	if c.Placed {
		parts = append(parts, "placed")
	}
	if c.Scaled {
		parts = append(parts, "scaled")
	}
	if c.NoBias {
		parts = append(parts, "no bias")
	}
	return strings.Join(parts, ", ")
}
