package gpu

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/optest"
	"cnnvk/vk"
)

// convolved is a convolution of a common network, by the channels that it gives.
type convolved struct {
	kind           engine.Kind
	out            int
	kernel, stride int
	bias           bool
	beside         bool // a shortcut: what comes after reads its input again
}

func dense(out, kernel, stride int) convolved {
	return convolved{kind: engine.Conv2d, out: out, kernel: kernel, stride: stride}
}

func shortcut(out, stride int) convolved {
	l := dense(out, 1, stride)
	if stride == 1 {
		l = pointwise(out)
	}
	l.beside = true
	return l
}

func pointwise(out int) convolved {
	return convolved{kind: engine.PointwiseConv2d, out: out, kernel: 1, stride: 1}
}

// separate is a depthwise convolution, which leaves the channels as they are.
func separate(kernel, stride int) convolved {
	return convolved{kind: engine.DepthwiseConv2d, kernel: kernel, stride: stride}
}

func (l convolved) biased() convolved {
	l.bias = true
	return l
}

// commonNetworks are the convolutions that small networks are made of, in order.
var commonNetworks = map[string][]convolved{
	"resnet20": {
		dense(16, 3, 1), dense(16, 3, 1), shortcut(32, 2), dense(32, 3, 2), dense(32, 3, 1), shortcut(64, 2), dense(64, 3, 2), dense(64, 3, 1),
	},
	"wrn-16-2": {
		dense(16, 3, 1), shortcut(32, 1), dense(32, 3, 1), dense(32, 3, 1), shortcut(64, 2), dense(64, 3, 2), dense(64, 3, 1),
		shortcut(128, 2), dense(128, 3, 2), dense(128, 3, 1),
	},
	"resnet9s": {
		dense(24, 3, 1), dense(48, 3, 2), dense(48, 3, 1), dense(96, 3, 2), dense(96, 3, 1), dense(160, 3, 2), dense(160, 3, 1),
	},
	"ds-resnet": {
		dense(32, 3, 2), separate(3, 1), pointwise(128), separate(3, 1), pointwise(128), separate(3, 2), pointwise(256),
		separate(3, 1), pointwise(256), separate(3, 2), pointwise(512), separate(3, 1), pointwise(512),
	},
	"mobilenetv2": {
		dense(22, 3, 1), pointwise(90), separate(3, 1), pointwise(11), pointwise(44), separate(3, 2), pointwise(17), pointwise(67), separate(3, 1),
		pointwise(17), pointwise(67), separate(3, 2), pointwise(45), pointwise(179), separate(3, 2), pointwise(112), pointwise(448), separate(3, 1),
		pointwise(224), pointwise(896),
	},
	"5x5": {
		dense(32, 5, 1).biased(), dense(33, 5, 2).biased(), separate(5, 1), pointwise(67), separate(5, 2).biased(), dense(30, 1, 1).biased(), dense(64, 5, 2),
	},
	"VGG with biases": {dense(21, 3, 1).biased(), dense(43, 3, 2).biased(), dense(43, 3, 1).biased(), dense(85, 3, 2).biased()},
}

// backwards are the gradients of a convolution by its input and its weight.
var backwards = map[engine.Kind][]engine.Kind{
	engine.Conv2d:          {engine.Conv2dBackwardData, engine.Conv2dBackwardWeight},
	engine.DepthwiseConv2d: {engine.DepthwiseConv2dBackwardData, engine.DepthwiseConv2dBackwardWeight},
	engine.PointwiseConv2d: {engine.PointwiseConv2dBackwardData, engine.PointwiseConv2dBackwardWeight},
}

// ofNetwork are the convolutions of a network, and their gradients, each as a case.
func ofNetwork(layers []convolved, batch, channels, size int) []optest.Case {
	var out []optest.Case
	for _, l := range layers {
		window := engine.ConvAttr{Kernel: l.kernel, Stride: l.stride, Padding: l.kernel / 2}
		c := optest.Case{Kind: l.kind, N: batch, C: channels, M: cmp.Or(l.out, channels), H: size, W: size, Attr: window, NoBias: !l.bias}
		if l.kind == engine.PointwiseConv2d {
			c.Attr = nil
		}
		out = append(out, c)
		for _, k := range backwards[l.kind] {
			c.Kind, c.NoBias = k, false
			out = append(out, c)
		}
		if !l.beside {
			channels, size = c.M, window.Output(size)
		}
	}
	return out
}

// commonImages are channels and pixels a side of images that there are data sets of.
var commonImages = [][2]int{{1, 28}, {3, 32}, {3, 64}}

// commonCases are the convolutions of all common networks, each once.
func commonCases(batch int, images ...[2]int) []optest.Case {
	var out []optest.Case
	seen := map[string]bool{}
	for _, layers := range commonNetworks {
		for _, image := range images {
			for _, c := range ofNetwork(layers, batch, image[0], image[1]) {
				if !seen[c.String()] {
					seen[c.String()] = true
					out = append(out, c)
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b optest.Case) int { return strings.Compare(a.String(), b.String()) })
	return out
}

// floorDevice has no more than every device.
func floorDevice() target {
	t := device(vk.Discrete, anyHardware, 0, 0, 0, false)
	t.features, t.limits.TexelBufferElements, t.limits.StorageBuffersPerStage, t.limits.WorkgroupInvocations = vk.Features{}, 1<<16, 4, 128
	return t
}

// Nothing that a common network has runs on a kernel that makes one value an invocation, whatever the device and the batch.
func TestCommonNetworks(t *testing.T) {
	devices := map[string]target{
		"lavapipe": lavapipe, "NVIDIA": nvidia, "GCN": gcn, "RDNA": rdna, "Adreno": adreno, "Arc": arc, "Battlemage": battlemage,
		"Apple": device(vk.Integrated, apple, 32, 32, 32, false), "16 lanes": device(vk.Integrated, anyHardware, 16, 16, 16, true),
		"of any size": unruly, "of unknown size": unknown, "the floor": floorDevice(),
	}
	alone := planOptions{PlanOptions: engine.PlanOptions{NoFusion: true}} // the programs have one op each
	for _, batch := range []int{72, 64, 17, 1} {
		for _, c := range commonCases(batch, commonImages...) {
			p, err := c.Program()
			must(t, err)
			for name, on := range devices {
				pl, err := newPlan(p, alone, on)
				if err != nil {
					t.Errorf("%s: %v: %v", name, c, err)
				} else if runs := ranBy(pl.kernels[0]); strings.HasSuffix(runs, "_any") {
					t.Errorf("%s: %v runs on %s", name, c, runs)
				}
			}
		}
	}
}
