package optest

import "cnnvk/engine"

func resizeCases() []Case {
	to := func(h, w int) engine.Attr { return engine.ResizeAttr{Height: h, Width: w} }
	return each([]engine.Kind{engine.Resize},
		Case{N: 8, C: 3, H: 32, W: 32, Attr: to(24, 24), Why: "CIFAR, three quarters"},
		Case{N: 5, C: 3, H: 32, W: 32, Attr: to(16, 16), Why: "half"},
		Case{N: 2, C: 3, H: 9, W: 7, Attr: to(13, 5), Why: "nothing divides, larger one way"},
		Case{N: 1, C: 1, H: 1, W: 1, Attr: to(3, 2), Why: "one pixel"},
		Case{N: 7, C: 4, H: 6, W: 10, Attr: to(6, 10), Why: "the same size"},
	)
}

func mixCases() []Case {
	return each([]engine.Kind{engine.MixImages},
		Case{N: 8, C: 3, H: 32, W: 32, Why: "CIFAR"},
		Case{N: 7, C: 1, H: 28, W: 28, Why: "grey"},
		Case{N: 5, C: 3, H: 5, W: 7, Why: "nothing divides"},
		Case{N: 1, C: 3, H: 4, W: 4, Why: "one image, mixed with itself"},
		Case{N: 12, C: 5, H: 1, W: 1, Why: "one pixel"},
	)
}

// mixed fills the operand of that name: images with and without a rectangle, labels that are the same now and then, shares of 0, 1 and
// between.
func (c Case) mixed(name string, out []uint32) {
	s := newSource(c, name)
	share := func(n int) float32 {
		return []float32{float32(s.uniform(n, 1)), 1, float32(s.uniform(n, 1)), 0}[s.bits(n, 2)%4]
	}
	if name == "targets" {
		for n := range len(out) / engine.TargetElements {
			engine.Target{Label: int(s.below(2*n, c.M)), Other: int(s.below(2*n+1, c.M)), Share: share(n)}.Put(out[n*engine.TargetElements:])
		}
		return
	}
	for n := range c.N {
		m := engine.Mix{Partner: int(s.below(n, c.N)), Share: share(n)}
		if s.bits(n, 3)%2 == 0 {
			top, left := int(s.below(100+n, c.H)), int(s.below(200+n, c.W))
			m.Paste = engine.Rectangle{Top: top, Left: left, Height: int(s.below(300+n, c.H-top+1)), Width: int(s.below(400+n, c.W-left+1))}
		}
		m.Put(out[n*engine.MixElements:])
	}
}
