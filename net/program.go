package net

import (
	"cnnvk/engine"
	"fmt"
)

// ImageShape says what the data on the device look like: N images of C x H x W bytes, and the table (C,256) that
// turns a byte into the network's input.
type ImageShape struct{ N, C, H, W int }

// Data are labelled images in memory, and how a byte becomes the network's input.
type Data struct {
	Images []byte // (N,3,H,W)
	Labels []uint8
	Shape  ImageShape
	Table  []float32 // (C,256)
}

// The names under which an evaluation's inputs, residents and results are found; a training step has them, too.
const (
	residentImages = "images"
	residentTable  = "table"
	inputIndices   = "indices"
	inputLabels    = "labels"
	ResultMetrics  = "metrics"
	tensorLogits   = "logits"
)

// EvalProgram is the forward pass of an evaluation, with the weights in that arena and activations stored as that type.
func EvalProgram(m *Model, l *engine.Layout, weights engine.Arena, stored engine.DType, d ImageShape, batch int) (*engine.Program, error) {
	b := engine.NewBuilder(fmt.Sprintf("eval batch %d", batch), l, batch)
	b.Store(stored)
	logits := m.Forward(b, weights, Gather(b, d, batch))
	CrossEntropy(b, logits, batch, 0)
	return b.Program()
}

// Gather is the network's input: the images that the step inputs name, normalised.
func Gather(b *engine.Builder, d ImageShape, batch int) *engine.Tensor {
	images, table := Residents(b, d)
	indices := b.Input(inputIndices, engine.Uint32, batch)
	return b.Apply1(engine.GatherNormalize, nil, []*engine.Tensor{images, table, indices})
}

// Residents are the tensors that SetResidents fills: images (N,C,H,W) of bytes and their table (C,256).
func Residents(b *engine.Builder, d ImageShape) (images, table *engine.Tensor) {
	return b.Resident(residentImages, engine.Uint8, d.N, d.C, d.H, d.W), b.Resident(residentTable, engine.Float, d.C, 256)
}

// CrossEntropy writes the loss down and returns its gradient by the logits, times the loss scale in status if there is one. Label smoothing
// is for training; an evaluation passes 0.
func CrossEntropy(b *engine.Builder, logits *engine.Tensor, batch int, smoothing float64, status ...*engine.Tensor) *engine.Tensor {
	logits.Name = tensorLogits
	labels := b.Input(inputLabels, engine.Uint32, batch)
	return b.Apply(engine.CrossEntropy, engine.CrossEntropyAttr{Smoothing: smoothing}, append([]*engine.Tensor{logits, labels}, status...))[1]
}

// SetResidents hands the images and their table to a session, where they stay.
func SetResidents(s engine.Session, d Data) error {
	if err := s.SetResident(residentImages, d.Images); err != nil {
		return err
	}
	return s.SetResident(residentTable, d.Table)
}
