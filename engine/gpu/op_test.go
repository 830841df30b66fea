package gpu

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/optest"
	"cnnvk/vk"
	"cnnvk/vk/vktest"
)

// maxNMSE is how far a float32 kernel may be from the float64 reference: sums of some thousand terms, each rounded to 24 bits.
const maxNMSE = 1e-10

// ranByTestOps are the plans that TestOps ran on each case. TestVariants, which comes later, does not run them again.
var ranByTestOps = map[string]map[string]bool{}

// TestOps holds every op case, in every layout, against the reference; -short leaves it at two layouts.
func TestOps(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	rep := newRepeats(t)
	for _, c := range optest.Cases() {
		t.Run(c.String(), func(t *testing.T) {
			p, err := c.Program()
			must(t, err)
			ranByTestOps[c.String()] = rep.begin()
			var want map[string][]float64
			hold := func(t *testing.T, o Options) (got map[string][]float64) {
				on := e.With(o)
				if rep.skips(t, on, p, engine.PlanOptions{KeepAll: true}) {
					return nil
				}
				if want == nil {
					want = reference(t, c)
				}
				return compare(t, on, c, want)
			}
			if got := hold(t, Options{}); got != nil {
				sameBits(t, e, c, got)
			}
			if eitherWay[c.Kind] {
				hold(t, Options{NoTexels: true})
			}
			choices := optest.PanelChoices(c)
			for i, panels := range choices {
				if testing.Short() && i > 0 && i < len(choices)-1 {
					continue
				}
				t.Run(fmt.Sprint("panels ", i), func(t *testing.T) { hold(t, Options{PanelImages: panels}) })
			}
		})
	}
}

// eitherWay are the ops whose kernels read activations from texel buffers or from storage buffers.
var eitherWay = map[engine.Kind]bool{
	engine.DepthwiseConv2d: true, engine.DepthwiseConv2dBackwardData: true, engine.DepthwiseConv2dBackwardWeight: true,
	engine.BatchNorm2d: true, engine.Conv2dBackwardBias: true, engine.MaxPool2d: true, engine.AvgPool2d: true,
}

// maxSubgroupCases bounds the cases of each of the many variants with subgroups: drivers take half a second to compile
// one for a shape. The last cases of a list are the odd ones.
const maxSubgroupCases = 4

// TestVariants runs every op case on each variant that takes its shapes, by forbidding those before it; what names a size of subgroups is
// chosen, where the device has several.
func TestVariants(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	ran := map[string]int{}
	cases := optest.Cases()
	slices.Reverse(cases)
	rep := newRepeats(t)
	for _, c := range cases {
		p, err := c.Program()
		must(t, err)
		maps.Copy(rep.begin(), ranByTestOps[c.String()])
		var without []string
		var want map[string][]float64
		for _, v := range variants {
			if !slices.Equal(v.covers, []engine.Kind{c.Kind}) {
				continue
			}
			if v.tile.lanes > 0 && len(e.target.subgroupSizes()) < 2 {
				continue // the variant without a size is the same
			}
			rest := e.With(Options{Without: slices.Clone(without)})
			if v.tile.lanes > 0 {
				rest = e.With(Options{Choices: Choices{keyOf(t, c): v.name}})
			} else {
				without = append(without, v.name)
			}
			if runs := chosen(t, rest, c); !slices.Contains(runs, string(c.Kind)+": "+v.name) {
				continue
			}
			subgroups := strings.Contains(v.name, "_shuffle_") || strings.Contains(v.name, "_broadcast_")
			if ran[v.name]++; subgroups && ran[v.name] > maxSubgroupCases {
				continue
			}
			t.Run(c.String()+" by "+v.name, func(t *testing.T) {
				if rep.skips(t, rest, p, engine.PlanOptions{KeepAll: true}) {
					return
				}
				if want == nil {
					want = reference(t, c)
				}
				compare(t, rest, c, want)
			})
		}
	}
	for _, v := range variants {
		if !e.target.fits(v.tile) || v.tile.kernel.subgroup == cooperative || v.covers[0] == engine.Cast {
			continue // such as under the floor profile; or of 16 bits alone, see TestCooperative and TestHalfOps
		}
		if v.tile.rows > 0 && ran[v.name] == 0 && e.target.kind != vk.CPU {
			t.Logf("there is no room for %s in the registers of this device", v.name)
			continue
		}
		if len(v.covers) == 1 && ran[v.name] < 4 {
			t.Errorf("variant %s ran on %d cases, want at least 4", v.name, ran[v.name])
		}
	}
}

// fits reports whether the device can run a tile's kernel, at shapes that suit it and where there is room in its registers.
func (t target) fits(x tile) bool {
	features, sizes := t.features, t.subgroupSizes()
	switch by := x.kernel.subgroup; {
	case by == noExchange:
		return true
	case by == shuffle && !features.SubgroupShuffle, by == broadcast && !features.SubgroupBroadcast:
		return false
	case x.lanes > 0 && (len(sizes) < 2 || !slices.Contains(sizes, x.lanes)):
		return false
	case by == cooperative && !t.has(x.matrix):
		return false
	}
	return len(sizes) > 0
}

func keyOf(t *testing.T, c optest.Case) string {
	t.Helper()
	p, err := c.Program()
	must(t, err)
	return opKey(p.Ops[0])
}

// chosen lists the kernel choices for a case; none if no variant is left.
func chosen(t *testing.T, e *Executor, c optest.Case) []string {
	t.Helper()
	p, err := c.Program()
	if err != nil {
		t.Fatal(err)
	}
	pl, err := newPlan(p, planOptions{Options: e.options}, e.target)
	if err != nil {
		return nil
	}
	return pl.kernels
}

// TestSlices gathers from a data set that is cut into several windows.
func TestSlices(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	e.target.sliceBytes = 1
	c := optest.Case{Kind: engine.GatherNormalize, N: 12, C: 3, M: 3*windowAlign + 5, H: 4, W: 4}
	compare(t, e, c, reference(t, c))
	if runs := chosen(t, e, c); len(runs) != 1 {
		t.Errorf("kernels %v", runs)
	}
}

func reference(t *testing.T, c optest.Case) map[string][]float64 {
	t.Helper()
	want, err := c.Run(cpu.New(), engine.PlanOptions{})
	if err != nil {
		t.Fatal("reference: ", err)
	}
	return want
}

// sameBits runs a case once more.
func sameBits(t *testing.T, e engine.Executor, c optest.Case, first map[string][]float64) {
	t.Helper()
	second, err := c.Run(e, engine.PlanOptions{})
	must(t, err)
	for name := range first {
		for i, v := range first[name] {
			if math.Float64bits(v) != math.Float64bits(second[name][i]) {
				t.Fatalf("%s[%d] is %g, and %g when run again", name, i, v, second[name][i])
			}
		}
	}
}

// compare runs a case, holds what comes out against what is wanted, and returns it.
func compare(t *testing.T, e engine.Executor, c optest.Case, want map[string][]float64) (got map[string][]float64) {
	t.Helper()
	got, err := c.Run(e, engine.PlanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for name := range want {
		e := optest.NMSE(got[name], want[name])
		if !(e <= maxNMSE) {
			t.Errorf("%s: NMSE %.2g, allowed %.2g", name, e, maxNMSE)
		}
		worst = max(worst, e)
	}
	t.Logf("NMSE %.2g", worst)
	if len(got) != len(want) {
		t.Errorf("%d outputs, want %d", len(got), len(want))
	}
	return got
}
