// Package memlimit finds what bounds the memory of this process beside what the machine has: cgroups, with which containers and
// schedulers do it, and the resource limits that a shell's ulimit sets.
package memlimit

import "os"

// Kind is what a limit counts.
type Kind int

const (
	Resident     Kind = iota // memory in use, of all processes of a cgroup: beyond it the kernel kills
	AddressSpace             // of this process, used or not: beyond it allocations fail
	Data                     // private memory that this process may write to, used or not: beyond it allocations fail
)

// Limit is a bound on memory, in bytes.
type Limit struct {
	Kind  Kind
	Name  string // as users know it: "ulimit -v", or the cgroup's file
	Bytes int64
	Used  int64 // what counts, without what the kernel would give back
}

// Free is how many bytes can still be had.
func (l Limit) Free() int64 { return max(l.Bytes-l.Used, 0) }

// Limits are those that hold for this process. What cannot be read bounds nothing.
func Limits() []Limit { return append(process(), Cgroups(os.DirFS("/"))...) }
