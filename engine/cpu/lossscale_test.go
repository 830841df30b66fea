package cpu_test

import (
	"math"
	"testing"

	"cnnvk/engine"
)

// scaled is an update whose loss is scaled: gradient_norm, adamw and the average over one parameter.
type scaled struct{ *optimizer }

func newScaled(t *testing.T, clip float64) scaled {
	t.Helper()
	layout, err := engine.NewLayout([]engine.Segment{{Name: "w", Shape: engine.Shape{1}, Trained: true}, {Name: "mean", Shape: engine.Shape{1}}}, 2)
	must(t, err)
	table := engine.Corrections(0.9, 0.999)
	b := engine.NewBuilder("scaled", layout, 1)
	status, gradients := b.Part(engine.Status, engine.WholeArena), b.Part(engine.Gradient, engine.AllParameters)
	parameters, moments := b.Part(engine.Model, engine.AllParameters), b.Part(engine.Moments, engine.WholeArena)
	candidates, statistics := b.Part(engine.Gradient, engine.AllStatistics), b.Part(engine.Model, engine.AllStatistics)
	b.Apply(engine.GradientNorm, engine.GradientNormAttr{ClipNorm: clip}, []*engine.Tensor{gradients, status, b.Resident("corrections", engine.Float, len(table), 2)}, status)
	b.Apply(engine.AdamW, engine.AdamWAttr{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Counted: true},
		[]*engine.Tensor{gradients, status, b.Input("rates", engine.Float, engine.RateElements), parameters, moments}, parameters, moments)
	b.Apply(engine.RunningStatistics, nil, []*engine.Tensor{candidates, status, statistics}, statistics)
	p, err := b.Program()
	must(t, err)
	s := scaled{&optimizer{p, newSession(t, p)}}
	var values []float32
	for _, row := range table {
		values = append(values, row[0], row[1])
	}
	must(t, s.session.SetResident("corrections", values))
	return s
}

// start sets the loss scale.
func (s scaled) start(t *testing.T, scale float64) {
	t.Helper()
	status := make([]float64, engine.StatusElements)
	status[engine.StatusLossScale] = scale
	must(t, s.session.WriteArena(engine.Status, status))
}

// step runs the update with the gradient of a scaled loss, and a candidate for the statistic.
func (s scaled) step(t *testing.T, gradient, candidate float64) (status, norm []float64) {
	t.Helper()
	data := make([]float64, s.program.Layout.Elements)
	data[0], data[s.program.Layout.Parameters] = gradient, candidate
	must(t, s.session.WriteArena(engine.Gradient, data))
	in := engine.NewStepInputs(s.program)
	in.Floats("rates")[engine.RateLearning] = 0.1
	must(t, s.session.Run(s.program, in))
	reports, err := s.session.Reports()
	must(t, err)
	status, err = s.session.ReadArena(engine.Status)
	must(t, err)
	return status, reports[0].Results["norm"]
}

// Norm and clipping see the gradient as if its loss had not been scaled.
func TestNormOfScaledGradients(t *testing.T) {
	for _, c := range []struct{ clip, norm, factor float64 }{{1, 5, 1 / (5 + 1e-6) / 1024}, {6, 5, 1. / 1024}, {0, 5, 1. / 1024}} {
		s := newScaled(t, c.clip)
		s.start(t, 1024)
		status, norm := s.step(t, -5*1024, 0)
		near(t, "norm", norm, []float64{c.norm, 0, 0, 1024}, 1e-15)
		near(t, "factor", status[engine.StatusClip:][:1], []float64{c.factor}, 1e-15)
	}
}

// An overflow skips one update, halves the scale, and does not count as an update: what follows is as if it had not been.
func TestOverflowIsSkipped(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, bad := range []float64{inf, -inf, nan} {
		s, plain := newScaled(t, 1), newScaled(t, 1)
		for _, of := range []scaled{s, plain} {
			of.start(t, 1024)
			of.step(t, 1024*0.5, 1)
		}
		before := [2]float64{s.first(t, engine.Model), s.first(t, engine.Moments)}
		status, norm := s.step(t, bad, nan)
		if after := [2]float64{s.first(t, engine.Model), s.first(t, engine.Moments)}; after != before {
			t.Errorf("%g: weight and moment went from %v to %v", bad, before, after)
		}
		if norm[engine.NormSkipped] != 1 || norm[engine.NormLossScale] != 1024 || norm[engine.NormNotFinite] != 0 {
			t.Errorf("%g: the step says %v", bad, norm)
		}
		near(t, "status", status[engine.StatusLossScale:][:5], []float64{512, 0, 1, 0, 1}, 0)
		status, norm = s.step(t, 512*0.25, 2)
		plain.step(t, 1024*0.25, 2)
		near(t, "norm", norm, []float64{0.25, 0, 0, 512}, 0)
		near(t, "status", status[engine.StatusLossScale:][:5], []float64{512, 1, 2, 0, 1}, 0)
		for _, a := range []engine.Arena{engine.Model, engine.Moments} {
			got, err := s.session.ReadArena(a)
			must(t, err)
			want, err := plain.session.ReadArena(a)
			must(t, err)
			near(t, a.String(), got, want, 1e-15)
		}
	}
}

// The first two updates, one overflow between them, are AdamW's first and second.
func TestUpdatesAreCounted(t *testing.T) {
	s := newScaled(t, 0)
	s.start(t, 2)
	want, m, v, scale := 0.0, 0.0, 0.0, 2.0
	for i, g := range []float64{0.5, math.Inf(1), -0.25} {
		status, _ := s.step(t, scale*g, 0)
		scale = status[engine.StatusLossScale]
		if i != 1 {
			m, v = 0.9*m+0.1*g, 0.999*v+0.001*g*g
			count := float64(i/2 + 1)
			want -= 0.1 / (1 - math.Pow(0.9, count)) * m / (math.Sqrt(v)/math.Sqrt(1-math.Pow(0.999, count)) + 1e-8)
		}
	}
	near(t, "weight", []float64{s.first(t, engine.Model)}, []float64{want}, 1e-6) // the corrections are float32
}

// The scale halves to 1 and no further; there it may overflow so many times in a row, and a good step begins the count anew.
func TestDivergence(t *testing.T) {
	s, inf := newScaled(t, 0), math.Inf(1)
	s.start(t, 4)
	for _, want := range []float64{2, 1} {
		if status, _ := s.step(t, inf, 0); status[engine.StatusLossScale] != want || status[engine.StatusStuck] != 0 {
			t.Errorf("the scale is %g, %g overflows at 1, want %g and none", status[engine.StatusLossScale], status[engine.StatusStuck], want)
		}
	}
	for i := range engine.LossScaleAttempts - 1 {
		if status, norm := s.step(t, inf, 0); status[engine.StatusLossScale] != 1 || status[engine.StatusStuck] != float64(i+1) || norm[engine.NormNotFinite] != 0 {
			t.Fatalf("overflow %d at scale 1: status %v, norm %v", i+1, status[:9], norm)
		}
	}
	if status, norm := s.step(t, 1, 0); status[engine.StatusStuck] != 0 || norm[engine.NormSkipped] != 0 {
		t.Errorf("a good step leaves status %v, norm %v", status[:9], norm)
	}
	for i := range engine.LossScaleAttempts {
		_, norm := s.step(t, inf, 0)
		if diverged := norm[engine.NormNotFinite] == 1; diverged != (i == engine.LossScaleAttempts-1) {
			t.Errorf("overflow %d in a row: diverged is %t", i+1, diverged)
		}
	}
}

// The scale doubles after so many updates in a row, not before, and ends at the largest.
func TestScaleGrows(t *testing.T) {
	s := newScaled(t, 0)
	s.start(t, engine.LossScaleLargest/2)
	s.step(t, math.Inf(1), 0)
	for _, want := range []float64{0x1p124, 0x1p125, 0x1p126, 0x1p126} {
		for i := range engine.LossScaleInterval {
			if _, norm := s.step(t, 0, 0); norm[engine.NormLossScale] != want {
				t.Fatalf("step %d at %g: the scale is %g", i, want, norm[engine.NormLossScale])
			}
		}
	}
}

// The gradient of a scaled loss is the scale times as large; the loss is what it was.
func TestScaledLoss(t *testing.T) {
	for _, k := range []engine.Kind{engine.CrossEntropy, engine.CrossEntropyMixed} {
		run := func(scale float64) (metrics, dlogits []float64) {
			shapes := []engine.Shape{{2, 3, 1, 1}, {2}}
			if k == engine.CrossEntropyMixed {
				shapes[1] = engine.Shape{2, engine.TargetElements}
			}
			if scale > 0 {
				shapes = append(shapes, engine.Shape{engine.StatusElements})
			}
			o := newOne(t, k, engine.CrossEntropyAttr{Smoothing: 0.1}, shapes...)
			o.set(0, 1, -2, 0.5, 0, 3, -1)
			if scale > 0 {
				status := make([]float64, engine.StatusElements)
				status[engine.StatusLossScale] = scale
				o.set(2, status...)
			}
			o.run()
			return o.output(0), o.output(1)
		}
		metrics, want := run(0)
		scaledMetrics, got := run(256)
		for i := range want {
			want[i] *= 256
		}
		near(t, string(k)+" dlogits", got, want, 0)
		near(t, string(k)+" metrics", scaledMetrics, metrics, 0)
	}
}

// The last row of the table is 1 in float32, and no row before it is; the first is that of the first update.
func TestCorrections(t *testing.T) {
	table := engine.Corrections(0.9, 0.999)
	near(t, "first", []float64{float64(table[0][0]), float64(table[0][1])}, []float64{1 / (1 - 0.9), 1 / math.Sqrt(1-0.999)}, 1e-7)
	near(t, "third", []float64{float64(table[2][0]), float64(table[2][1])}, []float64{1 / (1 - 0.9*0.9*0.9), 1 / math.Sqrt(1-0.999*0.999*0.999)}, 1e-7)
	end := len(table) - 1
	if table[end] != [2]float32{1, 1} || table[end-1] == [2]float32{1, 1} || end > 20_000 {
		t.Errorf("%d rows, the last two %v", end+1, table[end-1:])
	}
}
