package gpu

import (
	"fmt"
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// Products by cooperative matrices (shaders/cooperative_tile.glsl): which of a device's matrices a tile takes, and how the subgroups of its workgroups
// share it out. They multiply float16 and add up in float32; so they run where activations are stored as float16, and nowhere else.

// matrices is the size of the matrices that a tile's kernel multiplies: M x K by K x N. All zero for a tile without them.
type matrices struct{ m, n, k int }

// matrixBlock is how many matrices a subgroup makes: so many rows of so many.
type matrixBlock struct{ down, across int }

// The numbers of the specialization constants that tell a kernel of both, MATRIX_M to ACROSS.
const firstMatrixConstant = 26

func (k kernel) matrixConstants() []uint32 {
	return words(k.matrix.m, k.matrix.n, k.matrix.k, k.block.down, k.block.across)
}

// has reports whether a device multiplies matrices of that size, of float16 into float32, in subgroups.
func (t target) has(m matrices) bool {
	return t.features.CooperativeMatrix && t.features.ShaderFloat16 && slices.ContainsFunc(t.matrices, func(x vk.Matrices) bool {
		return x.M == uint32(m.m) && x.N == uint32(m.n) && x.K == uint32(m.k) && x.A == vk.Float16 && x.B == vk.Float16 &&
			x.C == vk.Float32 && x.Result == vk.Float32 && x.Scope == vk.SubgroupScope
	})
}

// cooperates reports whether a tile's matrices, if it has such, can multiply what the call does.
func (c *call) cooperates(t tile) bool {
	return t.matrix == (matrices{}) || c.in(0).DType == engine.Float16 && c.plan.target.has(t.matrix)
}

// blockOf is the block of each subgroup of so many lanes: of those that make up the tile, that nearest to a square, for which the least is loaded. ok is
// false where there is none, or no shared memory for it.
func (t tile) blockOf(lanes int, l vk.Limits) (best matrixBlock, ok bool) {
	subgroups := sharedWorkgroup / lanes
	down, across := t.rows/t.matrix.m, t.columns/t.matrix.n
	each := down * across / max(subgroups, 1)
	if subgroups == 0 || each*subgroups != down*across {
		return matrixBlock{}, false
	}
	for d := 1; d <= min(down, each); d *= 2 {
		b := matrixBlock{d, each / d}
		if b.across <= across && t.sharedBytes(b) <= int(l.SharedMemoryBytes) && (!ok || t.loads(b) <= t.loads(best)) {
			best, ok = b, true
		}
	}
	return best, ok
}

// sharedOut reports whether there is a block for subgroups of so many lanes where a workgroup has as much shared memory as on any device with matrices.
func (t tile) sharedOut(lanes int) bool {
	_, ok := t.blockOf(lanes, vk.Limits{SharedMemoryBytes: 32 << 10})
	return ok
}

// loads is how many values a subgroup loads for one place of the summed dimension.
func (t tile) loads(b matrixBlock) int { return b.down*t.matrix.m + b.across*t.matrix.n }

// sharedBytes is what the kernel has in shared memory: two sides of either operand, with padding, and a row of matrices of each subgroup.
func (t tile) sharedBytes(b matrixBlock) int {
	return 2*(t.rows+t.columns)*2*(t.depth+8) + 4*t.rows*t.columns/b.down
}

// on is a tile's kernel in the subgroups that it runs with, if its lanes take values from one another or hold matrices together.
func (t tile) on(c *call, k kernel) kernel {
	lanes := t.subgroup(c)
	if k.subgroup == cooperative {
		k.matrix = t.matrix
		k.block, _ = t.blockOf(lanes, c.plan.target.limits)
	}
	return k.on(lanes)
}

// inMatrices has, in place of each tile that multiplies matrices, the same with those of every size that some device has: NAME@16x8x16.
func inMatrices(tiles []tiled) []tiled {
	var out []tiled
	for _, v := range tiles {
		if v.tile.kernel.subgroup != cooperative {
			out = append(out, v)
			continue
		}
		for _, m := range matrixSizes {
			v.tile.matrix = m
			out = append(out, tiled{fmt.Sprintf("%s@%dx%dx%d", v.name, m.m, m.n, m.k), v.tile})
		}
	}
	return out
}

// matrixSizes are those of the drivers that have been seen: RADV's and NVK's, Intel's from Xe2 on and before, and lavapipe's.
var matrixSizes = []matrices{{16, 16, 16}, {16, 8, 16}, {16, 8, 8}, {8, 16, 16}, {8, 8, 16}, {8, 8, 8}}
