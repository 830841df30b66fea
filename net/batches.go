package net

import (
	"fmt"

	"cnnvk/engine"
)

// Batches are a step's programs, one for every size of a batch, each with its step inputs.
type Batches struct {
	programs map[int]*engine.Program
	inputs   map[*engine.Program]*engine.StepInputs
}

// WriteBatches calls write for each batch size that so many images need: whole batches and, for what is left over, a smaller one.
func WriteBatches(images, batch int, write func(batch int) (*engine.Program, error)) (*Batches, error) {
	var programs []*engine.Program
	for _, n := range batchSizes(images, batch) {
		p, err := write(n)
		if err != nil {
			return nil, err
		}
		programs = append(programs, p)
	}
	return NewBatches(programs...), nil
}

// NewBatches are programs of different batch sizes.
func NewBatches(programs ...*engine.Program) *Batches {
	b := &Batches{map[int]*engine.Program{}, map[*engine.Program]*engine.StepInputs{}}
	for _, p := range programs {
		b.programs[p.Batch] = p
	}
	return b
}

// Programs lists the programs, largest batch first, so that every session gets them in the same order.
func (b *Batches) Programs() []*engine.Program {
	var out []*engine.Program
	most := 0
	for n := range b.programs {
		most = max(most, n)
	}
	for n := most; n > 0; n-- {
		if p := b.programs[n]; p != nil {
			out = append(out, p)
		}
	}
	return out
}

// Has says whether a program is one of these.
func (b *Batches) Has(p *engine.Program) bool { return b.programs[p.Batch] == p }

// Fill finds the program for that many images and writes their indices and labels into its step inputs, which the next batch of this
// size fills anew.
func (b *Batches) Fill(d Data, images []int) (*engine.Program, *engine.StepInputs, error) {
	p := b.programs[len(images)]
	if p == nil {
		return nil, nil, fmt.Errorf("net: no program for a batch of %d", len(images))
	}
	r := b.inputs[p]
	if r == nil {
		r = engine.NewStepInputs(p)
		b.inputs[p] = r
	}
	indices, labels := r.Uints(inputIndices), r.Uints(inputLabels) // without indices where draws name the images
	for i, at := range images {
		if labels != nil { // else the step has targets
			labels[i] = uint32(d.Labels[at])
		}
		if indices != nil {
			indices[i] = uint32(at)
		}
	}
	return p, r, nil
}

// batchSizes lists the sizes of the batches in which n images are run: batch, and the rest where batch does not divide n.
func batchSizes(n, batch int) []int {
	var out []int
	if n == 0 {
		return nil
	}
	if n >= batch {
		out = append(out, batch)
	}
	if rest := n % batch; rest > 0 {
		out = append(out, rest)
	}
	return out
}
