package optest

import (
	"fmt"
	"math"
	"strings"

	"cnnvk/engine"
)

// SampleStep is a whole training step for [CompareStep]: SmallCIFARNet's blocks with the given
// widths on square images of that side, a max pool after each of the first three blocks while there is
// something to pool, a residual connection where a block keeps its width; AdamW, clipping, running statistics and
// the average. Package net builds the models that are trained; this one is here to be compared.
// load fills a session with synthetic data and returns the inputs of a step.
func SampleStep(batch, side int, widths []int) (p *engine.Program, load func(engine.Session) (*engine.StepInputs, error), err error) {
	return MixedSampleStep(engine.Float, batch, side, widths)
}

// MixedSampleStep is [SampleStep] with activations stored as that type, but for the logits.
func MixedSampleStep(stored engine.DType, batch, side int, widths []int) (p *engine.Program, load func(engine.Session) (*engine.StepInputs, error), err error) {
	const classes, images = 100, 40
	s := &sample{batch: batch, widths: widths}
	layout, err := engine.NewLayout(s.segments(classes), 2)
	if err != nil {
		return nil, nil, err
	}
	b := engine.NewBuilder("sample", layout, batch)
	s.Builder = b
	b.Store(stored)
	x := b.Apply(engine.GatherNormalize, nil, []*engine.Tensor{
		b.Resident("images", engine.Uint8, images, 3, side, side),
		b.Resident("table", engine.Float, 3, 256),
		b.Input("indices", engine.Uint32, batch),
	})[0]
	for i := range widths {
		x = s.block(i, x)
		if i < 3 && x.H() >= 2 {
			x = b.Apply(engine.MaxPool2d, engine.PoolAttr{Kernel: 2, Stride: 2}, []*engine.Tensor{x})[0]
		}
	}
	x = b.Apply(engine.GlobalAvgPool, nil, []*engine.Tensor{x})[0]
	if stored.Half() {
		x = b.Apply1(engine.Cast, nil, []*engine.Tensor{x})
	}
	logits := b.Apply(engine.Linear, nil, []*engine.Tensor{x, s.model("classifier.weight"), s.model("classifier.bias")})[0]
	loss := b.Apply(engine.CrossEntropy, engine.CrossEntropyAttr{Smoothing: 0.1}, []*engine.Tensor{logits, b.Input("labels", engine.Uint32, batch)})
	b.Backward(logits, loss[1])
	s.update()
	p, err = b.Program()
	return p, func(session engine.Session) (*engine.StepInputs, error) { return s.load(session, p) }, err
}

// sample is a SampleStep that is being written.
type sample struct {
	*engine.Builder
	batch  int
	widths []int
}

func (s *sample) segments(classes int) []engine.Segment {
	var out []engine.Segment
	in := 3
	for i, width := range s.widths {
		name := fmt.Sprintf("%d.", i)
		out = append(out,
			engine.Segment{Name: name + "depthwise.weight", Shape: engine.Shape{in, 1, 3, 3}, Trained: true},
			engine.Segment{Name: name + "pointwise.weight", Shape: engine.Shape{width, in, 1, 1}, Trained: true},
			engine.Segment{Name: name + "bn.weight", Shape: engine.Shape{width}, Trained: true},
			engine.Segment{Name: name + "bn.bias", Shape: engine.Shape{width}, Trained: true},
			engine.Segment{Name: name + "bn.running_mean", Shape: engine.Shape{width}},
			engine.Segment{Name: name + "bn.running_var", Shape: engine.Shape{width}})
		in = width
	}
	return append(out,
		engine.Segment{Name: "classifier.weight", Shape: engine.Shape{classes, in}, Trained: true},
		engine.Segment{Name: "classifier.bias", Shape: engine.Shape{classes}, Trained: true})
}

func (s *sample) model(segment string) *engine.Tensor { return s.State(engine.Model, segment) }

// block is depthwise, pointwise, BatchNorm, ReLU, dropout, and the way past them where shapes allow.
func (s *sample) block(i int, x *engine.Tensor) *engine.Tensor {
	name := fmt.Sprintf("%d.", i)
	y := s.Apply(engine.DepthwiseConv2d, engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1}, []*engine.Tensor{x, s.model(name + "depthwise.weight")})[0]
	y = s.Apply(engine.PointwiseConv2d, nil, []*engine.Tensor{y, s.model(name + "pointwise.weight")})[0]
	y = s.Apply(engine.BatchNorm2d, engine.BatchNormAttr{Epsilon: 1e-5, Momentum: 0.1}, []*engine.Tensor{
		y, s.model(name + "bn.weight"), s.model(name + "bn.bias"), s.model(name + "bn.running_mean"), s.model(name + "bn.running_var"),
	}, nil, nil, s.State(engine.Gradient, name+"bn.running_mean"), s.State(engine.Gradient, name+"bn.running_var"))[0]
	y = s.Apply(engine.ReLU, nil, []*engine.Tensor{y})[0]
	random := s.Input("random", engine.Uint32, engine.RandomElements)
	mask := s.Apply(engine.Dropout2dMask, engine.DropoutAttr{P: 0.1, Layer: i}, []*engine.Tensor{y, random})[0]
	y = s.Apply(engine.Dropout2d, nil, []*engine.Tensor{y, mask})[0]
	if x.Shape.Equal(y.Shape) {
		y = s.Apply(engine.Add, nil, []*engine.Tensor{x, y})[0]
	}
	return y
}

// update is the recipe's update.
func (s *sample) update() {
	status, moments := s.Part(engine.Status, engine.WholeArena), s.Part(engine.Moments, engine.WholeArena)
	gradients, parameters := s.Part(engine.Gradient, engine.AllParameters), s.Part(engine.Model, engine.AllParameters)
	s.Apply(engine.GradientNorm, engine.GradientNormAttr{ClipNorm: 1}, []*engine.Tensor{gradients, status}, status, nil)
	s.Apply(engine.AdamW, engine.AdamWAttr{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 5e-4},
		[]*engine.Tensor{gradients, status, s.Input("rates", engine.Float, engine.RateElements), parameters, moments}, parameters, moments)
	candidates, statistics := s.Part(engine.Gradient, engine.AllStatistics), s.Part(engine.Model, engine.AllStatistics)
	s.Apply(engine.RunningStatistics, nil, []*engine.Tensor{candidates, status, statistics}, statistics)
	model, average := s.Part(engine.Model, engine.WholeArena), s.Part(engine.EMA, engine.WholeArena)
	s.Apply(engine.ExponentialMean, engine.ExponentialMeanAttr{Decay: 0.995}, []*engine.Tensor{model, status, average}, average)
}

// load fills state and residents, and the inputs of the first step.
func (s *sample) load(session engine.Session, p *engine.Program) (*engine.StepInputs, error) {
	model := make([]float64, p.Layout.Elements)
	for _, g := range p.Layout.Segments {
		copy(model[g.Offset:], initial(g))
	}
	for _, a := range []engine.Arena{engine.Model, engine.EMA} {
		if err := session.WriteArena(a, model); err != nil {
			return nil, err
		}
	}
	images, table := p.Tensor("images"), p.Tensor("table")
	c := Case{Kind: engine.GatherNormalize, M: images.N(), N: s.batch}
	if err := c.fillResident(session, images); err != nil {
		return nil, err
	}
	if err := c.fillResident(session, table); err != nil {
		return nil, err
	}
	r, classes := engine.NewStepInputs(p), p.Tensor("cross_entropy.dlogits").C()
	c.numbers("indices", images.N(), r.Uints("indices"))
	Case{M: classes}.numbers("labels", classes, r.Uints("labels"))
	c.numbers("random", 0, r.Uints("random"))
	Case{Kind: engine.AdamW, Attr: engine.AdamWAttr{Beta1: 0.9, Beta2: 0.999}, Fill: FirstUpdate}.rates(r.Floats("rates"))
	return r, nil
}

// initial is what a segment starts from: weights as PyTorch draws them, roughly; BatchNorm at 1 and 0.
func initial(g engine.Segment) []float64 {
	s, n := newSource(Case{}, g.Name), g.Shape.Elements()
	bound := 1 / math.Sqrt(float64(n/g.Shape[0]))
	return s.make(n, func(i int) float64 {
		switch {
		case len(g.Shape) > 1 || g.Name == "classifier.bias":
			return bound * (2*s.uniform(i, 0) - 1)
		case strings.HasSuffix(g.Name, "weight"), strings.HasSuffix(g.Name, "var"):
			return 1
		}
		return 0
	})
}
