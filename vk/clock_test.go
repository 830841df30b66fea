package vk

import (
	"errors"
	"testing"
	"time"
)

// The counter's bits are few on some devices, so that it wraps within an hour; times are read a little out of order.
func TestClockTime(t *testing.T) {
	const top = 1 << 36
	for _, c := range []struct {
		name   string
		bits   uint
		period float64
		ticks  []uint64
		want   []time.Duration
	}{
		{"64 bits, ns", 64, 1, []uint64{1 << 63, 1<<63 + 5, 1<<63 - 7, 1<<63 + 6}, []time.Duration{0, 5, -7, 6}},
		{"a tick is 83.3 ns", 64, 83.25, []uint64{100, 104, 108}, []time.Duration{0, 333, 666}},
		{"36 bits wrap", 36, 1, []uint64{top - 10, top - 1, 3, 20}, []time.Duration{0, 9, 13, 30}},
		{"36 bits wrap, read out of order", 36, 1, []uint64{top - 10, 3, top - 1, 20}, []time.Duration{0, 13, 9, 30}},
		{"36 bits wrap twice", 36, 1, []uint64{0, top / 3, 2 * top / 3, 0, top / 3, 2 * top / 3, 1},
			[]time.Duration{0, top / 3, 2 * top / 3, top, top + top/3, top + 2*top/3, 2*top + 1}},
		{"64 bits wrap", 64, 1, []uint64{1<<64 - 1, 1}, []time.Duration{0, 2}},
	} {
		clock := clock{bits: c.bits, period: c.period}
		for i, tick := range c.ticks {
			if got := clock.time(tick); got != c.want[i] {
				t.Errorf("%s: tick %d is %d ns, want %d", c.name, i, got, c.want[i])
			}
		}
	}
}

// What runs between two calibrations has timestamps between them, and the clocks run alike.
func TestCalibrate(t *testing.T) {
	d := testDevice(t)
	x := testBuffer(t, d, 1<<20, DeviceLocal, "x")
	first, err := d.Calibrate()
	if errors.Is(err, ErrUnsupported) && !d.info.Features.Calibration {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := record(t, d, "times", func(r *Recorder) error {
		_, err := r.Timestamp()
		return errors.Join(err, r.Fill(x.Window(0, x.Size()), 1))
	})
	time.Sleep(5 * time.Millisecond)
	begin := time.Now()
	run(t, d, c)
	end := time.Now()
	times, err := c.Timestamps()
	if err != nil {
		t.Fatal(err)
	}
	second, err := d.Calibrate()
	if err != nil {
		t.Fatal(err)
	}
	if !(first.Device < times[0] && times[0] < second.Device) {
		t.Errorf("device times %v, %v, %v", first.Device, times[0], second.Device)
	}
	// Clocks differ by parts of a million; each calibration says itself how exact it is.
	slack := first.Within + second.Within + 10*time.Microsecond
	host, device := second.Host.Sub(first.Host), second.Device-first.Device
	if off := (host - device).Abs(); off > slack {
		t.Errorf("between two calibrations %v passed on the host, %v on the device: more than %v apart", host, device, slack)
	}
	if at := first.Host.Add(times[0] - first.Device); at.Before(begin.Add(-slack)) || at.After(end.Add(slack)) {
		t.Errorf("ran at %v, as the host saw it from %v to %v", at, begin, end)
	}
	t.Logf("within %v and %v", first.Within, second.Within)
	if n := d.instance.Messages(); n != 0 {
		t.Errorf("%d messages", n)
	}
}

func TestCalibrateUnsupported(t *testing.T) {
	o := watched(t)
	o.Floor = true
	d := deviceWith(t, o)
	if _, err := d.Calibrate(); !errors.Is(err, ErrUnsupported) {
		t.Errorf("on the poorest device: %v", err)
	}
}
