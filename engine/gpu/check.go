package gpu

import (
	"context"
	"fmt"
	"slices"

	"cnnvk/engine"
)

// WrongError is the error of a device that takes every call and does not give back the right numbers.
type WrongError struct {
	Device    string
	Got, Want []float64
}

func (e *WrongError) Error() string {
	fault := "computes wrongly"
	if !slices.ContainsFunc(e.Got, func(v float64) bool { return v != 0 }) {
		fault = "computes nothing"
	}
	return fmt.Sprintf("engine/gpu: %q %s: a product of two small matrices came back as %v, not %v", e.Device, fault, e.Got, e.Want)
}

// checked are the factors of [Executor.Check] and their product y = x w^T + b, exact in any arithmetic.
var checked = struct{ x, w, b, y []float64 }{
	x: []float64{2, 3, 5, -7, 11, 13},   // (2, 3)
	w: []float64{17, 19, 23, 29, -1, 1}, // (2, 3)
	b: []float64{100, 200},
	y: []float64{306, 260, 489, -1}, // (2, 2)
}

// Check has the device multiply two small matrices, with the plainest kernel, and reads the product back. Drivers without their
// hardware take every call and compute nothing. The error is a [WrongError] then.
func (e *Executor) Check() error {
	l, err := engine.NewLayout(nil, 1)
	if err != nil {
		return err
	}
	b := engine.NewBuilder("check", l, 2)
	x := b.Tensor(engine.Tensor{Name: "x", Shape: engine.Shape{2, 3, 1, 1}, Batched: true})
	w := b.Tensor(engine.Tensor{Name: "w", Shape: engine.Shape{2, 3}})
	bias := b.Tensor(engine.Tensor{Name: "b", Shape: engine.Shape{2}})
	y := b.Apply1(engine.Linear, nil, []*engine.Tensor{x, w, bias})
	p, err := b.Program()
	if err != nil {
		return err
	}
	plainest := e.With(Options{Choices: Choices{opKey(p.Ops[0]): "linear_any"}})
	plainest.timeline = nil
	s, err := plainest.NewSession(context.Background(), l, []*engine.Program{p}, engine.PlanOptions{KeepAll: true})
	if err != nil {
		return err
	}
	defer s.Close()
	for t, data := range map[*engine.Tensor][]float64{x: checked.x, w: checked.w, bias: checked.b} {
		if err := s.Write(p, t, data); err != nil {
			return err
		}
	}
	if err := s.Run(p, engine.NewStepInputs(p)); err != nil {
		return err
	}
	if _, err := s.Reports(); err != nil {
		return err
	}
	got, err := s.Read(p, y)
	if err != nil || slices.Equal(got, checked.y) {
		return err
	}
	return &WrongError{e.Device().Name, got, checked.y}
}
