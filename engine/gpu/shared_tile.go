package gpu

import (
	"cnnvk/engine"
	"cnnvk/vk"
)

// Matrix products in shared memory (shaders/shared_tile.glsl): how they are cut so that there is work for a whole GPU, and where they are the
// built-in choice.

const (
	// sharedWorkgroup is the invocations of a workgroup, whatever its tile.
	sharedWorkgroup = 128
	// workgroupsWanted is how many should be at work, with tiles of 64 rows, and half as many with 128: one or two for each processor of the
	// largest GPUs, of which an H100 has 132.
	workgroupsWanted = 256
	// shortestPart is how much of the summed dimension a part has at least: its results are stored and read once more, each as dear as some
	// ten multiply-adds.
	shortestPart = 128
	// fewestParts are worth a pass to add them up.
	fewestParts = 3
)

// parts cuts the summed dimension of a product, so many slices, into parts of `run` slices each, where there are fewer tiles of results than
// workgroups wanted; into fewest at least, or not at all. y is what the parts add up to: not of 16 bits, for parts are stored like it. On a CPU a few workgroups are enough.
func (c *call) parts(t tile, slices, tiles, fewest int, y *engine.Tensor) (run, count int) {
	limits, bytes := c.plan.target.limits, int64(y.Shape.Elements())*4
	count = min(workgroupsWanted*64/t.rows/tiles, slices*t.depth/shortestPart, int(limits.StorageBufferRange/bytes))
	if c.plan.target.kind == vk.CPU || count < max(fewest, 1) || y.DType.Half() {
		return slices, 1
	}
	run = ceilDiv(slices, count)
	return run, ceilDiv(slices, run)
}

// partsInto is where a product in s parts puts them: y itself if there is one.
func (c *call) partsInto(y *engine.Tensor, s int) operand {
	if s == 1 {
		return c.of(y)
	}
	return c.scratch("parts of a product", s*y.Shape.Elements())
}

// addParts adds up the parts of a product.
func (c *call) addParts(parts operand, y *engine.Tensor, s int) {
	if s > 1 {
		c.addUp(parts.slab, []partialSum{{parts, y, s}}, []*engine.Tensor{y}, chunkOf(y.Shape.Elements()))
	}
}

// sharedGemm runs the tile's kernel over tiles of pixels, blocks of rows of A, and parts of the summed dimension.
func (c *call) sharedGemm(t tile, r product) {
	p := c.planes(c.around()...)
	tiles, blocks := p.n*p.size/t.columns, ceilDiv(r.y.C(), t.rows)
	if r.biased {
		k, constants, operands := c.multiplied(t, r, p, c.of(r.y))
		c.runGroups(k, [3]uint32{uint32(tiles), uint32(blocks), 1}, constants, nil, operands...)
		return
	}
	run, s := c.parts(t, ceilDiv(p.c, t.depth), tiles*blocks, fewestParts, r.y)
	parts := c.partsInto(r.y, s)
	k, constants, operands := c.multiplied(t, r, p, parts)
	c.runGroups(k, [3]uint32{uint32(tiles), uint32(blocks), uint32(s)}, constants, words(run), operands...)
	c.addParts(parts, r.y, s)
}

// weightPieces cuts the pixels of a gradient by the weight, of which a workgroup of a shared tile takes depth at a time, into runs. On a CPU they are as
// long as those of other tiles, in sixteens.
func (c *call) weightPieces(t tile, steps, tiles int, dw *engine.Tensor) (run, s int) {
	if c.plan.target.kind != vk.CPU {
		return c.parts(t, steps, tiles, 1, dw) // which are added up anyway
	}
	sixteens := max(16/t.depth, 1)
	run, s = c.pieces(ceilDiv(steps, sixteens), tiles*workgroup)
	return run * sixteens, s
}

// suited are variants of shared tiles and others, of which one of the former may be the built-in choice although it is not the first.
func suited(list []variant, suits func(c *call, t tile) bool) []variant {
	for i, v := range list {
		if v.tile.shared && v.tile.kernel.texel == 0 {
			list[i].suits = func(c *call) bool { return c.plan.target.sharesWell() && suits(c, v.tile) }
		}
	}
	return list
}

// sharesWell reports whether shared memory is the built-in way: on discrete GPUs of AMD and NVIDIA. On Intel's the cycles that ANV tells of speak
// for subgroups.
func (t target) sharesWell() bool { return t.kind == vk.Discrete && t.hardware == anyHardware }

// suitsProduct reports whether a tile suits y = A x, suitsGradient whether it does the gradient by the weight, of which parts are made anyway.
func (c *call) suitsProduct(t tile) bool {
	x, y := c.in(0), c.out(0)
	return t.suits(y.C(), y.N()*y.H()*y.W(), x.C(), 1)
}

func (c *call) suitsGradient(t tile) bool {
	dy, x := c.in(0), c.in(1)
	pixels := dy.N() * dy.H() * dy.W()
	return t.suits(dy.C(), x.C(), pixels, pixels/shortestPart)
}

// suits reports whether a tile is good for a product of so many rows and columns, over k, in so many parts: a tile in shared memory
// reads the least from memory, but not where more than half of it would lie past the end, or where so little is summed that nothing is read
// twice. The large tile is for products that have enough of them, and that fill it as well as the small one.
func (t tile) suits(rows, columns, k, parts int) bool {
	down, across := ceilDiv(rows, t.rows), ceilDiv(columns, t.columns)
	full := 2*rows >= down*t.rows && 2*columns >= across*t.columns && k >= 2*t.depth
	large := roundUp(rows, t.rows) == roundUp(rows, 64) && down*across*parts >= workgroupsWanted
	return full && (t.rows == 64 || large)
}
