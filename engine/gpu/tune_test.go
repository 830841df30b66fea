package gpu

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cnnvk/engine"
	"cnnvk/engine/optest"
	"cnnvk/vk"
	"cnnvk/vk/vktest"
)

// twoProducts are programs of one convolution, in two batch sizes, and of one too small to be worth measuring beside it.
func twoProducts(t *testing.T) []*engine.Program {
	t.Helper()
	var out []*engine.Program
	for _, c := range []optest.Case{
		{Kind: engine.PointwiseConv2d, N: 2, C: 16, M: 24, H: 8, W: 8},
		{Kind: engine.PointwiseConv2d, N: 8, C: 16, M: 24, H: 8, W: 8},
		{Kind: engine.PointwiseConv2d, N: 1, C: 1, M: 1, H: 8, W: 8},
	} {
		p, err := c.Program()
		must(t, err)
		out = append(out, p)
	}
	return out
}

// withoutSubgroups leaves few candidates, which drivers compile in a moment.
func withoutSubgroups(e *Executor) { e.target.features = vk.Features{} }

func TestTune(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	withoutSubgroups(e)
	programs := twoProducts(t)
	const key = "pointwise_conv2d 16x8x8 24x8x8"
	builtIn := e.built(t, programs[1])
	_, left, err := e.Tune(context.Background(), programs[0].Layout, programs, time.Nanosecond, func(r Tuned) {
		if r.Done != 0 || r.Of != 1 {
			t.Errorf("measured in no time: %v", r)
		}
	})
	must(t, err)
	if !maps.Equal(left, Choices{key: builtIn}) || len(e.Choices()) > 0 {
		t.Errorf("without time %v were left, %v chosen", left, e.Choices())
	}
	var seen []Tuned
	found, left, err := e.Tune(context.Background(), programs[0].Layout, programs, 0, func(r Tuned) {
		if r.Done > 0 {
			seen = append(seen, r)
		}
	})
	must(t, err)

	if len(seen) != 1 || seen[0].Key != key || len(found) != 1 || found[key] == "" || len(left) > 0 {
		t.Fatalf("measured %v, chose %v, left %v; want %q alone", seen, found, left, key)
	}
	candidates := seen[0].Candidates
	if len(candidates) < 2 || candidates[0].Variant != found[key] ||
		!slices.IsSortedFunc(candidates, func(a, b Candidate) int { return int(a.Time - b.Time) }) {
		t.Errorf("candidates %v, chosen %s", candidates, found[key])
	}
	for _, c := range candidates {
		if c.Time <= 0 || c.Time > time.Minute || strings.HasSuffix(c.Variant, "_any") {
			t.Errorf("candidate %v", c)
		}
	}

	again, _, err := e.Tune(context.Background(), programs[0].Layout, programs, 0, func(r Tuned) { t.Errorf("measured again: %v", r) })
	must(t, err)
	if len(again) != 0 || e.Choices()[key] != found[key] {
		t.Errorf("the second time %v, in all %v", again, e.Choices())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	e.choices = Choices{}
	if _, _, err := e.Tune(ctx, programs[0].Layout, programs, time.Hour, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// What the device most likely runs best is measured first, what the others are held against second.
func TestTuningOrder(t *testing.T) {
	p, err := optest.Case{Kind: engine.PointwiseConv2d, N: 8, C: 64, M: 64, H: 8, W: 8}.Program()
	must(t, err)
	integrated := func(on target) target {
		on.kind = vk.Integrated
		return on
	}
	for _, c := range []struct {
		on             target
		builtIn, first string
	}{
		{nvidia, "pointwise_conv2d_shared", "pointwise_conv2d_shared"},
		{integrated(nvidia), "pointwise_conv2d_shuffle_16x8", "pointwise_conv2d_shuffle_16x8"},
		{integrated(rdna), "pointwise_conv2d_shuffle_16x8", "pointwise_conv2d_shuffle_16x8@64"}, // the size is named
		{integrated(unknown), "pointwise_conv2d_texel", "pointwise_conv2d_texel"},
	} {
		j := tuning{program: p}
		j.inOrder(&Executor{target: c.on})
		sorted := slices.Sorted(slices.Values(j.variants))
		if j.builtIn != c.builtIn || j.variants[0] != c.first || j.variants[1] != j.plainest || j.plainest != "pointwise_conv2d_windows_128x64" ||
			!slices.IsSortedFunc(j.variants[2:], func(a, b string) int { return cmp.Compare(exchangeSize(a), exchangeSize(b)) }) ||
			len(slices.Compact(sorted)) != len(j.variants) {
			t.Errorf("%s is built in, %v are measured", j.builtIn, j.variants)
		}
	}
}

// The plainest variant, where it is slow, is run until the one that is measured first came to its result; other slow ones are not.
func TestKnownVariants(t *testing.T) {
	j := tuning{variants: []string{"first", "plain", "other"}, plainest: "plain"}
	slow := known{slow: outclassed{"first": {"first"}, "plain": {"first"}, "other": {"first"}}, trusted: map[string]bool{}}
	trusted := known{slow: slow.slow, trusted: map[string]bool{"first": true}}
	fast := known{trusted: map[string]bool{"first": true}}
	for _, c := range []struct {
		k    known
		want []bool
	}{{slow, []bool{false, false, true}}, {trusted, []bool{false, true, true}}, {fast, []bool{false, false, false}}} {
		for i, want := range c.want {
			if c.k.skips(j, i) != want {
				t.Errorf("%s of %v: skipped %t", j.variants[i], c.k, !want)
			}
		}
	}
}

// Where one of two variants that differ in how lanes take values from one another is hopeless, none that takes them like it is measured.
func TestExchanges(t *testing.T) {
	const shuffled, broadcasted, large, shared = "pointwise_conv2d_shuffle_16x4", "pointwise_conv2d_broadcast_16x4", "linear_broadcast_64x4", "pointwise_conv2d_shared"
	for _, c := range []struct {
		why      string
		measured [][]Candidate
		want     []string // skipped
	}{
		{"nothing measured", nil, nil},
		{"the other way is hopeless", [][]Candidate{{{shuffled, 10}, {broadcasted, 21}}}, []string{broadcasted, large}},
		{"the other way is slower", [][]Candidate{{{shuffled, 10}, {broadcasted, 20}}}, nil},
		{"another tile", [][]Candidate{{{shuffled, 10}, {large, 90}, {shared, 90}}}, nil},
		{"another size of subgroups", [][]Candidate{{{shuffled + "@16", 10}, {broadcasted + "@32", 90}}}, nil},
		{"by size, each has lost: one remains", [][]Candidate{{{shuffled, 10}, {broadcasted, 21}}, {{broadcasted, 10}, {shuffled, 21}}}, []string{broadcasted, large}},
	} {
		k := newKnown(vk.Discrete)
		for _, m := range c.measured {
			k.noteExchanges(m)
		}
		var skipped []string
		j := tuning{variants: []string{"first", shuffled, broadcasted, large, shared}}
		for i := range j.variants {
			if k.skips(j, i) {
				skipped = append(skipped, j.variants[i])
			}
		}
		if !slices.Equal(skipped, c.want) {
			t.Errorf("%s: skipped %q, want %q", c.why, skipped, c.want)
		}
	}
}

// A fast variant is run again, a slow one is not: the warm-up's last run counts where it took enough. The first run, in which a driver may
// compile, never does.
func TestBestOf(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		why          string
		takes        []time.Duration
		enough, best time.Duration
		runs         int
	}{
		{"the warm-up does not count", []time.Duration{20 * ms, 50 * ms, 40 * ms, 60 * ms}, 0, 40 * ms, 4},
		{"several runs are the warm-up", []time.Duration{9 * ms, 9 * ms, 2 * ms, 4 * ms, 3 * ms, 5 * ms}, 0, 3 * ms, 6},
		{"others are not much faster", []time.Duration{90 * ms, 50 * ms, 40 * ms, 60 * ms}, 100 * ms, 40 * ms, 4},
		{"others are much faster", []time.Duration{100 * ms, 50 * ms}, 100 * ms, 100 * ms, 1},
		{"the clocks were low at first", []time.Duration{15 * ms, 6 * ms, 3 * ms, 3 * ms, 3 * ms}, 10 * ms, 3 * ms, 5},
		{"the clock does not count", make([]time.Duration, warmUpRuns+tuningRuns), ms, 0, warmUpRuns + tuningRuns},
		{"nothing is known of others", []time.Duration{3 * time.Second}, 0, 3 * time.Second, 1},
		{"others are slow as well", []time.Duration{3 * time.Second}, time.Minute, 3 * time.Second, 1},
		{"long enough together", []time.Duration{time.Second, 1500 * ms, 1000 * ms}, 0, 1500 * ms, 2},
	} {
		runs := -1
		best, err := bestOf(c.enough, 0, func() (time.Duration, error) {
			if runs++; runs == 0 {
				return time.Minute, nil
			}
			return c.takes[runs-1], nil
		})
		if err != nil || best != c.best || runs != c.runs {
			t.Errorf("%s: %v after %d runs, %v; want %v after %d", c.why, best, runs, err, c.best, c.runs)
		}
	}
	if _, err := bestOf(0, 0, func() (time.Duration, error) { return 0, vk.ErrDeviceLost }); !errors.Is(err, vk.ErrDeviceLost) {
		t.Error(err)
	}
}

// The first run of kernels that were compiled ahead tells of a slow one.
func TestBestOfCompiled(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		first, enough, loading, best time.Duration
		runs                         int
	}{
		{200 * ms, 60 * ms, 50 * ms, 200 * ms, 1},
		{100 * ms, 60 * ms, 50 * ms, 30 * ms, 5}, // it may have been the loading
		{200 * ms, 60 * ms, 0, 30 * ms, 5},       // or the compiling
		{3 * time.Second, 0, 50 * ms, 3 * time.Second, 1},
	} {
		runs := 0
		best, err := bestOf(c.enough, c.loading, func() (time.Duration, error) {
			if runs++; runs == 1 {
				return c.first, nil
			}
			return 30 * ms, nil
		})
		if err != nil || best != c.best || runs != c.runs {
			t.Errorf("%+v: %v after %d runs, %v", c, best, runs, err)
		}
	}
}

// A form that is hopeless for one op is not measured for another that has the better one, too.
func TestHopelessForms(t *testing.T) {
	const ms = time.Millisecond
	onCPU := newKnown(vk.CPU)
	for i, name := range []string{"conv2d_texel", "conv2d_shared"} {
		if j := (tuning{kind: engine.Conv2d, variants: []string{"conv2d_texel", "conv2d_shared"}}); onCPU.skips(j, i) != (i == 1) {
			t.Errorf("on a processor: %s", name)
		}
	}
	k := newKnown(vk.Discrete)
	k.forms.noteForms(engine.Linear, []Candidate{{"linear_shuffle_32x4", 10 * ms}, {"linear_texel", 40 * ms}, {"linear_shared", 60 * ms}})
	for _, c := range []struct {
		variants []string
		skipped  string
	}{
		{[]string{"pointwise_conv2d_texel", "pointwise_conv2d_shared", "pointwise_conv2d_shuffle_32x4"}, "pointwise_conv2d_shared"},
		{[]string{"pointwise_conv2d_texel", "pointwise_conv2d_shared"}, ""},
	} {
		j := tuning{kind: engine.PointwiseConv2d, variants: c.variants}
		got := ""
		for i, name := range c.variants {
			if k.skips(j, i) {
				got += name
			}
		}
		if got != c.skipped {
			t.Errorf("of %q skipped %q", c.variants, got)
		}
	}
}

// TestChoices checks that a choice is followed where it can be, and forgotten where it cannot.
func TestChoices(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	p := twoProducts(t)[1]
	key := opKey(p.Ops[0])
	for _, c := range []struct{ choice, want string }{
		{"pointwise_conv2d", "pointwise_conv2d"},
		{"pointwise_conv2d_any", "pointwise_conv2d_any"},
		{"no_such_variant", e.built(t, p)},
		{"depthwise_conv2d", e.built(t, p)}, // of another op
		{"pointwise_conv2d_shared", "pointwise_conv2d_shared"},
	} {
		e.choices = Choices{}
		e.Choose(Choices{key: c.choice})
		if got := e.built(t, p); got != c.want {
			t.Errorf("choice %s: runs %s, want %s", c.choice, got, c.want)
		}
	}
	e.Choose(Choices{key: "pointwise_conv2d"})
	plans, err := e.With(Options{Without: []string{"pointwise_conv2d"}}).plans(p.Layout, []*engine.Program{p}, engine.PlanOptions{})
	must(t, err)
	if strings.HasSuffix(plans[0].kernels[0], ": pointwise_conv2d") {
		t.Error("a forbidden variant was chosen")
	}
}

// Of all choices, those for some programs are the ones that their ops have; a run pinned to them runs alike.
func TestChoicesFor(t *testing.T) {
	e := &Executor{choices: Choices{"pointwise_conv2d 1x1x1 1x1x1": "pointwise_conv2d_shared"}}
	programs := twoProducts(t)
	if got := e.ChoicesFor(programs); len(got) != 0 {
		t.Errorf("%v without a choice for these programs", got)
	}
	e.Choose(Choices{opKey(programs[0].Ops[0]): "pointwise_conv2d", opKey(programs[2].Ops[0]): "pointwise_conv2d_any"})
	for _, c := range []struct {
		programs []*engine.Program
		want     Choices
	}{
		{nil, Choices{}},
		{programs[:2], Choices{"pointwise_conv2d 16x8x8 24x8x8": "pointwise_conv2d"}},
		{programs, Choices{"pointwise_conv2d 16x8x8 24x8x8": "pointwise_conv2d", "pointwise_conv2d 1x8x8 1x8x8": "pointwise_conv2d_any"}},
	} {
		if got := e.ChoicesFor(c.programs); !maps.Equal(got, c.want) {
			t.Errorf("%d programs: %v, want %v", len(c.programs), got, c.want)
		}
	}
}

// Run folders and the kernel store hold choices by these keys, which must stay what they are.
func TestOpKey(t *testing.T) {
	window := engine.ConvAttr{Kernel: 3, Stride: 2, Padding: 1}
	for _, c := range []struct {
		op   optest.Case
		want string
	}{
		{optest.Case{Kind: engine.Conv2d, N: 2, C: 3, M: 4, H: 8, W: 6, Attr: window}, "conv2d 3x8x6 4x4x3 3x3/2"},
		{optest.Case{Kind: engine.Conv2dBackwardData, N: 2, C: 3, M: 4, H: 8, W: 6, Attr: window}, "conv2d_backward_data 4x4x3 3x8x6 3x8x6 3x3/2"},
		{optest.Case{Kind: engine.Conv2dBackwardWeight, N: 2, C: 3, M: 4, H: 8, W: 6, Attr: window}, "conv2d_backward_weight 4x4x3 3x8x6 3x3/2"},
		{optest.Case{Kind: engine.Conv2dBackwardBias, N: 2, C: 3, M: 4, H: 4, W: 3}, "conv2d_backward_bias 4x4x3"},
		{optest.Case{Kind: engine.Linear, N: 2, C: 3, M: 4, H: 1, W: 1}, "linear 3x1x1 4x1x1"},
		{optest.Case{Kind: engine.PointwiseConv2dBackwardWeight, N: 2, C: 3, M: 4, H: 8, W: 6}, "pointwise_conv2d_backward_weight 4x8x6 3x8x6"},
	} {
		p, err := c.op.Program()
		must(t, err)
		if got := opKey(p.Ops[0]); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// built is the variant that a session would run the first op of p with.
func (e *Executor) built(t *testing.T, p *engine.Program) string {
	t.Helper()
	plans, err := e.plans(p.Layout, []*engine.Program{p}, engine.PlanOptions{})
	must(t, err)
	_, name, _ := strings.Cut(plans[0].kernels[0], ": ")
	return name
}

func TestAgrees(t *testing.T) {
	nan := []float64{0}
	nan[0] /= nan[0]
	for _, c := range []struct {
		d         engine.DType
		got, want []float64
		ok        bool
	}{
		{engine.Float, []float64{1, 2}, []float64{1, 2}, true},
		{engine.Float, []float64{1, 2.00001}, []float64{1, 2}, true},
		{engine.Float, []float64{1, 2.0002}, []float64{1, 2}, false},
		{engine.Float16, []float64{1, 2.0002}, []float64{1, 2}, true},
		{engine.Float16, []float64{1, 2.002}, []float64{1, 2}, false},
		{engine.BFloat16, []float64{1, 2.002}, []float64{1, 2}, true},
		{engine.BFloat16, []float64{1, 2.01}, []float64{1, 2}, false},
		{engine.Float, nan, []float64{1}, false},
		{engine.Float, []float64{0}, []float64{0}, true},
		{engine.Float, []float64{1e-9}, []float64{0}, false},
	} {
		if agrees(c.d, c.got, c.want) != c.ok {
			t.Errorf("agrees(%v, %v, %v) = %t", c.d, c.got, c.want, !c.ok)
		}
	}
}

// What lost to a variant of few sizes is measured on the sizes that this one does not take.
func TestOutclassed(t *testing.T) {
	slow := outclassed{}
	slow.note([]Candidate{{"winograd", 10}, {"direct", 20}, {"plain", 21}})
	slow.note([]Candidate{{"direct", 10}, {"plain", 19}, {"shared", 90}})
	for _, c := range []struct {
		name     string
		variants []string
		want     bool
	}{
		{"winograd", []string{"winograd", "direct", "plain", "shared"}, false},
		{"direct", []string{"winograd", "direct", "plain", "shared"}, false}, // twice is not beyond
		{"plain", []string{"winograd", "direct", "plain", "shared"}, true},
		{"plain", []string{"direct", "plain", "shared"}, false},
		{"shared", []string{"direct", "plain", "shared"}, true},
		{"shared", []string{"winograd", "shared"}, false},
	} {
		if got := slow.among(c.name, c.variants); got != c.want {
			t.Errorf("%s is hopeless among %v: %t, want %t", c.name, c.variants, got, c.want)
		}
	}
}
