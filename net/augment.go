package net

import "cnnvk/engine"

// Augmentation is how training images are changed on the device before the network sees them.
type Augmentation struct {
	Kinds uint32                             // of steps that draws may hold, for engine.Attr
	Draw  func(epoch, image int) engine.Draw // a function of its arguments alone; epochs count from 0
}

// augment is the network's input in training: the images that the record's draws name, changed and normalised.
func augment(b *engine.Builder, d Images, batch int, a *Augmentation) *engine.Tensor {
	images := b.Resident(ResidentImages, engine.Uint8, d.N, d.C, d.H, d.W)
	table := b.Resident(ResidentTable, engine.Float, d.C, 256)
	draws := b.Input(InputDraws, engine.Uint32, batch, engine.DrawElements)
	return b.Apply1(engine.Augment, engine.Attr{Kinds: a.Kinds}, []*engine.Tensor{images, table, draws})
}

// FillDraws draws for the images of a step.
func (a *Augmentation) FillDraws(r *engine.Record, epoch int, images []int) error {
	to := r.Uints(InputDraws)
	for i, image := range images {
		if err := a.Draw(epoch, image).Put(to[i*engine.DrawElements:]); err != nil {
			return err
		}
	}
	return nil
}
