package optest

import (
	"fmt"

	"cnnvk/engine"
)

// The kinds of operations that the cases' draws hold.
var (
	colourOps = engine.Brightness.Bit() | engine.Contrast.Bit() | engine.Saturation.Bit() | engine.Hue.Bit()
	allOps    = engine.Affine.Bit()<<1 - 1
)

func augmentCases() []Case {
	kinds := func(k uint32) engine.Attr { return engine.AugmentAttr{Kinds: k} }
	tables := engine.Contrast.Bit() | engine.AutoContrast.Bit() | engine.Equalize.Bit()
	places := engine.Affine.Bit() | engine.Sharpness.Bit()
	return each([]engine.Kind{engine.Augment},
		Case{N: 8, C: 3, M: 50, H: 32, W: 32, Attr: kinds(colourOps), Why: "the recipe's operations on CIFAR"},
		Case{N: 12, C: 3, M: 50, H: 32, W: 32, Attr: kinds(allOps), Why: "every operation"},
		Case{N: 6, C: 3, M: 9, H: 32, W: 32, Attr: kinds(0), Why: "crop, flip and erase alone"},
		Case{N: 12, C: 3, M: 9, H: 32, W: 32, Attr: kinds(tables), Why: "narrowed ranges: autocontrast's roundings"},
		Case{N: 12, C: 3, M: 9, H: 9, W: 7, Attr: kinds(places), Why: "operations that read the other copy, one after another"},
		Case{N: 5, C: 3, M: 7, H: 5, W: 3, Attr: kinds(allOps), Why: "images that start at no multiple of four bytes"},
		Case{N: 7, C: 3, M: 3, H: 40, W: 38, Attr: kinds(allOps), Why: "nearly the largest image"},
		Case{N: 1, C: 3, M: 1, H: 1, W: 1, Attr: kinds(allOps), Why: "one pixel"},
		Case{N: 5, C: 1, M: 9, H: 28, W: 28, Attr: kinds(0), Why: "grey images"},
		Case{N: 7, C: 5, M: 6, H: 5, W: 3, Attr: kinds(0), Why: "many channels, at no multiple of four bytes"},
		Case{N: 6, C: 3, M: 5, H: 64, W: 64, Attr: kinds(colourOps), Why: "images too large for a workgroup's memory"},
		Case{N: 12, C: 3, M: 4, H: 41, W: 39, Attr: kinds(engine.OfPixels), Why: "the same at odd sizes: several contrasts, one after another"},
		Case{N: 3, C: 3, M: 4, H: 96, W: 96, Attr: kinds(0), Why: "large images, crop, flip and erase alone"},
	)
}

// draws fills the step input draws: up to six operations of the case's kinds, in any order; one may come twice.
func (c Case) draws(out []uint32) {
	var kinds []engine.AugmentKind
	for k := engine.Brightness; k <= engine.Affine; k++ {
		if c.Attr.(engine.AugmentAttr).Kinds&k.Bit() != 0 {
			kinds = append(kinds, k)
		}
	}
	for n := range len(out) / engine.DrawElements {
		s := newSource(c, fmt.Sprint("draw ", n))
		d := engine.Draw{
			Image: int(s.below(0, c.M)), Top: int(s.below(1, 9)) - 4, Left: int(s.below(2, 9)) - 4, Flip: s.below(3, 2) == 1, Reflect: s.below(90, 2) == 1,
			Erase: engine.Rectangle{
				Top: int(s.below(4, c.H)), Left: int(s.below(5, c.W)), Height: int(s.below(6, c.H)), Width: int(s.below(7, c.W))},
		}
		for i := range min(len(kinds), 1) * int(s.below(8, engine.MaxAugmentOps+1)) {
			at := 10 * (i + 1)
			d.Ops = append(d.Ops, drawnOp(s, at, kinds[s.below(at, len(kinds))]))
		}
		d.Put(out[n*engine.DrawElements:])
	}
}

// drawnOp is an operation of that kind, from draws at and the nine after it.
func drawnOp(s source, at int, kind engine.AugmentKind) engine.AugmentOp {
	out := engine.AugmentOp{Kind: kind}
	switch kind {
	case engine.Hue:
		out.Level = int(s.below(at+1, 256))
	case engine.Posterize:
		out.Level = 256 - 1<<s.below(at+1, 8)
	case engine.Solarize:
		out.Level = int(s.below(at+1, 257))
	case engine.Affine:
		for i, unit := range []float64{1 << 16, 0, 0, 0, 1 << 16, 0} {
			shift := 1.0
			if i%3 == 2 {
				shift = 8 // pixels
			}
			out.Affine[i] = int32(unit + (s.uniform(at+1+i, 0)-0.5)*shift*(1<<16))
		}
	case engine.Contrast:
		out.Factor = float32(s.uniform(at+1, 0)) // only below 1, so that a later stretch has something to do
	default:
		out.Factor = float32(2 * s.uniform(at+1, 0))
	}
	return out
}
