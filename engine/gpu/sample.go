package gpu

import (
	"context"
	"fmt"
	"time"

	"cnnvk/engine"
)

// sample is an op that stands for all of its kind in a program.
type sample struct {
	tuning
	share float64 // what all of them are in multiply-adds, in those of this one
}

// SampleProducts estimates what the matrix products and convolutions of a step take on the device, without compiling the step: of each kind
// of op the one with the most work is run by itself, by its built-in variant, and counts as often as its work goes into that of all. There is
// a time for each kind, on every device in the same order: of several samples the shortest of each are the least disturbed.
func (e *Executor) SampleProducts(ctx context.Context, p *engine.Program) ([]time.Duration, error) {
	list, err := e.samples(p)
	if err != nil {
		return nil, err
	}
	e.ahead.open(e)
	var plans []*plan
	for _, s := range list {
		alone, err := e.choosing(s.tuning, s.builtIn).plans(s.layout, []*engine.Program{s.program}, engine.PlanOptions{KeepAll: true})
		if err != nil {
			return nil, fmt.Errorf("engine/gpu: timing %s: %w", s.key, err)
		}
		plans = append(plans, alone...)
	}
	e.ahead.compile(ctx, p.Layout, e.missing(plans))
	var out []time.Duration
	for _, s := range list {
		t, _, err := e.timeVariant(ctx, s.tuning, s.builtIn, 0)
		if err != nil {
			return nil, fmt.Errorf("engine/gpu: timing %s: %w", s.key, err)
		}
		out = append(out, time.Duration(s.share*float64(t)))
	}
	return out, nil
}

// samples are the ops that stand for the products of a program, one of each kind, in the order of the program. Kinds that are no work to
// speak of are left out.
func (e *Executor) samples(p *engine.Program) ([]sample, error) {
	largest, work := map[engine.Kind]engine.Op{}, map[engine.Kind]int64{}
	var kinds []engine.Kind
	var most int64
	for _, op := range p.Ops {
		adds := op.MultiplyAdds()
		if adds == 0 {
			continue
		}
		have, ok := largest[op.Kind]
		if !ok {
			kinds = append(kinds, op.Kind)
		}
		if !ok || adds > have.MultiplyAdds() {
			largest[op.Kind] = op
		}
		work[op.Kind] += adds
		most = max(most, work[op.Kind])
	}
	var out []sample
	for _, kind := range kinds {
		if work[kind] < most/negligible {
			continue
		}
		op := largest[kind]
		only, err := alone(op, p.Layout, p.Batch)
		if err != nil {
			return nil, err
		}
		j := tuning{key: opKey(op), kind: op.Kind, layout: p.Layout, program: only}
		j.inOrder(e)
		out = append(out, sample{j, float64(work[kind]) / float64(op.MultiplyAdds())})
	}
	return out, nil
}
