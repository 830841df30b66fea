package gpu

import (
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// The four storage buffers that every device binds are fewer than the small operands of BatchNorm2d. So what is known of its channels lies
// side by side in one window, the vectors of shaders/channels.glsl, which forward and backward passes share, with the masks of Dropout2d
// behind them; and parameters and statistics are one window over the part of an arena that holds them.

// The vectors that normalising reads, and all.
const (
	normalizing = 4
	allVectors  = 6
)

// withMask is a window over vectors and a mask behind them, and where in it the mask begins.
func withMask(vectors, mask operand) (window operand, at int) {
	begin := mask.offset - vectors.offset
	return operand{slab: vectors.slab, offset: vectors.offset, bytes: begin + mask.size(), used: vectors.size() + mask.size()}, int(begin / 4)
}

// knownVectors are what a batch_norm2d_backward op reads of its channels: what the forward pass left, or, where that is not part of the
// program, what it would have left but for the bias.
func (c *call) knownVectors(op engine.Op) operand {
	x, weight, saved := op.Inputs[1], op.Inputs[2], op.Inputs[3]
	if forward, ok := c.plan.origin(saved, c.at); ok && forward.Kind == engine.BatchNorm2d && forward.Inputs[1] == weight {
		return c.vectors(saved, x.C())
	}
	vectors := c.scratch("batch_norm2d vectors", allVectors*x.C())
	c.run(batchNormCoefficients, x.C(), words(x.C()), nil, c.of(saved), c.of(weight), vectors)
	return vectors
}

// vectors are those of the batch_norm2d that wrote saved.
func (c *call) vectors(saved *engine.Tensor, channels int) operand {
	o := c.plan.within[saved]
	o.bytes = int64(allVectors*channels) * 4
	return o
}

var concat = kernel{
	name: "concat", storage: []vk.Access{in, in, in, out}, spec: []string{"COUNT_A", "COUNT_B", "COUNT_C"},
}

// together is one window over small tensors and the place of each in it, in values: the part of an arena that holds them all, else a copy.
func (c *call) together(ts ...*engine.Tensor) (window operand, at []uint32) {
	if window, at, ok := c.span(ts); ok {
		return window, at
	}
	window, count := c.of(ts[0]), ts[0].Shape.Elements()
	at = words(0)
	for pair := range slices.Chunk(ts[1:], 2) {
		b, d := pair[0], pair[len(pair)-1]
		at = append(at, uint32(count))
		counts := words(count, b.Shape.Elements(), 0)
		count += b.Shape.Elements()
		if len(pair) == 2 {
			at = append(at, uint32(count))
			counts[2] = uint32(d.Shape.Elements())
			count += d.Shape.Elements()
		}
		to := c.scratch("segments", count)
		c.run(concat, count, counts, nil, window, c.of(b), c.of(d), to)
		window = to
	}
	return window, at
}

// apart is together for what is written. Where it is no part of an arena, settle copies it to where it belongs.
func (c *call) apart(ts ...*engine.Tensor) (window operand, at []uint32, settle func()) {
	if window, at, ok := c.span(ts); ok {
		return window, at, func() {}
	}
	var parts []operand
	var bytes int64
	for _, t := range ts {
		size := int64(t.Shape.Elements()) * 4
		parts = append(parts, operand{offset: bytes, bytes: size})
		at = append(at, uint32(bytes/4))
		bytes = alignUp(bytes+size, windowAlign)
	}
	window = c.scratch("candidates", int(bytes/4))
	return window, at, func() {
		for i, t := range ts {
			from, count := parts[i], t.Shape.Elements()
			from.slab = window.slab
			c.run(concat, count, words(count, 0, 0), nil, from, from, from, c.of(t))
		}
	}
}

// span is one window over parts of an arena; ok says whether the tensors are that.
func (c *call) span(ts []*engine.Tensor) (window operand, at []uint32, ok bool) {
	begin, end, used := ts[0].Offset, 0, 0
	for _, t := range ts {
		if t.Role != engine.State || t.Arena != ts[0].Arena {
			return operand{}, nil, false
		}
		begin, end = min(begin, t.Offset), max(end, t.Offset+t.Shape.Elements())
		used += t.Shape.Elements()
	}
	bytes := int64(end-begin) * 4
	if bytes > c.plan.target.limits.StorageBufferRange {
		return operand{}, nil, false
	}
	for _, t := range ts {
		at = append(at, uint32(t.Offset-begin))
	}
	s := &slab{name: "segments", home: arenas, arena: ts[0].Arena, offset: int64(begin) * 4, bytes: bytes, first: -1}
	return operand{slab: s, used: int64(used) * 4}, at, true
}
