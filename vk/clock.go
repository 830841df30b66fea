package vk

/*
#include "shim.h"
*/
import "C"

import "time"

// clock turns the counter of timestamps into times, which go on when the counter wraps. Time 0 is the first tick seen.
type clock struct {
	bits   uint    // that the counter has
	period float64 // nanoseconds to a tick

	started bool
	last    uint64 // the latest tick seen
	ticks   int64  // from the first tick seen until then
}

// Calibration is a moment on the host's clock and on that of the device's timestamps.
type Calibration struct {
	Host   time.Time
	Device time.Duration // as Commands.Timestamps counts
	Within time.Duration // how far from Host the moment may have been
}

// calibrations is the number of readings; the narrowest counts, since a thread may lose its processor during one.
const calibrations = 8

// Calibrate reads the device's clock. The error is [ErrUnsupported] without Features.Calibration.
//
// The two clocks may run at slightly different speeds, so a calibration grows old.
func (d *Device) Calibrate() (Calibration, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return Calibration{}, err
	}
	if !d.info.Features.Calibration {
		return Calibration{}, unsupported("the clock of %q cannot be read", d.info.Name)
	}
	var best Calibration
	for i := range calibrations {
		var ticks C.uint64_t
		before := time.Now()
		if r := C.shim_device_ticks(d.shim, &ticks); r != resultSuccess {
			return Calibration{}, d.failed("vkGetCalibratedTimestampsEXT", int32(r), "")
		}
		half := time.Since(before) / 2
		if device := d.clock.time(uint64(ticks)); i == 0 || half < best.Within {
			best = Calibration{before.Add(half), device, half}
		}
	}
	return best, nil
}

// time is that of a tick, which may lie before or after the latest one seen, by less than half of the counter's range.
func (c *clock) time(tick uint64) time.Duration {
	if !c.started {
		c.started, c.last = true, tick
	}
	unused := 64 - c.bits
	since := int64((tick-c.last)<<unused) >> unused // the difference with its sign, right also where the counter has wrapped
	at := c.ticks + since
	if since > 0 {
		c.last, c.ticks = tick, at
	}
	return time.Duration(float64(at) * c.period)
}
