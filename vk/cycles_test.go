package vk

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// process is what a process holds of the system's.
type process struct {
	goroutines, files int
	resident          int64 // bytes
}

func measureProcess(t *testing.T) process {
	t.Helper()
	debug.FreeOSMemory() // else the heap's garbage counts
	resident, ok := residentBytes()
	const folder = "/proc/self/fd"
	open, err := os.ReadDir(folder)
	if !ok || err != nil {
		t.Skip("this system does not say what the process has")
	}
	p := process{goroutines: runtime.NumGoroutine(), resident: resident}
	for _, file := range open {
		// SwiftShader's compiler keeps its memory in files without names, one more for each device (a C program sees it too).
		if name, err := os.Readlink(filepath.Join(folder, file.Name())); err == nil && !strings.HasSuffix(name, " (deleted)") {
			p.files++
		}
	}
	return p
}

// arenaVariable tells glibc how many arenas malloc may have. With more than one, memory seems to grow for some hundred cycles,
// as a driver's threads come to each of them.
const arenaVariable = "MALLOC_ARENA_MAX"

// TestCycles opens Vulkan and a device, uses all of it and closes it, over and over: nothing may be left in the process. What
// a device was left with is an error of Close. CNNVK_CYCLES asks for more cycles than a quick test makes.
func TestCycles(t *testing.T) {
	if os.Getenv(arenaVariable) != "1" {
		child := exec.Command(os.Args[0], "-test.run=^TestCycles$", "-test.v")
		child.Env = append(os.Environ(), arenaVariable+"=1")
		output, err := child.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		if strings.Contains(string(output), "--- SKIP: TestCycles") {
			t.Skipf("%s", output)
		}
		return
	}
	cycles := 12
	if n, err := strconv.Atoi(os.Getenv("CNNVK_CYCLES")); err == nil {
		cycles = n
	}
	repeat := func(n int) {
		for i := range n {
			cycle(t, Options{}, i%2 == 1)
		}
	}
	repeat(4 + cycles/10) // drivers and the Go runtime keep what they fetch once
	before := measureProcess(t)
	repeat(cycles)
	after := measureProcess(t)
	t.Logf("before %+v, after %d cycles %+v", before, cycles, after)
	if after.goroutines != before.goroutines || after.files != before.files {
		t.Errorf("before %+v, after %+v", before, after)
	}
	const once, each = 8 << 20, 32 << 10 // Go's heap takes memory by the 4 MiB, drivers lose some kilobytes each time
	if grown, allowed := after.resident-before.resident, int64(once+cycles*each); grown > allowed {
		t.Errorf("%d cycles took %s of memory, more than %s", cycles, byteText(grown), byteText(allowed))
	}
}

// TestCyclesValidated is TestCycles for Vulkan's own objects: the validation layer counts those that a device or an instance
// leaves behind when it is destroyed.
func TestCyclesValidated(t *testing.T) {
	options := validated(t)
	options.Log = nil
	for _, staged := range []bool{false, true} {
		if n := cycle(t, options, staged).Messages(); n != 0 {
			t.Errorf("%d messages", n)
		}
	}
}

// cycle uses all of a device, and closes it and the instance. It returns the instance.
func cycle(t *testing.T, o Options, staged bool) (in *Instance) {
	t.Helper()
	t.Run("cycle", func(t *testing.T) {
		d := testDevice(t, o)
		in, d.stagingAlways = d.instance, staged
		t.Run("use", func(t *testing.T) { everything(t, d) })
		// What everything made is destroyed by now; the staging buffers stay until the device is closed.
		blocks := 0 // at most
		for _, b := range d.staging {
			if b != nil {
				blocks++
			}
		}
		if s := d.MemoryStats(); s.Blocks > blocks || len(d.living) != 0 || len(d.inFlight) != 0 {
			t.Errorf("left over: %+v, %d objects, %d in flight", s, len(d.living), len(d.inFlight))
		}
	})
	return in
}
