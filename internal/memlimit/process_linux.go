package memlimit

import (
	"os"

	"golang.org/x/sys/unix"
)

// process are the limits of the process alone.
func process() []Limit {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return nil
	}
	var limits []Limit
	for _, l := range []struct {
		kind     Kind
		resource int
		name     string
		used     string // in status
	}{
		{AddressSpace, unix.RLIMIT_AS, "ulimit -v", "VmSize"},
		{Data, unix.RLIMIT_DATA, "ulimit -d", "VmData"},
	} {
		var r unix.Rlimit
		if unix.Getrlimit(l.resource, &r) == nil && r.Cur < unlimited {
			limits = append(limits, Limit{l.kind, l.name, int64(r.Cur), kilobytes(string(status), l.used)})
		}
	}
	return limits
}
