package gpu

import (
	"fmt"
	"regexp"
	"slices"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/optest"
	"cnnvk/vk"
	"cnnvk/vk/vktest"
)

// asDiscrete is the executor, planning as for a discrete GPU with the limits of its device.
func asDiscrete(e *Executor) *Executor {
	on := e.With(e.options)
	on.target.kind = vk.Discrete
	return on
}

// teamed are the kernels of a program that run in teams there, or that only a GPU has.
func teamed(t *testing.T, e *Executor, p *engine.Program, opt engine.PlanOptions) (names []string) {
	t.Helper()
	pl, err := newPlan(p, planOptions{opt, e.options}, e.target)
	must(t, err)
	for _, x := range pl.dispatches {
		d := numbers{t, x, pl.tables}
		if d.lanes() > 1 || d.kernel.name == packWeights.name {
			names = append(names, d.kernel.name)
		}
	}
	return names
}

// mostTeamCases bounds the cases of a kernel that every gradient ends with.
const mostTeamCases = 12

// elsewhere are the kernels that add up values in no op case by a team: fused ones, and those where an invocation has a sum to itself.
var elsewhere = regexp.MustCompile("^(augment|cross_entropy(_mixed)?(_scaled)?$|muon_scale|input_covariance|batch_norm2d_finish_covariance|norm_|activation_norm_)")

// TestTeams runs the op cases whose sums a GPU shares out among teams as it does, twice.
func TestTeams(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	on, rep, ran := asDiscrete(e), newRepeats(t), map[string]int{}
	rep.full = nil
	cases := slices.Concat(optest.Cases(), largeSums())
	slices.Reverse(cases) // the odd ones are the last of a list
	for _, c := range cases {
		p, err := c.Program()
		must(t, err)
		rep.begin()
		for _, o := range []Options{{}, {NoTexels: true}} {
			with := on.With(o)
			names := teamed(t, with, p, engine.PlanOptions{KeepAll: true})
			if !slices.ContainsFunc(names, func(name string) bool { return ran[name] < mostTeamCases }) {
				continue
			}
			for _, name := range names {
				ran[name]++
			}
			t.Run(fmt.Sprintf("%s NoTexels=%t", c, o.NoTexels), func(t *testing.T) {
				if !rep.skips(t, with, p, engine.PlanOptions{KeepAll: true}) {
					sameBits(t, with, c, compare(t, with, c, reference(t, c)))
				}
			})
		}
	}
	for name := range added {
		if !elsewhere.MatchString(name) && ran[name]+ran[name+"_texel"]+ran[name+"_any"] == 0 {
			t.Errorf("%s ran in no team", name)
		}
	}
}

// largeSums are cases with more to add up than the op cases have, so that teams take several steps, and pieces are of several planes.
func largeSums() []optest.Case {
	window := func(kernel, stride int) engine.ConvAttr {
		return engine.ConvAttr{Kernel: kernel, Stride: stride, Padding: kernel / 2}
	}
	norm := engine.BatchNormAttr{Epsilon: 1e-5, Momentum: 0.1}
	return []optest.Case{
		{Kind: engine.BatchNorm2d, N: 33, C: 3, H: 32, W: 32, Attr: norm}, {Kind: engine.BatchNorm2d, N: 70, C: 5, H: 7, W: 7, Attr: norm},
		{Kind: engine.BatchNorm2dBackward, N: 33, C: 3, H: 32, W: 32, Attr: norm}, {Kind: engine.BatchNorm2dBackward, N: 70, C: 5, H: 7, W: 7, Attr: norm},
		{Kind: engine.DepthwiseConv2dBackwardWeight, N: 40, C: 5, H: 32, W: 32, Attr: window(3, 1)},
		{Kind: engine.DepthwiseConv2dBackwardWeight, N: 40, C: 5, H: 14, W: 14, Attr: window(5, 2)},
		{Kind: engine.GlobalAvgPool, N: 3, C: 5, H: 32, W: 32}, {Kind: engine.GlobalAvgPool, N: 3, C: 5, H: 13, W: 13},
		{Kind: engine.ChannelScaleBackwardScale, N: 3, C: 5, H: 32, W: 32},
		{Kind: engine.LinearBackwardBias, N: 300, C: 4, M: 10, H: 1, W: 1},
	}
}

// TestTeamsFused is TestTeams for fused blocks, one of them large enough for a GPU to move single values, and for the update.
func TestTeamsFused(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	on := asDiscrete(e)
	blocks := append(fusedBlocks(), block{N: 128, C: 4, H: 32, W: 32, conv: 3, dropout: true, train: true, pool: true}, block{N: 60, C: 9, H: 8, W: 8, train: true})
	seen := map[string]bool{}
	for _, b := range blocks {
		p, err := b.program()
		must(t, err)
		for _, o := range []Options{{}, {NoTexels: true}} {
			with := on.With(o)
			key := fmt.Sprint(teamed(t, with, p, engine.PlanOptions{}), b.H == 32)
			if !b.train || seen[key] {
				continue
			}
			seen[key] = true
			t.Run(fmt.Sprintf("%s NoTexels=%t", b, o.NoTexels), func(t *testing.T) {
				want, _ := results(t, cpu.New(), p, engine.PlanOptions{})
				got, _ := results(t, with, p, engine.PlanOptions{})
				again, _ := results(t, with, p, engine.PlanOptions{})
				for name := range want {
					if d := optest.NMSE(got[name], want[name]); !(d <= maxNMSE) {
						t.Errorf("%s: NMSE %.2g, allowed %.2g", name, d, maxNMSE)
					}
					if !slices.Equal(got[name], again[name]) {
						t.Errorf("%s: other bits when run again", name)
					}
				}
			})
		}
	}
	for _, scaled := range []bool{false, true} {
		testFusedUpdate(t, on, updateProgram(t, 0, scaled))
	}
}
