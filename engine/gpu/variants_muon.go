package gpu

import (
	"math"

	"cnnvk/engine"
	"cnnvk/vk"
)

// Muon: momentum, five Newton-Schulz steps, update. What one of these makes of a matrix the next one waits for, so each is done for all
// matrices before it: they run side by side.

var (
	muonMomentum = kernel{
		name: "muon_momentum", storage: []vk.Access{in, in, inOut, out}, spec: []string{"MOMENTUM", "GAIN"},
		push: []string{"rows", "columns", "padded", "step_row", "step_column", "count"},
	}
	muonScale   = kernel{name: "muon_scale", storage: []vk.Access{inOut, in}, push: []string{"count", "S"}}
	muonGram    = kernel{name: "muon_gram", storage: []vk.Access{in, out}, spec: []string{"SCALE", "ADDED"}, push: []string{"depth", "width"}}
	muonProduct = kernel{name: "muon_product", storage: []vk.Access{in, in, out}, spec: []string{"LINEAR"}, push: []string{"height", "width"}}
	muon        = kernel{
		name: "muon", storage: []vk.Access{in, in, inOut}, uniform: true, spec: []string{"DECAY"},
		push: []string{"columns", "step_row", "step_column", "count", "gain"},
	}
)

var muonVariants = []variant{one(engine.Muon, "muon", nil, (*call).muon)}

// muonParts is how many sums of squares make a norm where an invocation makes each by itself.
const muonParts = 64

// mostMuonParts is how many there are at most, since every invocation of muon_scale adds them up.
const mostMuonParts = 256

// tall is a matrix while Newton-Schulz works on it: transposed where it has fewer rows than columns, with zeros to multiples of 4, which
// every product of it has in the same places.
type tall struct {
	engine.Matrix
	height, width    int
	rowStep, colStep int // from one row of the matrix to the next, and from one column
	padded           int // columns of the matrix
	x, y, gram, poly operand
	norm             reduction
	parts            operand
}

func (c *call) muon() {
	gradients, status, rates, parameters, moments := c.of(c.in(0)), c.of(c.in(1)), c.in(2), c.of(c.in(3)), c.of(c.in(4))
	a := c.attr().(engine.MuonAttr)
	var list []tall
	for _, m := range a.Matrices {
		list = append(list, c.tallOf(m))
	}
	for _, t := range list {
		count := t.height * t.width
		c.run(muonMomentum, count, []uint32{word(a.Momentum), word(1 - a.Momentum)}, words(t.Rows, t.Columns, t.padded, t.rowStep, t.colStep, count),
			t.of(gradients), status, t.of(moments), t.x)
	}
	for _, t := range list {
		c.runTeams(gradientNorm.vec4, t.norm.team, t.norm.s, words(t.norm.team), words(t.height*t.width/4, t.norm.per, t.norm.s), t.parts, t.x)
	}
	for _, t := range list {
		count := t.height * t.width / 4
		c.run(muonScale, count, nil, words(count, t.norm.s), t.x, t.parts)
	}
	for range engine.NewtonSchulzSteps {
		c.newtonSchulz(list)
	}
	for _, t := range list {
		gain := math.Sqrt(max(1, float64(t.Rows)/float64(t.Columns)))
		count := t.Rows * t.Columns
		c.runUniform(muon, count, []uint32{word(a.WeightDecay)}, append(words(t.Columns, t.rowStep, t.colStep, count), word(gain)), rates,
			t.x, status, t.of(parameters))
	}
}

// of is the matrix's part of one of the group's runs of memory.
func (t tall) of(o operand) operand {
	o.offset, o.bytes = int64(t.Offset)*4, int64(t.Rows*t.Columns)*4
	return o
}

func (c *call) tallOf(m engine.Matrix) tall {
	t := tall{Matrix: m, height: roundUp(max(m.Rows, m.Columns), 4), width: roundUp(min(m.Rows, m.Columns), 4), padded: roundUp(m.Columns, 4)}
	if t.rowStep, t.colStep = t.width, 1; m.Rows < m.Columns {
		t.rowStep, t.colStep = 1, t.width
	}
	for _, x := range []*operand{&t.x, &t.y} {
		*x = c.scratch("muon tall", t.height*t.width)
	}
	for _, a := range []*operand{&t.gram, &t.poly} {
		*a = c.scratch("muon square", t.width*t.width)
	}
	t.norm = c.muonNorm(t.height * t.width / 4)
	t.parts = c.scratch("muon parts", t.norm.s)
	return t
}

// muonNorm shares out the norm of so many vec4s.
func (c *call) muonNorm(count int) reduction {
	if c.plan.target.teams() {
		r := c.reduction(count, 1, 1, 4, 1)
		r.per = max(r.per, ceilDiv(count, mostMuonParts))
		r.s = ceilDiv(count, r.per)
		return r
	}
	return reduction{per: ceilDiv(count, muonParts), s: muonParts, team: 1}
}

// newtonSchulz is a step of all matrices: X = a X + (b A + c A A) X, A = X X'.
func (c *call) newtonSchulz(list []tall) {
	square := func(t tall) int { return t.width * t.width / 16 }
	for _, t := range list {
		c.run(muonGram, square(t), []uint32{word(1), word(0)}, words(t.height, t.width/4), t.x, t.gram)
	}
	for _, t := range list {
		c.run(muonGram, square(t), []uint32{word(engine.NewtonSchulzC), word(engine.NewtonSchulzB)}, words(t.width, t.width/4), t.gram, t.poly)
	}
	for i, t := range list {
		c.run(muonProduct, t.height*t.width/16, []uint32{word(engine.NewtonSchulzA)}, words(t.height/4, t.width/4), t.x, t.poly, t.y)
		list[i].x, list[i].y = t.y, t.x
	}
}
