package machine

import (
	"errors"
	"runtime/debug"
	"testing"

	"cnnvk/engine/cpu"
	"cnnvk/internal/hints"
	"cnnvk/internal/memlimit"
)

func TestWithin(t *testing.T) {
	cgroup := memlimit.Limit{Kind: memlimit.Resident, Name: "/sys/fs/cgroup/job/memory.max", Bytes: 512 << 20, Used: 112 << 20}
	space := memlimit.Limit{Kind: memlimit.AddressSpace, Name: "ulimit -v", Bytes: 2 << 30, Used: 1 << 30}
	cost := hostCost{memlimit.Resident: 100 << 20, memlimit.AddressSpace: 500 << 20}
	for _, c := range []struct {
		limits     []memlimit.Limit
		planned    int64
		says, hint string
	}{
		{nil, 1 << 40, "", ""},
		{[]memlimit.Limit{space, cgroup}, 300 << 20, "", ""},
		{[]memlimit.Limit{space, cgroup}, 301 << 20, "about 401 MiB of memory; 400 MiB of 512 MiB is left (/sys/fs/cgroup/job/memory.max)",
			"give the container or job more memory"},
		{[]memlimit.Limit{space}, 600 << 20, "about 1.1 GiB of address space; 1.0 GiB of 2.0 GiB is left (ulimit -v)", "ulimit -v unlimited"},
	} {
		err := within(c.limits, cost, c.planned)
		if c.says == "" {
			if err != nil {
				t.Errorf("%d bytes: %v", c.planned, err)
			}
			continue
		}
		if err == nil || err.Error() != c.says {
			t.Errorf("got %v, want %q", err, c.says)
			continue
		}
		fits := func(batch int) error {
			if batch > 8 {
				return errors.New("too large")
			}
			return nil
		}
		err = refusal(err, 64, fits)
		if err.Error() != "batch size 64 needs "+c.says || hints.Of(err) != "--batch-size 8 fits, or "+c.hint {
			t.Errorf("%v, hint %q", err, hints.Of(err))
		}
	}
	err := roomTo("train", []memlimit.Limit{space}, hostCost{memlimit.AddressSpace: 2 << 30})
	if err == nil || err.Error() != "train takes about 2.0 GiB of address space; 1.0 GiB of 2.0 GiB is left (ulimit -v)" || hints.Of(err) != "ulimit -v unlimited" {
		t.Errorf("%v, hint %q", err, hints.Of(err))
	}
	if err := roomTo("train", []memlimit.Limit{space}, cost); err != nil {
		t.Error(err)
	}
}

// The reference's need grows with the batch, and a limit between two needs lets the smaller in, with its garbage bounded.
func TestReferenceWithinLimits(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	t.Setenv("GOMEMLIMIT", "")
	m := &Machine{Executor: cpu.New()}
	d := trainingSteps(t, []int{2, 2, 2, 2, 2, 2})
	small, err1 := m.need(d, 4)
	large, err2 := m.need(d, 16)
	if err := errors.Join(err1, err2); err != nil || small.Work <= 0 || large.Work <= small.Work {
		t.Fatalf("%v: %+v, %+v", err, small, large)
	}
	limits := []memlimit.Limit{{Kind: memlimit.Resident, Name: "memory.max", Bytes: costOfReference[memlimit.Resident] + small.total()}}
	fits := m.fitting(d, limits)
	if _, err := fits(4); err != nil {
		t.Error(err)
	}
	if _, err := fits(16); err == nil || !errors.As(err, new(*overLimit)) {
		t.Errorf("batch 16: %v", err)
	}
	m.boundGarbage(limits, small)
	if got := debug.SetMemoryLimit(-1); got == before || got > small.total()+1<<30 {
		t.Errorf("Go may use %d bytes", got)
	}
}
