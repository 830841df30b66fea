package gpu

import (
	"slices"
	"strings"

	"cnnvk/engine"
)

// Options are what sessions on a Vulkan device can be told beside [engine.PlanOptions]. The zero value lets plans do their best.
type Options struct {
	// Choices, if not nil, are the variants to prefer in place of those of [Executor.Choose].
	Choices Choices
	// Without names variants that may not be chosen and kernels that may not run, whatever op they would run for.
	Without []string
	// NoTexels takes, of two kernels that differ in that alone, the one that reads storage buffers, not texel buffers.
	NoTexels bool
	// NoCovariance takes the statistics of every BatchNorm2d from its input. Else those of the result of a pointwise convolution
	// of few channels come from the covariance of the convolution's input.
	NoCovariance bool
	// PanelImages, if set, says how many images a panel of t holds; it must divide t.N().
	PanelImages func(t *engine.Tensor) int
}

// planOptions is all that a plan can be told.
type planOptions struct {
	engine.PlanOptions
	Options
}

// without reports whether the variant or kernel of that name is switched off. NAME switches off NAME@16 too.
func (o *planOptions) without(name string) bool {
	base, _, _ := strings.Cut(name, "@")
	return slices.Contains(o.Without, name) || slices.Contains(o.Without, base)
}

// With is the executor as it is now, but for the options of its sessions, in place of any before. It shares device, pipelines and
// choices with e, and is closed with it.
func (e *Executor) With(o Options) *Executor {
	with := *e
	with.options = o
	return &with
}
