package gpu

import (
	"math"
	"slices"
	"strings"
	"testing"

	"cnnvk/vk"
)

// leastArithmetic is the share of the time that multiply-adds must take of a matrix product in shared memory, where RADV tells. The rest are
// addresses, loads and stores, and waiting; more of it where windows are gathered, of which tables tell.
const leastArithmetic = 0.7

// leastHalfArithmetic is that of 16-bit activations, which take whole-number operations to unpack and pack: 0.52 to 0.62 on navi31 and gfx1201.
const leastHalfArithmetic = 0.5

// The statistics of drivers that tell of time, in cycles of a processor, all taking it that every loop has the same number of turns.
const (
	// radvShared is RADV's for a lane of each of 64, among as many subgroups as there is room for; radvAlone is a subgroup's, without others.
	radvShared, radvAlone = "Inverse Throughput", "Latency"
	anvAlone              = "Cycle Count"
)

// cyclesOf is what that statistic says of a lane, 0 where there is none.
func cyclesOf(x vk.Executable, statistic string) float64 {
	for _, s := range x.Statistics {
		switch {
		case s.Name != statistic:
		case statistic == radvShared:
			return s.Value / 64
		default:
			return s.Value / float64(max(x.SubgroupSize, 1))
		}
	}
	return 0
}

// tileOfKernel is the tile that runs a kernel, none for others.
func tileOfKernel(k kernel) tile {
	i := slices.IndexFunc(variants, func(v variant) bool { return v.tile.kernel.name == k.name || v.tile.biased.name == k.name })
	if i < 0 || k.name == "" {
		return tile{}
	}
	return variants[i].tile
}

// multiplyAdds is how many an invocation of a tile's kernel makes in a turn of its loop. 0 for a kernel without a loop of tiles, and for a product
// with fewer rows than a tile, of which a compiler leaves out some.
func multiplyAdds(k kernel, rows int) float64 {
	switch t := tileOfKernel(k); {
	case rows < t.rows:
		return 0
	case t.shared, k.subgroup == cooperative:
		return float64(t.rows * t.columns / sharedWorkgroup * t.depth)
	case t.multiplied > 0: // of the four pixels of a window, each meets other taps
		return float64(t.rows * t.columns / 4 * t.depth)
	case k.subgroup != noExchange:
		return float64(t.rows * t.columns * t.depth)
	}
	return 0
}

// leavesEarly are the kernels whose loop stands behind the return of workgroups without work: RADV takes such a branch for even.
func leavesEarly(k kernel) bool {
	return strings.HasPrefix(k.name, "conv2d_") && (strings.Contains(k.name, "_shared") || strings.Contains(k.name, "_cooperative"))
}

// arithmetic is the share of a pipeline's time, by that statistic, that its multiply-adds would take at the rate of probe_multiply_add, which does
// nothing else. NaN where the driver tells no time, or the kernel is none of a product's.
func arithmetic(probe vk.Executable, d dispatch, x vk.Executable, statistic string) float64 {
	one, all := cyclesOf(probe, statistic)/(probeChains*probeBody), cyclesOf(x, statistic)
	if len(d.constants) < 3 || one == 0 || all == 0 {
		return math.NaN()
	}
	n := multiplyAdds(d.kernel, int(min(d.constants[1], d.constants[2]))) // M and K, of which one is the rows
	if statistic != anvAlone && leavesEarly(d.kernel) {
		n /= 2
	}
	if n == 0 {
		return math.NaN()
	}
	return one * n / all
}

// probeExecutable is what the driver says of probe_multiply_add: nothing where it says nothing at all.
func probeExecutable(t *testing.T, e *Executor) vk.Executable {
	t.Helper()
	if !e.target.features.PipelineStatistics {
		return vk.Executable{}
	}
	p, err := e.statisticsPipeline(dispatch{kernel: probeMultiplyAdd, constants: words(workgroup)})
	must(t, err)
	t.Cleanup(p.Destroy)
	executables, err := p.Executables()
	must(t, err)
	return executables[0]
}

func TestArithmetic(t *testing.T) {
	told := func(name string, value float64, lanes uint32) vk.Executable {
		return vk.Executable{SubgroupSize: lanes, Statistics: []vk.Statistic{{Name: "Instructions", Value: 9}, {Name: name, Value: value}}}
	}
	for _, c := range []struct {
		why, kernel string
		rows        int
		probe, told vk.Executable
		want        float64
	}{
		{"256 of 768 multiply-adds in the same time", "pointwise_conv2d_shared", 64, told(radvShared, 100, 64), told(radvShared, 100, 32), 256. / 768},
		{"in twice the time", "linear_shared_128x64", 128, told(radvShared, 100, 64), told(radvShared, 200, 64), 256. / 768},
		{"behind a branch", "conv2d_shared", 64, told(radvShared, 100, 64), told(radvShared, 100, 64), 128. / 768},
		{"which ANV does not weigh", "conv2d_shared", 64, told(anvAlone, 100, 8), told(anvAlone, 100, 8), 256. / 768},
		{"by fewer lanes", "conv2d_shared", 64, told(anvAlone, 200, 16), told(anvAlone, 200, 8), 128. / 768},
		{"by a subgroup alone", "pointwise_conv2d_shared", 64, told(radvAlone, 100, 64), told(radvAlone, 100, 32), 128. / 768},
		{"nothing told", "conv2d_shared", 64, told(radvShared, 100, 64), told("VGPRs", 100, 64), math.NaN()},
		{"a tile that is not full", "conv2d_shared", 63, told(radvShared, 100, 64), told(radvShared, 100, 64), math.NaN()},
		{"no product", "relu", 64, told(radvShared, 100, 64), told(radvShared, 100, 64), math.NaN()},
	} {
		got := arithmetic(c.probe, dispatch{kernel: kernel{name: c.kernel}, constants: words(64, c.rows, 999)}, c.told, c.probe.Statistics[1].Name)
		if math.Abs(got-c.want) > 1e-12 || math.IsNaN(got) != math.IsNaN(c.want) {
			t.Errorf("%s: %g, want %g", c.why, got, c.want)
		}
	}
}
