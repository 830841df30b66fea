package gpu

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cnnvk/engine"
	"cnnvk/engine/trace"
	"cnnvk/vk"
)

// A step's way: Run writes the step inputs into a free slot of its program's ring and queues the slot's commands. Queued steps are
// submitted together, as many as fill the budget, or at once if the device is idle. Retiring a submission, the oldest first, waits for it and
// reads its reports.
//
// The device has two submissions at most: one at work and one waiting, so that it never waits for the host, and a host that wants
// to stop waits for no more than those.

const (
	// budget is how much work is submitted at once: enough that the cost of a submission does not count, and far below the seconds
	// after which a GPU's watchdog takes it for hung.
	budget = 100 * time.Millisecond
	// maxTogether is the most steps of a submission, whatever their pace.
	maxTogether = 8
	// maxSubmitted is the most submissions at the device.
	maxSubmitted = 2
	// stepTimeout is the longest a step may take before it is given up: two minutes, for slow devices.
	stepTimeout = 2 * time.Minute
)

// step is a filled slot on its way.
type step struct {
	program  *recorded
	slot     int
	commands *vk.Commands // the slot's, or others of this step alone
	detailed bool         // they note the time after every dispatch
}

// submission is one vkQueueSubmit: steps that were submitted together.
type submission struct {
	steps   []step
	pending *vk.Pending
	at      time.Time // that it was submitted
}

// Run fills a slot of the program's ring and queues the step.
func (s *session) Run(p *engine.Program, in *engine.StepInputs) error {
	r := s.programs[p]
	if r == nil {
		return errors.New("engine/gpu: the program does not belong to this session")
	}
	if err := engine.CheckStepInputs(p, in); err != nil {
		return err
	}
	for _, t := range p.ByRole(engine.Resident) {
		if !s.residents[t.Name].set {
			return fmt.Errorf("engine/gpu: the resident %v was never set", t)
		}
	}
	slot, err := s.freeSlot(r)
	if err != nil {
		return err
	}
	next, err := s.prepare(r, slot, in)
	if err != nil {
		return err
	}
	r.taken[slot], r.last = true, slot
	s.queued = append(s.queued, next)
	if full(s.queued) || s.idle() {
		return s.submit()
	}
	return nil
}

// freeSlot is the first slot of r that no step uses. If there is none, it waits for one.
func (s *session) freeSlot(r *recorded) (int, error) {
	for {
		if slot := slices.Index(r.taken[:], false); slot >= 0 {
			return slot, nil
		}
		if len(s.inFlight) == 0 {
			if err := s.submit(); err != nil {
				return 0, err
			}
		}
		if err := s.retire(1); err != nil {
			return 0, err
		}
	}
}

// prepare fills a slot, and records its commands where it has none yet.
func (s *session) prepare(r *recorded, slot int, in *engine.StepInputs) (step, error) {
	next := step{program: r, slot: slot, detailed: s.detailed(r)}
	end := s.executor.timeline.Begin(trace.Host, "fill record")
	err := s.fill(r, slot, in)
	end()
	if err != nil {
		return next, err
	}
	if !next.detailed {
		next.commands, err = s.commandsOf(r, slot)
		return next, err
	}
	if next.commands, err = s.recordSlot(r, slot, true); err != nil {
		return next, err
	}
	r.traced++
	s.extra = append(s.extra, next.commands) // destroying them now would wait for the device
	return next, nil
}

// full says whether the queued steps fill a submission: one more like the last would be too much work. A step whose time is not known
// yet is submitted alone.
func full(queued []step) bool {
	if len(queued) == maxTogether {
		return true
	}
	var work, last time.Duration
	for _, q := range queued {
		if last = q.program.pace; last == 0 {
			return true
		}
		work += last
	}
	return work+last > budget
}

// idle says whether the device has done all it was given.
func (s *session) idle() bool {
	if len(s.inFlight) == 0 {
		return true
	}
	done, _ := s.inFlight[len(s.inFlight)-1].pending.Done() // retiring it tells its error
	return done
}

// Reports waits for all queued steps.
func (s *session) Reports() ([]engine.Report, error) {
	if err := s.drain(); err != nil {
		return nil, err
	}
	return s.takeReports(), nil
}

// drain submits what is queued and waits for all of it.
func (s *session) drain() error {
	if err := s.submit(); err != nil {
		return err
	}
	return s.retire(len(s.inFlight))
}

// Finished retires what is done. It also submits what is queued, unless the device has two submissions: the caller may be about to do
// something that takes long.
func (s *session) Finished() ([]engine.Report, error) {
	for len(s.inFlight) > 0 {
		if done, _ := s.inFlight[0].pending.Done(); !done {
			break
		}
		if err := s.retire(1); err != nil {
			return nil, err
		}
	}
	if len(s.inFlight) < maxSubmitted {
		if err := s.submit(); err != nil {
			return nil, err
		}
	}
	return s.takeReports(), nil
}

// submit hands the queued steps to the device, after waiting until it has but one other submission.
func (s *session) submit() error {
	if len(s.queued) == 0 {
		return nil
	}
	if err := s.retire(len(s.inFlight) - maxSubmitted + 1); err != nil {
		return err
	}
	f := &submission{steps: s.queued, at: time.Now()}
	var commands []*vk.Commands
	for _, q := range f.steps {
		commands = append(commands, q.commands)
	}
	end := s.executor.timeline.Begin(trace.Host, "submit")
	var err error
	f.pending, err = s.executor.device.Submit(commands...)
	end()
	if err != nil {
		return f.failed(err)
	}
	s.inFlight, s.queued = append(s.inFlight, f), nil
	return nil
}

// retire waits for the n oldest submissions and takes their reports.
func (s *session) retire(n int) error {
	for ; n > 0; n-- {
		f := s.inFlight[0]
		s.inFlight = s.inFlight[1:]
		if err := s.wait(f); err != nil {
			return f.failed(err)
		}
		if err := s.collect(f); err != nil {
			return err
		}
		s.compileRest()
		if err := s.takeRest(false); err != nil {
			return err
		}
	}
	return nil
}

// failed adds the programs to the error of a submission.
func (f *submission) failed(err error) error {
	var names []string
	for _, t := range f.steps {
		if name := t.program.plan.program.Name; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return fmt.Errorf("engine/gpu: %s: %w", strings.Join(names, ", "), err)
}

// collect reads the reports of a submission's steps, and how long they took.
func (s *session) collect(f *submission) error {
	defer s.executor.timeline.Begin(trace.Host, "read reports")()
	now := time.Now()
	began := later(f.at, s.retired) // by the host's account
	s.retired = now
	times, err := f.times()
	if err != nil {
		return err
	}
	for i, t := range f.steps {
		t.program.taken[t.slot] = false
		report, err := t.program.report(t.slot)
		if err != nil {
			return err
		}
		report.Done = now
		s.reports = append(s.reports, report)
		if times == nil { // the device keeps none
			t.program.paced(now.Sub(began) / time.Duration(len(f.steps)))
			continue
		}
		stamps := times[i]
		took := stamps[len(stamps)-1] - stamps[0]
		t.program.paced(took)
		s.busy += took
	}
	s.executor.draw(f, times, began, now)
	return nil
}

// paced notes how long a step took. The pace is the mean of the pace before and the last step, so a slow first step is soon
// forgotten.
func (r *recorded) paced(took time.Duration) {
	if r.pace > 0 {
		took = (r.pace + took) / 2
	}
	r.pace = max(took, 1)
}

// times are the timestamps of each step; nil where the device has none.
func (f *submission) times() ([][]time.Duration, error) {
	var out [][]time.Duration
	for _, t := range f.steps {
		stamps, err := t.commands.Timestamps()
		if err != nil {
			return nil, err
		}
		if len(stamps) < 2 {
			return nil, nil
		}
		out = append(out, stamps)
	}
	return out, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *session) wait(f *submission) error {
	if done, err := f.pending.Done(); done {
		return err
	}
	defer s.executor.timeline.Begin(trace.Host, "wait")()
	return f.pending.Wait(stepTimeout * time.Duration(len(f.steps)))
}

func (s *session) takeReports() []engine.Report {
	out := s.reports
	s.reports = nil
	return out
}

// Busy is the time on the device of the steps that have been retired.
func (s *session) Busy() time.Duration { return s.busy }
