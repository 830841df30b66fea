package gpu

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/optest"
	"cnnvk/net"
	"cnnvk/vk"
	"cnnvk/vk/vktest"
)

// anyDevice is a device that every kernel can run on.
func anyDevice() target {
	return target{
		limits: vk.Limits{
			SubgroupSize: 8, MinSubgroupSize: 4, MaxSubgroupSize: 128,
			SharedMemoryBytes: 32 << 10, TexelBufferElements: 1 << 27, StorageBufferRange: 1 << 27, StorageBuffersPerStage: 8, WorkgroupInvocations: 1024, WorkgroupSize: [3]uint32{1024, 1024, 64}, WorkgroupCount: [3]uint32{65535, 65535, 65535},
		},
		features: vk.Features{SubgroupShuffle: true, SubgroupBroadcast: true, SubgroupControl: true, CooperativeMatrix: true, ShaderFloat16: true},
		kind:     vk.CPU, matrices: offered(matrixSizes...), sliceBytes: 1 << 27,
	}
}

// Whatever kernel of the networks' steps is switched off is not dispatched, and whatever variant is does not run: where there is no
// other, there is no plan.
func TestWithoutHolds(t *testing.T) {
	programs := slices.Concat(network(t, net.SmallCIFARNetName, 8), network(t, net.TinyNetName, 8))
	for _, p := range programs {
		everything, err := newPlan(p, planOptions{}, anyDevice())
		must(t, err)
		names := map[string]bool{}
		for _, d := range everything.dispatches {
			names[d.kernel.name] = true
		}
		for _, k := range everything.kernels {
			names[ranBy(k)] = true
		}
		replaced := 0
		for name := range names {
			pl, err := newPlan(p, planOptions{Options: Options{Without: []string{name}}}, anyDevice())
			if err != nil {
				if !strings.Contains(err.Error(), "no kernel runs") {
					t.Errorf("%s without %s: %v", p.Name, name, err)
				}
				continue
			}
			replaced++
			for _, d := range pl.dispatches {
				if d.kernel.name == name {
					t.Errorf("%s without %s: it is dispatched for %s", p.Name, name, p.Ops[d.op].Kind)
				}
			}
			if slices.ContainsFunc(pl.kernels, func(k string) bool { return ranBy(k) == name }) {
				t.Errorf("%s without %s: it runs: %v", p.Name, name, pl.kernels)
			}
		}
		if replaced < len(names)/2 {
			t.Errorf("%s: of %d kernels and variants %d can be replaced", p.Name, len(names), replaced)
		}
	}
}

// ranBy is the variant in a line "op: variant".
func ranBy(line string) string {
	_, name, _ := strings.Cut(line, ": ")
	return name
}

// In an evaluation the convolution is folded with what follows into one product. It has the tile that the convolution by itself
// would have, whichever of them are switched off.
func TestWithoutWhereFolded(t *testing.T) {
	p, err := block{N: 4, C: 64, H: 8, W: 8, conv: 32}.program()
	must(t, err)
	var without []string
	for _, v := range pointwiseTiles {
		alone, err := newPlan(p, planOptions{engine.PlanOptions{NoFusion: true}, Options{Without: without}}, anyDevice())
		must(t, err)
		folded, err := newPlan(p, planOptions{Options: Options{Without: without}}, anyDevice())
		must(t, err)
		if got := ranBy(folded.kernels[0]); got != "pointwise_conv2d_norm_relu_eval" {
			t.Fatalf("without %v: %v", without, folded.kernels)
		}
		want := strings.Replace(ranBy(alone.kernels[0]), "pointwise_conv2d", "linear", 1) // with a bias
		if !slices.ContainsFunc(folded.dispatches, func(d dispatch) bool { return d.kernel.name == want }) {
			t.Errorf("without %v: the convolution runs %s, folded it does not run %s", without, ranBy(alone.kernels[0]), want)
		}
		without = append(without, v.name)
	}
	const folded = "pointwise_conv2d_norm_relu_eval"
	for i, want := range []string{folded, folded, "pointwise_conv2d_any"} { // by what gathers windows, which goes then
		pl, err := newPlan(p, planOptions{Options: Options{Without: without}}, anyDevice())
		must(t, err)
		if got := ranBy(pl.kernels[0]); got != want {
			t.Errorf("without any tile the convolution runs %s, want %s", got, want)
		}
		if i < len(pointwiseWindows) {
			without = append(without, pointwiseWindows[i].name)
		}
	}
}

// What is folded with another tile than the first is right, too.
func TestFoldedByEveryTile(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	b := block{N: 4, C: 24, H: 8, W: 8, conv: 16}
	want, _ := b.run(t, cpu.New(), engine.PlanOptions{})
	var without []string
	for _, v := range pointwiseTiles {
		t.Run(fmt.Sprint("from ", v.name), func(t *testing.T) {
			got, _ := b.run(t, e.With(Options{Without: without}), engine.PlanOptions{})
			for name := range want {
				if d := optest.NMSE(got[name], want[name]); !(d <= maxNMSE) {
					t.Errorf("%s: NMSE %.2g, allowed %.2g", name, d, maxNMSE)
				}
			}
		})
		without = append(without, v.name)
	}
}

// Tuning measures nothing that is switched off, be it as a variant or as the kernel that other variants run.
func TestTuneWithout(t *testing.T) {
	of := func(kind engine.Kind) *engine.Program {
		p, err := optest.Case{Kind: kind, N: 8, C: 64, M: 64, H: 8, W: 8}.Program()
		must(t, err)
		return p
	}
	const off = "pointwise_conv2d_shuffle_32x4"
	e := (&Executor{target: anyDevice()}).With(Options{Without: []string{off}})
	for kind, gone := range map[engine.Kind]string{
		engine.PointwiseConv2d:             off,
		engine.PointwiseConv2dBackwardData: "pointwise_conv2d_backward_data_shuffle_32x4",
	} {
		names := e.variantsOf(of(kind))
		if slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, gone) }) || len(names) < 5 {
			t.Errorf("%s without %s is measured by %v", kind, off, names)
		}
	}
}
