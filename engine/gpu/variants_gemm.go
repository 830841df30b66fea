package gpu

import (
	"fmt"
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// Pointwise convolutions and Linear, which are matrix products. Which of the many ways is the fastest differs between
// devices and shapes.

var pointwiseVariants = slices.Concat(
	pointwise(engine.PointwiseConv2d, false),
	pointwise(engine.PointwiseConv2dBackwardData, true),
	pointwiseWeight(engine.PointwiseConv2dBackwardWeight),
	pointwise(engine.Linear, false),
	pointwise(engine.LinearBackwardData, true),
	pointwiseWeight(engine.LinearBackwardWeight),
	[]variant{one(engine.LinearBackwardBias, "linear_backward_bias", nil, linearBackwardBias)},
)

// tile is how a tiled kernel cuts a product.
type tile struct {
	name      string // behind the op's, of the variant and of its shader
	rows      int    // of the result, made by one invocation
	columns   int    // of the result: pixels, or for a weight gradient input channels
	depth     int    // the summed dimension is walked in steps of that many, the rest packed as zeros
	texels    bool   // operands are texel buffers
	shared    bool   // a workgroup makes rows x columns in shared memory
	subgroup  bool   // lanes share the rows
	broadcast bool   // by this instruction, else by shuffle
}

// subgroupTiles are the tiles of those rows, columns and depth, handed round by shuffle and by broadcast.
func subgroupTiles(sizes ...[3]int) []tile {
	var out []tile
	for _, way := range []string{"shuffle", "broadcast"} {
		for _, s := range sizes {
			out = append(out, tile{
				name: fmt.Sprintf("_%s_%dx%d", way, s[0], s[1]), rows: s[0], columns: s[1], depth: s[2],
				texels: true, subgroup: true, broadcast: way == "broadcast",
			})
		}
	}
	return out
}

// The first that runs is the built-in choice.
var pointwiseTiles = append(subgroupTiles([3]int{16, 8, 8}, [3]int{32, 4, 8}, [3]int{64, 4, 4}),
	tile{name: "_texel", rows: 16, columns: 8, depth: 1, texels: true},
	tile{name: "_shared", rows: 64, columns: 64, depth: 16, shared: true},
	tile{rows: 8, columns: 8, depth: 1})

// pointwise is y = A x over pixels, A being the weight (M,K), or its transpose for the gradient by the input. Linear
// adds a bias, and its pixels are the images of a panel.
func pointwise(k engine.Kind, transposed bool) []variant {
	var list []variant
	for _, t := range pointwiseTiles {
		list = append(list, one(k, string(k)+t.name, t.multiplies, func(c *call) {
			r := product{x: c.in(0), y: c.out(0), packed: c.pack(t, transposed)}
			if k == engine.Linear {
				r.bias, r.biased = c.of(c.in(2)), true
			}
			c.gemm(t, r)
		}))
	}
	direct := kernel{shader: "pointwise_conv2d_any", storage: []vk.Access{in, in, out}, constants: 7, push: 1}
	if k == engine.Linear {
		direct.shader, direct.storage = "linear_any", append(direct.storage, in)
	}
	return append(list, one(k, string(k)+"_any", nil, func(c *call) {
		p, m := c.planes(c.in(0), c.out(0)), c.out(0).C()
		stride := strides(m, p.c, transposed)
		count, operands := p.n*m*p.size, []operand{c.of(c.in(1)), c.of(c.in(0)), c.of(c.out(0))}
		if k == engine.Linear {
			operands = append(operands, c.of(c.in(2)))
		}
		c.run(direct, count, words(m, p.c, p.size, p.g[0], p.g[1], stride[0], stride[1]), words(count), operands...)
	}))
}

// multiplies reports whether the tile's kernel can run a product over pixels.
func (t tile) multiplies(c *call) bool {
	return c.planes(c.in(0), c.out(0)).size%t.columns == 0 && c.in(0).C() >= t.depth &&
		t.runs(c, c.in(0).Shape.Elements(), t.packedElements(c))
}

// maxSums is how many sums an invocation may hold on a GPU, which has at most 256 registers for it. A CPU holds them in its
// cache, whatever their number.
const maxSums = 128

// runs reports whether the device has what the tile's kernel needs for operands of so many values.
func (t tile) runs(c *call, operands ...int) bool {
	if t.subgroup && !c.subgroups(t.broadcast) {
		return false
	}
	if t.subgroup && t.rows*t.columns > maxSums && c.plan.target.kind != vk.CPU {
		return false
	}
	for _, elements := range operands {
		if t.texels && !c.fitsTexels(elements) {
			return false
		}
	}
	return true
}

// product is y = A x, with a bias for every row, and ReLU after it, or not.
type product struct {
	x, y         *engine.Tensor
	packed, bias operand
	biased, relu bool
}

// gemm runs a tiled kernel: blocks of rows of A on one axis, tiles of pixels on the other.
func (c *call) gemm(t tile, r product) {
	p, m := c.planes(r.x, r.y), r.y.C()
	k := kernel{shader: "pointwise_conv2d" + t.name, storage: []vk.Access{in, in, out}, constants: 6, push: 1, subgroup: t.subgroup}
	operands := []operand{r.packed, c.of(r.x), c.of(r.y)}
	if t.texels {
		k.storage, k.texel = []vk.Access{out}, 2
		operands = []operand{c.of(r.y), r.packed, c.of(r.x)}
	}
	if r.biased {
		k.shader = "linear" + t.name
		operands = slices.Insert(operands, len(k.storage), r.bias)
		k.storage = append(k.storage, in)
	}
	tiles := p.n * p.size / t.columns
	constants, push, size := append(words(m, p.c, p.size/4, p.g[0], p.g[1]), flag(r.relu)), words(tiles), workgroup
	if t.subgroup {
		size = c.subgroupSize()
	}
	if t.shared { // no part of a workgroup's tile can lie past the end
		k.push, push, size = 0, nil, 1
	}
	c.runGroups(k, [3]uint32{uint32(ceilDiv(tiles, size)), uint32(ceilDiv(m, t.rows)), 1}, constants, push, operands...)
}

// pack brings the weight into blocks of a tile's rows of A.
func (c *call) pack(t tile, transposed bool) operand {
	k := kernel{shader: "pack_matrix", storage: []vk.Access{in, out}, constants: 6}
	m, kk, elements := c.out(0).C(), c.in(0).C(), t.packedElements(c)
	packed := c.scratch("packed weight", elements)
	if columns := roundUp(kk, t.depth); m%4 == 0 && kk%4 == 0 && columns%4 == 0 && c.fitsTexels(m*kk) && !slices.Contains(c.plan.opt.Without, texels) {
		blocks := kernel{shader: "pack_matrix_texel", storage: []vk.Access{out}, texel: 1, constants: 5}
		c.run(blocks, elements/16, words(m, kk, int(flag(transposed)), t.rows, columns), nil, packed, c.of(c.in(1)))
		return packed
	}
	stride := strides(m, kk, transposed)
	c.run(k, elements, words(m, kk, stride[0], stride[1], t.rows, roundUp(kk, t.depth)), nil, c.of(c.in(1)), packed)
	return packed
}

func (t tile) packedElements(c *call) int {
	return roundUp(c.out(0).C(), t.rows) * roundUp(c.in(0).C(), t.depth)
}

// roundUp is the least multiple of to that is not below n.
func roundUp(n, to int) int { return ceilDiv(n, to) * to }

// strides says where A[m,k] stands in the weight: a row after the other, or, transposed, a column.
func strides(m, k int, transposed bool) [2]int {
	if transposed {
		return [2]int{1, m}
	}
	return [2]int{k, 1}
}

var weightTiles = append(subgroupTiles([3]int{32, 4, 8}, [3]int{64, 4, 8}, [3]int{16, 4, 8}),
	tile{name: "_texel", rows: 16, columns: 8, depth: 4, texels: true},
	tile{name: "_shared", rows: 64, columns: 64, depth: 16, shared: true},
	tile{rows: 8, columns: 8, depth: 4},
	tile{name: "_any", rows: 1, columns: 1, depth: 1})

// pointwiseWeight is dW[m,k] = sum over pixels of dy[m] x[k], in two stages.
func pointwiseWeight(kind engine.Kind) []variant {
	var out []variant
	for _, t := range weightTiles {
		out = append(out, one(kind, string(kind)+t.name, func(c *call) bool {
			dy, x := c.in(0), c.in(1)
			return c.planes(dy, x).size%t.depth == 0 && t.runs(c, dy.Shape.Elements(), x.Shape.Elements())
		}, func(c *call) { c.weightGradient(t) }))
	}
	return out
}

// weightGradient runs a tiled kernel over pieces of the pixels, and adds up what they gave.
func (c *call) weightGradient(t tile) {
	dy, x := c.in(0), c.in(1)
	p, m, kk := c.planes(dy, x), dy.C(), x.C()
	columns, size, lanes := t.columns, 1, min(t.depth, 4)
	if t.subgroup {
		size = c.subgroupSize()
		columns *= size
	}
	tiles, steps := ceilDiv(m, t.rows)*ceilDiv(kk, columns), p.n*p.size/t.depth
	if t.shared {
		size = workgroup
	}
	run, s := c.pieces(steps, tiles*size)
	parts := c.scratch("pointwise weight parts", s*m*kk)

	k := kernel{shader: "pointwise_conv2d_backward_weight" + t.name, storage: []vk.Access{in, in, out}, constants: 5, push: 3, subgroup: t.subgroup}
	operands := []operand{c.of(dy), c.of(x), parts}
	if t.texels {
		k.storage, k.texel = []vk.Access{out}, 2
		operands = []operand{parts, c.of(dy), c.of(x)}
	}
	constants, push := words(m, kk, p.size/lanes, p.g[0], p.g[1]), words(steps, run, s)
	if t.subgroup || t.shared {
		c.runGroups(k, [3]uint32{uint32(tiles * s), 1, 1}, constants, push, operands...)
	} else {
		c.run(k, tiles*s, constants, push, operands...)
	}
	c.sumPartials(parts, c.of(c.out(0)), m*kk, s)
}

func linearBackwardBias(c *call) {
	k := kernel{shader: "linear_backward_bias", storage: []vk.Access{in, out}, constants: 2, push: 1}
	dy := c.in(0)
	p := c.images(dy)
	c.run(k, p.c, words(p.c, p.g[0]), words(p.n), c.of(dy), c.of(c.out(0)))
}
