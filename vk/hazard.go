package vk

// Access says what a shader does with a binding's bytes. The recorder orders commands by it.
type Access int

const (
	Read      Access = 1            // waits for the commands before it that write there
	Write     Access = 2            // waits for those that read or write there
	ReadWrite Access = Read | Write // waits likewise; what is there before is used
)

func (a Access) String() string {
	switch a {
	case Read:
		return "read"
	case Write:
		return "write"
	case ReadWrite:
		return "read and write"
	}
	return "no access"
}

// touch is one command's access to a window.
type touch struct {
	window Window
	access Access
}

// hazards keeps what the commands since the last barrier touched, which tells whether the next one must wait.
type hazards struct {
	touched []touch
}

// conflicts says whether a command that touches next must wait: it reads or writes what an earlier one wrote, or writes what an
// earlier one read. Two that only read never wait for each other.
func (h *hazards) conflicts(next []touch) bool {
	for _, n := range next {
		for _, t := range h.touched {
			if (n.access|t.access)&Write != 0 && n.window.overlaps(t.window) {
				return true
			}
		}
	}
	return false
}

func (h *hazards) add(next []touch) { h.touched = append(h.touched, next...) }

// clear is called after a barrier: all earlier commands are then done.
func (h *hazards) clear() { h.touched = h.touched[:0] }

func (w Window) overlaps(other Window) bool {
	return w.Buffer == other.Buffer && w.Offset < other.Offset+other.Size && other.Offset < w.Offset+w.Size
}
