package gpu

import (
	"testing"
	"time"
)

// A made-up device whose clock starts elsewhere and runs a little fast: what it did stays between when the host made it and
// when it heard of that, and in order.
func TestDeviceClock(t *testing.T) {
	type window struct{ begin, end, submitted, heard time.Duration } // the device's time, the host's
	for _, c := range []struct {
		name       string
		calibrated time.Duration // the offset; 0 is none
		windows    []window
		want       []time.Duration // where each begins
		moved      time.Duration
	}{
		{"anchored at the end of the first", 0, []window{{1000, 1100, 5, 120}}, []time.Duration{20}, 0},
		{"the host heard late, then at once", 0, []window{{1000, 1100, 5, 150}, {1100, 1200, 6, 230}}, []time.Duration{50, 150}, 20},
		{"and what is known by then stays", 0, []window{{1000, 1100, 5, 105}, {1100, 1200, 6, 300}}, []time.Duration{5, 105}, 0},
		{"not before it was submitted", 0, []window{{1000, 1100, 0, 105}, {1200, 1300, 230, 340}}, []time.Duration{5, 230}, 25},
		{"calibrated, and right", -990, []window{{1000, 1100, 5, 150}, {1100, 1200, 6, 300}}, []time.Duration{10, 110}, 0},
		{"calibrated, but off by 5", -990, []window{{1000, 1100, 5, 105}}, []time.Duration{5}, 5},
		{"a clock that runs fast", 0, []window{{0, 1010, 0, 1000}, {1010, 2020, 0, 2000}}, []time.Duration{0, 1000}, 20},
	} {
		clock := deviceClock{}
		if c.calibrated != 0 {
			clock.set(c.calibrated)
		}
		for i, w := range c.windows {
			clock.hold(w.begin, w.end, w.submitted, w.heard)
			place := clock.placing(w.submitted, w.heard)
			begin, end := place(w.begin), place(w.end)
			if begin != c.want[i] {
				t.Errorf("%s: %d begins at %d, want %d", c.name, i, begin, c.want[i])
			}
			if begin < max(w.submitted, clock.drawn) || end > w.heard || end < begin {
				t.Errorf("%s: %d is drawn from %d to %d", c.name, i, begin, end)
			}
			clock.drawn = end
		}
		if clock.moved != c.moved {
			t.Errorf("%s: moved by %d, want %d", c.name, clock.moved, c.moved)
		}
	}
}
