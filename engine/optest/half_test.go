package optest_test

import (
	"math"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/optest"
)

func TestSteps(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		d     engine.DType
		a, b  float64
		steps int
	}{
		{engine.Float16, 1, 1, 0},
		{engine.Float16, 1, 1 + 0x1p-10, 1},
		{engine.Float16, 1, 1 - 0x1p-11, 1},
		{engine.Float16, 0x1p-24, -0x1p-24, 2},
		{engine.Float16, 0, math.Copysign(0, -1), 0},
		{engine.Float16, 65504, inf, 1},
		{engine.Float16, nan, nan, 0},
		{engine.Float16, nan, 1, math.MaxInt},
		{engine.BFloat16, 1, 1.0625, 8},
		{engine.BFloat16, 1, -1, 2 * 0x3f80},
	} {
		if got, back := optest.Steps(c.d, c.a, c.b), optest.Steps(c.d, c.b, c.a); got != c.steps || back != c.steps {
			t.Errorf("%v: from %g to %g are %d steps, and %d back, want %d", c.d, c.a, c.b, got, back, c.steps)
		}
	}
}

func TestHalfError(t *testing.T) {
	want := make([]float64, 200)
	moved := func(values ...float64) []float64 {
		got := make([]float64, len(want))
		copy(got, values)
		return got
	}
	const step = 0x1p-24
	if err := optest.HalfError(engine.Float16, 6, []float64{1, -1, 1 + 0x1p-10, 0x1p-23}, []float64{1, -1, 1, 0}); err == nil {
		t.Error("two of four values are beside the reference's")
	}
	if err := optest.HalfError(engine.Float16, 6, []float64{1, -1, 1, 0x1p-23}, []float64{1, -1, 1, 0}); err != nil {
		t.Errorf("what is left of ones that cancel out is two steps away: %v", err)
	}
	if err := optest.HalfError(engine.Float16, 6, []float64{1, -1, 1, 0x1p-21}, []float64{1, -1, 1, 0}); err == nil {
		t.Error("what is left of ones that cancel out is farther away than float32 is")
	}
	for _, c := range []struct {
		got  []float64
		good bool
	}{
		{moved(), true},
		{moved(step, -step), true},
		{moved(step, -step, step), false}, // more than one in a hundred
		{moved(2 * step), false},
		{moved(math.NaN()), false},
		{want[:199], false},
	} {
		if err := optest.HalfError(engine.Float16, 6, c.got, want); (err == nil) != c.good {
			t.Errorf("the error is %v", err)
		}
	}
	if err := optest.HalfError(engine.Float16, 6, []float64{step}, []float64{0}); err != nil {
		t.Errorf("one value: %v", err)
	}
}

// What a case of 16 bits writes are values of its type, and others than float's.
func TestHalfCasesRound(t *testing.T) {
	rounds := map[engine.DType]int{}
	for _, c := range optest.HalfCases() {
		p, err := c.Program()
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Run(cpu.New(), engine.PlanOptions{})
		if err != nil {
			t.Fatal(err)
		}
		free, err := c.Run(&cpu.Executor{Unstored: func(*engine.Tensor) bool { return true }}, engine.PlanOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range p.Ops[0].Outputs {
			if !o.DType.Half() {
				continue
			}
			for i, v := range got[o.Name] {
				if r := c.Type.Round(v); r != v && !math.IsNaN(v) {
					t.Fatalf("%v: %s holds %g, which %v cannot", c, o.Name, v, c.Type)
				}
				if free[o.Name][i] != v {
					rounds[c.Type]++
				}
			}
		}
	}
	for _, d := range []engine.DType{engine.Float16, engine.BFloat16} {
		if rounds[d] == 0 {
			t.Errorf("nothing was rounded to %v", d)
		}
	}
}
