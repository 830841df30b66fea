package engine

import (
	"fmt"
	"strings"
)

// Shape is a list of dimensions, outermost first.
type Shape []int

// Elements is the number of elements, 1 for a scalar.
func (s Shape) Elements() int {
	n := 1
	for _, d := range s {
		n *= d
	}
	return n
}

// Equal reports whether both shapes have the same dimensions.
func (s Shape) Equal(t Shape) bool {
	if len(s) != len(t) {
		return false
	}
	for i := range s {
		if s[i] != t[i] {
			return false
		}
	}
	return true
}

// String writes the shape as PyTorch does: (32, 64, 16, 16).
func (s Shape) String() string {
	parts := make([]string, len(s))
	for i, d := range s {
		parts[i] = fmt.Sprint(d)
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// DType is an element type.
type DType uint8

// The element types. Float is float32 on a device and float64 in the reference executor. Float16 and BFloat16 are what activations and
// their gradients are stored in with mixed precision; arithmetic on them is Float's.
const (
	Float DType = iota
	Uint32
	Uint8
	Float16
	BFloat16
)

func (d DType) String() string {
	return [...]string{"float", "uint32", "uint8", "float16", "bfloat16"}[d]
}

// Role says who fills a tensor and how long it lives.
type Role uint8

const (
	// Value is written by an op and dead after its last reader. A Value that no op writes is
	// written by the host with [Session.Write], which op cases use.
	Value Role = iota
	// Input comes with every step, in its [StepInputs].
	Input
	// Resident is set once per session: the data set, the normalisation table.
	Resident
	// State is a segment, or a range of segments, of an arena.
	State
	// Result is read back by the host after a step, in its [Report].
	Result
)

// Arena is one of the flat float buffers that outlive a step.
type Arena uint8

// The arenas. Model, Gradient and EMA have [Layout.Elements] each, Moments as many as the [Layout.Groups] say, Status
// [StatusElements].
const (
	Model Arena = iota
	Gradient
	EMA
	Moments
	Status
	ArenaCount
)

// StatusElements is the size of the Status arena, which gradient_norm writes: what the update needs to know and, from the third on, where the
// loss is scaled, what the scale depends on. See [LossScaleInitial].
const (
	StatusElements     = 64
	StatusClip         = 0 // by which the update multiplies gradients: clips, and takes the loss scale out
	StatusNotFinite    = 1 // 1 has the update change nothing: since a norm was not finite or, where the loss is scaled, in this step alone
	StatusMomentScale  = 2 // adamw: 1 / (1 - beta1^t) of the last update
	StatusVarianceRoot = 3 // adamw: 1 / sqrt(1 - beta2^t)
	StatusLossScale    = 4 // of the next step
	StatusGoodSteps    = 5 // updates in a row since the scale last changed
	StatusUpdates      = 6 // done so far: t, which stays behind the steps by those skipped
	StatusStuck        = 7 // overflows in a row at a scale of 1
	StatusSkipped      = 8 // overflows so far
)

func (a Arena) String() string {
	return [...]string{"model", "gradient", "ema", "moments", "status"}[a]
}

// Tensor is one operand of a program.
type Tensor struct {
	ID    int
	Name  string
	Shape Shape
	DType DType
	Role  Role
	// Batched marks an activation (N, C, H, W), which an executor may lay out in panels of images.
	Batched bool
	// Arena and Offset (in elements) place a State tensor.
	Arena  Arena
	Offset int
}

// String names the tensor and its shape.
func (t *Tensor) String() string { return t.Name + " " + t.Shape.String() }

// N is the first dimension of a 4-dimensional tensor: images.
func (t *Tensor) N() int { return t.dim(0) }

// C is the second dimension: channels.
func (t *Tensor) C() int { return t.dim(1) }

// H is the third dimension: rows.
func (t *Tensor) H() int { return t.dim(2) }

// W is the fourth dimension: columns.
func (t *Tensor) W() int { return t.dim(3) }

// dim is 0 for a dimension that is not there, so that a check can still name the shape that was wrong.
func (t *Tensor) dim(i int) int {
	if i >= len(t.Shape) {
		return 0
	}
	return t.Shape[i]
}
