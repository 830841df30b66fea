package training

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
)

// lateExecutor opens sessions that work like a device: what a step gave back is there when the host waits for it, or when
// as many other steps were queued behind it. The log holds what the trainer asked for.
type lateExecutor struct {
	engine.Executor
	behind int
	log    []string
}

func (e *lateExecutor) NewSession(ctx context.Context, l *engine.Layout, programs []*engine.Program, opt engine.PlanOptions) (engine.Session, error) {
	s, err := e.Executor.NewSession(ctx, l, programs, opt)
	return &lateSession{Session: s, on: e}, err
}

type lateSession struct {
	engine.Session
	on      *lateExecutor
	waiting []engine.Report
}

func (s *lateSession) Run(p *engine.Program, r *engine.StepInputs) error {
	s.on.log = append(s.on.log, strings.Fields(p.Name)[0])
	err := s.Session.Run(p, r)
	reports, _ := s.Session.Reports()
	s.waiting = append(s.waiting, reports...)
	return err
}

func (s *lateSession) take(n int) []engine.Report {
	out := slices.Clone(s.waiting[:n])
	s.waiting = slices.Delete(s.waiting, 0, n)
	for i := range out {
		out[i].Done = time.Now()
	}
	return out
}

func (s *lateSession) Finished() ([]engine.Report, error) {
	return s.take(max(len(s.waiting)-s.on.behind, 0)), nil
}

func (s *lateSession) Reports() ([]engine.Report, error) {
	s.on.log = append(s.on.log, "wait")
	return s.take(len(s.waiting)), nil
}

// The trainer waits for the first step of all, and then once in an epoch, when steps, validation and the next epoch's order are on their way; and it makes no
// difference how late a device tells what a step gave back.
func TestTrainerWaitsOnce(t *testing.T) {
	t.Parallel()
	var first []EpochEnded
	for _, behind := range []int{0, 1, 2, 100} {
		tr := someTrainer(t, nil)
		e := &lateExecutor{Executor: cpu.New(), behind: behind}
		order := tr.Order
		tr.Order = func(epoch int) []int {
			e.log = append(e.log, fmt.Sprint("order ", epoch))
			return order(epoch)
		}
		var ends []EpochEnded
		tr.OnEpoch = func(end EpochEnded) error {
			e.log = append(e.log, "epoch ended")
			if end.Elapsed <= 0 || end.ValTime < 0 || end.Elapsed+end.ValTime > end.Wall || end.Busy > end.Wall || end.Busy <= 0 {
				t.Errorf("behind %d: %+v", behind, end)
			}
			end.Elapsed, end.ValTime, end.Wall, end.Busy = 0, 0, 0, 0
			ends = append(ends, end)
			return nil
		}
		told := 0
		tr.OnSteps = func(p Progress) {
			if told = p.Step; p.Step < 1 || p.Step > 3 || p.Images != min(4*p.Step, 9) || p.Elapsed <= 0 || p.Loss <= 0 {
				t.Errorf("behind %d: told %+v", behind, p)
			}
		}
		if err := tr.Open(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		e.log = nil
		if err := tr.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		const want = "order 0, train, wait, train, train, eval, order 1, wait, epoch ended, train, train, train, eval, wait, epoch ended"
		if got := strings.Join(e.log, ", "); got != want {
			t.Errorf("behind %d:\n%s, want\n%s", behind, got, want)
		}
		if told != 3 {
			t.Errorf("behind %d: told of %d steps in the end", behind, told)
		}
		if first == nil {
			first = ends
		}
		if !reflect.DeepEqual(ends, first) {
			t.Errorf("behind %d: %+v, want %+v", behind, ends, first)
		}
	}
}

// A loss that is not finite is told of the step that it was, however late.
func TestTrainerNotFiniteLate(t *testing.T) {
	t.Parallel()
	tr := someTrainer(t, func(r *Recipe) { r.LearningRate, r.Optimizer = 1e300, "sgd" })
	if err := tr.Open(t.Context(), &lateExecutor{Executor: cpu.New(), behind: 100}); err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "net: step 2 (epoch 1, learning rate 2e+299): ") {
		t.Errorf("got %v", err)
	}
}

// The share of the time in which a device worked, on made-up clocks: each reading counts from the one before.
func TestBusyShare(t *testing.T) {
	t.Parallel()
	began := time.Now()
	const s = time.Second
	type reading struct {
		at, busy time.Duration // since the begin; in all
		share    float64
	}
	for name, readings := range map[string][]reading{
		"always":         {{10 * s, 10 * s, 1}, {20 * s, 20 * s, 1}},
		"never":          {{10 * s, 0, 0}},
		"nineteen of 20": {{20 * s, 19 * s, 0.95}, {40 * s, 38 * s, 0.95}},
		"less and less":  {{10 * s, 10 * s, 1}, {20 * s, 15 * s, 0.5}, {30 * s, 15 * s, 0}},
		"no time":        {{0, 0, 0}},
	} {
		var m meter
		m.read(began, 7*s) // what was done before does not count
		for i, r := range readings {
			var e EpochEnded
			e.Wall, e.Busy = m.read(began.Add(r.at), 7*s+r.busy)
			if got := e.BusyShare(); math.Abs(got-r.share) > 1e-9 {
				t.Errorf("%s: reading %d is %g, want %g", name, i, got, r.share)
			}
		}
	}
}
