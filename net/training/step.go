package training

import (
	"fmt"

	"cnnvk/engine"
	"cnnvk/net"
)

// The names of a training step's inputs and results, beside those of package net.
const (
	inputDraws   = "draws"
	inputRandom  = "random"
	inputRates   = "rates"
	inputMixes   = "mixes"
	inputTargets = "targets"
	resultNorm   = "norm"
)

// Layout places a network's state for a training by that recipe.
func Layout(m *net.Model, r Recipe) (*engine.Layout, error) {
	groups, err := r.updateGroups()
	if err != nil {
		return nil, err
	}
	return layoutOf(m.Segments(), m.Name, groups, r)
}

func layoutOf(segments []engine.Segment, model string, groups []updateGroup, r Recipe) (*engine.Layout, error) {
	for i, s := range segments {
		segments[i].NoDecay = r.NoDecay1D && len(s.Shape) == 1
	}
	if err := r.freeze(segments, model); err != nil {
		return nil, err
	}
	if err := r.assign(segments, model); err != nil {
		return nil, err
	}
	var sets []int
	for _, g := range groups {
		sets = append(sets, engine.MomentSets(g.optimizer.kind))
	}
	return engine.NewLayout(segments, sets...)
}

// TrainProgram is a training step for batches of that size: gather to gradients, then norm to update. Without an augmentation the
// network sees the images as they are.
func TrainProgram(m *net.Model, l *engine.Layout, r Recipe, d net.ImageShape, batch int, a *Augmentation) (*engine.Program, error) {
	return trainProgram(m, l, r, d, batch, a, 0)
}

// trainProgram is TrainProgram on images of that side; 0 is as they are.
func trainProgram(m *net.Model, l *engine.Layout, r Recipe, d net.ImageShape, batch int, a *Augmentation, size int) (*engine.Program, error) {
	groups, err := r.updateGroups()
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("train batch %d", batch)
	if size > 0 {
		name += fmt.Sprintf(" at %d", size)
	}
	b := engine.NewBuilder(name, l, batch)
	b.Store(r.Stored())
	random := b.Input(inputRandom, engine.Uint32, engine.RandomElements)
	var x *engine.Tensor
	if a == nil {
		x = net.Gather(b, d, batch)
	} else {
		x = augment(b, d, batch, a.Kinds)
	}
	if !r.Mixing().none() {
		x = b.Apply1(engine.MixImages, nil, []*engine.Tensor{x, b.Input(inputMixes, engine.Uint32, batch, engine.MixElements)})
	}
	if size > 0 && (size != d.H || size != d.W) {
		x = b.Apply1(engine.Resize, engine.ResizeAttr{Height: size, Width: size}, []*engine.Tensor{x})
	}
	logits := m.ForwardTraining(b, x, random)
	var scale []*engine.Tensor
	if r.scalesLoss() {
		scale = append(scale, statusOf(b))
	}
	if r.Mixing().none() {
		b.Backward(logits, net.CrossEntropy(b, logits, batch, r.LabelSmoothing, scale...))
	} else {
		targets := b.Input(inputTargets, engine.Uint32, batch, engine.TargetElements)
		b.Backward(logits, b.Apply(engine.CrossEntropyMixed, engine.CrossEntropyAttr{Smoothing: r.LabelSmoothing}, append([]*engine.Tensor{logits, targets}, scale...))[1])
	}
	update(b, l, groups, r)
	return b.Program()
}

func statusOf(b *engine.Builder) *engine.Tensor {
	return b.Flat(engine.Status, 0, engine.StatusElements)
}

// updateProgram is the update alone, on gradients that the host wrote.
func updateProgram(l *engine.Layout, r Recipe) (*engine.Program, error) {
	groups, err := r.updateGroups()
	if err != nil {
		return nil, err
	}
	b := engine.NewBuilder("update", l, 1)
	update(b, l, groups, r)
	return b.Program()
}

// update is norm, clip, the optimiser of each group, BatchNorm's statistics and the moving average. None sees what is frozen.
func update(b *engine.Builder, l *engine.Layout, groups []updateGroup, r Recipe) {
	flat := func(a engine.Arena, from, to int) *engine.Tensor { return b.Flat(a, from, to-from) }
	status := statusOf(b)
	norm := []*engine.Tensor{flat(engine.Gradient, 0, l.Parameters), status}
	if r.scalesLoss() {
		norm = append(norm, correctionsOf(b))
	}
	b.Apply(engine.GradientNorm, engine.GradientNormAttr{ClipNorm: r.ClipNorm}, norm, status)
	for i, g := range l.Groups {
		if g.Elements == 0 {
			continue
		}
		gradients, parameters := b.Flat(engine.Gradient, g.Offset, g.Elements), b.Flat(engine.Model, g.Offset, g.Elements)
		moments := b.Flat(engine.Moments, g.MomentOffset, g.MomentSets*g.Elements)
		rates := b.Input(ratesOf(i), engine.Float, engine.RateElements)
		o := groups[i].optimizer
		var attr engine.Attr
		if o.kind == engine.Muon {
			attr = muonOf(r, l, i, r.MuonDecay*groups[i].decay)
		} else {
			attr = o.attr(r.WeightDecay*groups[i].decay, g.Undecayed)
		}
		b.Apply(o.kind, attr, []*engine.Tensor{gradients, status, rates, parameters, moments}, parameters, moments)
	}
	if l.Updated > l.Parameters {
		statistics := flat(engine.Model, l.Parameters, l.Updated)
		candidates := flat(engine.Gradient, l.Parameters, l.Updated)
		b.Apply(engine.RunningStatistics, nil, []*engine.Tensor{candidates, status, statistics}, statistics)
	}
	if r.averages() {
		model, average := flat(engine.Model, 0, l.Updated), flat(engine.EMA, 0, l.Updated)
		b.Apply(engine.ExponentialMean, engine.ExponentialMeanAttr{Decay: r.EMADecay}, []*engine.Tensor{model, status, average}, average)
	}
}
