package gpu

import (
	"cnnvk/engine"
	"cnnvk/vk"
)

// In an evaluation BatchNorm2d is the same affine map for every image: it is folded into the weights of the convolution
// before it, and ReLU is done where the product is stored. The block's activation is then written once.

var packFolded = kernel{
	name: "pack_folded", storage: []vk.Access{in, in, out, out}, spec: []string{"M", "K", "R", "COLUMNS"},
}

var foldedVariants = []variant{
	fused("pointwise_conv2d_norm_relu_eval", fusion{covers: []line{{engine.PointwiseConv2d, "input w", "x"}, lineNormEval, lineReLU}},
		func(c *call) bool { _, ok := c.foldedTile(); return ok }, foldedProduct),
}

// foldedTile is the tile that the convolution by itself would have.
func (c *call) foldedTile() (tile, bool) {
	preferred := c.plan.opt.Choices[opKey(c.ops[0])]
	var first tile
	found := false
	for _, v := range inSizes(pointwiseTiles) {
		switch {
		case !c.multiplies(v.tile) || c.plan.opt.without(v.name) || c.plan.opt.without(v.tile.biased.name):
		case v.name == preferred:
			return v.tile, true
		case !found:
			first, found = v.tile, true
		}
	}
	return first, found
}

func foldedProduct(c *call) {
	t, _ := c.foldedTile()
	norm, y := c.ops[1], c.named("r")
	m, kk, elements := y.C(), c.in(0).C(), t.packedElements(c)
	packed, bias := c.scratch("packed weight", elements+t.overshoot(c)), c.scratch("folded bias", m)
	coef := c.coefficients(c.runningStatistics(norm), c.named("weight"), c.named("bias"))
	c.run(packFolded, elements, words(m, kk, t.rows, roundUp(kk, t.depth)), nil, c.of(c.in(1)), coef, packed, bias)
	c.gemm(t, product{x: c.in(0), y: y, packed: packed, bias: bias, biased: true, relu: true})
}
