package gpu

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/optest"
	"cnnvk/vk/vktest"
)

// normed is a convolution with the BatchNorm2d of an evaluation behind it, then the Add of a shortcut or not, and an activation or none.
type normed struct {
	optest.Case
	activation engine.Kind
	sum        sum
}

func (n normed) String() string {
	return fmt.Sprint(n.variant(), " ", n.activation, " ", n.sum, " ", n.Case)
}

func (n normed) biased() bool { return !n.NoBias && n.Kind != engine.PointwiseConv2d }

// program writes it down, the statistics in the arena, all else by the host.
func (n normed) program() (*engine.Program, error) {
	m := n.M
	if n.Kind == engine.DepthwiseConv2d {
		m = n.C
	}
	each := engine.Shape{m}
	l, err := engine.NewLayout([]engine.Segment{{Name: "w", Shape: each, Trained: true}, {Name: "mean", Shape: each}, {Name: "var", Shape: each}}, 0)
	if err != nil {
		return nil, err
	}
	b := engine.NewBuilder(n.String(), l, n.N)
	b.Store(n.Type)
	free := func(name string, shape engine.Shape) *engine.Tensor {
		return b.Tensor(engine.Tensor{Name: name, Shape: shape})
	}
	window := engine.ConvAttr{Kernel: 1}
	if n.Attr != nil {
		window = n.Attr.(engine.ConvAttr)
	}
	columns := n.C
	if n.Kind == engine.DepthwiseConv2d {
		columns = 1
	}
	operands := []*engine.Tensor{b.Activation("x", n.N, n.C, n.H, n.W), free("w", engine.Shape{m, columns, window.Kernel, window.Kernel})}
	if n.biased() {
		operands = append(operands, free("b", each))
	}
	y := b.Apply1(n.Kind, n.Attr, operands)
	y = b.Apply1(engine.BatchNorm2dEval, engine.BatchNormAttr{Epsilon: 1e-5},
		[]*engine.Tensor{y, free("scale", each), free("shift", each), b.State(engine.Model, "mean"), b.State(engine.Model, "var")})
	if n.sum != noSum {
		summands := []*engine.Tensor{y, b.Activation("skip", y.Shape...)}
		if n.sum == skipFirst {
			slices.Reverse(summands)
		}
		y = b.Apply1(engine.Add, nil, summands)
	}
	if n.activation != noActivation {
		y = b.Apply1(n.activation, nil, []*engine.Tensor{y})
	}
	y.Name = "y"
	return b.Program()
}

// variant is the name of the fused variant that must run it.
func (n normed) variant() string {
	name := string(n.Kind)
	if n.biased() {
		name += "_bias"
	}
	name += "_norm"
	switch {
	case n.sum != noSum && n.activation == noActivation:
		name += "_add"
	case n.sum != noSum:
		name += "_add_activation"
	case n.activation == engine.ReLU:
		name += "_relu"
	case n.activation != noActivation:
		name += "_activation"
	}
	return name + "_eval"
}

// runs are the ops that must run with a target and its options: all in one, or, where the convolution's own tile cannot add, the sum in a
// second one.
func (n normed) runs(t *testing.T, p *engine.Program, e *Executor) []string {
	t.Helper()
	alone, err := newPlan(p, planOptions{engine.PlanOptions{NoFusion: true}, e.options}, e.target)
	must(t, err)
	if n.sum == noSum || variantNamed(ranBy(alone.kernels[0])).adds {
		return []string{n.variant()}
	}
	behind := "add_activation"
	if n.activation == noActivation {
		behind = ranBy(alone.kernels[2])
	}
	return []string{normed{n.Case, noActivation, noSum}.variant(), behind}
}

func variantNamed(name string) variant {
	return variants[slices.IndexFunc(variants, func(v variant) bool { return v.name == name })]
}

// normedCases are convolutions of every kind, with and without a bias and ReLU, at sizes that suit tiles and at odd ones; each with another
// activation, too, and those that common networks have at the end of a residual block with a shortcut.
func normedCases() []normed {
	window := func(kernel, stride int) engine.ConvAttr {
		return engine.ConvAttr{Kernel: kernel, Stride: stride, Padding: kernel / 2}
	}
	var out []normed
	for i, c := range []optest.Case{
		{Kind: engine.PointwiseConv2d, N: 4, C: 24, M: 40, H: 8, W: 8, NoBias: true},
		{Kind: engine.PointwiseConv2d, N: 3, C: 7, M: 21, H: 7, W: 5, NoBias: true},
		{Kind: engine.Conv2d, N: 4, C: 9, M: 33, H: 8, W: 8, Attr: window(3, 1)},
		{Kind: engine.Conv2d, N: 2, C: 3, M: 24, H: 16, W: 16, Attr: window(3, 2)},
		{Kind: engine.Conv2d, N: 3, C: 6, M: 67, H: 7, W: 7, Attr: window(5, 2)},
		{Kind: engine.Conv2d, N: 5, C: 20, M: 9, H: 4, W: 4, Attr: window(1, 1)},
		{Kind: engine.DepthwiseConv2d, N: 4, C: 20, H: 8, W: 8, Attr: window(3, 1)},
		{Kind: engine.DepthwiseConv2d, N: 3, C: 11, H: 14, W: 14, Attr: window(3, 2)},
		{Kind: engine.DepthwiseConv2d, N: 2, C: 5, H: 7, W: 9, Attr: window(5, 1)},
	} {
		for _, k := range []engine.Kind{engine.ReLU, noActivation} {
			out = append(out, normed{c, k, noSum})
			if c.Kind != engine.PointwiseConv2d {
				c.NoBias = true
				out = append(out, normed{c, k, noSum})
				c.NoBias = false
			}
		}
		k := otherActivations[i%len(otherActivations)]
		out = append(out, normed{c, k, noSum})
		if c.Kind != engine.DepthwiseConv2d {
			out = append(out, normed{c, engine.ReLU, skipLast}, normed{c, noActivation, skipFirst})
		}
	}
	return out
}

// What is folded into a convolution is held against its ops, one after another on the reference: in several layouts, and with every variant
// of the convolution in turn, but for those for any shape, which know no folded operands.
func TestFoldedConvolutions(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	rep := newRepeats(t)
	for _, n := range normedCases() {
		p, err := n.program()
		must(t, err)
		_, _, kept := touched(p, engine.PlanOptions{})
		rep.begin()
		var want map[string][]float64
		check := func(name string, o Options) {
			t.Run(fmt.Sprint(n, " ", name), func(t *testing.T) {
				if rep.skips(t, e.With(o), p, kept) {
					return
				}
				if want == nil {
					want, _ = results(t, cpu.New(), p, engine.PlanOptions{})
				}
				got, kernels := results(t, e.With(o), p, engine.PlanOptions{})
				if d := optest.NMSE(got["y"], want["y"]); !(d <= maxNMSE) {
					t.Errorf("NMSE %.2g, allowed %.2g", d, maxNMSE)
				}
				ran := make([]string, len(kernels))
				for i, k := range kernels {
					ran[i] = ranBy(k)
				}
				if want := n.runs(t, p, e.With(o)); !slices.Equal(ran, want) {
					t.Errorf("%v ran, want %v", kernels, want)
				}
			})
		}
		check("as it is", Options{})
		switch {
		case n.sum != noSum:
			check("unlike panels", Options{PanelImages: func(x *engine.Tensor) int { return []int{1, n.N}[x.ID%2] }})
		case n.activation == engine.ReLU || n.activation == noActivation: // the kernels of the others are the same but for a constant
			check("plain", Options{PanelImages: func(*engine.Tensor) int { return 1 }})
			check("one panel", Options{PanelImages: func(*engine.Tensor) int { return n.N }})
			check("unlike panels", Options{PanelImages: func(x *engine.Tensor) int { return []int{1, n.N}[x.ID%2] }})
			check("without texels", Options{NoTexels: true})
		}
		if n.activation != engine.ReLU || n.sum == noSum && n.biased() {
			continue // the kernels are the same
		}
		var without []string
		for _, v := range convolutions {
			if v.covers[0] != n.Kind || strings.HasSuffix(v.name, "_any") || v.tile.lanes > 0 {
				continue
			}
			if rest := e.With(Options{Without: without}); len(without) > 0 && canFold(t, rest, p, n) {
				check("without "+without[len(without)-1], Options{Without: slices.Clone(without)})
			}
			without = append(without, v.name)
		}
		pl, err := newPlan(p, planOptions{Options: Options{Without: without}}, e.target)
		if err == nil && slices.Contains(fusedIn(pl.kernels), n.variant()) { // depthwise convolutions have no other kernels
			t.Errorf("%v: without %v it runs %v", n, without, pl.kernels)
		}
	}
}

// canFold reports whether the convolution is still folded.
func canFold(t *testing.T, e *Executor, p *engine.Program, n normed) bool {
	t.Helper()
	pl, err := newPlan(p, planOptions{Options: e.options}, e.target)
	return err == nil && slices.Contains(fusedIn(pl.kernels), n.runs(t, p, e)[0])
}
