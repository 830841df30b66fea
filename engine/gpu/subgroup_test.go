package gpu

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/optest"
	"cnnvk/net"
	"cnnvk/vk"
)

// device is a GPU, or with vk.CPU a driver for CPUs, whose subgroups are of such sizes.
func device(kind vk.DeviceType, h hardware, usual, least, most uint32, control bool) target {
	t := anyDevice()
	t.kind, t.hardware = kind, h
	t.limits.SubgroupSize, t.limits.MinSubgroupSize, t.limits.MaxSubgroupSize = usual, least, most
	t.features.SubgroupControl = control
	return t
}

var (
	lavapipe     = device(vk.CPU, anyHardware, 8, 8, 8, true)
	wideLavapipe = device(vk.CPU, loopingLavapipe, 16, 16, 16, true)
	nvidia       = device(vk.Discrete, anyHardware, 32, 32, 32, true)
	gcn          = device(vk.Discrete, anyHardware, 64, 64, 64, false)
	rdna         = device(vk.Discrete, anyHardware, 64, 32, 64, true)
	adreno       = device(vk.Integrated, qualcomm, 128, 64, 128, true)
	arc          = device(vk.Discrete, intel, 32, 8, 32, true)
	broadwell    = device(vk.Integrated, intelBefore9, 32, 8, 32, true)
	battlemage   = device(vk.Discrete, intelXe2, 32, 16, 32, true)
	unruly       = device(vk.Discrete, anyHardware, 32, 8, 32, false)
	unknown      = device(vk.Discrete, anyHardware, 32, 0, 0, false)
)

// A size can be named where the driver obeys, or has but one.
func TestSubgroupSizes(t *testing.T) {
	for _, c := range []struct {
		why  string
		on   target
		want []int
	}{
		{"lavapipe", lavapipe, []int{8}},
		{"NVIDIA", nvidia, []int{32}},
		{"one size, and no control", gcn, []int{64}},
		{"two, the driver's own first", rdna, []int{64, 32}},
		{"the largest", adreno, []int{128, 64}},
		{"three", arc, []int{32, 16, 8}},
		{"the driver's own between others", device(vk.Discrete, anyHardware, 16, 8, 64, true), []int{16, 8, 32, 64}},
		{"the driver's own out of the range", device(vk.Discrete, anyHardware, 8, 16, 32, true), []int{16, 32}},
		{"several, and no control", unruly, nil},
		{"no word of the range", unknown, nil},
		{"single lanes", device(vk.Discrete, anyHardware, 1, 1, 1, true), nil},
		{"from single lanes on", device(vk.Discrete, anyHardware, 1, 1, 4, true), []int{4}},
		{"beyond what a workgroup has", device(vk.Discrete, anyHardware, 256, 64, 256, true), []int{128, 64}},
	} {
		if got := c.on.subgroupSizes(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.why, got, c.want)
		}
	}
}

// The built-in choice and its size follow from the device's registers.
func TestBuiltInSubgroups(t *testing.T) {
	pointwise := optest.Case{Kind: engine.PointwiseConv2d, N: 8, C: 64, M: 64, H: 8, W: 8}
	weight := optest.Case{Kind: engine.PointwiseConv2dBackwardWeight, N: 8, C: 64, M: 64, H: 8, W: 8}
	conv := optest.Case{Kind: engine.Conv2d, N: 8, C: 64, M: 64, H: 16, W: 16, Attr: engine.ConvAttr{Kernel: 3, Stride: 1, Padding: 1}}
	halved := conv
	halved.Attr = engine.ConvAttr{Kernel: 3, Stride: 2, Padding: 1}
	halvedData := halved
	halvedData.Kind = engine.Conv2dBackwardData
	for _, c := range []struct {
		why   string
		on    target
		of    optest.Case
		want  string
		lanes int
	}{
		{"lavapipe", lavapipe, pointwise, "pointwise_conv2d_shuffle_16x8", 8},
		{"lavapipe that loops over lanes", wideLavapipe, pointwise, "pointwise_conv2d_broadcast_16x8", 16},
		{"NVIDIA", nvidia, pointwise, "pointwise_conv2d_shared", 0},
		{"RADV", rdna, pointwise, "pointwise_conv2d_shared", 0},
		{"Turnip, without shuffles and 128 sums", adreno, pointwise, "pointwise_conv2d_broadcast_16x4", 128},
		{"Turnip", adreno, weight, "pointwise_conv2d_backward_weight_broadcast_16x4", 128},
		{"Arc has room for 128 sums nowhere", arc, pointwise, "pointwise_conv2d_shuffle_16x4", 8},
		{"Battlemage", battlemage, pointwise, "pointwise_conv2d_shuffle_16x4", 16},
		{"the driver may take any size", unruly, pointwise, "pointwise_conv2d_shared", 0},
		{"no word of the size", unknown, pointwise, "pointwise_conv2d_shared", 0},
		{"NVIDIA", nvidia, weight, "pointwise_conv2d_backward_weight_shared", 0},
		{"Arc", arc, weight, "pointwise_conv2d_backward_weight_shuffle_16x4", 8},
		{"Battlemage", battlemage, weight, "pointwise_conv2d_backward_weight_shuffle_16x4", 16},
		{"Apple", device(vk.Integrated, apple, 32, 32, 32, false), weight, "pointwise_conv2d_backward_weight_shuffle_16x4", 32},
		{"Arc", arc, conv, "conv2d_shuffle_16x4", 8},
		{"Battlemage", battlemage, conv, "conv2d_shuffle_16x4", 16},
		{"Arc at stride 2, where 16x4 spills", arc, halved, "conv2d_shuffle_8x4", 8},
		{"Arc, back from stride 2", arc, halvedData, "conv2d_backward_data_shuffle_4x16", 8},
		{"RADV, back from stride 2", rdna, halvedData, "conv2d_backward_data_shuffle_8x16", 64},
		{"lavapipe at stride 2", lavapipe, halved, "conv2d_shuffle_32x4", 8},
		{"Broadwell", broadwell, pointwise, "pointwise_conv2d_shared", 0},
		{"Broadwell", broadwell, weight, "pointwise_conv2d_backward_weight_shuffle_8x4", 8},
		{"Broadwell", broadwell, conv, "conv2d_shuffle_8x4", 8},
		{"RADV at stride 2", rdna, halved, "conv2d_shuffle_32x4", 64},
	} {
		p, err := c.of.Program()
		must(t, err)
		pl, err := newPlan(p, planOptions{}, c.on)
		must(t, err)
		lanes := 0
		for _, d := range pl.dispatches {
			lanes = max(lanes, d.kernel.lanes)
		}
		if got := ranBy(pl.kernels[0]); got != c.want || lanes != c.lanes {
			t.Errorf("%s, %s: %s in subgroups of %d, want %s of %d", c.why, c.of, got, lanes, c.want, c.lanes)
		}
	}
}

// GPUs are told apart by what their drivers say.
func TestHardwareOf(t *testing.T) {
	sizes := func(least, push uint32) vk.Limits {
		return vk.Limits{MinSubgroupSize: least, PushConstantBytes: push}
	}
	mesa := func(version string, lanes uint32) vk.Info {
		return vk.Info{VendorID: 0x10005, DriverID: vk.DriverLavapipe, DriverInfo: "Mesa " + version, Limits: vk.Limits{SubgroupSize: lanes}}
	}
	for _, c := range []struct {
		why  string
		d    vk.Info
		want hardware
	}{
		{"Skylake to Arc", vk.Info{VendorID: vk.VendorIntel, Limits: sizes(8, 256)}, intel},
		{"Broadwell, Haswell", vk.Info{VendorID: vk.VendorIntel, Limits: sizes(8, 128)}, intelBefore9},
		{"Battlemage", vk.Info{VendorID: vk.VendorIntel, Limits: sizes(16, 256)}, intelXe2},
		{"MoltenVK", vk.Info{VendorID: vk.VendorApple, Limits: sizes(32, 4096)}, apple},
		{"Honeykrisp", vk.Info{VendorID: 0x10005, DriverID: vk.DriverHoneykrisp, Limits: sizes(32, 256)}, apple},
		{"Adreno", vk.Info{VendorID: vk.VendorQualcomm, Limits: sizes(64, 256)}, qualcomm},
		{"NVIDIA", vk.Info{VendorID: 0x10de, Limits: sizes(32, 256)}, anyHardware},
		{"lavapipe", mesa("26.1.6-1 (LLVM 21.1.8)", 8), anyHardware},
		{"lavapipe at 512 bits", mesa("26.1.6-1 (LLVM 21.1.8)", 16), loopingLavapipe},
		{"lavapipe 25 at 128 bits", mesa("25.0.7 (LLVM 19.1.7)", 4), loopingLavapipe},
		{"lavapipe 22 at 512 bits", mesa("22.3.6 (LLVM 15.0.6)", 16), anyHardware},
		{"RADV", vk.Info{VendorID: 0x1002, DriverID: 3, DriverInfo: "Mesa 26.1.6-1", Limits: vk.Limits{SubgroupSize: 64}}, anyHardware},
	} {
		if got := hardwareOf(c.d); got != c.want {
			t.Errorf("%s: %d, want %d", c.why, got, c.want)
		}
	}
}

// Whatever is dispatched on whatever device, a kernel whose lanes take values from one another names the size of its subgroups, which
// the device offers, and its workgroups are of that size; no other kernel does.
func TestSubgroupsAreNamed(t *testing.T) {
	programs := slices.Concat(network(t, net.SmallCIFARNetName, 8), network(t, net.TinyNetName, 8), halving(t, 8))
	for _, on := range []target{lavapipe, nvidia, gcn, rdna, adreno, arc, broadwell, battlemage, unruly, unknown} {
		sizes, seen := on.subgroupSizes(), map[int]bool{}
		for _, p := range programs {
			everyDispatch(t, p, on, func(variant string, d dispatch) {
				spec, err := d.pipelineSpec()
				must(t, err)
				lanes := int(spec.SubgroupSize)
				exchanges := d.kernel.subgroup != noExchange
				if exchanges != (lanes > 0) || exchanges && (!slices.Contains(sizes, lanes) || d.constants[0] != uint32(lanes)) {
					t.Errorf("sizes %v: %s of %s names subgroups of %d in workgroups of %d", sizes, d.kernel.name, variant, lanes, d.constants[0])
				}
				if _, size, named := strings.Cut(variant, "@"); exchanges && named && size != fmt.Sprint(lanes) {
					t.Errorf("%s runs in subgroups of %d", variant, lanes)
				}
				seen[lanes] = true
			})
		}
		if len(sizes) > 0 && len(seen) < 2 || len(sizes) == 0 && len(seen) != 1 {
			t.Errorf("sizes %v: kernels of %v", sizes, seen)
		}
	}
}

// The lanes fetch no texel behind the packed weight, however many they are.
func TestOvershoot(t *testing.T) {
	p, err := optest.Case{Kind: engine.PointwiseConv2d, N: 8, C: 8, M: 16, H: 8, W: 8}.Program() // one sliver, one slice of depth
	must(t, err)
	for lanes := uint32(4); lanes <= 128; lanes *= 2 {
		for _, v := range pointwiseTiles {
			if v.tile.kernel.subgroup == noExchange {
				continue
			}
			pl, err := newPlan(p, planOptions{Options: Options{Choices: Choices{opKey(p.Ops[0]): v.name}}}, device(vk.CPU, anyHardware, lanes, lanes, lanes, true))
			must(t, err)
			texels := v.tile.rows * v.tile.depth / 4
			last := (p.Ops[0].Inputs[0].C()/v.tile.depth-1)*texels + roundUp(texels, int(lanes)) // behind the last fetch
			if packed := pl.dispatches[1].texel[0].size(); packed < int64(16*last) {
				t.Errorf("%s at %d lanes: %d bytes are packed, %d are read", v.name, lanes, packed, 16*last)
			}
		}
	}
}

// Tuning names the size where there are several, so that a stored choice pins it, and does not where there is one. A choice without a size, as
// older files have it, is the built-in size; one whose size the device does not have cannot run.
func TestChoicesOfSizes(t *testing.T) {
	p, err := optest.Case{Kind: engine.PointwiseConv2dBackwardWeight, N: 8, C: 64, M: 64, H: 8, W: 8}.Program()
	must(t, err)
	const name = "pointwise_conv2d_backward_weight_shuffle_16x4"
	for _, c := range []struct {
		why   string
		on    target
		tried []string
	}{
		{"one size", nvidia, []string{name}},
		{"two", rdna, []string{name + "@32", name + "@64"}},
		{"two of three have no room", arc, []string{name + "@8"}},
		{"none", unknown, nil},
	} {
		e := &Executor{target: c.on}
		tried := slices.DeleteFunc(e.variantsOf(p), func(v string) bool { return !strings.HasPrefix(v, name) })
		if slices.Sort(tried); !slices.Equal(tried, c.tried) {
			t.Errorf("%s: tuning tries %v, want %v", c.why, tried, c.tried)
		}
	}
	if all := (&Executor{target: rdna}).variantsOf(p); strings.Contains(all[len(all)-1], "shuffle") || strings.Contains(all[len(all)-1], "broadcast") {
		t.Errorf("the plainest is %s", all[len(all)-1])
	}
	for _, c := range []struct {
		why, choice string
		on          target
		lanes       int // 0: it cannot run
	}{
		{"no size is the only one", name, lavapipe, 8},
		{"no size is the built-in one", name, rdna, 64},
		{"a size of several", name + "@32", rdna, 32},
		{"the only size", name + "@8", lavapipe, 8},
		{"a size of another device", name + "@16", lavapipe, 0},
		{"a size that is not offered", name + "@128", rdna, 0},
		{"a size without room", name + "@32", arc, 0},
	} {
		choices := Choices{opKey(p.Ops[0]): c.choice}
		if known, unknown := choices.Known(); len(known) != 1 || len(unknown) != 0 {
			t.Errorf("%s: %s is unknown", c.why, c.choice)
		}
		cannot := (&Executor{target: c.on, choices: choices}).CannotRun([]*engine.Program{p})
		pl, err := newPlan(p, planOptions{Options: Options{Choices: choices}}, c.on)
		must(t, err)
		runs := ranBy(pl.kernels[0]) == c.choice
		if runs != (c.lanes > 0) || runs == (len(cannot) > 0) || runs && pl.dispatches[0].kernel.lanes != c.lanes {
			t.Errorf("%s: %s runs as %s in subgroups of %d, cannot: %v", c.why, c.choice, ranBy(pl.kernels[0]), pl.dispatches[0].kernel.lanes, cannot)
		}
	}
	if _, unknown := (Choices{opKey(p.Ops[0]): name + "@7"}).Known(); len(unknown) != 1 {
		t.Error("subgroups of 7 are known")
	}
}

// What is switched off is so at every size, and a size can be switched off by itself.
func TestWithoutSizes(t *testing.T) {
	p, err := optest.Case{Kind: engine.PointwiseConv2dBackwardData, N: 8, C: 64, M: 64, H: 8, W: 8}.Program()
	must(t, err)
	const name = "pointwise_conv2d_backward_data_shuffle_32x4" // by the kernels of another op
	for _, c := range []struct {
		off        string
		gone, left []string
	}{
		{name, []string{name + "@32", name + "@64"}, []string{"pointwise_conv2d_backward_data_shuffle_16x8@32"}},
		{name + "@32", []string{name + "@32"}, []string{name + "@64"}},
	} {
		all := (&Executor{target: rdna}).With(Options{Without: []string{c.off}}).variantsOf(p)
		for _, v := range c.gone {
			if slices.Contains(all, v) {
				t.Errorf("without %s: %s", c.off, v)
			}
		}
		for _, v := range c.left {
			if !slices.Contains(all, v) {
				t.Errorf("without %s: no %s", c.off, v)
			}
		}
	}
}

// Folded with what follows, a convolution runs the tile that was chosen for it, at the size that was.
func TestFoldedAtSize(t *testing.T) {
	p, err := block{N: 4, C: 64, H: 8, W: 8, conv: 32}.program()
	must(t, err)
	for _, lanes := range []int{32, 64} {
		choice := fmt.Sprint("pointwise_conv2d_shuffle_32x4@", lanes)
		pl, err := newPlan(p, planOptions{Options: Options{Choices: Choices{opKey(p.Ops[0]): choice}}}, rdna)
		must(t, err)
		runs := func(d dispatch) bool { return d.kernel.name == "linear_shuffle_32x4" && d.kernel.lanes == lanes }
		if ranBy(pl.kernels[0]) != "pointwise_conv2d_norm_relu_eval" || !slices.ContainsFunc(pl.dispatches, runs) {
			t.Errorf("%s: %v", choice, pl.kernels)
		}
	}
}
