package training

import (
	"cnnvk/engine"
	"cnnvk/net"
	"context"
)

// Augmentation is how training images are changed on the device before the network sees them.
type Augmentation struct {
	Kinds uint32                             // of operations that draws may hold, for engine.AugmentAttr
	Draw  func(epoch, image int) engine.Draw // a function of its arguments alone; epochs count from 0
}

// Augmented runs the op augment alone: x (len(draws),C,H,W) is what a network would see of d after these draws, which hold operations
// of those kinds.
func Augmented(ctx context.Context, e engine.Executor, d net.Data, kinds uint32, draws []engine.Draw) (x []float64, err error) {
	layout, err := engine.NewLayout([]engine.Segment{{Name: "none", Shape: engine.Shape{1}, Trained: true}}, 1)
	if err != nil {
		return nil, err
	}
	b := engine.NewBuilder("augment", layout, len(draws))
	out := augment(b, d.Shape, len(draws), kinds)
	p, err := b.Program()
	if err != nil {
		return nil, err
	}
	s, err := e.NewSession(ctx, layout, []*engine.Program{p}, engine.PlanOptions{KeepAll: true})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if err := net.SetResidents(s, d); err != nil {
		return nil, err
	}
	r := engine.NewStepInputs(p)
	for i, draw := range draws {
		draw.Put(r.Uints(inputDraws)[i*engine.DrawElements:])
	}
	if err := s.Run(p, r); err != nil {
		return nil, err
	}
	if _, err := s.Reports(); err != nil {
		return nil, err
	}
	return s.Read(p, out)
}

// augment is the network's input in training: the images that the step's draws name, changed and normalised.
func augment(b *engine.Builder, d net.ImageShape, batch int, kinds uint32) *engine.Tensor {
	images, table := net.Residents(b, d)
	draws := b.Input(inputDraws, engine.Uint32, batch, engine.DrawElements)
	return b.Apply1(engine.Augment, engine.AugmentAttr{Kinds: kinds}, []*engine.Tensor{images, table, draws})
}
