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

// checkLimits is the error of a dispatch that the device could not record.
func (d *dispatch) checkLimits(l vk.Limits) error {
	for axis, n := range d.groups {
		if n > l.WorkgroupCount[axis] {
			return fmt.Errorf("engine/gpu: %s has %d workgroups on axis %d, the device allows %d: %w",
				d.kernel.name, n, axis, l.WorkgroupCount[axis], vk.ErrUnsupported)
		}
	}
	for _, o := range d.storage {
		if bytes := o.size(); bytes > l.StorageBufferRange {
			return &TooLarge{"a storage buffer", bytes, l.StorageBufferRange}
		}
	}
	return nil
}
