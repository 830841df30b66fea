package cpu_test

import (
	"math"
	"testing"

	"cnnvk/engine"
)

// optimizer is a program with an optimiser and an average over one parameter.
type optimizer struct {
	program *engine.Program
	session engine.Session
}

func newOptimizer(t *testing.T, k engine.Kind, attr engine.Attr, momentSets int) *optimizer {
	t.Helper()
	layout, err := engine.NewLayout([]engine.Segment{{Name: "w", Shape: engine.Shape{1}, Trained: true}}, momentSets)
	must(t, err)
	b := engine.NewBuilder("optimizer", layout, 1)
	status, gradients := b.Flat(engine.Status, 0, engine.StatusElements), b.Flat(engine.Gradient, 0, layout.Parameters)
	parameters, moments := b.Flat(engine.Model, 0, layout.Parameters), b.Flat(engine.Moments, 0, momentSets*layout.Parameters)
	average := b.Flat(engine.EMA, 0, layout.Elements)
	b.Apply(k, attr, []*engine.Tensor{gradients, status, b.Input("rates", engine.Float, engine.RateElements), parameters, moments}, parameters, moments)
	b.Apply(engine.ExponentialMean, engine.ExponentialMeanAttr{Decay: 0.9}, []*engine.Tensor{parameters, status, average}, average)
	p, err := b.Program()
	must(t, err)
	return &optimizer{p, newSession(t, p)}
}

// put sets the first element of an arena.
func (o *optimizer) put(t *testing.T, a engine.Arena, values ...float64) {
	t.Helper()
	data := make([]float64, o.program.Layout.ArenaElements(a))
	copy(data, values)
	must(t, o.session.WriteArena(a, data))
}

// first is the first element of an arena.
func (o *optimizer) first(t *testing.T, a engine.Arena) float64 {
	t.Helper()
	data, err := o.session.ReadArena(a)
	must(t, err)
	return data[0]
}

// TestOptimizersAgainstPyTorch follows one weight of the golden cases optimizer-adamw and optimizer-nesterov, which
// torch.optim computed in float64: weight decay 0.1, clipping at the given norms to 1, average with decay 0.9.
func TestOptimizersAgainstPyTorch(t *testing.T) {
	const start = -0.044184550642967224
	gradients := []float64{0.008998284116387367, -0.00028400542214512825, -1.4330263184092473e-05, -3.659727008198388e-05, 0.1487189680337906}
	norms := []float64{0.37905067205429077, 1.132361650466919, 3.5910167694091797, 10.328368186950684, 30.946434020996094}
	rates := []float64{0.002, 0.004, 0.006, 0.008, 0.01}
	for _, row := range []struct {
		kind           engine.Kind
		attr           engine.Attr
		sets           int
		model, average []float64
	}{
		{
			engine.AdamW, engine.AdamWAttr{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 0.1}, 2,
			[]float64{-0.04617571085691452, -0.04875345528125763, -0.05173281952738762, -0.05497556924819946, -0.060553133487701416},
			[]float64{-0.04438366740942001, -0.044820643961429596, -0.04551186412572861, -0.04645823314785957, -0.04786772280931473},
		},
		{
			engine.SGD, engine.SGDAttr{Momentum: 0.9, WeightDecay: 0.1, Nesterov: true}, 1,
			[]float64{-0.04420195519924164, -0.04418129473924637, -0.044128213077783585, -0.044029224663972855, -0.04396526515483856},
			[]float64{-0.044186290353536606, -0.04418579116463661, -0.04418003186583519, -0.044164951890707016, -0.04414498433470726},
		},
	} {
		o := newOptimizer(t, row.kind, row.attr, row.sets)
		o.put(t, engine.Model, start)
		o.put(t, engine.EMA, start)
		for i, g := range gradients {
			o.put(t, engine.Gradient, g)
			o.put(t, engine.Status, min(1, 1/(norms[i]+1e-6)))
			r := engine.NewStepInputs(o.program)
			step := float64(i + 1)
			copy(r.Floats("rates"), []float64{rates[i], rates[i] / (1 - math.Pow(0.9, step)), 1 / math.Sqrt(1-math.Pow(0.999, step))})
			must(t, o.session.Run(o.program, r))
			near(t, string(row.kind)+" weight", []float64{o.first(t, engine.Model)}, row.model[i:i+1], 1e-7)
			near(t, string(row.kind)+" average", []float64{o.first(t, engine.EMA)}, row.average[i:i+1], 1e-7)
		}
	}
}

// TestSGD checks plain SGD and plain momentum by hand, two steps each.
func TestSGD(t *testing.T) {
	for _, row := range []struct {
		why           string
		attr          engine.Attr
		weight, speed []float64
	}{
		{"plain", engine.SGDAttr{}, []float64{1 - 0.1*0.5, 1 - 0.1*0.5 - 0.1*0.5}, []float64{0.5, 0.5}},
		{"momentum", engine.SGDAttr{Momentum: 0.8}, []float64{1 - 0.1*0.5, 1 - 0.1*0.5 - 0.1*0.9}, []float64{0.5, 0.9}},
		{"decay", engine.SGDAttr{WeightDecay: 0.2}, []float64{1 - 0.1*0.7, 0.93 - 0.1*(0.5+0.2*0.93)}, []float64{0.7, 0.5 + 0.2*0.93}},
	} {
		o := newOptimizer(t, engine.SGD, row.attr, 1)
		o.put(t, engine.Model, 1)
		o.put(t, engine.Gradient, 2)
		o.put(t, engine.Status, 0.25)
		r := engine.NewStepInputs(o.program)
		r.Floats("rates")[engine.RateLearning] = 0.1
		for i := range 2 {
			must(t, o.session.Run(o.program, r))
			near(t, row.why+": weight", []float64{o.first(t, engine.Model)}, row.weight[i:i+1], 1e-12)
			near(t, row.why+": buffer", []float64{o.first(t, engine.Moments)}, row.speed[i:i+1], 1e-12)
		}
	}
}

// TestGradientNorm checks norm, scale and flag by hand; the flag, once up, stays up.
func TestGradientNorm(t *testing.T) {
	norm := func(clip float64, flag float64, gradients ...float64) (status, result []float64) {
		o := newOne(t, engine.GradientNorm, engine.GradientNormAttr{ClipNorm: clip}, engine.Shape{2}, engine.Shape{engine.StatusElements})
		old := make([]float64, engine.StatusElements)
		old[engine.StatusNotFinite] = flag
		o.set(0, gradients...).set(1, old...).run()
		return o.output(0), o.output(1)
	}
	for _, row := range []struct {
		why                     string
		clip, flag              float64
		gradients               []float64
		norm, scale, flagBehind float64
	}{
		{"clipped", 1, 0, []float64{3, -4}, 5, 1 / (5 + 1e-6), 0},
		{"below the limit", 6, 0, []float64{3, -4}, 5, 1, 0},
		{"no limit", 0, 0, []float64{3, -4}, 5, 1, 0},
		{"sticky", 1, 1, []float64{3, -4}, 5, 1 / (5 + 1e-6), 1},
	} {
		status, result := norm(row.clip, row.flag, row.gradients...)
		near(t, row.why, []float64{result[0], result[1], status[0], status[1]}, []float64{row.norm, row.flagBehind, row.scale, row.flagBehind}, 1e-15)
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		status, result := norm(1, 0, bad, 1)
		if status[engine.StatusNotFinite] != 1 || result[engine.NormNotFinite] != 1 {
			t.Errorf("a gradient of %g did not raise the flag", bad)
		}
	}
}

// TestNotFiniteStepChangesNothing runs every update op with the flag up and gradients that are not numbers.
func TestNotFiniteStepChangesNothing(t *testing.T) {
	nan := math.NaN()
	flagged := make([]float64, engine.StatusElements)
	flagged[engine.StatusNotFinite] = 1
	status, rates, two := engine.Shape{engine.StatusElements}, engine.Shape{engine.RateElements}, engine.Shape{2}
	for _, row := range []struct {
		kind    engine.Kind
		attr    engine.Attr
		moments []float64
	}{
		{engine.SGD, engine.SGDAttr{WeightDecay: 1}, []float64{5, 6}},
		{engine.AdamW, engine.AdamWAttr{WeightDecay: 1}, []float64{5, 6, 7, 8}},
	} {
		moments := row.moments
		o := newOne(t, row.kind, row.attr, two, status, rates, two, engine.Shape{len(moments)})
		o.set(0, nan, 1).set(1, flagged...).set(3, 3, 4).set(4, moments...)
		o.in.Floats("rates")[engine.RateLearning] = 1
		o.run().want(0, 3, 4)
		o.want(1, moments...)
	}
	for k, attr := range map[engine.Kind]engine.Attr{engine.RunningStatistics: nil, engine.ExponentialMean: engine.ExponentialMeanAttr{Decay: 0.5}} {
		o := newOne(t, k, attr, two, status, two)
		o.set(0, nan, 1).set(1, flagged...).set(2, 3, 4)
		o.run().want(0, 3, 4)
	}
	o := newOne(t, engine.RunningStatistics, nil, two, status, two)
	o.set(0, 1, 2).set(2, 3, 4)
	o.run().want(0, 1, 2)
}

// TestUndecayed checks by hand that the last parameters are free of weight decay: without gradients, decay alone moves them.
func TestUndecayed(t *testing.T) {
	status, rates, three := engine.Shape{engine.StatusElements}, engine.Shape{engine.RateElements}, engine.Shape{3}
	check := func(k engine.Kind, attr engine.Attr, moments int, want []float64) {
		o := newOne(t, k, attr, three, status, rates, three, engine.Shape{moments})
		o.set(0, 0, 0, 0).set(3, 4, 4, 4).set(4, make([]float64, moments)...)
		o.in.Floats("rates")[engine.RateLearning] = 0.5 // 4 (1 - 0.5*0.5)
		o.run().want(0, want...)
	}
	for undecayed, want := range [][]float64{{3, 3, 3}, {3, 3, 4}, {3, 4, 4}, {4, 4, 4}} {
		check(engine.SGD, engine.SGDAttr{WeightDecay: 0.5, Undecayed: undecayed}, 3, want)
		check(engine.AdamW, engine.AdamWAttr{WeightDecay: 0.5, Epsilon: 1, Undecayed: undecayed}, 6, want)
	}
}
