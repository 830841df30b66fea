package training

import (
	"fmt"

	"cnnvk/engine"
	"cnnvk/net"
)

// sizeOf is which of the sizes an epoch has.
func (r Recipe) sizeOf(epoch int) int {
	n := len(r.sizes())
	return min(epoch*n/max(r.Epochs, 1), n-1)
}

// sized are the programs of training steps, for each of the sizes.
type sized []*net.Batches

func (t *Trainer) writeSized(l *engine.Layout) (sized, error) {
	var out sized
	for _, size := range t.Recipe.sizes() {
		b, err := net.WriteBatches(len(t.Train), t.Recipe.BatchSize, func(n int) (*engine.Program, error) {
			return trainProgram(t.Model, l, t.Recipe, t.Data.Shape, n, t.Augment, size)
		})
		if err != nil && size > 0 {
			err = fmt.Errorf("net: images of %d x %d: %w", size, size, err)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// Progressive image size: the first epochs see smaller images, which are resized on the device behind augmentation and mixing.

// sizes are the sides of the images that the epochs see, each for as many epochs; 0 is as the images are.
func (r Recipe) sizes() []int {
	if len(r.Sizes) == 0 {
		return []int{0}
	}
	return r.Sizes
}

// Programs lists the programs, those of the first size first.
func (s sized) Programs() []*engine.Program {
	var out []*engine.Program
	for _, b := range s {
		out = append(out, b.Programs()...)
	}
	return out
}

// Has says whether a program is one of these.
func (s sized) Has(p *engine.Program) bool {
	for _, b := range s {
		if b.Has(p) {
			return true
		}
	}
	return false
}
