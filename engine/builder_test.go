package engine_test

import (
	"errors"
	"strings"
	"testing"

	"cnnvk/engine"
)

// builder starts a program over the layout of layout_test.go.
func builder(t *testing.T) *engine.Builder {
	t.Helper()
	l, err := engine.NewLayout(segments(), 2)
	if err != nil {
		t.Fatal(err)
	}
	return engine.NewBuilder("test", l, 4)
}

// wantError demands that the program be refused with these words.
func wantError(t *testing.T, b *engine.Builder, words string) {
	t.Helper()
	p, err := b.Program()
	if err == nil || p != nil || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), `program "test"`) {
		t.Errorf("error is %v, want one about program \"test\" with %q", err, words)
	}
}

// program ends a program that must be right.
func program(t *testing.T, b *engine.Builder) *engine.Program {
	t.Helper()
	p, err := b.Program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// free declares tensors of these shapes; an activation has four dimensions.
func free(b *engine.Builder, shapes ...engine.Shape) []*engine.Tensor {
	var out []*engine.Tensor
	for _, s := range shapes {
		out = append(out, b.Tensor(engine.Tensor{Name: "t", Shape: s, Batched: len(s) == 4}))
	}
	return out
}

// TestBuilderErrors calls each method wrongly; later calls on the result must not panic.
func TestBuilderErrors(t *testing.T) {
	image := engine.Shape{4, 3, 8, 8}
	for _, row := range []struct {
		words string
		write func(b *engine.Builder)
	}{
		{`no op "strange"`, func(b *engine.Builder) { b.Apply("strange", nil, nil) }},
		{`no segment "fc.bias"`, func(b *engine.Builder) { b.State(engine.Model, "fc.bias") }},
		{"has 1 inputs, not 2", func(b *engine.Builder) { b.Apply(engine.PointwiseConv2d, nil, free(b, image)) }},
		{"has 0 inputs, not 3", func(b *engine.Builder) { b.Apply(engine.Linear, nil, nil) }},
		{"x is missing", func(b *engine.Builder) { b.Apply(engine.ReLU, nil, []*engine.Tensor{nil}) }},
		{"labels is of type float, want uint32", func(b *engine.Builder) {
			b.Apply(engine.CrossEntropy, engine.CrossEntropyAttr{}, free(b, engine.Shape{4, 3, 1, 1}, engine.Shape{4}))
		}},
		{"relu writes (4, 3, 8, 8), not t.2 (4, 3)", func(b *engine.Builder) {
			b.Apply(engine.ReLU, nil, free(b, image), free(b, engine.Shape{4, 3})...)
		}},
		{"declared again as an input (5)", func(b *engine.Builder) {
			b.Input("labels", engine.Uint32, 4)
			b.Input("labels", engine.Uint32, 5)
		}},
		{"nothing that leads to", func(b *engine.Builder) {
			y := b.Apply(engine.ReLU, nil, free(b, image))[0]
			b.Backward(y, y)
		}},
		{"no gradient reaches", func(b *engine.Builder) {
			x := free(b, image, image)
			y := b.Apply(engine.ReLU, nil, x[:1])[0]
			b.Backward(y, y, x...)
		}},
		{"no op writes it to its segment", func(b *engine.Builder) {
			w := b.State(engine.Model, "fc.weight")
			y := b.Apply(engine.Add, nil, append(free(b, w.Shape), w))[0]
			b.Backward(y, y)
		}},
		{"a caller's own", func(b *engine.Builder) { b.Fail(errors.New("a caller's own")) }},
	} {
		b := builder(t)
		row.write(b)
		y := b.Apply(engine.ReLU, nil, free(b, image))
		b.Backward(y[0], y[0], y[0])
		wantError(t, b, row.words)
	}
}

// TestInputIsShared: two ops that ask for the same input get the same tensor.
func TestInputIsShared(t *testing.T) {
	b := builder(t)
	if b.Input("labels", engine.Uint32, 4) != b.Input("labels", engine.Uint32, 4) {
		t.Error("an input was declared twice")
	}
	w := b.State(engine.Model, "bn.weight")
	if w != b.State(engine.Model, "bn.weight") || w == b.State(engine.Gradient, "bn.weight") {
		t.Error("a segment is not one tensor an arena")
	}
	if a := free(b, engine.Shape{1}, engine.Shape{1}); a[0].Name == a[1].Name {
		t.Errorf("two tensors are called %q", a[0].Name)
	}
}

// TestFlatIsFlat: a run of elements that is just one segment has a shape of its own.
func TestFlatIsFlat(t *testing.T) {
	l, err := engine.NewLayout([]engine.Segment{{Name: "w", Shape: engine.Shape{8, 8}, Trained: true}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	b := engine.NewBuilder("test", l, 1)
	b.State(engine.Model, "w")
	if f := b.Flat(engine.Model, 0, 64); !f.Shape.Equal(engine.Shape{64}) {
		t.Errorf("the flat model is %v", f)
	}
}

func TestProgram(t *testing.T) {
	b := builder(t)
	labels := b.Input("labels", engine.Uint32, 4)
	rates := b.Input("rates", engine.Float, engine.RateElements)
	logits := free(b, engine.Shape{4, 3, 1, 1})[0]
	out := b.Apply(engine.CrossEntropy, engine.CrossEntropyAttr{}, []*engine.Tensor{logits, labels})
	b.Apply(engine.Add, nil, []*engine.Tensor{out[1], out[1]})
	p := program(t, b)
	if p.Producer(out[1]) != 0 || p.Producer(logits) != -1 || p.Tensor("rates") != rates || p.Tensor("none") != nil {
		t.Errorf("producers %d and %d", p.Producer(out[1]), p.Producer(logits))
	}
	if results := p.ByRole(engine.Result); len(results) != 1 || results[0] != out[0] {
		t.Errorf("results are %v", results)
	}
	r := engine.NewStepInputs(p)
	if len(r.Uints("labels")) != 4 || len(r.Floats("rates")) != engine.RateElements || r.Floats("labels") != nil || r.Program() != p {
		t.Error("there are other inputs than the program has")
	}
	other := program(t, builder(t))
	if engine.CheckStepInputs(p, r) != nil || engine.CheckStepInputs(other, r) == nil || engine.CheckStepInputs(p, nil) == nil {
		t.Error("the inputs of two programs are not told apart")
	}
}
