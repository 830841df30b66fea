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

// block is BatchNorm2d, ReLU, and dropout and pooling or not, on host-written values: what the fused kernels cover.
//
// With conv, a pointwise convolution from conv channels stands before them: in an evaluation it is fused too, in training up to
// four channels give the statistics.
type block struct {
	N, C, H, W           int
	dropout, pool, train bool
	conv                 int
	activation           engine.Kind // "" for ReLU
	sum                  sum
	stored               engine.DType // of activations
}

// sum is whether a shortcut, which has a gradient, is added before the activation, and where in the Add it stands.
type sum uint8

const (
	noSum sum = iota
	skipLast
	skipFirst
)

// noActivation stands for none after a sum.
const noActivation = engine.Kind("none")

func (b block) String() string {
	return fmt.Sprintf("N%d C%d %dx%d dropout=%t pool=%t train=%t conv=%d %s sum=%d %v", b.N, b.C, b.H, b.W, b.dropout, b.pool, b.train, b.conv, b.activation, b.sum, b.stored)
}

// fusedBlocks are shapes of SmallCIFARNet, and such that only just fit.
func fusedBlocks() []block {
	var out []block
	for _, s := range []block{{N: 6, C: 5, H: 4, W: 8}, {N: 2, C: 64, H: 16, W: 16}, {N: 4, C: 3, H: 32, W: 32}, {N: 1, C: 7, H: 2, W: 24}, {N: 12, C: 33, H: 6, W: 8}} {
		for _, dropout := range []bool{true, false} {
			for _, pool := range []bool{true, false} {
				out = append(out, block{N: s.N, C: s.C, H: s.H, W: s.W, dropout: dropout, pool: pool, train: true})
				if !dropout {
					out = append(out, block{N: s.N, C: s.C, H: s.H, W: s.W, pool: pool})
				}
			}
		}
		for _, k := range []engine.Kind{engine.SiLU, engine.ReLU6, engine.GELU, engine.Hardswish} {
			out = append(out, block{N: s.N, C: s.C, H: s.H, W: s.W, train: true, activation: k}, block{N: s.N, C: s.C, H: s.H, W: s.W, activation: k})
		}
	}
	for _, channels := range [][2]int{{3, 64}, {9, 20}, {33, 7}, {64, 128}, {16, 12}, {7, 5}} {
		for _, pool := range []bool{true, false} {
			out = append(out, block{N: 4, C: channels[1], H: 8, W: 8, pool: pool, conv: channels[0]})
			out = append(out, block{N: 7, C: channels[1], H: 8, W: 8, dropout: true, train: true, pool: pool, conv: channels[0] % 5})
		}
	}
	out = append(out, block{N: 8, C: 512, H: 4, W: 4, dropout: true, train: true}, block{N: 5, C: 9, H: 2, W: 2, dropout: true, train: true},
		block{N: 3, C: 4, H: 2, W: 6, train: true}, block{N: 3, C: 4, H: 2, W: 6, train: true, activation: engine.SiLU})
	return slices.Concat(out, oddBlocks(), sumBlocks())
}

// oddBlocks have images that 4 does not divide: alone, where it divides no panel either, and of one pixel.
func oddBlocks() []block {
	var out []block
	for _, s := range []block{{N: 7, C: 3, H: 5, W: 3}, {N: 8, C: 6, H: 1, W: 1}} {
		for _, k := range []engine.Kind{"", engine.GELU} {
			out = append(out, block{N: s.N, C: s.C, H: s.H, W: s.W, train: true, activation: k}, block{N: s.N, C: s.C, H: s.H, W: s.W, activation: k})
		}
		out = append(out, block{N: s.N, C: s.C, H: s.H, W: s.W, dropout: true, train: true})
	}
	return out
}

// sumBlocks end residual blocks.
func sumBlocks() []block {
	var out []block
	for _, s := range []block{{N: 6, C: 5, H: 4, W: 8}, {N: 7, C: 3, H: 5, W: 3}, {N: 8, C: 33, H: 1, W: 1}} {
		for _, order := range []sum{skipLast, skipFirst} {
			out = append(out, block{N: s.N, C: s.C, H: s.H, W: s.W, train: true, sum: order}, block{N: s.N, C: s.C, H: s.H, W: s.W, sum: order})
		}
		for i, k := range []engine.Kind{noActivation, engine.SiLU, engine.ReLU6, engine.GELU, engine.Hardswish} {
			order := []sum{skipLast, skipFirst}[i%2]
			out = append(out, block{N: s.N, C: s.C, H: s.H, W: s.W, train: true, activation: k, sum: order})
			if s.H > 1 {
				out = append(out, block{N: s.N, C: s.C, H: s.H, W: s.W, activation: k, sum: order})
			}
		}
	}
	return out
}

// function is the activation that stands in names of variants.
func (b block) function() string {
	if b.activation != "" {
		return string(b.activation)
	}
	return "relu"
}

// back is the name of the fused variant that must run the block's gradient, "" where there is nothing to fuse.
func (b block) back() string {
	switch {
	case !b.train || b.activation == noActivation:
		return ""
	case b.sum != noSum && b.activation == "":
		return "relu_norm_backward"
	}
	return b.variant() + "_backward"
}

// variant is the name of the fused variant that must run the block.
func (b block) variant() string {
	if b.conv > 0 && !b.train {
		return "pointwise_conv2d_norm_relu_eval"
	}
	name := "norm"
	if b.sum != noSum {
		name += "_add"
	}
	if b.activation != noActivation {
		name += "_" + b.function()
	}
	if b.dropout {
		name += "_dropout"
	}
	if b.pool {
		name += "_pool"
	}
	if !b.train {
		name += "_eval"
	}
	return name
}

// runs are the fused variants that must run, where the gradient of a sum can bind what it reads and writes, or not. Then the
// sum is written for whoever reads it, which is every activation's gradient but ReLU's.
func (b block) runs(bound bool) []string {
	switch {
	case b.back() == "":
		return []string{b.variant()}
	case bound || b.sum == noSum:
		return []string{b.variant(), b.back()}
	case b.activation == "":
		return []string{b.variant()}
	}
	return []string{"norm_add"}
}

// program writes the block down. The convolution in front stands for any producer of x; what follows makes the gradient.
func (b block) program() (*engine.Program, error) {
	c := engine.Shape{b.C}
	l, err := engine.NewLayout([]engine.Segment{
		{Name: "conv", Shape: engine.Shape{b.C, max(b.conv, 1), 1, 1}, Trained: true},
		{Name: "weight", Shape: c, Trained: true}, {Name: "bias", Shape: c, Trained: true},
		{Name: "running_mean", Shape: c}, {Name: "running_var", Shape: c},
	}, 0)
	if err != nil {
		return nil, err
	}
	w, in := engine.NewBuilder(b.String(), l, b.N), b.C
	if b.conv > 0 {
		in = b.conv
	}
	w.Store(b.stored)
	x := w.Activation("x", b.N, in, b.H, b.W)
	if b.conv > 0 {
		x = w.Apply1(engine.PointwiseConv2d, nil, []*engine.Tensor{x, w.State(engine.Model, "conv")})
	}
	operands := []*engine.Tensor{x, w.State(engine.Model, "weight"), w.State(engine.Model, "bias"), w.State(engine.Model, "running_mean"), w.State(engine.Model, "running_var")}
	a := engine.BatchNormAttr{Epsilon: 1e-5, Momentum: 0.1}
	var mask, y *engine.Tensor
	if b.dropout {
		mask = w.Apply1(engine.Dropout2dMask, engine.DropoutAttr{P: 0.3}, []*engine.Tensor{x, w.Input("random", engine.Uint32, engine.RandomElements)})
	}
	if b.train {
		y = w.Apply1(engine.BatchNorm2d, a, operands, nil, nil, w.State(engine.Gradient, "running_mean"), w.State(engine.Gradient, "running_var"))
	} else {
		y = w.Apply1(engine.BatchNorm2dEval, a, operands)
	}
	leaves, s := []*engine.Tensor{x}, y
	if b.sum != noSum {
		skip := w.Activation("skip", y.Shape...)
		leaves = append(leaves, skip)
		summands := []*engine.Tensor{y, skip}
		if b.sum == skipFirst {
			slices.Reverse(summands)
		}
		s = w.Apply1(engine.Add, nil, summands)
	}
	y = s
	if b.activation != noActivation {
		y = w.Apply1(engine.Kind(b.function()), nil, []*engine.Tensor{s})
	}
	if b.dropout {
		y = w.Apply1(engine.Dropout2d, nil, []*engine.Tensor{y, mask})
	}
	if b.pool {
		y = w.Apply1(engine.MaxPool2d, halvingPool, []*engine.Tensor{y})
	}
	y.Name = "y"
	if b.train {
		dy := w.Activation("dy", y.Shape...)
		for i, d := range w.Backward(y, dy, leaves...) {
			if d != dy {
				d.Name = []string{"dx", "dskip"}[i]
			}
		}
	}
	return w.Program()
}

// run computes the block and returns y, dx, the gradient by the shortcut, and the gradients.
func (b block) run(t *testing.T, e engine.Executor, opt engine.PlanOptions) (map[string][]float64, []string) {
	t.Helper()
	p, err := b.program()
	must(t, err)
	opt.Keep = append(opt.Keep, "dskip")
	return results(t, e, p, opt)
}

// wave is a number between -1 and 1 that repeats after long.
func wave(i, k int) float64 {
	h := uint32(i)*2654435761 + uint32(k)*40503
	h ^= h >> 15
	h *= 2246822519
	h ^= h >> 13
	return float64(h)/(1<<31) - 1
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestFused holds the fused kernels against the ops that they cover, one after another on the reference.
func TestFused(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	rep := newRepeats(t)
	for _, b := range fusedBlocks() {
		p, err := b.program()
		must(t, err)
		_, _, kept := touched(p, engine.PlanOptions{})
		rep.begin()
		var want map[string][]float64
		for i, opt := range []Options{{},
			{PanelImages: func(x *engine.Tensor) int { return 1 }},
			{PanelImages: func(x *engine.Tensor) int { return b.N }},
			{PanelImages: func(x *engine.Tensor) int { return []int{1, b.N}[x.ID%2] }},
			{NoTexels: true},
			{NoCovariance: true},
		} {
			if opt.NoCovariance && b.conv == 0 {
				continue
			}
			t.Run(fmt.Sprint(b, " plan ", i), func(t *testing.T) {
				if rep.skips(t, e.With(opt), p, kept) {
					return
				}
				if want == nil {
					want, _ = results(t, cpu.New(), p, engine.PlanOptions{})
				}
				got, kernels := results(t, e.With(opt), p, engine.PlanOptions{})
				for name := range want {
					if d := optest.NMSE(got[name], want[name]); !(d <= maxNMSE) {
						t.Errorf("%s: NMSE %.2g, allowed %.2g", name, d, maxNMSE)
					}
				}
				ran := fusedIn(kernels)
				if poor := e.target.limits.StorageBuffersPerStage < 6; !slices.Equal(ran, b.runs(true)) && !(poor && slices.Equal(ran, b.runs(false))) {
					t.Errorf("fused are %v, want %v of %v", ran, b.runs(true), kernels)
				}
			})
		}
	}
}

// TestFusionOff checks the switch, and that no fusion leaves out what some op wants.
func TestFusionOff(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	b := block{N: 4, C: 5, H: 4, W: 8, dropout: true, pool: true, train: true}
	_, kernels := b.run(t, e, engine.PlanOptions{NoFusion: true})
	if slices.ContainsFunc(kernels, func(k string) bool { return strings.Contains(k, "norm_relu") }) {
		t.Errorf("NoFusion still fuses: %v", kernels)
	}
	want, _ := b.run(t, cpu.New(), engine.PlanOptions{})
	got, kernels := b.run(t, e.With(Options{Without: []string{"norm_relu_dropout_pool_backward", "norm_relu_dropout_backward", "norm_relu_backward"}}), engine.PlanOptions{})
	if slices.ContainsFunc(kernels, func(k string) bool { return strings.Contains(k, "_pool") && strings.Contains(k, "norm_relu") }) {
		t.Errorf("forward is fused although backward reads what that leaves out: %v", kernels)
	}
	for name := range want {
		if d := optest.NMSE(got[name], want[name]); !(d <= maxNMSE) {
			t.Errorf("unfused %s: NMSE %.2g", name, d)
		}
	}
}
