package memlimit

// Limit is a bound on memory, in bytes.
type Limit struct {
	Kind  Kind
	Name  string // as users know it: "ulimit -v", or the cgroup's file
	Bytes int64
	Used  int64 // what counts, without what the kernel would give back
}

// Free is how many bytes can still be had.
func (l Limit) Free() int64 { return max(l.Bytes-l.Used, 0) }
