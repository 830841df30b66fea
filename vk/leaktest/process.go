package leaktest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// Process is what a process holds of the system's.
type Process struct {
	Goroutines, Files, Threads int
	Resident                   int64 // bytes of the machine's memory
}

func (p Process) String() string {
	return fmt.Sprintf("%d goroutines, %d files, %d threads, %.1f MB", p.Goroutines, p.Files, p.Threads, float64(p.Resident)/1e6)
}

// Measure counts what this process holds. Where the system does not tell, the test is skipped.
func Measure(t testing.TB) Process {
	t.Helper()
	debug.FreeOSMemory() // else the heap's garbage counts
	resident, err := Resident()
	if err != nil {
		t.Skip("this system does not say what the process has: ", err)
	}
	return Process{runtime.NumGoroutine(), countFiles(t), len(entries(t, "/proc/self/task")), resident}
}

// Resident is how many bytes of the machine's memory this process has, after a collection of garbage.
func Resident() (int64, error) {
	runtime.GC()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	pages, err := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}

func countFiles(t testing.TB) int {
	t.Helper()
	const folder = "/proc/self/fd"
	files := 0
	for _, file := range entries(t, folder) {
		// SwiftShader's compiler keeps its memory in files without names, one more for each device (a C program sees it too).
		if name, err := os.Readlink(filepath.Join(folder, file.Name())); err == nil && !strings.HasSuffix(name, " (deleted)") {
			files++
		}
	}
	return files
}

func entries(t testing.TB, folder string) []os.DirEntry {
	t.Helper()
	list, err := os.ReadDir(folder)
	if err != nil {
		t.Skip("this system does not say what the process has: ", err)
	}
	return list
}

// arenaVariable tells glibc how many arenas malloc may have. With more than one, memory seems to grow for some hundred cycles,
// as a driver's threads come to each of them.
const arenaVariable = "MALLOC_ARENA_MAX"

// Alone runs the calling test once more in a process of its own, in which memory can be measured, and returns true there: the test
// goes on. In the first process it returns false when that is done: the outcome is the test's, which ends.
func Alone(t *testing.T) bool {
	t.Helper()
	if os.Getenv(arenaVariable) == "1" {
		return true
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=120m")
	child.Env = append(os.Environ(), arenaVariable+"=1")
	output, err := child.CombinedOutput()
	switch {
	case err != nil:
		t.Errorf("%v\n%s", err, output)
	case strings.Contains(string(output), "--- SKIP: "+t.Name()):
		t.Skipf("%s", output)
	default:
		t.Logf("%s", output)
	}
	return false
}

// Cycles is how often a test repeats what may leave something behind: as CNNVK_CYCLES says, else quick.
func Cycles(quick int) int {
	if n, err := strconv.Atoi(os.Getenv("CNNVK_CYCLES")); err == nil {
		return n
	}
	return quick
}
