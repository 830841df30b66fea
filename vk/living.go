package vk

import "errors"

// resource is an object that its user must destroy before the device.
type resource interface {
	kind() string // "buffer"
	name() string
	destroy() // with the device's mutex held, and nothing in flight
}

// remove destroys a resource once, when nothing that may use it is in flight. If the device does not become idle, the
// resource stays: to free what the device still uses would be worse.
func (d *Device) remove(x resource) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, alive := d.living[x]; !alive || d.closed {
		return
	}
	if err := d.drain(); err != nil && !errors.Is(err, ErrDeviceLost) {
		d.instance.log.Warn("vk: not destroyed, the device is busy", "kind", x.kind(), "name", x.name(), "error", err)
		return
	}
	delete(d.living, x)
	x.destroy()
	for other := range d.living {
		if c, ok := other.(*Commands); ok {
			if _, used := c.uses[x]; used {
				c.stale = x
			}
		}
	}
}
