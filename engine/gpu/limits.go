package gpu

import (
	"fmt"

	"cnnvk/vk"
)

// TooLarge is something beyond a limit of the device, found while planning. It is a [vk.ErrUnsupported].
type TooLarge struct {
	What        string // "a storage buffer"
	Bytes, Most int64
}

func (e *TooLarge) Error() string {
	return fmt.Sprintf("engine/gpu: %s of %d bytes: the device allows %d", e.What, e.Bytes, e.Most)
}

// Unwrap makes it a vk.ErrUnsupported.
func (e *TooLarge) Unwrap() error { return vk.ErrUnsupported }
