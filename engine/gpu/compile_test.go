package gpu

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"cnnvk/engine"
	"cnnvk/net"
	"cnnvk/net/training"
	"cnnvk/vk/vktest"
)

// TestCompile compiles every kernel that the networks' training steps and evaluations, and a halving convolution, could run at
// batch 128: those of every variant of every op that the device can run, chosen or not. It records nothing, which is what a driver
// without its hardware bears. The line before each says which kernel a driver then speaks of on standard error.
func TestCompile(t *testing.T) {
	if compile, err := strconv.ParseBool(os.Getenv("CNNVK_COMPILE_ONLY")); err != nil || !compile {
		t.Skip("CNNVK_COMPILE_ONLY=1 is not set: it is for drivers that can compile and cannot run, see make drivers")
	}
	e := New(vktest.Device(t))
	defer e.Close()
	if lanes := os.Getenv("CNNVK_SUBGROUP"); lanes != "" { // as on a device with subgroups of that size
		n, err := strconv.ParseUint(lanes, 10, 32)
		must(t, err)
		e.target.limits.SubgroupSize = uint32(n)
	}
	seen := map[string]bool{}
	for _, p := range slices.Concat(network(t, net.SmallCIFARNetName, 128), network(t, net.TinyNetName, 128), halving(t, 128)) {
		everyDispatch(t, p, e.target, func(variant string, d dispatch) {
			key := fmt.Sprint(d.kernel.name, " ", d.constants)
			if seen[key] {
				return
			}
			seen[key] = true
			fmt.Fprintf(os.Stderr, "kernel: %s of %s\n", key, variant)
			if _, err := e.pipeline(d); err != nil {
				t.Error(err)
			}
		})
	}
	t.Logf("%d pipelines compiled for %s", len(seen), e.Device().Name)
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

// network is a reference network's training step and evaluation.
func network(t *testing.T, name string, batch int) []*engine.Program {
	t.Helper()
	model, err := net.NewModel(name, nil, 1)
	must(t, err)
	layout, err := model.Layout(2)
	must(t, err)
	images := net.ImageShape{N: 1024, C: 3, H: 32, W: 32}
	train, err := training.TrainProgram(model, layout, training.DefaultRecipe(), images, batch, &training.Augmentation{Kinds: math.MaxUint32})
	must(t, err)
	eval, err := net.EvalProgram(model, layout, engine.EMA, images, batch)
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
				must(t, pl.err)
				visit(v, pl.dispatches)
			}
		}
	}
}
