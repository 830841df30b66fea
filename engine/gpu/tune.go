package gpu

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"cnnvk/engine"
	"cnnvk/vk"
)

// Choices says which variant runs an op: names of variants by the op's key. An op that it does not name, or whose variant
// cannot run, gets the first variant of the table that can.
type Choices map[string]string

// Choose makes later sessions prefer these variants, beside those chosen before.
func (e *Executor) Choose(c Choices) {
	for key, name := range c {
		e.choices[key] = name
	}
}

// Choices are the variants preferred by now.
func (e *Executor) Choices() Choices {
	out := Choices{}
	for key, name := range e.choices {
		out[key] = name
	}
	return out
}

// ChoicesFor are the variants preferred by now for what those programs do; a session of them runs as with all.
func (e *Executor) ChoicesFor(programs []*engine.Program) Choices {
	out := Choices{}
	for _, p := range programs {
		for _, op := range p.Ops {
			if key := opKey(op); e.choices[key] != "" {
				out[key] = e.choices[key]
			}
		}
	}
	return out
}

// Tuned is the outcome of one measurement.
type Tuned struct {
	Key        string
	Done, Of   int // ops measured, of how many; none before the first measurement, which is told of, too
	Candidates []Candidate
}

// Candidate is a variant that was measured on an op, the fastest first.
type Candidate struct {
	Variant string
	Time    time.Duration
}

// Tune measures, for every matrix product of the programs without a choice, the variants that can run it, and chooses the fastest. A variant
// whose result differs from the plainest one's, or from that of one that agreed with it elsewhere, is passed over. Sizes are taken from the
// largest batch. What is found is returned, and preferred from then on; observe, if set, is told of every op.
//
// After that time, if it is not 0, Tune ends: left are the built-in choices of the ops that it did not come to, or not to the end of. They
// are not preferred; a session runs them all the same.
func (e *Executor) Tune(ctx context.Context, l *engine.Layout, programs []*engine.Program, limit time.Duration, observe func(Tuned)) (found, left Choices, err error) {
	jobs, err := e.untuned(l, programs)
	if err != nil {
		return nil, nil, err
	}
	if observe != nil && len(jobs) > 0 {
		observe(Tuned{Of: len(jobs)})
	}
	limited, cancel := context.WithCancel(ctx)
	if limit > 0 {
		limited, cancel = context.WithTimeout(ctx, limit)
	}
	defer cancel()
	if len(jobs) > 0 {
		e.ahead.open(e)
	}
	found, left = Choices{}, Choices{}
	k := newKnown(e.target.kind)
	for i, j := range jobs {
		best, err := e.measure(limited, j, k)
		switch {
		case ctx.Err() != nil:
			return found, left, context.Cause(ctx)
		case err != nil && limited.Err() != nil:
			left[j.key] = j.builtIn
			continue
		case err != nil:
			return found, left, fmt.Errorf("engine/gpu: tuning %s: %w", j.key, err)
		}
		found[j.key] = best[0].Variant
		e.choices[j.key] = best[0].Variant
		if observe != nil {
			observe(Tuned{j.key, i + 1, len(jobs), best})
		}
	}
	return found, left, nil
}

// tuning is an op to be measured by itself.
type tuning struct {
	key      string
	kind     engine.Kind
	layout   *engine.Layout
	program  *engine.Program // the op alone
	builtIn  string          // the variant that runs it where none is chosen
	variants []string        // those that can run it, in the order in which they are measured
	plainest string          // the one of them that the others' results are held against
}

// untuned lists the ops without a choice that have several variants to choose from, the most work first. Of a size that
// several batches have, the largest batch counts; what is no work to speak of is left out.
func (e *Executor) untuned(l *engine.Layout, programs []*engine.Program) ([]tuning, error) {
	var out []tuning
	var most int64
	seen := map[string]bool{}
	byBatch := slices.Clone(programs)
	slices.SortStableFunc(byBatch, func(a, b *engine.Program) int { return b.Batch - a.Batch })
	for _, p := range byBatch {
		for _, op := range p.Ops {
			key := opKey(op)
			if seen[key] || !products[op.Kind] {
				continue
			}
			seen[key] = true
			most = max(most, op.MultiplyAdds())
			if e.choices[key] != "" {
				continue
			}
			only, err := alone(op, l, p.Batch)
			if err != nil {
				return nil, err
			}
			j := tuning{key: key, kind: op.Kind, layout: l, program: only}
			if j.inOrder(e); len(j.variants) > 1 {
				out = append(out, j)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b tuning) int { return cmp.Compare(b.work(), a.work()) })
	return slices.DeleteFunc(out, func(j tuning) bool { return j.work() < most/negligible }), nil
}

// negligible is how much smaller than the largest product one is that is not worth the time of measuring.
const negligible = 100

func (j tuning) work() int64 { return j.program.Ops[0].MultiplyAdds() }

// products are the ops whose variants are worth measuring.
var products = map[engine.Kind]bool{
	engine.Conv2d: true, engine.Conv2dBackwardData: true, engine.Conv2dBackwardWeight: true,
	engine.PointwiseConv2d: true, engine.PointwiseConv2dBackwardData: true, engine.PointwiseConv2dBackwardWeight: true,
	engine.Linear: true, engine.LinearBackwardData: true, engine.LinearBackwardWeight: true,
}

// alone is a program of that op, over tensors of its own.
func alone(op engine.Op, l *engine.Layout, batch int) (*engine.Program, error) {
	b := engine.NewBuilder("tuning "+string(op.Kind), l, batch)
	b.Store(stored(op))
	var inputs []*engine.Tensor
	for _, t := range op.Inputs {
		inputs = append(inputs, b.Tensor(engine.Tensor{Name: t.Name, Shape: t.Shape, DType: t.DType, Batched: t.Batched}))
	}
	b.Apply(op.Kind, op.Attr, inputs)
	return b.Program()
}

// inOrder lists the op's variants in the order in which they are measured. The built-in choice comes first, since it is a good one; then the
// plainest, which is the last of the table; then what takes values from other lanes, small tiles first, for they compile in the shortest time and
// say which way of doing it is worth compiling large ones.
func (j *tuning) inOrder(e *Executor) {
	j.variants = e.variantsOf(j.program)
	options := e.options
	options.Choices = nil
	first := blankPlan(j.program, planOptions{Options: options}, e.target).single(0)
	j.builtIn, j.plainest = first.variant.name, j.variants[len(j.variants)-1]
	slices.SortStableFunc(j.variants, func(a, b string) int { return cmp.Compare(exchangeSize(a), exchangeSize(b)) })
	j.toFront(j.plainest)
	if t := first.variant.tile; t.lanes == 0 && !slices.Contains(j.variants, j.builtIn) {
		j.toFront(fmt.Sprintf("%s@%d", j.builtIn, t.subgroup(first.call)))
	} else {
		j.toFront(j.builtIn)
	}
}

// variantsOf lists the variants that can run a program of one op, in the order of the table. The one for any shape is too slow to be a
// candidate where there is another.
func (e *Executor) variantsOf(p *engine.Program) []string {
	pl := blankPlan(p, planOptions{Options: e.options}, e.target)
	sizes := len(e.target.subgroupSizes())
	var out []string
	for _, v := range variants {
		if v.tile.kernel.subgroup != noExchange && (v.tile.lanes > 0) != (sizes > 1) {
			continue // the size is named where there are several
		}
		if e.target.kind == vk.CPU && v.tile.shared && (v.tile.rows > 64 || v.tile.kernel.texel > 0) {
			continue // for GPUs; a CPU driver takes longest to compile them
		}
		if v.fusion == nil && pl.runnable(&v, 0) != nil {
			out = append(out, v.name)
		}
	}
	if last := len(out) - 1; last > 0 && strings.HasSuffix(out[last], "_any") {
		out = out[:last]
	}
	return out
}

// toFront has a variant measured before the others.
func (j *tuning) toFront(name string) {
	if at := slices.Index(j.variants, name); at >= 0 {
		j.variants = slices.Insert(slices.Delete(j.variants, at, at+1), 0, name)
	}
}

// measure times the variants on the op, fastest first, until ctx ends.
func (e *Executor) measure(ctx context.Context, j tuning, k known) ([]Candidate, error) {
	var times []Candidate
	var want []float64 // of the plainest variant so far
	var best time.Duration
	next := 0 // the first variant whose kernels were not compiled ahead
	for i, name := range j.variants {
		if k.skips(j, i) {
			continue
		}
		if i >= next {
			var err error
			if next, err = e.compileNext(ctx, j, k, i); err != nil {
				return nil, err
			}
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		t, got, err := e.timeVariant(ctx, j, name, notWorthIt*best)
		if err != nil {
			return nil, err
		}
		agreed := want == nil || agrees(j.program.Ops[0].Outputs[0].DType, got, want)
		switch {
		case name == j.plainest && !agreed:
			times, best = nil, 0
		case !agreed:
			continue
		}
		if name == j.plainest || want == nil {
			want = got
		}
		if name == j.plainest && agreed {
			k.trusted[j.variants[0]] = true
		}
		if times = append(times, Candidate{name, t}); best == 0 || t < best {
			best = t
		}
		k.noteExchanges(times)
	}
	slices.SortStableFunc(times, func(a, b Candidate) int { return cmp.Compare(a.Time, b.Time) })
	k.slow.note(times)
	k.forms.noteForms(j.kind, times)
	return times, nil
}

// compileNext has kernels compiled ahead, before any of them is timed: those of the next variants to be measured, twice as many as there are
// devices to compile on. It returns the place of the one after them.
func (e *Executor) compileNext(ctx context.Context, j tuning, k known, from int) (next int, err error) {
	var plans []*plan
	for next = from; next < len(j.variants) && len(plans) < 2*len(e.ahead.executors); next++ {
		if k.skips(j, next) {
			continue
		}
		list, err := e.choosing(j, j.variants[next]).plans(j.layout, []*engine.Program{j.program}, engine.PlanOptions{KeepAll: true})
		if err != nil {
			return 0, err
		}
		plans = append(plans, list...)
	}
	e.ahead.compile(ctx, j.layout, e.missing(plans))
	return max(next, from+1), nil
}

// choosing is the executor with that variant for one op.
func (e *Executor) choosing(j tuning, name string) *Executor {
	options := e.options
	options.Choices = Choices{j.key: name}
	return e.With(options)
}

// agrees allows for other orders of summation: an error of the mean square below 1e-9, or what comes of it where one value in a hundred is
// stored as a neighbour in 16 bits, a step being a part in 1024 or in 128.
func agrees(d engine.DType, got, want []float64) bool {
	var wrong, all float64
	for i, w := range want {
		wrong += (got[i] - w) * (got[i] - w)
		all += w * w
	}
	return wrong <= map[engine.DType]float64{engine.Float: 1e-9, engine.Float16: 1e-8, engine.BFloat16: 1e-6}[d]*all // false for NaN
}

// tuningRuns are the runs timed, after those that are not; the best counts, since others disturb but never help. The first run of all says
// nothing: some drivers compile a kernel only then, which takes longer than a hundred runs of it. Runs after it that took
// longEnough together are the last ones of a variant, be it the first alone, and so is one that took notWorthIt times as long as the
// best of another variant: one that slow is not worth more, and a hundred of them would keep a user waiting. Nothing is said of a variant
// before it has kept the device busy for warmUp: a GPU that waited for the next kernel to be compiled has lowered its clocks.
const (
	tuningRuns = 3
	warmUp     = 20 * time.Millisecond
	warmUpRuns = 200 // at most
	longEnough = 2 * time.Second
	notWorthIt = 3
	// loadingTime is what the first run of kernels that were compiled ahead takes longer, at most.
	loadingTime = 50 * time.Millisecond
)

// timeVariant is the time that a variant takes, and its result; see bestOf.
func (e *Executor) timeVariant(ctx context.Context, j tuning, name string, enough time.Duration) (time.Duration, []float64, error) {
	opened, err := e.choosing(j, name).NewSession(ctx, j.layout, []*engine.Program{j.program}, engine.PlanOptions{KeepAll: true})
	if err != nil {
		return 0, nil, err
	}
	defer opened.Close()
	s := opened.(*session)
	r := s.order[0]
	if err := s.scatter(r); err != nil {
		return 0, nil, err
	}
	stamped := e.device.Info().Features.Timestamps
	commands, err := s.recordSlot(r, 0, stamped)
	if err != nil {
		return 0, nil, err
	}
	defer commands.Destroy()
	var loading time.Duration
	if len(e.ahead.executors) > 0 {
		loading = loadingTime
	}
	best, err := bestOf(enough, loading, func() (time.Duration, error) {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		return e.timeOnce(commands, stamped)
	})
	if err != nil {
		return 0, nil, err
	}
	got, err := s.Read(j.program, j.program.Ops[0].Outputs[0])
	return best, got, err
}

// bestOf is the shortest of some runs after the first and a warm-up, or the time of the warm-up's last one where that took more than enough, if
// that is not 0. The first run says so much, too, if it is known how long its kernels may take to load: loading, else 0.
func bestOf(enough, loading time.Duration, run func() (time.Duration, error)) (time.Duration, error) {
	if enough == 0 || enough > longEnough {
		enough = longEnough
	}
	first, err := run()
	if err != nil || loading > 0 && first >= enough+loading {
		return first, err
	}
	var spent time.Duration
	for n := 1; spent < warmUp && n <= warmUpRuns; n++ {
		t, err := run()
		if err != nil {
			return 0, err
		}
		if spent += t; t >= enough && (spent >= warmUp || n == warmUpRuns) {
			return t, nil
		}
	}
	best := time.Duration(math.MaxInt64)
	for i := 0; i < tuningRuns && spent < longEnough; i++ {
		t, err := run()
		if err != nil {
			return 0, err
		}
		spent += t
		best = min(best, t)
	}
	return best, nil
}

// timeOnce is the time on the device, or, where that keeps none, until the host hears of the end.
func (e *Executor) timeOnce(c *vk.Commands, stamped bool) (time.Duration, error) {
	began := time.Now()
	if err := e.device.Run(c, stepTimeout); err != nil {
		return 0, err
	}
	if !stamped {
		return time.Since(began), nil
	}
	stamps, err := c.Timestamps()
	if err != nil {
		return 0, err
	}
	return stamps[len(stamps)-1] - stamps[0], nil
}

// scatter fills the inputs of a program with numbers between -1 and 1.
func (s *session) scatter(r *recorded) error {
	random := rand.New(rand.NewPCG(1, 2))
	for _, t := range r.plan.program.Ops[0].Inputs {
		values := make([]float64, t.Shape.Elements())
		for i := range values {
			values[i] = float64(2*random.Float32() - 1)
		}
		if err := s.executor.device.Write(s.window(r, 0, r.plan.of(t)), encode(t.DType, values)); err != nil {
			return err
		}
	}
	return nil
}
