package gpu

import (
	"slices"
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/optest"
	"cnnvk/vk/vktest"
)

// updateProgram is the update of a small network: norm, clip, AdamW, which spares the last parameters from weight decay,
// BatchNorm's statistics and the moving average; of gradients of a scaled loss or not.
func updateProgram(t *testing.T, undecayed int, scaled bool) *engine.Program {
	t.Helper()
	l, err := engine.NewLayout([]engine.Segment{
		{Name: "w", Shape: engine.Shape{37, 53}, Trained: true}, {Name: "b", Shape: engine.Shape{37}, Trained: true},
		{Name: "running_mean", Shape: engine.Shape{65}}, {Name: "running_var", Shape: engine.Shape{65}},
	}, 2)
	must(t, err)
	b := engine.NewBuilder("update", l, 1)
	flat := func(a engine.Arena, from, to int) *engine.Tensor { return b.Flat(a, from, to-from) }
	status, gradients := flat(engine.Status, 0, engine.StatusElements), flat(engine.Gradient, 0, l.Parameters)
	parameters, moments := flat(engine.Model, 0, l.Parameters), flat(engine.Moments, 0, 2*l.Parameters)
	statistics, candidates := flat(engine.Model, l.Parameters, l.Elements), flat(engine.Gradient, l.Parameters, l.Elements)
	model, average := flat(engine.Model, 0, l.Elements), flat(engine.EMA, 0, l.Elements)
	norm := []*engine.Tensor{gradients, status}
	if scaled {
		norm = append(norm, b.Resident("corrections", engine.Float, len(corrections)/2, 2))
	}
	b.Apply(engine.GradientNorm, engine.GradientNormAttr{ClipNorm: 1}, norm, status)
	b.Apply(engine.AdamW, engine.AdamWAttr{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 5, Undecayed: undecayed, Counted: scaled},
		[]*engine.Tensor{gradients, status, b.Input("rates", engine.Float, engine.RateElements), parameters, moments}, parameters, moments)
	b.Apply(engine.RunningStatistics, nil, []*engine.Tensor{candidates, status, statistics}, statistics)
	b.Apply(engine.ExponentialMean, engine.ExponentialMeanAttr{Decay: 0.995}, []*engine.Tensor{model, status, average}, average)
	p, err := b.Program()
	must(t, err)
	return p
}

// TestFusedUpdate holds the update in one pass against its ops, for two steps, and for one whose gradient is not finite; without
// weight decay on the bias, too.
func TestFusedUpdate(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	for _, undecayed := range []int{0, 64} {
		for _, scaled := range []bool{false, true} {
			testFusedUpdate(t, e, updateProgram(t, undecayed, scaled))
		}
	}
}

// corrections are other factors than those of the rates in runUpdate.
var corrections = []float32{3, 20, 2, 10}

func testFusedUpdate(t *testing.T, e *Executor, p *engine.Program) {
	for _, bad := range []bool{false, true} {
		want, _ := runUpdate(t, cpu.New(), p, engine.PlanOptions{}, bad)
		for _, opt := range []engine.PlanOptions{{}, {NoFusion: true}} {
			got, kernels := runUpdate(t, e, p, opt, bad)
			if fused := slices.ContainsFunc(kernels, func(k string) bool { return strings.HasSuffix(k, ": adamw_ema") }); fused == opt.NoFusion {
				t.Errorf("fused: %t with %+v", fused, opt)
			}
			for a := range want {
				if d := optest.NMSE(got[a], want[a]); !(d <= maxNMSE) {
					t.Errorf("bad %t, no fusion %t: arena %v: NMSE %.2g", bad, opt.NoFusion, engine.Arena(a), d)
				}
			}
		}
	}
}

// runUpdate runs two steps and returns all arenas but the gradients and the status.
func runUpdate(t *testing.T, e engine.Executor, p *engine.Program, opt engine.PlanOptions, bad bool) ([][]float64, []string) {
	t.Helper()
	s, err := e.NewSession(t.Context(), p.Layout, []*engine.Program{p}, opt)
	must(t, err)
	defer s.Close()
	arenas := []engine.Arena{engine.Model, engine.Moments, engine.EMA}
	for _, a := range append(arenas, engine.Gradient) {
		data := make([]float64, p.Layout.ArenaElements(a))
		for i := range data {
			data[i] = float64(float32(wave(i, int(a)) * wave(i, int(a)))) // the second moments are no squares of anything negative
		}
		if bad && a == engine.Gradient {
			data[5] /= 0 * data[5]
		}
		must(t, s.WriteArena(a, data))
	}
	if p.Tensor("corrections") != nil {
		status := make([]float64, engine.StatusElements)
		status[engine.StatusLossScale] = 4
		must(t, s.WriteArena(engine.Status, status))
		must(t, s.SetResident("corrections", corrections))
	}
	r := engine.NewStepInputs(p)
	for range 2 {
		copy(r.Floats("rates"), []float64{1e-3, 1e-2, 30})
		must(t, s.Run(p, r))
	}
	if _, err := s.Reports(); err != nil {
		t.Fatal(err)
	}
	var out [][]float64
	for _, a := range arenas {
		data, err := s.ReadArena(a)
		must(t, err)
		out = append(out, data)
	}
	return out, s.Kernels(p)
}
