package vk

import (
	"errors"
	"testing"
	"time"
)

func TestTimestamps(t *testing.T) {
	d := testDevice(t)
	x := testBuffer(t, d, 1<<20, DeviceLocal, "x")
	const count = queriesPerPool + 5 // one pool is not enough
	r, err := d.NewRecorder("times")
	if err != nil {
		t.Fatal(err)
	}
	for i := range count {
		place, err := r.Timestamp()
		if errors.Is(err, ErrUnsupported) && !d.info.Features.Timestamps {
			r.Abandon()
			t.Skip(err)
		}
		if err != nil || place != i {
			t.Fatalf("timestamp %d is at %d, %v", i, place, err)
		}
		if err := r.Fill(x.Window(0, x.Size()), uint32(i)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := r.Finish()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Destroy()
	for range 2 {
		begin := time.Now()
		run(t, d, c)
		elapsed := time.Since(begin)
		times, err := c.Timestamps()
		if err != nil || len(times) != count {
			t.Fatalf("%d times, %v", len(times), err)
		}
		for i := 1; i < count; i++ {
			if times[i] < times[i-1] || times[i]-times[0] > elapsed {
				t.Errorf("time %d is %v, after %v, in a run of %v", i, times[i], times[i-1], elapsed)
			}
		}
	}
}

func TestTimestampsTooEarly(t *testing.T) {
	d := testDevice(t)
	if !d.info.Features.Timestamps {
		t.Skip("the device has no timestamps")
	}
	c := record(t, d, "early", func(r *Recorder) error {
		_, err := r.Timestamp()
		return err
	})
	if _, err := c.Timestamps(); !errors.Is(err, ErrUsage) {
		t.Errorf("times of commands that never ran: %v", err)
	}
}
