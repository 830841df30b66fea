package gpu

import "cnnvk/engine"

// panelPixels is how long a channel's row of a panel should be: long enough for vector loads and whole workgroups,
// short enough that a panel's rows stay in cache.
const panelPixels = 256

// panelImages chooses how many images lie together in a panel of t: the largest divisor of N whose
// rows are at most panelPixels long.
func panelImages(t *engine.Tensor) int {
	best := 1
	for g := 1; g <= t.N(); g++ {
		if t.N()%g == 0 && g*t.H()*t.W() <= panelPixels {
			best = g
		}
	}
	return best
}

// planes is how several activations of one shape are walked alike: N planes of that many values in each of the C
// channels, and how many planes a panel of each tensor holds. Where all share their panels, a panel
// is one large image and every entry of g is 1; what must know real images asks for images.
type planes struct {
	n, c, size int
	g          []int
}

func (c *call) planes(ts ...*engine.Tensor) planes {
	p := c.images(ts...)
	shared := p.g[0]
	for _, g := range p.g {
		if g != shared {
			return p
		}
	}
	p.n, p.size = p.n/shared, p.size*shared
	for i := range p.g {
		p.g[i] = 1
	}
	return p
}

// images is planes without folding: every plane is one image.
func (c *call) images(ts ...*engine.Tensor) planes {
	t := ts[0]
	p := planes{n: t.N(), c: t.C(), size: t.H() * t.W()}
	for _, t := range ts {
		p.g = append(p.g, c.plan.panel[t])
	}
	return p
}

// values is the number of values of one tensor.
func (p planes) values() int { return p.n * p.c * p.size }

// toPanels copies logical (N,C,H,W) values into panels of g images; fromPanels goes back.
func toPanels(dst, src []float64, s engine.Shape, g int) {
	eachRow(s, g, func(logical, panel, n int) { copy(dst[panel:panel+n], src[logical:logical+n]) })
}

func fromPanels(dst, src []float64, s engine.Shape, g int) {
	eachRow(s, g, func(logical, panel, n int) { copy(dst[logical:logical+n], src[panel:panel+n]) })
}

// eachRow calls f with the two places of every image's channel.
func eachRow(s engine.Shape, g int, f func(logical, panel, n int)) {
	hw := s[2] * s[3]
	for n := range s[0] {
		for c := range s[1] {
			f((n*s[1]+c)*hw, ((n/g*s[1]+c)*g+n%g)*hw, hw)
		}
	}
}
