package gpu

import (
	"slices"
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/optest"
	"cnnvk/vk/vktest"
)

// A batch in two pieces, with whole texels in its rows, comes out right and the same when run again, and so does one of images in panels.
func TestWinogradPieces(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	for kind, names := range map[engine.Kind][]string{ // with subgroups, or for want of them without
		engine.Conv2d:               {"conv2d_winograd_shuffle_32x4", "conv2d_winograd_shared"},
		engine.Conv2dBackwardData:   {"conv2d_backward_data_winograd_shuffle_32x4", "conv2d_backward_data_winograd_shared"},
		engine.Conv2dBackwardWeight: {"conv2d_backward_weight_winograd_shuffle_32x4", "conv2d_backward_weight_winograd_shared"},
	} {
		c := optest.Case{Kind: kind, N: 66, C: 32, M: 24, H: 8, W: 8, Attr: engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1}, NoBias: true}
		options := Options{PanelImages: func(*engine.Tensor) int { return 3 }}
		for _, name := range names {
			options.Choices = Choices{keyOf(t, c): name}
			if slices.Contains(chosen(t, e.With(options), c), string(kind)+": "+name) {
				break
			}
		}
		by := chosen(t, e.With(options), c)
		if len(by) != 1 || !strings.Contains(by[0], "_winograd_") {
			t.Fatalf("%s ran by %q, want one of %q", kind, by, names)
		}
		want := reference(t, c)
		sameBits(t, e.With(options), c, compare(t, e.With(options), c, want))
		options.NoTexels = true
		compare(t, e.With(options), c, want)
	}
}

// All tiles are in some piece, a panel holds whole units, and scratch does not grow with the batch.
func TestWinogradCut(t *testing.T) {
	for _, batch := range []int{1, 3, 128, 129, 1000, 4096} {
		for _, size := range []int{1, 4, 7, 32} {
			for _, unit := range []int{4, 8, 16, 64} {
				const channels = 96
				c := optest.Case{Kind: engine.Conv2d, N: batch, C: channels / 2, M: channels / 2, H: size, W: size, Attr: engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1}}
				p, err := c.Program()
				must(t, err)
				x := p.Ops[0].Inputs[0]
				cut := (&call{plan: blankPlan(p, planOptions{}, anyDevice())}).winogradCut(x, channels, unit)
				side := (size + 3) / 4
				piece := cut.panels * cut.plane
				if cut.tiles != batch*side*side || cut.plane%unit != 0 || piece*cut.pieces < cut.tiles || piece*(cut.pieces-1) >= cut.tiles {
					t.Errorf("%d images of %d x %d by %d: %+v", batch, size, size, unit, cut)
				}
				if got, most := cut.values(channels), max(winogradScratchCPU, winogradElements*(panelPixels+unit)*channels); got > most {
					t.Errorf("%d images of %d x %d by %d: %d values in a piece, at most %d wanted", batch, size, size, unit, got, most)
				}
			}
		}
	}
}
