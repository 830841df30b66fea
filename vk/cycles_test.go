package vk

import (
	"testing"

	"cnnvk/vk/leaktest"
)

// TestCycles opens Vulkan and a device, uses all of it and closes it, over and over: nothing may be left in the process. What
// a device was left with is an error of Close. CNNVK_CYCLES asks for more cycles than a quick test makes.
func TestCycles(t *testing.T) {
	if !leaktest.Alone(t) {
		return
	}
	cycles := leaktest.Cycles(12)
	repeat := func(n int) {
		for i := range n {
			cycle(t, Options{}, i%2 == 1)
		}
	}
	repeat(4 + cycles/10) // drivers and the Go runtime keep what they fetch once
	before := leaktest.Measure(t)
	repeat(cycles)
	after := leaktest.Measure(t)
	t.Logf("before: %v; after %d cycles: %v", before, cycles, after)
	if after.Goroutines != before.Goroutines || after.Files != before.Files {
		t.Errorf("before: %v; after: %v", before, after)
	}
	const once, each = 8 << 20, 32 << 10 // Go's heap takes memory by the 4 MiB, drivers lose some kilobytes each time
	if grown, allowed := after.Resident-before.Resident, int64(once+cycles*each); grown > allowed {
		t.Errorf("%d cycles took %s of memory, more than %s", cycles, byteText(grown), byteText(allowed))
	}
}

// What a device is asked for it gets back, as a layer under it counts.
func TestCyclesCounted(t *testing.T) {
	testInstance(t, Options{}) // or there is no Vulkan
	counted := leaktest.CountVulkan(t)
	for _, staged := range []bool{false, true} {
		cycle(t, Options{}, staged)
		devices := counted.Devices(t)
		if len(devices) != 1 || devices[0].LeftOver() != "" || devices[0].Allocated != 0 {
			t.Fatalf("left over: %+v", devices)
		}
		for kind, made := range devices[0].Made {
			if made == 0 && kind != "QueryPool" { // for timestamps, which not every device has
				t.Errorf("no %s was counted", kind)
			}
		}
	}
}

// TestCyclesValidated is TestCycles for Vulkan's own objects: the validation layer counts those that a device or an instance
// leaves behind when it is destroyed.
func TestCyclesValidated(t *testing.T) {
	needValidation(t)
	for _, staged := range []bool{false, true} {
		cycle(t, Options{Validation: true}, staged)
	}
}

// cycle uses all of a device, and closes it and the instance.
func cycle(t *testing.T, o Options, staged bool) {
	t.Helper()
	t.Run("cycle", func(t *testing.T) {
		d := deviceWith(t, o)
		d.stagingAlways = staged
		t.Run("use", func(t *testing.T) { everything(t, d) })
		// What everything made is destroyed by now; the staging buffers stay until the device is closed.
		allocations := 0 // at most
		for _, b := range d.staging {
			if b != nil {
				allocations++
			}
		}
		if s := d.MemoryStats(); s.Allocations > allocations || len(d.living) != 0 || len(d.inFlight) != 0 {
			t.Errorf("left over: %+v, %d objects, %d in flight", s, len(d.living), len(d.inFlight))
		}
	})
}
