package optest_test

import (
	"context"
	"math"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/optest"
)

// TestCompareStep follows a step of the reference through: compared with itself, every op gives the same bits.
func TestCompareStep(t *testing.T) {
	p, load, err := optest.SampleStep(5, 12, []int{12, 20, 20, 36})
	if err != nil {
		t.Fatal(err)
	}
	results, err := optest.CompareStep(cpu.New(), cpu.New(), p, load)
	if err != nil {
		t.Fatal(err)
	}
	compared := map[int]bool{}
	for _, r := range results {
		compared[r.Op] = true
		if r.NMSE != 0 {
			t.Errorf("op %d, %s, output %s: NMSE %g", r.Op, r.Kind, r.Output, r.NMSE)
		}
	}
	for i, op := range p.Ops {
		if !compared[i] {
			t.Errorf("op %d, %s, was not compared", i, op.Kind)
		}
	}
}

// TestCompareStepFindsAnError runs a step with a slightly different constant and expects that op, and no other, to differ.
func TestCompareStepFindsAnError(t *testing.T) {
	for _, kind := range []engine.Kind{engine.BatchNorm2d, engine.AdamW, engine.ExponentialMean, engine.Dropout2dMask} {
		p, load, err := optest.SampleStep(4, 8, []int{12})
		if err != nil {
			t.Fatal(err)
		}
		results, err := optest.CompareStep(cpu.New(), spoilt{cpu.New(), kind}, p, load)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, r := range results {
			found = found || r.Kind == kind && r.NMSE > 0
			if r.Kind != kind && r.NMSE != 0 {
				t.Errorf("%s was changed, but %s differs, too: NMSE %g", kind, r.Kind, r.NMSE)
			}
		}
		if !found {
			t.Errorf("%s was changed and no difference was found", kind)
		}
	}
}

// spoilt is the reference with other constants in one op kind.
type spoilt struct {
	engine.Executor
	kind engine.Kind
}

func (s spoilt) NewSession(ctx context.Context, l *engine.Layout, programs []*engine.Program, opt engine.PlanOptions) (engine.Session, error) {
	for _, p := range programs {
		for i := range p.Ops {
			if op := &p.Ops[i]; op.Kind == s.kind {
				op.Attr = otherwise(op.Attr)
			}
		}
	}
	return s.Executor.NewSession(ctx, l, programs, opt)
}

// otherwise is attributes that are slightly different.
func otherwise(a engine.Attr) engine.Attr {
	switch a := a.(type) {
	case engine.BatchNormAttr:
		a.Epsilon += 1e-3
		return a
	case engine.AdamWAttr:
		a.Epsilon += 1e-3
		return a
	case engine.ExponentialMeanAttr:
		a.Decay *= 0.99
		return a
	case engine.DropoutAttr:
		a.P += 0.5
		return a
	}
	panic("no constants to change")
}

// TestCompareStepWrittenTwice adds a second norm, so that the status which the optimiser reads is written twice. The
// first is not to be seen on the device afterwards; the second must still start from it.
func TestCompareStepWrittenTwice(t *testing.T) {
	c := optest.Case{Kind: engine.GradientNorm, N: 1, M: 7, C: 12}
	layout, err := engine.NewLayout([]engine.Segment{{Name: "w", Shape: engine.Shape{c.M, c.C}, Trained: true}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	b := engine.NewBuilder("twice", layout, 1)
	status := b.Flat(engine.Status, 0, engine.StatusElements)
	gradients, model := b.Flat(engine.Gradient, 0, layout.Parameters), b.Flat(engine.Model, 0, layout.Parameters)
	moments, rates := b.Flat(engine.Moments, 0, layout.Parameters), b.Input("rates", engine.Float, engine.RateElements)
	sgd := []*engine.Tensor{gradients, status, rates, model, moments}
	b.Apply(engine.GradientNorm, engine.GradientNormAttr{ClipNorm: 0.1}, []*engine.Tensor{gradients, status}, status, nil)
	b.Apply(engine.SGD, engine.SGDAttr{Momentum: 0.9}, sgd, model, moments)
	b.Apply(engine.GradientNorm, engine.GradientNormAttr{ClipNorm: 0.2}, []*engine.Tensor{gradients, status}, status, nil)
	b.Apply(engine.SGD, engine.SGDAttr{Momentum: 0.9}, sgd, model, moments)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	results, err := optest.CompareStep(cpu.New(), cpu.New(), p, func(s engine.Session) (*engine.StepInputs, error) {
		r := engine.NewStepInputs(p)
		r.Floats("rates")[engine.RateLearning] = 0.1
		data := make([]float64, layout.Elements)
		for i := range data {
			data[i] = float64(i%5) - 2
		}
		return r, s.WriteArena(engine.Gradient, data)
	})
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, r := range results {
		if r.NMSE != 0 {
			t.Errorf("op %d, %s, output %s: NMSE %g", r.Op, r.Kind, r.Output, r.NMSE)
		}
		if r.Kind == engine.SGD && r.Op == 1 {
			t.Errorf("the first sgd has a result for %s, which the second one overwrote", r.Output)
		}
		want++
	}
	if want != 5 { // norm; status, norm; parameters, moments
		t.Errorf("%d results, want 5", want)
	}
}

// TestCompareStepValueWrittenTwice: v is read as the host left it, written, read, written again in place, and read.
func TestCompareStepValueWrittenTwice(t *testing.T) {
	layout, err := engine.NewLayout(nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	b := engine.NewBuilder("value", layout, 2)
	free := func(name string) *engine.Tensor {
		return b.Tensor(engine.Tensor{Name: name, Shape: engine.Shape{2, 3, 1, 1}, Batched: true})
	}
	v, w, x := free("v"), free("w"), free("x")
	sum := func(left, right *engine.Tensor, into ...*engine.Tensor) *engine.Tensor {
		return b.Apply(engine.Add, nil, []*engine.Tensor{left, right}, into...)[0]
	}
	first := sum(v, x)
	sum(first, w, v)
	second := sum(v, x)
	sum(v, second, v)
	sum(v, x)
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	results, err := optest.CompareStep(cpu.New(), cpu.New(), p, func(s engine.Session) (*engine.StepInputs, error) {
		for i, tensor := range []*engine.Tensor{v, w, x} {
			if err := s.Write(p, tensor, []float64{float64(i) + 1, 2, 3, 4, 5, 6}); err != nil {
				return nil, err
			}
		}
		return engine.NewStepInputs(p), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 4 { // all but the first write of v
		t.Errorf("%d results, want 4: %v", len(results), results)
	}
	for _, r := range results {
		if r.NMSE != 0 {
			t.Errorf("op %d, output %s: NMSE %g", r.Op, r.Output, r.NMSE)
		}
	}
}

func TestNMSE(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, row := range []struct {
		why       string
		got, want []float64
		nmse      float64
	}{
		{"equal", []float64{1, -2}, []float64{1, -2}, 0},
		{"a tenth off", []float64{1.1, 0}, []float64{1, 0}, 0.1 * 0.1},
		{"all zero, exactly", []float64{0, 0}, []float64{0, 0}, 0},
		{"all zero, not exactly", []float64{0, 1e-30}, []float64{0, 0}, inf},
		{"nothing", nil, nil, 0},
		{"one missing", []float64{1}, []float64{1, 0}, inf},
		{"NaN in both", []float64{nan, 1}, []float64{nan, 1}, 0},
		{"NaN in one", []float64{nan, 1}, []float64{1, 1}, inf},
		{"a number for NaN", []float64{1, 1}, []float64{nan, 1}, inf},
		{"Inf in both", []float64{inf}, []float64{inf}, 0},
		{"Inf of the other sign", []float64{inf}, []float64{-inf}, inf},
	} {
		if got := optest.NMSE(row.got, row.want); got != row.nmse && math.Abs(got-row.nmse) > 1e-15 {
			t.Errorf("%s: NMSE is %g, want %g", row.why, got, row.nmse)
		}
	}
}

// TestPanelChoices demands of every layout that its panels divide the images and leave other tensors alone.
func TestPanelChoices(t *testing.T) {
	for _, c := range optest.Cases() {
		p, err := c.Program()
		if err != nil {
			t.Fatal(err)
		}
		choices := optest.PanelChoices(c)
		if len(choices) == 0 || c.N > 1 && len(choices) < 4 {
			t.Errorf("%v has only %d layouts", c, len(choices))
		}
		for _, choice := range choices {
			for _, tensor := range p.Tensors {
				g := choice(tensor)
				if !tensor.Batched && g != 1 || tensor.Batched && (g < 1 || tensor.N()%g != 0) {
					t.Errorf("%v: %d images to a panel of %v", c, g, tensor)
				}
			}
		}
	}
}
