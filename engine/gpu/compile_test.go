package gpu

import (
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/net"
	"cnnvk/net/training"
	"cnnvk/vk"
	"cnnvk/vk/vktest"
)

// TestCompile compiles every kernel that the two reference networks' training steps and evaluations, a halving convolution, and the layers
// that they have not, could run at batch 128: those of every variant of every op that the device can run, chosen or not; and what the other
// built-in networks and the convolutions of common ones run without tuning. It records nothing, which is what a driver
// without its hardware bears. The line before each says which kernel a driver then speaks of on standard error; the one after it,
// which compiledLine writes, has what the driver says of it by Vulkan. None may spill that is dispatched without tuning, and none may run in
// subgroups of another size than it names.
func TestCompile(t *testing.T) {
	if compile, err := strconv.ParseBool(os.Getenv("CNNVK_COMPILE_ONLY")); err != nil || !compile {
		t.Skip("CNNVK_COMPILE_ONLY=1 is not set: it is for drivers that can compile and cannot run, see make drivers")
	}
	e := New(vktest.Device(t))
	defer e.Close()
	if lanes := os.Getenv("CNNVK_SUBGROUP"); lanes != "" { // as on a device with subgroups of that size
		n, err := strconv.ParseUint(lanes, 10, 32)
		must(t, err)
		l := &e.target.limits
		l.SubgroupSize, l.MinSubgroupSize, l.MaxSubgroupSize = uint32(n), uint32(n), uint32(n)
	}
	programs := slices.Concat(network(t, net.SmallCIFARNetName, 128), network(t, net.TinyNetName, 128), halving(t, 128), otherLayers(t, 128))
	others := slices.Concat(residualNetworks(t, 128), mixedNetworks(t, 128), ofImages(t, 128), commonPrograms(t))
	builtIn := untunedPipelines(t, programs, e.target, false, true)
	maps.Copy(builtIn, untunedPipelines(t, others, e.target, false))
	seen, probe := map[string]bool{}, probeExecutable(t, e)
	visit := func(variant string, d dispatch) {
		key := d.pipelineKey()
		if seen[key] {
			return
		}
		seen[key] = true
		fmt.Fprintf(os.Stderr, "kernel: %s %d of %s\n", d.kernel.code(), d.constants, variant)
		compile(t, e, compiled{d, variant, builtIn[key], probe})
	}
	for _, p := range programs {
		everyDispatch(t, p, e.target, visit)
	}
	for _, p := range others {
		pl, err := newPlan(p, planOptions{}, e.target)
		must(t, err)
		for _, d := range pl.dispatches {
			visit(p.Name, d)
		}
	}
	for key := range builtIn {
		if !seen[key] {
			t.Errorf("%s is dispatched, but by no variant", key)
		}
	}
	t.Logf("%d pipelines compiled for %s, %d of them built-in choices", len(seen), e.Device().Name, len(builtIn))
}

// residualNetworks are the training steps and evaluations of the built-in networks that are not the reference's, by their recipes; the last
// is trained by Muon and AdamW and with mixed images.
func residualNetworks(t *testing.T, batch int) []*engine.Program {
	t.Helper()
	var out []*engine.Program
	for _, name := range net.ModelNames() {
		if name == net.SmallCIFARNetName || name == net.TinyNetName {
			continue
		}
		out = append(out, networkBy(t, training.RecipeOf(name), batch)...)
	}
	r := training.RecipeOf(net.ResNet9sName)
	r.Optimizer, r.MuonRate, r.MuonMomentum, r.MuonRest = training.Muon, 0.02, 0.95, training.AdamW
	r.ClipNorm, r.EMADecay, r.Mixup, r.Cutmix = 1, 0.995, 0.2, 1
	return append(out, networkBy(t, r, batch)...)
}

// mixedNetworks are training steps and evaluations in 16 bits; both types are the same code but for a constant.
func mixedNetworks(t *testing.T, batch int) []*engine.Program {
	t.Helper()
	var out []*engine.Program
	for _, name := range []string{net.SmallCIFARNetName, net.ResNet9sName} {
		r := training.RecipeOf(name)
		r.AMP, r.AMPType = true, training.Float16
		out = append(out, networkBy(t, r, batch)...)
	}
	return out
}

// ofImages resizes images up and down, evenly and not.
func ofImages(t *testing.T, batch int) []*engine.Program {
	t.Helper()
	var out []*engine.Program
	for _, size := range []int{24, 40, 15} {
		l, err := engine.NewLayout(nil, 1)
		must(t, err)
		b := engine.NewBuilder("resize", l, batch)
		x := b.Tensor(engine.Tensor{Name: "x", Shape: engine.Shape{batch, 3, 32, 32}, Batched: true})
		b.Apply1(engine.Resize, engine.ResizeAttr{Height: size, Width: size}, []*engine.Tensor{x})
		p, err := b.Program()
		must(t, err)
		out = append(out, p)
	}
	return out
}

// commonPrograms are the convolutions of common networks at batch 64, each by itself, and in an evaluation with BatchNorm2d and ReLU; those
// that can end a residual block with a shortcut, too.
func commonPrograms(t *testing.T) []*engine.Program {
	t.Helper()
	var out []*engine.Program
	for _, c := range commonCases(64, [2]int{3, 32}) {
		p, err := c.Program()
		must(t, err)
		out = append(out, p)
		if backwards[c.Kind] != nil {
			sums := []sum{noSum}
			if window, ok := c.Attr.(engine.ConvAttr); c.Kind != engine.DepthwiseConv2d && (!ok || window.Stride == 1) {
				sums = append(sums, skipLast)
			}
			for _, s := range sums {
				p, err := normed{c, engine.ReLU, s}.program()
				must(t, err)
				out = append(out, p)
			}
		}
	}
	return out
}

// untunedPipelines are the pipelines of the programs where nothing was tuned, with fused kernels or without.
func untunedPipelines(t *testing.T, programs []*engine.Program, on target, noFusions ...bool) map[string]bool {
	t.Helper()
	keys := map[string]bool{}
	for _, p := range programs {
		for _, noFusion := range noFusions {
			pl, err := newPlan(p, planOptions{PlanOptions: engine.PlanOptions{NoFusion: noFusion}}, on)
			must(t, err)
			for _, d := range pl.dispatches {
				keys[d.pipelineKey()] = true
			}
		}
	}
	return keys
}

// compiled is a pipeline of TestCompile.
type compiled struct {
	dispatch
	variant string
	builtIn bool          // runs where nothing was tuned
	probe   vk.Executable // of arithmetic alone
}

// compile makes the pipeline and prints a line on standard error for each executable that the driver tells of, or one without
// statistics where it tells of none.
func compile(t *testing.T, e *Executor, c compiled) {
	t.Helper()
	if !e.target.features.PipelineStatistics {
		if _, err := e.pipeline(c.dispatch); err != nil {
			t.Error(err)
			return
		}
		fmt.Fprintln(os.Stderr, compiledLine(c, nil))
		return
	}
	p, err := e.statisticsPipeline(c.dispatch)
	if err != nil {
		t.Error(err)
		return
	}
	t.Cleanup(p.Destroy) // when all are done: under its noop shim RADV has no memory left after some 340 that came and went
	executables, err := p.Executables()
	if err != nil {
		t.Error(err)
		return
	}
	least := leastArithmetic
	if c.kernel.half.Half() {
		least = leastHalfArithmetic
	}
	for _, x := range executables {
		line := compiledLine(c, &x)
		fmt.Fprintln(os.Stderr, line)
		if lanes := uint32(c.kernel.lanes); lanes > 0 && x.SubgroupSize > 0 && x.SubgroupSize != lanes {
			t.Errorf("not in subgroups of %d: %s", lanes, line)
		}
		if share := arithmetic(c.probe, c.dispatch, x, radvShared); c.kernel.shared && c.kernel.subgroup == noExchange && !leavesEarly(c.kernel) && share < least {
			t.Errorf("multiply-adds take %.2f of the time, want %.2f: %s", share, least, line)
		}
		if c.builtIn && slices.ContainsFunc(x.Statistics, Spills) {
			t.Errorf("a built-in choice spills: %s", line)
		}
	}
}

// compiledLine is a line for programs to read:
//
//	kernel NAME built-in=true|false variant=NAME constants=64,3,... executable="compute" subgroup=64 arithmetic=0.85 alone=0.61 stat "Spilled VGPRs"=0 ...
//
// arithmetic is the share of the time that multiply-adds take, of matrix products, where the driver tells of time; alone, that of a subgroup by
// itself.
// Statistics have the driver's names, in the driver's order. What comes after the constants is absent where the driver says nothing.
func compiledLine(c compiled, x *vk.Executable) string {
	var line strings.Builder
	fmt.Fprintf(&line, "kernel %s built-in=%t variant=%s constants=%s", c.kernel.code(), c.builtIn, c.variant,
		strings.Trim(strings.ReplaceAll(fmt.Sprint(c.constants), " ", ","), "[]"))
	if x == nil {
		return line.String()
	}
	fmt.Fprintf(&line, " executable=%q subgroup=%d", x.Name, x.SubgroupSize)
	for _, told := range []struct{ share, statistic string }{{"arithmetic", radvShared}, {"alone", radvAlone}, {"alone", anvAlone}} {
		if share := arithmetic(c.probe, c.dispatch, *x, told.statistic); !math.IsNaN(share) {
			fmt.Fprintf(&line, " %s=%.2f", told.share, share)
		}
	}
	for _, s := range x.Statistics {
		fmt.Fprintf(&line, " stat %q=%s", s.Name, strconv.FormatFloat(s.Value, 'f', -1, 64))
	}
	return line.String()
}

func TestCompiledLine(t *testing.T) {
	c := compiled{dispatch{kernel: kernel{name: "relu"}, constants: []uint32{64, 3}}, "relu_any", true, vk.Executable{}}
	const want = "kernel relu built-in=true variant=relu_any constants=64,3"
	if got := compiledLine(c, nil); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	x := vk.Executable{Name: "compute", SubgroupSize: 8, Statistics: []vk.Statistic{{Name: "Spill Count", Value: 3}, {Name: "IPC", Value: 0.5}}}
	const more = want + ` executable="compute" subgroup=8 stat "Spill Count"=3 stat "IPC"=0.5`
	if got := compiledLine(c, &x); got != more {
		t.Errorf("%s, want %s", got, more)
	}
}

// halving is forward and backward of a convolution that halves the image, as residual networks have them.
func halving(t *testing.T, batch int) []*engine.Program {
	t.Helper()
	l, err := engine.NewLayout(nil, 1)
	must(t, err)
	b := engine.NewBuilder("halving", l, batch)
	x := b.Tensor(engine.Tensor{Name: "x", Shape: engine.Shape{batch, 64, 16, 16}, Batched: true})
	w := b.Tensor(engine.Tensor{Name: "w", Shape: engine.Shape{128, 64, 3, 3}})
	y := b.Apply1(engine.Conv2d, engine.ConvAttr{Kernel: 3, Stride: 2, Padding: 1}, []*engine.Tensor{x, w})
	b.Backward(y, y, x, w)
	p, err := b.Program()
	must(t, err)
	return []*engine.Program{p}
}

// otherLayers is forward and backward of what the networks have not: the other activations behind BatchNorm2d, and all of them behind the
// sum of it and a shortcut, pooling of both kinds, a
// product by channel, dropout of values, a Linear without a bias. Of odd images, too, which no vec4 fits.
func otherLayers(t *testing.T, batch int) []*engine.Program {
	t.Helper()
	var out []*engine.Program
	for _, size := range []int{32, 9} {
		const channels, features = 24, 10
		l, err := engine.NewLayout([]engine.Segment{
			{Name: "weight", Shape: engine.Shape{channels}, Trained: true}, {Name: "bias", Shape: engine.Shape{channels}, Trained: true},
			{Name: "running_mean", Shape: engine.Shape{channels}}, {Name: "running_var", Shape: engine.Shape{channels}},
		}, 1)
		must(t, err)
		b := engine.NewBuilder("other layers", l, batch)
		on := func(k engine.Kind, a engine.Attr, in ...*engine.Tensor) *engine.Tensor { return b.Apply1(k, a, in) }
		x := b.Tensor(engine.Tensor{Name: "x", Shape: engine.Shape{batch, channels, size, size}, Batched: true})
		y := x
		norm := func() *engine.Tensor {
			return on(engine.BatchNorm2d, engine.BatchNormAttr{Epsilon: 1e-5, Momentum: 0.1}, y, b.State(engine.Model, "weight"),
				b.State(engine.Model, "bias"), b.State(engine.Model, "running_mean"), b.State(engine.Model, "running_var"))
		}
		for _, k := range otherActivations {
			y = on(k, nil, norm())
		}
		for _, k := range append([]engine.Kind{engine.ReLU}, otherActivations...) {
			y = on(k, nil, on(engine.Add, nil, norm(), y))
		}
		y = on(engine.Add, nil, norm(), y)
		squeezed := on(engine.Sigmoid, nil, on(engine.GlobalAvgPool, nil, y))
		y = on(engine.ChannelScale, nil, y, squeezed)
		y = on(engine.Add, nil, on(engine.MaxPool2d, overlappingPool, y), on(engine.AvgPool2d, overlappingPool, y))
		y = on(engine.Add, nil, on(engine.MaxPool2d, halvingPool, y), on(engine.AvgPool2d, halvingPool, y))
		y = on(engine.Flatten, nil, on(engine.Dropout, nil, y, on(engine.DropoutMask, engine.DropoutAttr{P: 0.5}, y, b.Input("random", engine.Uint32, engine.RandomElements))))
		w := b.Tensor(engine.Tensor{Name: "w", Shape: engine.Shape{features, y.C()}})
		y = on(engine.Linear, nil, y, w)
		b.Backward(y, y, x, w)
		p, err := b.Program()
		must(t, err)
		out = append(out, p)
	}
	return out
}

// network is a network's training step by the default recipe, with all augmentations, and its evaluation.
func network(t *testing.T, name string, batch int) []*engine.Program {
	t.Helper()
	r := training.DefaultRecipe()
	r.Model = name
	return networkBy(t, r, batch)
}

// networkBy is the training step by that recipe.
func networkBy(t *testing.T, r training.Recipe, batch int) []*engine.Program {
	t.Helper()
	model, err := net.NewModel(r.Model, nil, 1, net.CIFAR100)
	must(t, err)
	layout, err := training.Layout(model, r)
	must(t, err)
	images := net.ImageShape{N: 1024, C: 3, H: 32, W: 32}
	train, err := training.TrainProgram(model, layout, r, images, batch, &training.Augmentation{Kinds: math.MaxUint32})
	must(t, err)
	eval, err := net.EvalProgram(model, layout, engine.EMA, r.Stored(), images, batch)
	must(t, err)
	return []*engine.Program{train, eval}
}

// everyDispatch visits what each variant emits at each place of the program where it can run, by either way to read activations.
func everyDispatch(t *testing.T, p *engine.Program, on target, visit func(variant string, d dispatch)) {
	t.Helper()
	everyDispatches(t, p, on, func(v variant, dispatches []dispatch) {
		for _, d := range dispatches {
			visit(v.name, d)
		}
	})
}

// everyDispatches is everyDispatch for all that a variant emits at a place.
func everyDispatches(t *testing.T, p *engine.Program, on target, visit func(v variant, dispatches []dispatch)) {
	t.Helper()
	for _, noTexels := range []bool{false, true} {
		pl := blankPlan(p, planOptions{Options: Options{NoTexels: noTexels}}, on)
		for at := range p.Ops {
			for _, v := range variants {
				c := pl.runnable(&v, at)
				if c == nil {
					continue
				}
				pl.dispatches = nil
				v.emit(c)
				pl.joinRest()
				clear(pl.folded)
				must(t, pl.err)
				visit(v, pl.dispatches)
			}
		}
	}
}
