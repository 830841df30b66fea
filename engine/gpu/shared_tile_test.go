package gpu

import (
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/optest"
	"cnnvk/vk"
	"cnnvk/vk/vktest"
)

// On a GPU a product that few workgroups make is cut along what it sums: every tile in shared memory comes to the reference's result out of its
// parts, and to the same bits again.
func TestPartsOfProducts(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	e.target.kind = vk.Discrete
	window := func(k engine.Kind, kernel, stride, padding int) optest.Case {
		return optest.Case{Kind: k, N: 4, NoBias: true, C: 60, M: 60, H: 7, W: 6, Attr: engine.ConvAttr{Kernel: kernel, Stride: stride, Padding: padding}}
	}
	cases := []optest.Case{
		{Kind: engine.PointwiseConv2d, N: 8, C: 400, M: 70, H: 8, W: 8},
		{Kind: engine.PointwiseConv2dBackwardData, N: 8, C: 70, M: 400, H: 8, W: 8},
		{Kind: engine.PointwiseConv2dBackwardWeight, N: 16, C: 70, M: 36, H: 8, W: 8},
		{Kind: engine.LinearBackwardData, N: 64, C: 70, M: 400, H: 1, W: 1},
		{Kind: engine.LinearBackwardWeight, N: 512, C: 70, M: 36, H: 1, W: 1},
	}
	for _, k := range []engine.Kind{engine.Conv2d, engine.Conv2dBackwardData, engine.Conv2dBackwardWeight} {
		cases = append(cases, window(k, 3, 1, 1), window(k, 3, 2, 1), window(k, 5, 2, 2))
	}
	whole := window(engine.Conv2dBackwardData, 1, 2, 0) // three of four pixels meet no tap
	whole.M = 400
	cut := map[string]int{}
	for _, c := range append(cases, whole) {
		for i := range variants {
			v := &variants[i]
			if !v.tile.shared || v.covers[0] != c.Kind || strings.Contains(v.name, "winograd") {
				continue
			}
			on := e.With(Options{Choices: Choices{keyOf(t, c): v.name}})
			if runs := chosen(t, on, c); len(runs) == 0 || ranBy(runs[0]) != v.name {
				continue
			}
			t.Run(c.String()+" by "+v.name, func(t *testing.T) {
				sameBits(t, on, c, compare(t, on, c, reference(t, c)))
			})
			p, err := c.Program()
			must(t, err)
			pl, err := newPlan(p, planOptions{Options: on.options}, on.target)
			must(t, err)
			if last := pl.dispatches[len(pl.dispatches)-1]; strings.HasPrefix(last.kernel.name, "sum_partials") {
				cut[v.name]++
			}
		}
	}
	for _, v := range variants {
		if v.tile.shared && len(v.covers) == 1 && v.covers[0] != engine.Linear && !strings.Contains(v.name, "windows") && !strings.Contains(v.name, "winograd") && cut[v.name] == 0 && e.target.fits(v.tile) {
			t.Errorf("no product by %s was cut", v.name)
		}
	}
}

// Parts are as many as workgroups are wanting, none too short, and none at all on a CPU.
func TestParts(t *testing.T) {
	for _, c := range []struct {
		why                   string
		kind                  vk.DeviceType
		tile                  tile
		slices, tiles, fewest int
		run, parts            int
	}{
		{"enough tiles", vk.Discrete, sharedTile, 64, 256, 1, 64, 1},
		{"too few", vk.Discrete, sharedTile, 64, 85, 3, 22, 3},
		{"large ones", vk.Discrete, sharedTallTile, 64, 42, 3, 22, 3},
		{"not worth a pass", vk.Discrete, sharedTile, 64, 128, 3, 64, 1},
		{"which is there anyway", vk.Discrete, sharedTile, 64, 128, 1, 32, 2},
		{"more parts would be too short", vk.Discrete, sharedTile, 64, 8, 3, 16, 4},
		{"too little to cut", vk.Discrete, sharedTile, 15, 1, 1, 15, 1},
		{"the last part is shorter", vk.Integrated, sharedTile, 49, 1, 3, 17, 3},
		{"a CPU", vk.CPU, sharedTile, 64, 1, 1, 64, 1},
		{"what is bound has an end", vk.Discrete, sharedTile, 1 << 20, 1, 1, 1 << 18, 4},
	} {
		on := anyDevice()
		on.kind = c.kind
		y := &engine.Tensor{Shape: engine.Shape{1, 64, 8, 8}}
		if c.slices == 1<<20 {
			on.limits.StorageBufferRange = 4 * 64 * 8 * 8 * 4
		}
		run, parts := (&call{plan: &plan{target: on}}).parts(c.tile, c.slices, c.tiles, c.fewest, y)
		if run != c.run || parts != c.parts {
			t.Errorf("%s: %d parts of %d slices, want %d of %d", c.why, parts, run, c.parts, c.run)
		}
	}
}

// On a discrete GPU a product is made in shared memory, by the large tile where there is enough to do, unless a tile would be mostly empty.
func TestSharedTileSuits(t *testing.T) {
	product := func(k engine.Kind, c, m, side, n int) optest.Case {
		return optest.Case{Kind: k, N: n, C: c, M: m, H: side, W: side}
	}
	for _, c := range []struct {
		why  string
		of   optest.Case
		on   target
		want string
	}{
		{"many rows and pixels", product(engine.PointwiseConv2d, 64, 128, 16, 128), nvidia, "pointwise_conv2d_shared_128x64"},
		{"few tiles", product(engine.PointwiseConv2d, 512, 512, 4, 128), nvidia, "pointwise_conv2d_shared"},
		{"half a tile of rows", product(engine.PointwiseConv2d, 64, 32, 16, 128), nvidia, "pointwise_conv2d_shared"},
		{"less", product(engine.PointwiseConv2d, 64, 31, 16, 128), nvidia, "pointwise_conv2d_shuffle_16x8"},
		{"little to sum", product(engine.PointwiseConv2d, 12, 64, 16, 128), nvidia, "pointwise_conv2d_shuffle_16x8"},
		{"a CPU", product(engine.PointwiseConv2d, 64, 128, 16, 128), lavapipe, "pointwise_conv2d_shuffle_16x8"},
		{"a part of the host's memory", product(engine.PointwiseConv2d, 64, 128, 16, 128), device(vk.Integrated, anyHardware, 64, 64, 64, false), "pointwise_conv2d_shuffle_16x8"},
		{"a gradient is cut anyway", product(engine.PointwiseConv2dBackwardWeight, 512, 512, 4, 128), nvidia, "pointwise_conv2d_backward_weight_shared_128x64"},
		{"of few rows", product(engine.PointwiseConv2dBackwardWeight, 64, 64, 32, 128), nvidia, "pointwise_conv2d_backward_weight_shared"},
		{"of few columns", product(engine.PointwiseConv2dBackwardWeight, 31, 64, 32, 128), nvidia, "pointwise_conv2d_backward_weight_shuffle_32x4"},
	} {
		p, err := c.of.Program()
		must(t, err)
		pl, err := newPlan(p, planOptions{}, c.on)
		must(t, err)
		if got := ranBy(pl.kernels[0]); got != c.want {
			t.Errorf("%s: %s, want %s", c.why, got, c.want)
		}
	}
}
