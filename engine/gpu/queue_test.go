package gpu

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cnnvk/engine"
	"cnnvk/engine/optest"
	"cnnvk/engine/trace"
	"cnnvk/engine/trace/tracetest"
	"cnnvk/vk"
	"cnnvk/vk/vktest"
)

// Steps are submitted together up to the budget, and never more than maxTogether.
func TestFull(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name  string
		paces []time.Duration
		full  bool
	}{
		{"of unknown pace", []time.Duration{0}, true},
		{"known, then unknown", []time.Duration{ms, 0}, true},
		{"fast", []time.Duration{ms}, false},
		{"seven fast", slices.Repeat([]time.Duration{ms}, maxTogether-1), false},
		{"eight fast", slices.Repeat([]time.Duration{ms}, maxTogether), true},
		{"slow as a CPU", []time.Duration{300 * ms}, true},
		{"another would be just enough", []time.Duration{50 * ms}, false},
		{"another would be too much", []time.Duration{51 * ms}, true},
		{"two, and not a third", []time.Duration{40 * ms, 40 * ms}, true},
		{"a slow one, then fast ones", []time.Duration{90 * ms, ms}, false},
	} {
		var queued []step
		for _, pace := range c.paces {
			queued = append(queued, step{program: &recorded{pace: pace}})
		}
		if got := full(queued); got != c.full {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

func TestPaced(t *testing.T) {
	r := &recorded{}
	for _, c := range []struct{ took, pace time.Duration }{{800, 800}, {200, 500}, {500, 500}, {0, 250}} {
		if r.paced(c.took); r.pace != c.pace {
			t.Errorf("after a step of %d the pace is %d, want %d", c.took, r.pace, c.pace)
		}
	}
	r = &recorded{}
	if r.paced(0); r.pace == 0 {
		t.Error("a step that took no time leaves the pace unknown")
	}
}

// The error of a submission names the programs in it.
func TestSubmissionFailed(t *testing.T) {
	of := func(name string) step {
		return step{program: &recorded{plan: &plan{program: &engine.Program{Name: name}}}}
	}
	err := (&submission{steps: []step{of("train"), of("train"), of("eval")}}).failed(vk.ErrDeviceLost)
	if !errors.Is(err, vk.ErrDeviceLost) || !strings.HasPrefix(err.Error(), "engine/gpu: train, eval: ") {
		t.Error(err)
	}
}

// sampleSession opens a step that takes a device no time, and returns what queues its i-th repetition.
func sampleSession(t *testing.T, e *Executor) (*session, func(i int)) {
	t.Helper()
	p, load, err := optest.SampleStep(4, 8, []int{6, 8})
	must(t, err)
	opened, err := e.NewSession(t.Context(), p.Layout, []*engine.Program{p}, engine.PlanOptions{})
	must(t, err)
	t.Cleanup(func() { must(t, opened.Close()) })
	inputs, err := load(opened)
	must(t, err)
	return opened.(*session), func(i int) {
		t.Helper()
		for n := range inputs.Uints("indices") {
			inputs.Uints("indices")[n] = uint32(i+7*n) % 40
		}
		must(t, opened.Run(p, inputs))
	}
}

// Steps that are queued together give the same numbers, in the same order, as steps of which each is waited for; none is lost or
// told twice, however often one asks.
func TestQueuedStepsAreTheSame(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	const steps = 2*ringSlots + 3
	alone, run := sampleSession(t, e)
	var want []engine.Report
	for i := range steps {
		run(i)
		reports, err := alone.Reports()
		must(t, err)
		want = append(want, reports...)
	}
	for _, every := range []int{1, 7, 1000} { // how often Finished is asked
		queued, run := sampleSession(t, e)
		var got []engine.Report
		for i := range steps {
			run(i)
			if i%every == 0 {
				reports, err := queued.Finished()
				must(t, err)
				got = append(got, reports...)
			}
		}
		reports, err := queued.Reports()
		must(t, err)
		got = append(got, reports...)
		if len(got) != len(want) {
			t.Fatalf("%d reports, want %d", len(got), len(want))
		}
		for i := range got {
			if !maps.EqualFunc(got[i].Results, want[i].Results, slices.Equal[[]float64]) {
				t.Fatalf("asked every %d: step %d gave %v, want %v", every, i, got[i].Results, want[i].Results)
			}
			if i > 0 && got[i].Done.Before(got[i-1].Done) {
				t.Errorf("step %d was done before the one before it", i)
			}
		}
		a, err := alone.ReadArena(engine.Model)
		must(t, err)
		b, err := queued.ReadArena(engine.Model)
		must(t, err)
		if !slices.Equal(a, b) {
			t.Errorf("asked every %d: the parameters differ", every)
		}
	}
}

// A session is closed whatever is under way.
func TestCloseQueued(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	_, run := sampleSession(t, e)
	for i := range ringSlots + 3 {
		run(i)
	}
}

// The time line of some steps: every step lies in its submission, that between when the host made it and when it heard of
// its end, and the first steps have their kernels in them.
func TestTimeline(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	line := trace.New()
	e.Trace(line)
	began := time.Now()
	s, run := sampleSession(t, e)
	const steps = 30
	for i := range steps {
		run(i)
	}
	_, err := s.Reports()
	must(t, err)
	wall := time.Since(began)
	var file bytes.Buffer
	must(t, line.Write(&file))
	spans := tracetest.Read(t, &file).Spans
	must(t, tracetest.Nesting(spans))
	count := map[string]int{}
	most := 0
	for _, x := range spans {
		count[x.Name]++
		n, is := strings.CutPrefix(x.Name, "submission of ")
		if x.Track != trace.Device || !is {
			continue
		}
		most = max(most, int(n[0]-'0'))
		if !s.stamped() {
			continue
		}
		submitted, heard := us(x.Args["submitted_us"]), us(x.Args["heard_us"])
		if x.Begin < submitted || x.End > heard || x.End <= x.Begin {
			t.Errorf("%s from %v to %v, made at %v, heard of at %v", x.Name, x.Begin, x.End, submitted, heard)
		}
	}
	if most < 2 && s.order[0].pace < budget/2 {
		t.Errorf("no two steps were submitted together: %v", count)
	}
	for _, name := range []string{"fill record", "submit", "wait", "read reports", "record commands"} {
		if count[name] == 0 {
			t.Errorf("no span %q", name)
		}
	}
	if !s.stamped() {
		t.Skip("the device has no timestamps")
	}
	if count["sample"] != steps {
		t.Errorf("%d steps are drawn, want %d", count["sample"], steps)
	}
	if n := count["cross_entropy"]; n != detailedSteps {
		t.Errorf("the kernels of %d steps are drawn, want %d", n, detailedSteps)
	}
	if s.Busy() <= 0 || s.Busy() > wall {
		t.Errorf("the device worked %v of %v", s.Busy(), wall)
	}
	t.Logf("worked %v of %v; %d submissions at most of %d", s.Busy(), wall, count["submit"], most)
}

func us(v any) time.Duration { return time.Duration(v.(float64) * 1e3) }
