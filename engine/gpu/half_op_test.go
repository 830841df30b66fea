package gpu

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/optest"
	"cnnvk/vk/vktest"
)

// halfCases are the op cases with activations of that type.
func halfCases(d engine.DType) []optest.Case {
	return slices.DeleteFunc(optest.HalfCases(), func(c optest.Case) bool { return c.Type != d })
}

// halfBlocks and halfNormed are what is fused, with activations of that type.
func halfBlocks(d engine.DType) []block {
	blocks := fusedBlocks()
	for i := range blocks {
		blocks[i].stored = d
	}
	return blocks
}

func halfNormed(d engine.DType) []normed {
	cases := normedCases()
	for i := range cases {
		cases[i].Type = d
	}
	return cases
}

// oddSum is an activation behind a sum, on images that no vec4 fits.
func oddSum(t *testing.T, d engine.DType) *engine.Program {
	t.Helper()
	l, err := engine.NewLayout(nil, 1)
	must(t, err)
	b := engine.NewBuilder("odd sum "+d.String(), l, 3)
	b.Store(d)
	sum := b.Apply1(engine.Add, nil, []*engine.Tensor{b.Activation("a", 3, 5, 5, 3), b.Activation("b", 3, 5, 5, 3)})
	b.Apply1(engine.ReLU, nil, []*engine.Tensor{sum}).Name = "y"
	p, err := b.Program()
	must(t, err)
	return p
}

// sparing chooses which of many cases to run: each kernel on one of each op, and on one as bfloat16, for that differs from float16 where values
// are packed and unpacked alone; on as many as CNNVK_CASES says where it is set.
type sparing struct {
	most     int
	repeats  *repeats
	run      map[string]int
	left, of int
}

func newSparing(t *testing.T) *sparing {
	s := &sparing{most: 1, repeats: newRepeats(t), run: map[string]int{}}
	if n, err := strconv.Atoi(os.Getenv("CNNVK_CASES")); err == nil {
		s.most = n
	}
	t.Cleanup(func() {
		t.Logf("%d of %d cases are left out, whose kernels ran on others: CNNVK_CASES=%d runs more", s.left, s.of, s.most+1)
	})
	return s
}

// takes reports whether a program has a kernel for activations of 16 bits that is still to be run, for ops of that kind.
func (s *sparing) takes(t *testing.T, e *Executor, p *engine.Program, opt engine.PlanOptions, kind engine.Kind) bool {
	t.Helper()
	pl, err := newPlan(p, planOptions{opt, e.options}, e.target)
	must(t, err)
	s.of++
	taken := false
	for _, x := range pl.dispatches {
		key := fmt.Sprint(x.kernel.code(), " of ", kind)
		switch {
		case x.kernel.subgroup != noExchange: // drivers take a second to compile one
			key = x.kernel.code()
		case x.kernel.half == engine.BFloat16:
			key = x.kernel.code() + " as bfloat16"
		}
		if x.kernel.half.Half() && s.run[key] < s.most {
			s.run[key]++
			taken = true
		}
	}
	if taken = taken && !s.repeats.skips(t, e, p, opt); !taken {
		s.left++
	}
	return taken
}

// TestHalfOps holds the kernels for activations of 16 bits against the reference: each on a case of every variant that dispatches it, which is
// reached by forbidding those before it.
func TestHalfOps(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	few := newSparing(t)
	for _, c := range slices.Backward(optest.HalfCases()) { // the odd ones stand last
		p, err := c.Program()
		must(t, err)
		holdHalf(t, e, few, c, p, everyVariant(c.Kind))
	}
}

// TestHalfTeams is TestHalfOps for sums that a GPU shares out among teams, and for what is fused with them.
func TestHalfTeams(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	on, few := asDiscrete(e), newSparing(t)
	for _, c := range slices.Backward(optest.HalfCases()) {
		p, err := c.Program()
		must(t, err)
		if len(teamed(t, on, p, engine.PlanOptions{KeepAll: true})) > 0 {
			holdHalf(t, on, few, c, p, []Options{{}, {NoTexels: true}})
		}
	}
	for _, d := range halves {
		for _, b := range halfBlocks(d) {
			p, err := b.program()
			must(t, err)
			if b.train {
				holdFused(t, on, few, b.String(), p)
			}
		}
	}
}

// holdHalf runs a case by each of the options whose kernels have run too few times, twice, and holds it against the reference.
func holdHalf(t *testing.T, e *Executor, few *sparing, c optest.Case, p *engine.Program, options []Options) {
	t.Helper()
	if c.Fill == optest.FarValues && c.Type == engine.BFloat16 {
		return // down to where devices leave out float32's subnormal numbers
	}
	var want map[string][]float64
	all := engine.PlanOptions{KeepAll: true}
	few.repeats.begin()
	for _, o := range options {
		on := e.With(o)
		pl, err := newPlan(p, planOptions{all, o}, e.target)
		if len(o.Without) == 0 {
			must(t, err)
		}
		if err != nil || !few.takes(t, on, p, all, c.Kind) {
			continue
		}
		t.Run(fmt.Sprint(c, " by ", pl.kernels[0], " texels=", !o.NoTexels), func(t *testing.T) {
			if want == nil {
				want = reference(t, c)
			}
			got, err := c.Run(on, engine.PlanOptions{})
			must(t, err)
			must(t, compareHalf(p, got, want, bound(c, p, pl.kernels[0])))
			sameBits(t, on, c, got)
		})
	}
}

// everyVariant are the options by which each variant of an op is reached, with texel buffers and without.
func everyVariant(k engine.Kind) []Options {
	var out []Options
	var without []string
	for _, v := range variants {
		if slices.Equal(v.covers, []engine.Kind{k}) && v.tile.lanes == 0 {
			for _, noTexels := range []bool{false, true} {
				out = append(out, Options{Without: slices.Clone(without), NoTexels: noTexels})
			}
			without = append(without, v.name)
		}
	}
	return out
}

// halfBound is how near values of 16 bits must be to the reference's.
type halfBound func(d engine.DType, got, want []float64) error

// bound is that of a case, run by a variant. Where many results lie in the middle between two values, or so near that float32 rounds them to it, any
// may be a neighbour. Winograd's, whose errors are some times those of a sum, may be one more often.
func bound(c optest.Case, p *engine.Program, variant string) halfBound {
	switch {
	case strings.Contains(variant, "winograd"):
		return asNear
	case c.Fill != optest.Kinks && c.Dropped == 0:
		return within(p)
	}
	return func(d engine.DType, got, want []float64) error {
		for i, w := range want {
			if steps := optest.Steps(d, got[i], w); steps > 1 {
				return fmt.Errorf("[%d] is %g, want %g: %d steps", i, got[i], w, steps)
			}
		}
		return nil
	}
}

// within is the bound of a program's sums.
func within(p *engine.Program) halfBound {
	summed := 1
	for _, op := range p.Ops {
		summed = max(summed, optest.Summed(op))
	}
	return func(d engine.DType, got, want []float64) error { return optest.HalfError(d, summed, got, want) }
}

// asNear bounds the error of the mean square.
func asNear(d engine.DType, got, want []float64) error {
	if !agrees(d, got, want) {
		return fmt.Errorf("NMSE %.2g", optest.NMSE(got, want))
	}
	return nil
}

// boundOf is that of a plan. Where an op reads what another one stored, a neighbour of the reference's value is carried on: the mean square tells.
func boundOf(pl *plan) halfBound {
	for _, op := range pl.program.Ops {
		for _, t := range op.Inputs {
			if t.DType.Half() && pl.program.Producer(t) >= 0 && !pl.skipped[t] {
				return asNear
			}
		}
	}
	return within(pl.program)
}

// compareHalf holds what came out of a program against what is wanted, by the tensors' names: a value of 16 bits is the reference's or its
// neighbour.
func compareHalf(p *engine.Program, got, want map[string][]float64, bound halfBound) error {
	var errs []error
	for name := range want {
		d := engine.Float
		if t := p.Tensor(name); t != nil {
			d = t.DType
		}
		if d.Half() {
			if err := bound(d, got[name], want[name]); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
			}
		} else if far := optest.NMSE(got[name], want[name]); !(far <= maxNMSE) {
			errs = append(errs, fmt.Errorf("%s: NMSE %.2g, allowed %.2g", name, far, maxNMSE))
		}
	}
	return errors.Join(errs...)
}

// TestHalfFused holds the fused kernels against the ops that they cover, the values rounded that they store.
func TestHalfFused(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	few := newSparing(t)
	for _, d := range halves {
		odd := oddSum(t, d)
		holdFused(t, e, few, odd.Name, odd)
		for _, b := range halfBlocks(d) {
			p, err := b.program()
			must(t, err)
			holdFused(t, e, few, b.String(), p)
		}
		for _, f := range flows {
			p, err := f.storing(d)
			must(t, err)
			holdFused(t, e, few, f.name+" "+d.String(), p)
		}
		for _, n := range halfNormed(d) {
			p, err := n.program()
			must(t, err)
			holdFused(t, e, few, n.String(), p)
		}
	}
}

// holdFused runs a program with texel buffers and without, and in unlike panels, against the reference.
func holdFused(t *testing.T, e *Executor, few *sparing, name string, p *engine.Program) {
	t.Helper()
	_, _, kept := touched(p, engine.PlanOptions{})
	unlike := func(x *engine.Tensor) int { return []int{1, x.N()}[x.ID%2] }
	few.repeats.begin()
	for i, o := range []Options{{}, {NoTexels: true}, {PanelImages: unlike}} {
		pl, err := newPlan(p, planOptions{kept, o}, e.target)
		must(t, err)
		if !few.takes(t, e.With(o), p, kept, "") {
			continue
		}
		t.Run(fmt.Sprint(name, " plan ", i), func(t *testing.T) {
			want, _ := results(t, &cpu.Executor{Unstored: func(x *engine.Tensor) bool { return pl.skipped[x] }}, p, engine.PlanOptions{})
			got, kernels := results(t, e.With(o), p, engine.PlanOptions{})
			if err := compareHalf(p, got, want, boundOf(pl)); err != nil {
				t.Errorf("%v by %v", err, kernels)
			}
		})
	}
}

// TestHalfStep runs whole steps and holds each op against the reference, on what it read: on shapes where nothing divides, and on such as vec4s
// fit. A second run gives the same bits.
func TestHalfStep(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	for _, c := range []struct {
		stored      engine.DType
		batch, side int
		widths      []int
	}{{engine.Float16, 5, 12, []int{6, 10, 10, 7}}, {engine.BFloat16, 4, 16, []int{8, 16}}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			p, load, err := optest.MixedSampleStep(c.stored, c.batch, c.side, c.widths)
			must(t, err)
			holdStep(t, e, p, load)
		})
	}
}

// holdStep holds each op of a step against the reference, on what it read. A second run has to give the same bits.
func holdStep(t *testing.T, e *Executor, p *engine.Program, load func(engine.Session) (*engine.StepInputs, error)) {
	t.Helper()
	compared, err := optest.CompareStep(e, cpu.New(), p, load)
	must(t, err)
	for _, r := range compared {
		switch {
		case r.Half != nil:
			t.Errorf("op %d, %s, %s: %v", r.Op, r.Kind, r.Output, r.Half)
		case !typeOf(p, r).Half() && !(r.NMSE <= maxNMSE):
			t.Errorf("op %d, %s, %s: NMSE %.2g", r.Op, r.Kind, r.Output, r.NMSE)
		}
	}
	if !slices.Equal(stateAfter(t, e, p, load), stateAfter(t, e, p, load)) {
		t.Error("a second run ends in other bits")
	}
}

// typeOf is the type of an output that was compared.
func typeOf(p *engine.Program, r optest.OpResult) engine.DType {
	for _, t := range p.Ops[r.Op].Outputs {
		if t.Name == r.Output {
			return t.DType
		}
	}
	return engine.Float
}

// stateAfter is the state of a fused step, as bits.
func stateAfter(t *testing.T, e *Executor, p *engine.Program, load func(engine.Session) (*engine.StepInputs, error)) []uint64 {
	t.Helper()
	s, err := e.NewSession(t.Context(), p.Layout, []*engine.Program{p}, engine.PlanOptions{})
	must(t, err)
	defer s.Close()
	inputs, err := load(s)
	must(t, err)
	for range 2 {
		must(t, s.Run(p, inputs))
	}
	_, err = s.Reports()
	must(t, err)
	var out []uint64
	for a := range engine.ArenaCount {
		data, err := s.ReadArena(a)
		must(t, err)
		for _, v := range data {
			out = append(out, math.Float64bits(v))
		}
	}
	return out
}

// An op is tuned on activations as they are stored, and its key has their type: what is best in 16 bits need not be in 32.
func TestHalfTuning(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	keys := map[string]bool{}
	for _, d := range append(slices.Clone(halves), engine.Float) {
		c := optest.Case{Kind: engine.PointwiseConv2d, N: 4, C: 16, M: 16, H: 8, W: 8, Type: d}
		p, err := c.Program()
		must(t, err)
		only, err := alone(p.Ops[0], p.Layout, c.N)
		must(t, err)
		if got := only.Ops[0].Outputs[0].DType; got != d {
			t.Errorf("alone it writes %v, not %v", got, d)
		}
		key := opKey(p.Ops[0])
		keys[key] = true
		_, first, err := e.timeVariant(t.Context(), tuning{key: key, layout: p.Layout, program: only}, "pointwise_conv2d", 0)
		must(t, err)
		_, second, err := e.timeVariant(t.Context(), tuning{key: key, layout: p.Layout, program: only}, "pointwise_conv2d_any", 0)
		must(t, err)
		if !agrees(d, second, first) {
			t.Errorf("%v: two variants disagree", d)
		}
	}
	if len(keys) != 3 {
		t.Errorf("the keys are %v", keys)
	}
}
