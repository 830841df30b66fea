package optest

import (
	"math"

	"cnnvk/engine"
)

// values is what the case puts into the float operand of that name.
func (c Case) values(name string, shape engine.Shape) []float64 {
	s, n := newSource(c, name), shape.Elements()
	switch name {
	case "w":
		fan := math.Sqrt(float64(n / shape[0]))
		return s.make(n, func(i int) float64 { return s.normal(i) / fan })
	case "weight":
		return s.make(n, func(i int) float64 { return 1 + 0.2*s.normal(i) })
	case "bias", "b":
		return s.make(n, func(i int) float64 { return 0.2 * s.normal(i) })
	case "running_var":
		return s.make(n, func(i int) float64 { return 0.5 + math.Abs(s.normal(i)) })
	case "saved":
		return c.saved()
	case "mask":
		return s.make(n, func(i int) float64 {
			if s.uniform(i, 0) < c.Dropped {
				return 0
			}
			return 1 / (1 - c.Dropped)
		})
	case "logits":
		return s.make(n, func(i int) float64 { return c.logit(s.normal(i)) })
	case "table":
		return s.make(n, func(i int) float64 { return (float64(i%256)/255 - 0.48) / (0.25 + 0.01*float64(i/256)) })
	}
	return s.make(n, func(i int) float64 {
		channel := 0
		if len(shape) == 4 {
			channel = i / (shape[2] * shape[3]) % shape[1]
		}
		return c.activation(name, s.normal(i), channel)
	})
}

// logit widens a normal number to what a trained classifier gives.
func (c Case) logit(normal float64) float64 {
	switch c.Fill {
	case Ties:
		return math.Round(2 * normal)
	case FarLogits:
		return 80 + 5*normal
	}
	return 5 * normal
}

// activation makes a value of x, dy, y and their like out of a normal number.
func (c Case) activation(name string, normal float64, channel int) float64 {
	if c.Fill == Ties {
		normal = math.Round(normal)
	}
	switch {
	case c.Fill == Dead && c.Kind == engine.ReLU:
		return -math.Abs(normal)
	case c.Fill == Dead && (name == "x" || name == "y"):
		return 0
	case c.Fill == FarValues && name == "x":
		return 80 * normal
	case c.Fill == Kinks && name == "x":
		return math.Round(4*normal) / 2
	case c.Fill == NotANumber && math.Abs(normal) > 1.5:
		return math.Copysign(math.NaN(), normal)
	case c.Fill == NotANumber && math.Abs(normal) > 1:
		return math.Copysign(math.Inf(1), normal)
	case c.Kind == engine.ReLUBackward && name == "y":
		return max(normal, 0)
	case c.Kind == engine.SigmoidBackward && name == "y":
		return 1 / (1 + math.Exp(-normal))
	case c.normalises() && name == "x" && c.Fill == FarMean:
		return 30 + normal
	case c.normalises() && name == "x":
		return 0.7 + 0.1*float64(channel%7) + (0.5+0.1*float64(channel%5))*normal
	}
	return normal
}

// normalises reports whether the op is a BatchNorm.
func (c Case) normalises() bool {
	return c.Kind == engine.BatchNorm2d || c.Kind == engine.BatchNorm2dEval || c.Kind == engine.BatchNorm2dBackward
}

// saved is what batch_norm2d would have left of the case's x: the mean and 1/sqrt(var + ε) of each channel.
func (c Case) saved() []float64 {
	x := c.values("x", engine.Shape{c.N, c.C, c.H, c.W})
	out := make([]float64, 2*c.C)
	size, count := c.H*c.W, float64(c.N*c.H*c.W)
	for channel := range c.C {
		mean, squares := 0.0, 0.0
		for n := range c.N {
			for _, v := range x[(n*c.C+channel)*size:][:size] {
				mean += v / count
			}
		}
		for n := range c.N {
			for _, v := range x[(n*c.C+channel)*size:][:size] {
				squares += (v - mean) * (v - mean)
			}
		}
		out[channel] = float64(float32(mean))
		out[c.C+channel] = float64(float32(1 / math.Sqrt(squares/count+c.Attr.(engine.BatchNormAttr).Epsilon)))
	}
	return out
}

// numbers is what the case puts into the integer operand of that name, each below the limit; 0 is none.
func (c Case) numbers(name string, limit int, out []uint32) {
	if name == "draws" {
		c.draws(out)
		return
	}
	if name == "mixes" || name == "targets" {
		c.mixed(name, out)
		return
	}
	s := newSource(c, name)
	for i := range out {
		switch {
		case limit > 0:
			out[i] = s.below(i, limit)
		case c.Fill == LargeSeed: // so that sample + n wraps around
			out[i] = math.MaxUint32 - uint32(i)
		default:
			out[i] = s.below(i, 1000)
		}
	}
}

// firstUpdate reports whether the optimiser has not run before.
func (c Case) firstUpdate() bool { return c.Fill == FirstUpdate || c.Fill == SmallGrads }

// rates is the step input of an optimiser: step 1 or 7 at a learning rate of 1/1000.
func (c Case) rates(out []float64) {
	const lr = 1e-3
	step := 7.0
	if c.firstUpdate() {
		step = 1
	}
	out[engine.RateLearning] = lr
	if a, ok := c.Attr.(engine.AdamWAttr); ok && !a.Counted {
		out[engine.RateMomentScale] = lr / (1 - math.Pow(a.Beta1, step))
		out[engine.RateVarianceRoot] = 1 / math.Sqrt(1-math.Pow(a.Beta2, step))
	}
	for i := range out {
		out[i] = float64(float32(out[i]))
	}
}

// arena is what an arena holds before the case runs. The gaps between segments stay 0.
func (c Case) arena(a engine.Arena, l *engine.Layout) []float64 {
	out := make([]float64, l.ArenaElements(a))
	switch a {
	case engine.Status:
		copy(out, c.status())
	case engine.Moments:
		for _, segment := range l.Segments {
			if !segment.Trained {
				continue
			}
			for set := range l.Groups[segment.Group].MomentSets {
				copy(out[l.MomentOffset(segment, set):], c.moment(set, segment))
			}
		}
	default:
		for _, segment := range l.Segments {
			copy(out[segment.Offset:], c.segment(a, segment))
		}
		c.spoil(a, out)
	}
	return out
}

// status is what the Status arena holds. The loss scale has come to 1/1,024 of the initial one after 5 updates that have not overflowed, of 7 in all.
func (c Case) status() []float64 {
	out := make([]float64, engine.StatusElements)
	out[engine.StatusClip] = 0.375
	if c.Fill == Flagged {
		out[engine.StatusNotFinite] = 1
	}
	if a, ok := c.Attr.(engine.AdamWAttr); ok && a.Counted {
		copy(out[engine.StatusMomentScale:], corrections()[2*6:][:2])
	}
	if !c.Scaled {
		return out
	}
	out[engine.StatusLossScale], out[engine.StatusGoodSteps], out[engine.StatusUpdates], out[engine.StatusSkipped] = engine.LossScaleInitial/1024, 5, 7, 3
	switch c.Fill {
	case Growing: // and the updates go beyond the table
		out[engine.StatusGoodSteps], out[engine.StatusUpdates] = engine.LossScaleInterval-1, 4567
	case Largest:
		out[engine.StatusLossScale], out[engine.StatusGoodSteps] = engine.LossScaleLargest, engine.LossScaleInterval-1
	case Smallest:
		out[engine.StatusLossScale] = 1
	case Stuck:
		out[engine.StatusLossScale], out[engine.StatusStuck] = 1, engine.LossScaleAttempts-1
	case Recovered:
		out[engine.StatusLossScale], out[engine.StatusStuck] = 1, 7
	}
	return out
}

// corrections is the table of bias corrections, at whose end they are far from 1.
func corrections() []float64 {
	var out []float64
	for _, row := range engine.Corrections(0.9, 0.999)[:corrected] {
		out = append(out, float64(row[0]), float64(row[1]))
	}
	return out
}

// segment is what a segment holds in Model, Gradient or EMA.
func (c Case) segment(a engine.Arena, g engine.Segment) []float64 {
	if a == engine.Model {
		return c.values(g.Name, g.Shape)
	}
	s := newSource(c, a.String()+g.Name)
	scale := 0.05
	switch {
	case a == engine.Gradient && (c.Fill == ZeroGrads || c.Fill == Largest) && g.Trained: // what is divided by the largest scale is next to nothing
		scale = 0
	case a == engine.Gradient && c.Fill == SmallGrads && g.Trained:
		scale = 1e-9
	}
	return s.make(g.Shape.Elements(), func(i int) float64 { return scale * s.normal(i) })
}

// moment is what a segment holds in a set of moments: AdamW's first moment or SGD's velocity, then AdamW's
// second moment.
func (c Case) moment(set int, g engine.Segment) []float64 {
	s := newSource(c, "moments"+g.Name)
	return s.make(g.Shape.Elements(), func(i int) float64 {
		switch {
		case c.firstUpdate():
			return 0
		case set == 0:
			return 0.01 * s.normal(i)
		default:
			return 1e-4 * (0.01 + s.uniform(i, 4))
		}
	})
}

// spoil puts a value that is not finite among the gradients where the case asks for it. A case that starts with
// the flag up has one as well: the update must not let it through.
func (c Case) spoil(a engine.Arena, data []float64) {
	at := len(data) / 3 / 64 * 64
	switch {
	case a != engine.Gradient:
	case c.Fill == Infinite, c.Fill == Smallest, c.Fill == Stuck:
		data[at] = math.Inf(1)
	case c.Fill == NotANumber:
		data[at] = math.NaN()
	case c.Fill == Flagged && c.Kind != engine.GradientNorm:
		data[at], data[len(data)-64] = math.NaN(), math.NaN()
	}
}
