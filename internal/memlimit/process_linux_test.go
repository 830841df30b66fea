package memlimit

import (
	"testing"

	"golang.org/x/sys/unix"
)

// A limit that is set is found, with what counts against it; the hard limit is another matter.
func TestProcess(t *testing.T) {
	const bytes = 1 << 45
	for _, c := range []struct {
		resource int
		kind     Kind
		name     string
	}{{unix.RLIMIT_AS, AddressSpace, "ulimit -v"}, {unix.RLIMIT_DATA, Data, "ulimit -d"}} {
		var before unix.Rlimit
		if err := unix.Getrlimit(c.resource, &before); err != nil {
			t.Fatal(err)
		}
		if before.Cur < bytes {
			t.Skip("the tests are limited themselves")
		}
		if err := unix.Setrlimit(c.resource, &unix.Rlimit{Cur: bytes, Max: before.Max}); err != nil {
			t.Fatal(err)
		}
		limits := process()
		if err := unix.Setrlimit(c.resource, &before); err != nil {
			t.Fatal(err)
		}
		if len(limits) != 1 || limits[0].Kind != c.kind || limits[0].Name != c.name || limits[0].Bytes != bytes || limits[0].Used < 1<<20 {
			t.Errorf("%s: %+v", c.name, limits)
		}
	}
	if limits := process(); len(limits) > 0 {
		t.Errorf("without any: %+v", limits)
	}
}
