package cpu_test

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/optest"
)

// TestSameBitsOnAnyNumberOfProcessors runs two training steps on 1 to 7 goroutines and compares the whole state.
func TestSameBitsOnAnyNumberOfProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want [][]float64
	for _, workers := range []int{1, 2, 3, 7} {
		runtime.GOMAXPROCS(workers)
		p, load, err := optest.SampleStep(5, 10, []int{12, 20, 20})
		must(t, err)
		s := newSession(t, p)
		r, err := load(s)
		must(t, err)
		for range 2 {
			must(t, s.Run(p, r))
		}
		var got [][]float64
		for a := range engine.ArenaCount {
			data, err := s.ReadArena(a)
			must(t, err)
			got = append(got, data)
		}
		if want == nil {
			want = got
		}
		for a := range want {
			if !slices.Equal(got[a], want[a]) {
				t.Errorf("the %v arena differs between 1 and %d goroutines", engine.Arena(a), workers)
			}
		}
	}
}

// TestGradientsAreOverwritten runs a step twice on one state: no op may add to what an earlier step left.
func TestGradientsAreOverwritten(t *testing.T) {
	p, load, err := optest.SampleStep(4, 8, []int{12, 12})
	must(t, err)
	s := newSession(t, p)
	var first []float64
	for range 2 {
		r, err := load(s)
		must(t, err)
		must(t, s.Run(p, r))
		gradient, err := s.ReadArena(engine.Gradient)
		must(t, err)
		if first == nil {
			first = gradient
		}
		if !slices.Equal(gradient, first) {
			t.Error("the same step from the same state gave other gradients the second time")
		}
	}
}

// TestReports checks that results come back once, in order, and that inputs may be filled again after Run.
func TestReports(t *testing.T) {
	o := newOne(t, engine.CrossEntropy, engine.CrossEntropyAttr{}, engine.Shape{1, 3, 1, 1}, engine.Shape{1})
	o.set(0, 0, 5, 0)
	for _, label := range []uint32{1, 2} {
		o.in.Uints("labels")[0] = label
		o.run()
	}
	o.in.Uints("labels")[0] = 0
	reports, err := o.session.Reports()
	must(t, err)
	if len(reports) != 2 || reports[0].Results["metrics"][engine.MetricTop1] != 1 || reports[1].Results["metrics"][engine.MetricTop1] != 0 {
		t.Errorf("reports are %v, want a hit and a miss", reports)
	}
	if reports, err = o.session.Reports(); err != nil || len(reports) != 0 {
		t.Errorf("the reports were given back twice: %v, %v", reports, err)
	}
}

// TestTwoProgramsShareState trains with one program and reads with another.
func TestTwoProgramsShareState(t *testing.T) {
	layout, err := engine.NewLayout([]engine.Segment{{Name: "w", Shape: engine.Shape{2, 2}, Trained: true}}, 1)
	must(t, err)
	program := func(name string, batch int) *engine.Program {
		b := engine.NewBuilder(name, layout, batch)
		x := b.Tensor(engine.Tensor{Name: "x", Shape: engine.Shape{batch, 2, 1, 1}, Batched: true})
		bias := b.Tensor(engine.Tensor{Name: "bias", Shape: engine.Shape{2}})
		b.Apply(engine.Linear, nil, []*engine.Tensor{x, b.State(engine.Model, "w"), bias})
		p, err := b.Program()
		must(t, err)
		return p
	}
	one, two := program("one", 1), program("two", 2)
	s, err := cpu.New().NewSession(t.Context(), layout, []*engine.Program{one, two}, engine.PlanOptions{})
	must(t, err)
	must(t, s.Write(two, two.Tensor("model.w"), []float64{1, 2, 3, 4}))
	must(t, s.Write(one, one.Tensor("x"), []float64{1, 10}))
	must(t, s.Run(one, engine.NewStepInputs(one)))
	near(t, "y", read(t, s, one, one.Ops[0].Outputs[0]), []float64{21, 43}, 0)
	if got := s.Kernels(one); len(got) != 1 || got[0] != "linear: reference" {
		t.Errorf("kernels are %q", got)
	}
	must(t, s.Close())
	if err := s.Run(one, engine.NewStepInputs(one)); err == nil {
		t.Error("a closed session ran a program")
	}
}

// TestErrors hands over what is wrong and expects words, not a panic.
func TestErrors(t *testing.T) {
	p, load, err := optest.SampleStep(2, 8, []int{4})
	must(t, err)
	other, _, err := optest.SampleStep(2, 8, []int{4})
	must(t, err)
	wide, _, err := optest.SampleStep(2, 8, []int{400})
	must(t, err)
	large, _, err := optest.SampleStep(2, 9, []int{4})
	must(t, err)
	s := newSession(t, p)
	run := func(change func(r *engine.StepInputs)) error {
		r, err := load(s)
		must(t, err)
		change(r)
		return s.Run(p, r)
	}
	open := func(l *engine.Layout, programs ...*engine.Program) error {
		_, err := cpu.New().NewSession(t.Context(), l, programs, engine.PlanOptions{})
		return err
	}
	strange := *p
	strange.Ops = append(slices.Clone(p.Ops), engine.Op{Kind: "strange"})
	_, noArena := s.ReadArena(99)
	_, foreign := s.Read(p, other.Tensors[3])
	_, nothing := s.Read(p, nil)
	for _, row := range []struct {
		err  error
		want string
	}{
		{s.Run(p, engine.NewStepInputs(p)), "never set"},
		{s.SetResident("pictures", []byte{1}), "no program has a resident"},
		{s.SetResident("images", []byte{1}), "needs 7680 values of type uint8"},
		{s.SetResident("images", make([]float64, 7680)), "of type uint8"},
		{s.SetResident("table", make([]float32, 3)), "needs 768 values"},
		{s.SetResident("table", nil), "needs 768 values"},
		{run(func(r *engine.StepInputs) { r.Uints("indices")[1] = 40 }), "indices[1] is 40, but there are only 40"},
		{run(func(r *engine.StepInputs) { r.Uints("labels")[0] = 1<<32 - 1 }), "labels[0] is 4294967295, but there are only 100"},
		{s.Run(p, engine.NewStepInputs(other)), "handed to program"},
		{s.Run(p, nil), "without step inputs"},
		{s.Run(other, engine.NewStepInputs(other)), "does not belong"},
		{s.WriteArena(engine.Model, []float64{1}), "the model arena takes"},
		{s.WriteArena(99, nil), "no arena 99"},
		{noArena, "no arena 99"},
		{foreign, "does not belong"},
		{nothing, "does not belong"},
		{s.Write(p, p.Ops[0].Outputs[0], []float64{1}), "takes 384 values, not 1"},
		{s.Write(p, p.Tensor("labels"), []float64{1, 1}), "is an input of each step"},
		{open(nil, p), "needs a layout"},
		{open(p.Layout, nil), "is nil"},
		{open(wide.Layout, p), "another layout"},
		{open(p.Layout, p, large), "in another program"},
		{open(p.Layout, &strange), `no op "strange"`},
	} {
		if row.err == nil || !strings.Contains(row.err.Error(), row.want) {
			t.Errorf("error is %v, want one with %q", row.err, row.want)
		}
	}
	before, err := s.ReadArena(engine.Model)
	must(t, err)
	if err := run(func(r *engine.StepInputs) { r.Uints("labels")[0] = 100 }); err == nil {
		t.Error("a label beyond the classes was taken")
	}
	after, err := s.ReadArena(engine.Model)
	must(t, err)
	if !slices.Equal(before, after) {
		t.Error("a refused step changed the model")
	}
}

// TestIntegerValues writes integers that a host makes up, in and out of range.
func TestIntegerValues(t *testing.T) {
	b := engine.NewBuilder("integers", noLayout(t), 2)
	logits := b.Tensor(engine.Tensor{Name: "logits", Shape: engine.Shape{2, 3, 1, 1}, Batched: true})
	labels := b.Tensor(engine.Tensor{Name: "labels", Shape: engine.Shape{2}, DType: engine.Uint32})
	b.Apply(engine.CrossEntropy, engine.CrossEntropyAttr{}, []*engine.Tensor{logits, labels})
	p, err := b.Program()
	must(t, err)
	s := newSession(t, p)
	for _, bad := range []float64{-1, 0.5, 1 << 32} {
		if err := s.Write(p, labels, []float64{0, bad}); err == nil {
			t.Errorf("a label of %g was taken", bad)
		}
	}
	must(t, s.Write(p, labels, []float64{0, 2}))
	near(t, "labels", read(t, s, p, labels), []float64{0, 2}, 0)
	must(t, s.Run(p, engine.NewStepInputs(p)))
}
