package gpu

import (
	"fmt"
	"time"

	"cnnvk/engine/trace"
)

// deviceClock places the device's times on the time line. It starts from a calibration where the device can be calibrated, else
// from the end of the first submission, which the host learnt of at once or later. From then on it holds to what is
// certain: a submission begins no earlier than the host made it, and ends no later than the host heard of that.
type deviceClock struct {
	known  bool
	offset time.Duration // from a device's time to its place on the time line
	moved  time.Duration // the most that a submission has corrected it
	renew  time.Time     // when a calibration is old
	drawn  time.Duration // where the last submission ends on the time line
}

// calibrationAge is how long a calibration counts. Clocks drift apart by some microseconds in it.
const calibrationAge = time.Second

// set takes a calibration.
func (c *deviceClock) set(offset time.Duration) { c.known, c.offset = true, offset }

// detailedSteps is how many steps of each program are put on the time line with all their kernels.
const detailedSteps = 8

// detailed says whether the next step of r is.
func (s *session) detailed(r *recorded) bool {
	return s.executor.timeline != nil && r.traced < detailedSteps && s.stamped()
}

// stamped says whether steps note the device's time.
func (s *session) stamped() bool { return s.executor.device.Info().Features.Timestamps }

// draw puts a submission that was retired on the time line. Without times on the device it is drawn as the host saw it, from began
// to heard.
func (e *Executor) draw(f *submission, times [][]time.Duration, began, heard time.Time) {
	if e.timeline == nil {
		return
	}
	name := fmt.Sprintf("submission of %d", len(f.steps))
	to := e.timeline.At(heard)
	if times == nil {
		e.timeline.Note("device clock", "none: a submission is drawn from when the host made it, or heard of the one before, to when it heard of its end")
		e.timeline.Add(trace.Span{Track: trace.Device, Name: name, Begin: e.timeline.At(began), End: to})
		return
	}
	from, last := e.timeline.At(f.at), times[len(times)-1]
	e.calibrate()
	begin, end := times[0][0], last[len(last)-1]
	e.clock.hold(begin, end, from, to)
	place := e.clock.placing(from, to)
	e.timeline.Note("device clock corrected by at most, in microseconds", float64(e.clock.moved)/1e3)
	e.timeline.Add(trace.Span{Track: trace.Device, Name: name, Begin: place(begin), End: place(end),
		Args: map[string]any{"submitted_us": float64(from) / 1e3, "heard_us": float64(to) / 1e3}})
	for i, t := range f.steps {
		e.drawStep(t, times[i], place)
	}
	e.clock.drawn = place(end)
}

// placing places times of a submission that was made and heard of then. A clock that was corrected meanwhile does not
// draw it over the one before.
func (c *deviceClock) placing(submitted, heard time.Duration) func(device time.Duration) time.Duration {
	least, offset := max(submitted, c.drawn), c.offset
	return func(device time.Duration) time.Duration { return max(min(device+offset, heard), least) }
}

// hold moves the clock so that the device's times begin to end lie between submitted and heard on the time line.
func (c *deviceClock) hold(begin, end, submitted, heard time.Duration) {
	least, most := submitted-begin, heard-end
	if !c.known {
		c.set(most)
	}
	before := c.offset
	c.offset = max(min(c.offset, most), least)
	c.moved = max(c.moved, (c.offset - before).Abs())
}

// drawStep draws a step, and its kernels if their times are there.
func (e *Executor) drawStep(t step, stamps []time.Duration, place func(time.Duration) time.Duration) {
	pl := t.program.plan
	e.timeline.Add(trace.Span{Track: trace.Device, Name: pl.program.Name, Begin: place(stamps[0]), End: place(stamps[len(stamps)-1])})
	if !t.detailed {
		return
	}
	for i, d := range pl.dispatches {
		op := pl.program.Ops[d.op]
		e.timeline.Add(trace.Span{Track: trace.Device, Name: d.kernel.code(), Begin: place(stamps[i]), End: place(stamps[i+1]),
			Args: map[string]any{"op": string(op.Kind), "shape": fmt.Sprint(op.Inputs[0].Shape)}})
	}
}

// calibrate reads the device's clock, where that is possible, when the last reading is old.
func (e *Executor) calibrate() {
	if !e.device.Info().Features.Calibration {
		e.timeline.Note("device clock", "anchored: submissions end when the host heard of it, or earlier, and begin no earlier than it made them")
		return
	}
	if time.Now().Before(e.clock.renew) {
		return
	}
	c, err := e.device.Calibrate()
	if err != nil {
		return // the clock goes on as it was
	}
	e.clock.renew = time.Now().Add(calibrationAge)
	e.clock.set(e.timeline.At(c.Host) - c.Device)
	e.timeline.Note("device clock", "VK_EXT_calibrated_timestamps")
	e.timeline.Note("device clock read within, in microseconds", float64(c.Within)/1e3)
}
