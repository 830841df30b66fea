package gpu

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/optest"
	"cnnvk/vk"
	"cnnvk/vk/vktest"
)

// offered are matrices of these sizes, of float16 into float32, in subgroups, as a device lists them.
func offered(sizes ...matrices) []vk.Matrices {
	var out []vk.Matrices
	for _, m := range sizes {
		out = append(out, vk.Matrices{
			M: uint32(m.m), N: uint32(m.n), K: uint32(m.k), A: vk.Float16, B: vk.Float16, C: vk.Float32, Result: vk.Float32, Scope: vk.SubgroupScope,
		})
	}
	return out
}

// needMatrices skips a test on a device that multiplies no matrices that a tile takes, or fails it where CNNVK_REQUIRE names cooperative_matrix.
func needMatrices(t *testing.T, e *Executor) {
	t.Helper()
	if !slices.ContainsFunc(matrixSizes, e.target.has) {
		vktest.Missing(t, "cooperative_matrix", fmt.Sprintf("%s multiplies no matrices of float16 into float32, of a size that a tile takes, as cooperative matrices: it lists %v",
			e.Device().Name, e.target.matrices))
	}
}

// TestCooperative runs every variant with cooperative matrices on cases that it takes, as float16.
func TestCooperative(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	needMatrices(t, e)
	ran := map[string]int{}
	for _, c := range slices.Backward(halfCases(engine.Float16)) { // the odd ones stand last
		for _, v := range variants {
			if v.tile.kernel.subgroup != cooperative || v.covers[0] != c.Kind || !e.target.fits(v.tile) || ran[v.name] == maxSubgroupCases {
				continue
			}
			on := e.With(Options{Choices: Choices{keyOf(t, c): v.name}})
			if runs := chosen(t, on, c); ranBy(runs[0]) != v.name {
				continue
			}
			ran[v.name]++
			t.Run(c.String()+" by "+v.name, func(t *testing.T) {
				p, err := c.Program()
				must(t, err)
				got, err := c.Run(on, engine.PlanOptions{})
				must(t, err)
				must(t, compareHalf(p, got, reference(t, c), bound(c, p, v.name)))
				sameBits(t, on, c, got)
			})
		}
	}
	for _, v := range variants {
		if v.tile.kernel.subgroup == cooperative && e.target.fits(v.tile) && ran[v.name] < 4 {
			t.Errorf("%s ran on %d cases, want at least 4", v.name, ran[v.name])
		}
	}
}

// TestCompileCooperative is TestCompile for products by cooperative matrices, and beside each for the same in shared memory alone, of activations
// stored as float16.
func TestCompileCooperative(t *testing.T) {
	if compile, err := strconv.ParseBool(os.Getenv("CNNVK_COMPILE_ONLY")); err != nil || !compile {
		t.Skip("CNNVK_COMPILE_ONLY=1 is not set: it is for drivers that can compile and cannot run, see make drivers")
	}
	e := New(vktest.Device(t))
	defer e.Close()
	if !e.target.features.CooperativeMatrix {
		e = New(vktest.Unvalidated(t)) // the validation layer may be too old for them
		defer e.Close()
	}
	needMatrices(t, e)
	seen, byMatrices, probe := map[string]bool{}, 0, probeExecutable(t, e)
	for _, c := range productsOfNetworks() {
		p, err := c.Program()
		must(t, err)
		everyDispatch(t, p, e.target, func(variant string, d dispatch) {
			by := d.kernel.subgroup == cooperative
			key := d.pipelineKey()
			if seen[key] || !by && !(d.kernel.shared && d.kernel.texel == 0) {
				return
			}
			seen[key] = true
			fmt.Fprintf(os.Stderr, "kernel: %s %d of %s\n", d.kernel.code(), d.constants, variant)
			compile(t, e, compiled{d, variant, false, probe})
			if by {
				byMatrices++
			}
		})
	}
	if byMatrices == 0 {
		t.Errorf("no product by matrices: the device has room for none of %v", e.target.matrices)
	}
	t.Logf("%d pipelines compiled for %s, %d of them by matrices", len(seen), e.Device().Name, byMatrices)
}

// productsOfNetworks are products as networks have them, of activations stored as float16.
func productsOfNetworks() []optest.Case {
	var out []optest.Case
	for _, k := range []engine.Kind{engine.PointwiseConv2d, engine.PointwiseConv2dBackwardData, engine.PointwiseConv2dBackwardWeight} {
		out = append(out, optest.Case{Kind: k, N: 128, C: 128, M: 256, H: 8, W: 8, Type: engine.Float16})
	}
	for _, k := range []engine.Kind{engine.Linear, engine.LinearBackwardData, engine.LinearBackwardWeight} {
		out = append(out, optest.Case{Kind: k, N: 128, C: 512, M: 256, H: 1, W: 1, Type: engine.Float16})
	}
	for _, k := range []engine.Kind{engine.Conv2d, engine.Conv2dBackwardData, engine.Conv2dBackwardWeight} {
		window := engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1}
		out = append(out, optest.Case{Kind: k, N: 128, C: 128, M: 256, H: 8, W: 8, Attr: window, NoBias: true, Type: engine.Float16})
	}
	return out
}

// In an evaluation a product by matrices takes what is folded into it, as any other does: BatchNorm2d and ReLU.
func TestCooperativeFolded(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	needMatrices(t, e)
	for _, c := range []optest.Case{
		{Kind: engine.PointwiseConv2d, N: 4, C: 40, M: 20, H: 8, W: 8},
		{Kind: engine.Conv2d, N: 4, C: 10, M: 20, H: 8, W: 8, Attr: engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1}},
	} {
		c.Type = engine.Float16
		p, err := normed{c, engine.ReLU, noSum}.program()
		must(t, err)
		for _, v := range variants {
			if v.tile.kernel.subgroup != cooperative || v.tile.lanes > 0 || v.covers[0] != c.Kind || !e.target.fits(v.tile) {
				continue
			}
			t.Run(v.name, func(t *testing.T) {
				on := e.With(Options{Choices: Choices{opKey(p.Ops[0]): v.name}})
				pl, err := newPlan(p, planOptions{Options: on.options}, on.target)
				must(t, err)
				if !slices.ContainsFunc(pl.dispatches, func(d dispatch) bool { return d.kernel.subgroup == cooperative }) || len(pl.kernels) != 1 {
					t.Fatalf("it runs as %v", pl.kernels)
				}
				want, _ := results(t, &cpu.Executor{Unstored: func(x *engine.Tensor) bool { return pl.skipped[x] }}, p, engine.PlanOptions{})
				got, _ := results(t, on, p, engine.PlanOptions{})
				must(t, compareHalf(p, got, want, within(p)))
			})
		}
	}
}

// The subgroups of a workgroup share out its tile: each has a block, all blocks make up the tile, and what they load is the least.
func TestMatrixBlocks(t *testing.T) {
	for _, c := range []struct {
		why    string
		m      matrices
		lanes  int
		shared uint32
		want   matrixBlock // none: it cannot run
	}{
		{"RADV", matrices{16, 16, 16}, 64, 64 << 10, matrixBlock{4, 2}},
		{"RADV", matrices{16, 16, 16}, 32, 64 << 10, matrixBlock{2, 2}},
		{"NVIDIA", matrices{16, 8, 16}, 32, 48 << 10, matrixBlock{2, 4}},
		{"Arc", matrices{8, 8, 16}, 8, 64 << 10, matrixBlock{2, 2}},
		{"Battlemage", matrices{8, 16, 16}, 16, 64 << 10, matrixBlock{4, 1}},
		{"lavapipe", matrices{8, 8, 8}, 8, 32 << 10, matrixBlock{2, 2}},
		{"small matrices in twice the lanes", matrices{8, 8, 8}, 16, 32 << 10, matrixBlock{4, 2}},
		{"more subgroups than matrices", matrices{16, 16, 16}, 4, 64 << 10, matrixBlock{}},
		{"more lanes than a workgroup has", matrices{16, 16, 16}, 256, 64 << 10, matrixBlock{}},
		{"the least shared memory that a device may have", matrices{16, 16, 16}, 32, 16 << 10, matrixBlock{}},
	} {
		x := cooperativeTile
		x.matrix = c.m
		got, ok := x.blockOf(c.lanes, vk.Limits{SharedMemoryBytes: c.shared})
		if got != c.want || ok != (c.want != matrixBlock{}) {
			t.Errorf("%s, %v by %d lanes: %v, want %v", c.why, c.m, c.lanes, got, c.want)
		}
		if subgroups := sharedWorkgroup / c.lanes; ok && got.down*c.m.m*got.across*c.m.n*subgroups != x.rows*x.columns {
			t.Errorf("%s: blocks of %v by %d subgroups are not the tile", c.why, got, subgroups)
		}
	}
}

// A device has matrices if it lists them of float16 into float32, in subgroups; they run where activations are float16.
func TestMatricesWanted(t *testing.T) {
	size := matrices{16, 16, 16}
	right := offered(size)[0]
	with := func(change func(m *vk.Matrices)) target {
		m, on := right, anyDevice()
		change(&m)
		on.matrices = []vk.Matrices{m}
		return on
	}
	off := anyDevice()
	off.features.CooperativeMatrix = false
	for _, c := range []struct {
		why  string
		on   target
		want bool
	}{
		{"all right", with(func(m *vk.Matrices) {}), true},
		{"another size", with(func(m *vk.Matrices) { m.K = 8 }), false},
		{"of bfloat16", with(func(m *vk.Matrices) { m.A, m.B = vk.BFloat16, vk.BFloat16 }), false},
		{"float16 sums", with(func(m *vk.Matrices) { m.C, m.Result = vk.Float16, vk.Float16 }), false},
		{"of a workgroup", with(func(m *vk.Matrices) { m.Scope = 2 }), false},
		{"not enabled", off, false},
	} {
		if got := c.on.has(size); got != c.want {
			t.Errorf("%s: %t", c.why, got)
		}
	}
	for _, d := range []engine.DType{engine.Float, engine.Float16, engine.BFloat16} {
		p, err := optest.Case{Kind: engine.PointwiseConv2d, N: 8, C: 64, M: 64, H: 8, W: 8, Type: d}.Program()
		must(t, err)
		const name = "pointwise_conv2d_cooperative@16x16x16@32"
		pl, err := newPlan(p, planOptions{Options: Options{Choices: Choices{opKey(p.Ops[0]): name}}}, anyDevice())
		must(t, err)
		if runs := ranBy(pl.kernels[0]) == name; runs != (d == engine.Float16) {
			t.Errorf("%v runs by %s", d, pl.kernels[0])
		}
	}
}

// TestCooperativeStep runs whole training steps of float16 in which every product is by matrices that can be, holds each op against the reference, on
// what it read, and ends in the same bits again.
func TestCooperativeStep(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	needMatrices(t, e)
	p, load, err := optest.MixedSampleStep(engine.Float16, 4, 8, []int{8, 8})
	must(t, err)
	choices, chosen := Choices{}, map[engine.Kind]bool{}
	for at, op := range p.Ops {
		for i := range variants {
			v := &variants[i]
			if v.tile.kernel.subgroup == cooperative && blankPlan(p, planOptions{}, e.target).runnable(v, at) != nil {
				choices[opKey(op)], chosen[op.Kind] = v.name, true
				break
			}
		}
	}
	if len(chosen) < 3 {
		t.Fatalf("by matrices are %v", chosen)
	}
	holdStep(t, e.With(Options{Choices: choices}), p, load)
	t.Logf("by matrices: %v", choices)
}
