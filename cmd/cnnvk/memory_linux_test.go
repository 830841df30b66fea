package main

import (
	"fmt"
	"strings"
	"testing"
)

// limited runs the program in a process that a shell has limited.
func limited(t *testing.T, ulimit string, args ...string) outcome {
	t.Helper()
	return childOf(t, []string{"sh", "-c", ulimit + ` && exec "$0" "$@"`}, []string{"CNNVK_DEVICE=", "CNNVK_VALIDATION="}, args...)
}

// Under every limit of memory a command works, or says in a line which limit is in the way: Go's runtime and the driver would end
// in dumps.
func TestMemoryLimits(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	train := []string{"train", "--limit-steps", "1", "--batch-size", "4", "--recipe", "tinynet", "--force", "--out", "run"}
	for option, sizes := range map[string][]int{"-v": {300, 1000, 1024, 1150, 1250, 1400}, "-d": {50, 170, 250}} {
		for _, mib := range sizes {
			ulimit := fmt.Sprintf("ulimit %s %d", option, mib<<10)
			for _, args := range [][]string{{"version"}, {"devices"}, train, append(train, "--device", "cpu")} {
				o := limited(t, ulimit, args...)
				switch {
				case o.code == exitDone:
				case o.code != exitFailed || strings.Count(o.stderr, "hint: ") != 1 || !strings.Contains(o.stderr, "hint: ") ||
					!strings.Contains(o.stderr, "ulimit "+option) || strings.Contains(o.stderr, "goroutine "):
					t.Errorf("%s, %s: exit code %d\n%s", ulimit, args[0], o.code, o.stderr)
				}
			}
		}
	}
	limited(t, "ulimit -v 307200", "version").failed(t, exitFailed, "below 1 GiB", "ulimit -v unlimited")
	limited(t, "ulimit -v 1048576", "devices").failed(t, exitFailed, "devices takes about .* of address space; .* of 1.0 GiB is left", "ulimit -v unlimited")
	o := limited(t, "ulimit -v 8388608", "devices")
	o.ok(t)
	if !strings.Contains(o.stdout, "devices of type cpu have 8.0 GiB of address space at most, ") {
		t.Error(o.stdout)
	}
}
