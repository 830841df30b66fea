// Package memlimit finds the limits on this process's memory: those of cgroups, which containers and schedulers set, and the resource
// limits that a shell's ulimit sets.
package memlimit

import "os"

// Kind is what a limit counts.
type Kind int

const (
	Resident     Kind = iota // memory in use, of all processes of a cgroup: beyond it the kernel kills
	AddressSpace             // of this process, used or not: beyond it allocations fail
	Data                     // private memory that this process may write to, used or not: beyond it allocations fail
)

func (k Kind) String() string {
	switch k {
	case AddressSpace:
		return "address space"
	case Data:
		return "data memory"
	}
	return "memory"
}

// Limits lists the limits that hold for this process. One that cannot be read counts as none.
func Limits() []Limit { return append(process(), Cgroups(os.DirFS("/"))...) }
