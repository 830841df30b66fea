package gpu

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/vk"
)

// repeats tells a test what it need not run, since something that it did run comes to the same: the options of a case often change nothing in
// its plan. Under the floor profile that is also what the device without the profile runs, in a pass of its own, but for the first plan with
// each kernel: it shows that the kernel asks for nothing that the profile leaves out.
type repeats struct {
	full    *target         // the device without the profile; nil where that is the one under test
	kernels map[string]bool // that ran
	plans   map[string]bool // that ran on the case in hand
}

func newRepeats(t *testing.T) *repeats {
	t.Helper()
	r := &repeats{kernels: map[string]bool{}}
	if os.Getenv("CNNVK_PROFILE") == "" {
		return r
	}
	instance, err := vk.Open(vk.Options{})
	must(t, err)
	defer instance.Close()
	info, err := vk.Choose(instance.Devices(), os.Getenv("CNNVK_DEVICE"))
	must(t, err)
	full := targetOf(info)
	r.full = &full
	return r
}

// begin is called before the runs of another case, on other values. It returns the plans that will have run on it.
func (r *repeats) begin() map[string]bool {
	r.plans = map[string]bool{}
	return r.plans
}

// skips reports whether to run a program would repeat another run, and logs which one; else it takes note of the run.
func (r *repeats) skips(t *testing.T, e *Executor, p *engine.Program, opt engine.PlanOptions) bool {
	t.Helper()
	options := planOptions{opt, e.options}
	pl, err := newPlan(p, options, e.target)
	if err != nil {
		return false // which the run will tell
	}
	text := pl.text()
	if r.plans[text] {
		t.Log("the plan is one that ran already")
		return true
	}
	isNew := slices.ContainsFunc(pl.dispatches, func(d dispatch) bool { return !r.kernels[d.kernel.name] })
	if r.full != nil && !isNew {
		if full, err := newPlan(p, options, *r.full); err == nil && full.text() == text {
			t.Log("the plan is that of the device without the profile")
			return true
		}
	}
	r.plans[text] = true
	for _, d := range pl.dispatches {
		r.kernels[d.kernel.name] = true
	}
	return false
}

// text is all that a run depends on beside the values of tensors: kernels, their constants and sizes, and where everything lies.
func (pl *plan) text() string {
	var b strings.Builder
	lies := func(s *slab) { fmt.Fprintln(&b, s.home, s.arena, s.offset, s.bytes) }
	for _, t := range pl.program.Tensors {
		fmt.Fprint(&b, pl.panel[t], " ")
		lies(pl.slabs[t])
	}
	for _, d := range pl.dispatches {
		fmt.Fprintln(&b, d.kernel.name, d.kernel.lanes, d.constants, d.push, d.groups)
		for _, o := range slices.Concat(d.storage, d.texel) {
			fmt.Fprint(&b, o.offset, " ", o.size(), " ")
			lies(o.slab)
		}
		if d.uniform != nil {
			lies(d.uniform)
		}
	}
	fmt.Fprintln(&b, pl.tables)
	return b.String()
}
