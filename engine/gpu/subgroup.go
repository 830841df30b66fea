package gpu

import (
	"fmt"
	"math"
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// The size of a subgroup is an axis of the variants whose lanes take values from one another: NAME runs at the size that suits the device,
// NAME@16 at 16. The first is the built-in choice and the only one where a device has one size; a tuned choice names the size where it
// has several. Results may depend on it, since a gradient is cut into pieces by how many lanes there are.

// The sizes that a kernel may be compiled for. Shaders hold what four lanes fetch; more than 128 invocations a device need not have.
const (
	smallestSubgroup = 4
	largestSubgroup  = 128
)

// inSizes has, behind each tile whose lanes take values from one another, the same at every size of subgroups.
func inSizes(tiles []tiled) []tiled {
	var out []tiled
	for _, v := range tiles {
		out = append(out, v)
		if v.tile.kernel.subgroup == noExchange {
			continue
		}
		for lanes := smallestSubgroup; lanes <= largestSubgroup; lanes *= 2 {
			if v.tile.kernel.subgroup == cooperative && !v.tile.sharedOut(lanes) {
				continue
			}
			sized := tiled{fmt.Sprintf("%s@%d", v.name, lanes), v.tile}
			sized.tile.lanes = lanes
			out = append(out, sized)
		}
	}
	return out
}

// subgroup is the size of the subgroups that the tile's kernel runs with: the one that the tile names, or the first in which
// what an invocation holds finds room. 0 where there is none.
func (t tile) subgroup(c *call) int {
	for _, lanes := range c.plan.target.subgroupSizes() {
		if t.lanes != 0 && t.lanes != lanes || t.holds(c, lanes) > c.plan.target.room(lanes) {
			continue
		}
		if t.kernel.subgroup == cooperative {
			if _, ok := t.blockOf(lanes, c.plan.target.limits); !ok {
				continue
			}
		}
		return lanes
	}
	return 0
}

// subgroupSizes are those of which a kernel can name one: what the driver takes by itself, then smaller ones, then larger ones. None
// where a driver compiles for a size of its own choice.
func (t target) subgroupSizes() []int {
	least, most := int(t.limits.MinSubgroupSize), int(t.limits.MaxSubgroupSize)
	if least == 0 || least != most && !t.features.SubgroupControl {
		return nil
	}
	var smaller, larger []int
	for lanes := largestSubgroup; lanes >= smallestSubgroup; lanes /= 2 {
		switch {
		case lanes < least || lanes > most:
		case lanes <= int(t.limits.SubgroupSize):
			smaller = append(smaller, lanes)
		default:
			larger = append(larger, lanes)
		}
	}
	slices.Reverse(larger)
	return append(smaller, larger...)
}

// holds is how many values an invocation of the tile's kernel keeps at a time: its sums and what they are made of, of which the lanes of a
// subgroup share out one side.
func (t tile) holds(c *call, lanes int) int {
	if t.kernel.subgroup == cooperative {
		return t.rows*t.columns/sharedWorkgroup + t.rows/4 + 8 + sharedReserve // the sums, and what is brought of either operand
	}
	if t.shared {
		each, brought := t.rows*t.columns/sharedWorkgroup, t.rows/16+4
		return each + each/8 + 8 + brought + sharedReserve
	}
	sums, right, left := t.rows*t.columns, t.depth*t.columns, t.rows*t.depth
	if t.multiplied > 0 {
		right = t.multiplied
	}
	if t.kernel.subgroup != noExchange {
		left = roundUp(left, 4*lanes) / lanes // in texels
	}
	if a, ok := c.attr().(engine.ConvAttr); ok {
		if a.Stride > 1 {
			right += 12 // neighbours share fewer of the taps' values
		}
		if x := c.in(0); c.plan.panel[x] > 1 && x.W() > 4 {
			right++ // where the lane stands, in one of several images and of several texels
		}
		if c.affine != nil {
			right++ // the bias
		}
		if c.skip != nil {
			right++
		}
	}
	return sums + right + left
}

// sharedReserve is for the addresses of a shared tile and for what is loaded ahead of the multiply-adds: with less Intel's compiler spills.
const sharedReserve = 32

// room is how many values an invocation may hold in subgroups of so many lanes: the registers but for a sixteenth, which addresses and the like take.
// Compilers for Intel's GPUs spill beyond that and not before, the one for older GPUs beyond thirteen sixteenths. A CPU has them in its cache, whatever
// their number.
func (t target) room(lanes int) int {
	registers := t.hardware.registers(lanes)
	switch {
	case t.kind == vk.CPU:
		return math.MaxInt
	case t.hardware == intelBefore9:
		return registers * 13 / 16
	}
	return registers * 15 / 16
}

// spilling are the kernels that a compiler spills although what they hold finds room, as make drivers shows.
var spilling = map[hardware][]string{
	intelBefore9: {
		"pointwise_conv2d_shuffle_16x4", "pointwise_conv2d_broadcast_16x4", "pointwise_conv2d_backward_weight_shared", "winograd_weight_product_shared",
		"input_covariance_texel",
	},
}

func (t target) spills(k kernel) bool { return slices.Contains(spilling[t.hardware], k.name) }

// hardware tells apart the devices that differ in their registers, or in what their subgroups are good for.
type hardware uint8

const (
	anyHardware hardware = iota
	intel
	intelBefore9 // Broadwell and before, by the driver hasvk
	intelXe2     // Lunar Lake and Battlemage on
	apple
	qualcomm // Adreno
	loopingLavapipe
)

func hardwareOf(d vk.Info) hardware {
	switch {
	case loopsShuffles(d):
		return loopingLavapipe
	case d.VendorID == vk.VendorIntel && d.Limits.MinSubgroupSize >= 16: // what tells it from those before
		return intelXe2
	case d.VendorID == vk.VendorIntel && d.Limits.PushConstantBytes < 256: // so has hasvk
		return intelBefore9
	case d.VendorID == vk.VendorIntel:
		return intel
	case d.VendorID == vk.VendorApple, d.DriverID == vk.DriverHoneykrisp:
		return apple
	case d.VendorID == vk.VendorQualcomm:
		return qualcomm
	}
	return anyHardware
}

// loopsShuffles reports whether lavapipe takes the lanes of a shuffle one by one, which is twenty times as slow as a broadcast. Mesa 25 and 26 have an
// instruction for the eight lanes of 256 bits alone. 22.3 has one for lanes of any number, and broadcasts in loops.
func loopsShuffles(d vk.Info) bool {
	var mesa int
	fmt.Sscanf(d.DriverInfo, "Mesa %d.", &mesa) // else 0
	return d.DriverID == vk.DriverLavapipe && mesa >= 25 && d.Limits.SubgroupSize != 8
}

// registers is how many 32-bit values an invocation can keep.
func (h hardware) registers(lanes int) int {
	switch h {
	case intel, intelBefore9: // a thread has 128 registers of 32 bytes, for all its lanes
		return 128 * 32 / 4 / max(lanes, 8)
	case intelXe2: // of 64 bytes
		return 128 * 64 / 4 / max(lanes, 16)
	case apple:
		return 128
	case qualcomm: // 48 of four, of which Turnip's compiler keeps some back for what it moves
		return 160
	}
	return 256 // AMD, NVIDIA
}
