package main

import (
	"testing"

	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/vk/leaktest"
)

// Trainings in one process leave nothing behind: no device memory, no object of Vulkan's, no goroutine, file or thread, and the
// process does not grow. CNNVK_CYCLES says how many there are; a quick test makes a few.
func TestTrainingsLeaveNothing(t *testing.T) {
	if !leaktest.Alone(t) {
		return
	}
	emptyFolder(t)
	needVulkan(t)
	t.Setenv("CNNVK_VALIDATION", "")
	counted := leaktest.CountVulkan(t)
	cycles := leaktest.Cycles(5)
	first := 3 + cycles/10 // drivers and the Go runtime keep what they fetch once
	cycles = max(cycles, first+1)
	var before leaktest.Process
	for i := 1; i <= cycles; i++ {
		trainAndForget(t, counted, i)
		if i == first {
			before = leaktest.Measure(t)
		}
		if i == first || i%50 == 0 || i == cycles {
			t.Logf("after %d trainings: %v", i, leaktest.Measure(t))
		}
	}
	after := leaktest.Measure(t)
	if after.Goroutines != before.Goroutines || after.Files != before.Files || after.Threads > before.Threads+moreThreads {
		t.Errorf("before: %v; after: %v", before, after)
	}
	const once, each = 16 << 20, 16 << 10 // Go's heap takes memory by the 4 MiB, and a compiler for shaders leaves its heap in pieces
	if grown, allowed := after.Resident-before.Resident, int64(once+(cycles-first)*each); grown > allowed {
		t.Errorf("%d trainings took %s of memory, more than %s", cycles-first, machine.BinaryBytes(grown), machine.BinaryBytes(allowed))
	}
}

// moreThreads is how many threads Go may start late: it makes one whenever all others are inside a call of C, and keeps it.
const moreThreads = 4

// trainAndForget trains three steps, validates and saves. Every fifth time another training fails, and a step is profiled: commands
// that end in other ways leave nothing either.
func trainAndForget(t *testing.T, counted *leaktest.Vulkan, cycle int) {
	t.Helper()
	quick("-q", "--out", "run", "--force").ok(t)
	want := 1
	if cycle%5 == 1 {
		if o := quick("-q", "--out", "diverges", "--force", "--opt", "sgd", "--lr", "1e30"); o.code != exitFailed {
			t.Errorf("a training at an absurd rate: exit code %d", o.code)
		}
		if o := cnnvk("bench", "-q", "--batch-size", "2", "--repeats", "1", "--profile"); o.code != exitDone {
			t.Log(o.stderr) // no timestamps
		}
		want = 3
	}
	devices := counted.Devices(t)
	if len(devices) != want {
		t.Fatalf("%d devices were opened, want %d", len(devices), want)
	}
	for _, d := range devices {
		if left := d.LeftOver(); left != "" || d.Allocated != 0 {
			t.Fatalf("training %d left %d bytes of device memory, %s", cycle, d.Allocated, left)
		}
	}
	for _, kind := range []string{"Memory", "Buffer", "Pipeline", "CommandBuffer", "DescriptorPool", "Fence"} {
		if devices[0].Made[kind] == 0 {
			t.Fatalf("a training made no %s: %v", kind, devices[0].Made)
		}
	}
}
