package training

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/gpu"
	"cnnvk/net"
	"cnnvk/vk/vktest"
)

// inFloat16 trains in float16 from a loss scale on, 0 for the usual one, in whole epochs of one step on the same images, at one rate.
func inFloat16(scale float64, steps int) func(*Recipe) {
	return func(r *Recipe) {
		r.AMP, r.AMPType, r.AMPScale = true, Float16, scale
		r.BatchSize, r.Epochs, r.Dropout, r.EMADecay = 9, steps, 0, 0.5
		r.Schedule, r.WarmupEpochs, r.LearningRate, r.Patience = ScheduleConstant, 0, 0.01, 0
	}
}

// A step whose gradients overflow is skipped, alone, and the scale halves: what is left is what the other steps alone would have left.
func TestOverflowSkipsOneStep(t *testing.T) {
	t.Parallel()
	t.Run("cpu", func(t *testing.T) { overflowSkipsOneStep(t, cpu.New()) })
	t.Run("gpu", func(t *testing.T) {
		e := gpu.New(vktest.Device(t))
		t.Cleanup(func() { e.Close() })
		overflowSkipsOneStep(t, e)
	})
}

func overflowSkipsOneStep(t *testing.T, e engine.Executor) {
	tr := someTrainer(t, inFloat16(0, 1))
	tr.Order = func(int) []int { return tr.Train }
	var err error
	if tr.Model, err = net.NewModel(net.SmallCIFARNetName, narrow, 0, net.CIFAR100); err != nil { // without dropout every step is alike
		t.Fatal(err)
	}
	if err := tr.Open(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	run := func(scale float64, steps int) trained {
		tr.Recipe.AMPScale, tr.Recipe.Epochs = scale, steps
		if err := tr.setInitial(); err != nil {
			t.Fatal(err)
		}
		got, err := runOpen(t, t.Context(), tr)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	scale := 1024.0
	for ; run(scale, 1).ends[0].Skipped == 0; scale *= 2 {
		if scale > 1e30 {
			t.Fatal("no scale makes a step overflow")
		}
	}
	got, want := run(scale, 3), run(scale/2, 2)
	for i, e := range got.ends {
		skipped, at := 0, scale/2
		if i == 0 {
			skipped, at = 1, scale
		}
		if e.Skipped != skipped || e.Scale != at {
			t.Errorf("epoch %d: %d skipped at scale %g, want %d at %g", i+1, e.Skipped, e.Scale, skipped, at)
		}
	}
	for i, e := range want.ends {
		if e.Skipped != 0 {
			t.Errorf("at scale %g epoch %d skipped %d", e.Scale, i+1, e.Skipped)
		}
	}
	want.arenas[len(want.arenas)-1][engine.StatusSkipped] = 1
	if !reflect.DeepEqual(got.arenas, want.arenas) {
		t.Errorf("a skipped step leaves a trace; the status is %v", got.arenas[3][:9])
	}
}

// From a scale far too large a training comes down to one at which it learns.
func TestScaleRecovers(t *testing.T) {
	t.Parallel()
	const steps = 40
	got, err := trainOn(t, t.Context(), someTrainer(t, inFloat16(0x1p40, steps)), nil)
	if err != nil {
		t.Fatal(err)
	}
	skipped, last := 0, got.ends[steps-1]
	for _, e := range got.ends {
		skipped += e.Skipped
	}
	if skipped < 10 || skipped > 30 || last.Skipped != 0 || last.Scale != math.Ldexp(1, 40-skipped) {
		t.Errorf("%d of %d steps skipped, the last scale is %g", skipped, steps, last.Scale)
	}
	if first := got.ends[skipped]; !(last.Loss < 0.9*first.Loss) {
		t.Errorf("the loss goes from %g to %g", first.Loss, last.Loss)
	}
}

// Where even a scale of 1 does not help, the training ends; a step's scale and the steps before it are not to blame.
func TestDiverged(t *testing.T) {
	t.Parallel()
	tr := someTrainer(t, func(r *Recipe) {
		inFloat16(1, 100)(r)
		r.LearningRate, r.ValidationRatio = 1e20, 0
	})
	tr.Val = nil // which would see weights that are too large
	_, err := trainOn(t, t.Context(), tr, nil)
	if !errors.Is(err, net.ErrNotFinite) || !strings.Contains(err.Error(), "20 steps in a row") {
		t.Errorf("the error is %v", err)
	}
	if at := tr.Position(); at.Total < 1+engine.LossScaleAttempts {
		t.Errorf("ended after step %d", at.Total)
	}
}

// In either type a training learns what one in float32 learns, nearly.
func TestMixedLearns(t *testing.T) {
	t.Parallel()
	losses := map[string]float64{}
	for _, dtype := range []string{"", Float16, BFloat16} {
		got, err := trainOn(t, t.Context(), someTrainer(t, func(r *Recipe) {
			inFloat16(0, 30)(r)
			r.AMP, r.AMPType = dtype != "", dtype
		}), nil)
		if err != nil {
			t.Fatal(err)
		}
		losses[dtype] = got.ends[len(got.ends)-1].Loss
		if first := got.ends[0].Loss; !(losses[dtype] < 0.9*first) {
			t.Errorf("%s: the loss goes from %g to %g", dtype, first, losses[dtype])
		}
		if skipped := got.ends[0].LossScale; (skipped.Scale > 0) != (dtype == Float16) {
			t.Errorf("%s: %+v", dtype, skipped)
		}
	}
	for dtype, loss := range losses {
		if want := losses[""]; math.Abs(loss-want) > 0.05*want || dtype != "" && loss == want {
			t.Errorf("%s ends at a loss of %g, float32 at %g", dtype, loss, want)
		}
	}
}

// What says nothing about mixed precision has none; a type or a scale without use is refused, whoever gave it.
func TestSettleAMP(t *testing.T) {
	for _, c := range []struct {
		amp     bool
		dtype   string
		scale   float64
		want    Recipe
		stored  engine.DType
		refused string
	}{
		{false, "", 0, Recipe{}, engine.Float, ""},
		{false, BFloat16, 0, Recipe{AMPType: BFloat16}, engine.Float, "amp_dtype"},
		{false, "", 8, Recipe{AMPScale: 8}, engine.Float, "amp_initial_scale"},
		{true, "", 0, Recipe{AMP: true, AMPType: Float16}, engine.Float16, ""},
		{true, Float16, 8, Recipe{AMP: true, AMPType: Float16, AMPScale: 8}, engine.Float16, ""},
		{true, BFloat16, 0, Recipe{AMP: true, AMPType: BFloat16}, engine.BFloat16, ""},
		{true, BFloat16, 8, Recipe{AMP: true, AMPType: BFloat16, AMPScale: 8}, engine.BFloat16, "amp_initial_scale"},
		{true, "half", 0, Recipe{AMP: true, AMPType: "half"}, engine.Float16, "amp_dtype"},
		{true, Float16, 3, Recipe{AMP: true, AMPType: Float16, AMPScale: 3}, engine.Float16, "amp_initial_scale"},
		{true, Float16, 0.5, Recipe{AMP: true, AMPType: Float16, AMPScale: 0.5}, engine.Float16, "amp_initial_scale"},
		{true, Float16, 0x1p127, Recipe{AMP: true, AMPType: Float16, AMPScale: 0x1p127}, engine.Float16, "amp_initial_scale"},
		{true, Float16, math.NaN(), Recipe{AMP: true, AMPType: Float16, AMPScale: math.NaN()}, engine.Float16, "amp_initial_scale"},
	} {
		r := DefaultRecipe()
		before := r
		r.AMP, r.AMPType, r.AMPScale = c.amp, c.dtype, c.scale
		r.Settle(before, func(string) bool { return false })
		if r.AMP != c.want.AMP || r.AMPType != c.want.AMPType || r.AMPScale != c.want.AMPScale && !math.IsNaN(c.want.AMPScale) || r.Stored() != c.stored {
			t.Errorf("%+v settles to %t %q %g, stored as %v", c, r.AMP, r.AMPType, r.AMPScale, r.Stored())
		}
		var bad *RecipeError
		if err := r.Check(); (err != nil) != (c.refused != "") || errors.As(err, &bad) && bad.Key != c.refused {
			t.Errorf("%+v: the error is %v", c, err)
		}
	}
}

// A type and a scale leave no trace where a run's mixed precision is taken back, or is of another type.
func TestSettleAMPAnew(t *testing.T) {
	before := DefaultRecipe()
	before.AMP, before.AMPType, before.AMPScale = true, Float16, 8
	for _, c := range []struct {
		amp   bool
		dtype string
		scale float64 // that is left
	}{{false, Float16, 0}, {true, BFloat16, 0}, {true, Float16, 8}} {
		r := before
		r.AMP, r.AMPType = c.amp, c.dtype
		r.Settle(before, func(string) bool { return false })
		if err := r.Check(); err != nil || r.AMPScale != c.scale || !c.amp && r.AMPType != "" {
			t.Errorf("%+v settles to %t %q %g: %v", c, r.AMP, r.AMPType, r.AMPScale, err)
		}
	}
}

// In every network all that a step hands from op to op is stored in 16 bits, but for what lies between the features and the loss.
func TestMixedPrograms(t *testing.T) {
	t.Parallel()
	check := func(model, text string, want ...string) {
		r := DefaultRecipe()
		before := r
		r.Model, r.NetworkText, r.AMP = model, text, true
		r.Settle(before, func(key string) bool { return key == "model" || key == "network" })
		if err := r.Check(); err != nil {
			t.Fatal(err)
		}
		m, err := r.Network(net.CIFAR100)
		if err != nil {
			t.Fatal(err)
		}
		l, err := Layout(m, r)
		if err != nil {
			t.Fatal(err)
		}
		p, err := TrainProgram(m, l, r, net.ImageShape{N: 8, C: 3, H: 32, W: 32}, 2, nil)
		if err != nil {
			t.Fatal(err)
		}
		var single []string
		for _, op := range p.Ops {
			for _, o := range op.Outputs {
				if o.Batched && !o.DType.Half() {
					single = append(single, string(op.Kind))
				}
			}
		}
		if !slices.Equal(single, want) {
			t.Errorf("%s: float32 is written by %v, want %v", m.Name, single, want)
		}
	}
	for _, name := range net.ModelNames() {
		check(name, "", "cast", "linear", "cross_entropy", "linear_backward_data")
	}
	check("pooled", "layers:\n  - Conv2d(8, 3)\n  - ReLU\n  - Conv2d(classes, 1)\n  - AdaptiveAvgPool2d(1)\n", "cast", "cross_entropy")
}
