package net

import (
	"fmt"

	"cnnvk/engine"
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

// The names under which a program's inputs, residents and results are found.
const (
	ResidentImages = "images"
	ResidentTable  = "table"
	InputIndices   = "indices"
	InputDraws     = "draws"
	InputLabels    = "labels"
	InputRandom    = "random"
	InputRates     = "rates"
	ResultMetrics  = "metrics"
	ResultNorm     = "norm"
	tensorLogits   = "logits"
)

// TrainProgram is a training step for batches of that size: gather to gradients, then norm to update. Without an augmentation the
// network sees the images as they are.
func TrainProgram(m *Model, l *engine.Layout, r Recipe, d ImageShape, batch int, a *Augmentation) (*engine.Program, error) {
	opt, err := optimizerOf(r)
	if err != nil {
		return nil, err
	}
	b := engine.NewBuilder(fmt.Sprintf("train batch %d", batch), l, batch)
	f := &forward{b: b, weights: engine.Model, train: true,
		random: b.Input(InputRandom, engine.Uint32, engine.RandomElements)}
	var x *engine.Tensor
	if a == nil {
		x = gather(b, d, batch)
	} else {
		x = augment(b, d, batch, a.Kinds)
	}
	logits := m.forward(f, x)
	dlogits := crossEntropy(b, logits, batch, r.LabelSmoothing)
	b.Backward(logits, dlogits)
	update(b, l, opt, r)
	return b.Program()
}

// EvalProgram is the forward pass of an evaluation, with the weights in that arena.
func EvalProgram(m *Model, l *engine.Layout, weights engine.Arena, d ImageShape, batch int) (*engine.Program, error) {
	b := engine.NewBuilder(fmt.Sprintf("eval batch %d", batch), l, batch)
	logits := m.forward(&forward{b: b, weights: weights}, gather(b, d, batch))
	crossEntropy(b, logits, batch, 0)
	return b.Program()
}

// UpdateProgram is the update segment alone, on gradients that the host wrote.
func UpdateProgram(l *engine.Layout, r Recipe) (*engine.Program, error) {
	opt, err := optimizerOf(r)
	if err != nil {
		return nil, err
	}
	b := engine.NewBuilder("update", l, 1)
	update(b, l, opt, r)
	return b.Program()
}

// gather is the network's input: the images that the record names, normalised.
func gather(b *engine.Builder, d ImageShape, batch int) *engine.Tensor {
	images := b.Resident(ResidentImages, engine.Uint8, d.N, d.C, d.H, d.W)
	table := b.Resident(ResidentTable, engine.Float, d.C, 256)
	indices := b.Input(InputIndices, engine.Uint32, batch)
	return b.Apply1(engine.GatherNormalize, nil, []*engine.Tensor{images, table, indices})
}

// crossEntropy is the loss; it returns the gradient by the logits.
func crossEntropy(b *engine.Builder, logits *engine.Tensor, batch int, smoothing float64) *engine.Tensor {
	logits.Name = tensorLogits
	labels := b.Input(InputLabels, engine.Uint32, batch)
	return b.Apply(engine.CrossEntropy, engine.CrossEntropyAttr{Smoothing: smoothing}, []*engine.Tensor{logits, labels})[1]
}

// update is norm, clip, optimiser, BatchNorm's statistics and the moving average.
func update(b *engine.Builder, l *engine.Layout, opt optimizer, r Recipe) {
	flat := func(a engine.Arena, from, to int) *engine.Tensor { return b.Flat(a, from, to-from) }
	status := flat(engine.Status, 0, engine.StatusElements)
	gradients := flat(engine.Gradient, 0, l.Parameters)
	parameters := flat(engine.Model, 0, l.Parameters)
	moments := flat(engine.Moments, 0, l.ArenaElements(engine.Moments))
	rates := b.Input(InputRates, engine.Float, engine.RateElements)

	b.Apply(engine.GradientNorm, engine.GradientNormAttr{ClipNorm: r.ClipNorm}, []*engine.Tensor{gradients, status}, status)
	b.Apply(opt.kind, opt.attr(l.Parameters-l.Decayed), []*engine.Tensor{gradients, status, rates, parameters, moments}, parameters, moments)
	if l.Elements > l.Parameters {
		statistics := flat(engine.Model, l.Parameters, l.Elements)
		candidates := flat(engine.Gradient, l.Parameters, l.Elements)
		b.Apply(engine.RunningStatistics, nil, []*engine.Tensor{candidates, status, statistics}, statistics)
	}
	if r.EMADecay > 0 {
		model, average := flat(engine.Model, 0, l.Elements), flat(engine.EMA, 0, l.Elements)
		b.Apply(engine.ExponentialMean, engine.ExponentialMeanAttr{Decay: r.EMADecay}, []*engine.Tensor{model, status, average}, average)
	}
}
