package gpu

import (
	"fmt"
	"math"
	"time"

	"cnnvk/vk"
)

// Ceilings are what a device can do at most, as far as three small kernels find out: arithmetic that touches no memory, and a
// copy that does nothing else. A kernel cannot be faster than both let it, unless caches spare it the memory.
type Ceilings struct {
	Flops float64 // floating-point operations a second; a multiply-add is two
	Bytes float64 // bytes a second, read and written
}

// The kernels of the probe. No op uses them.
var (
	probeMultiplyAdd = kernel{name: "probe_multiply_add", storage: []vk.Access{out}, push: []string{"count", "rounds", "a", "b"}}
	probeCopy        = kernel{name: "probe_copy", storage: []vk.Access{in, out}, spec: []string{"RUN"}, push: []string{"count"}}
	probeCopyTexel   = kernel{name: "probe_copy_texel", storage: []vk.Access{out}, texel: 1, spec: []string{"RUN"}, push: []string{"count"}}

	probes = []kernel{probeMultiplyAdd, probeCopy, probeCopyTexel}
)

const (
	// probeChains and probeBody are the multiply-adds of a round of probe_multiply_add: so many chains, each that much longer.
	probeChains, probeBody = 12, 64
	// probeRounds make a workgroup some million multiply-adds: on CPU drivers its start costs as much as ten thousand.
	probeRounds = 32
	// The arithmetic starts with so many invocations, and is doubled, up to what fills the largest GPU, until it takes probeTime.
	probeLeast, probeMost = 1 << 14, 1 << 22
	// probeTime is long enough for beginning and end not to count.
	probeTime = 2 * time.Millisecond
	// probeBytes are copied: more than caches hold, and no more than a range that every device can bind.
	probeBytes = 64 << 20
	// A run is repeated that often at least, and as long as that: many short runs, of which the best counts, since others
	// disturb but never help.
	probeRuns, probeAll = 5, 600 * time.Millisecond
)

// Ceilings measures the device, in three seconds or so.
func (e *Executor) Ceilings() (Ceilings, error) {
	flops, err := e.probeFlops()
	if err != nil {
		return Ceilings{}, fmt.Errorf("engine/gpu: measuring arithmetic: %w", err)
	}
	bytes, err := e.probeMemory()
	if err != nil {
		return Ceilings{}, fmt.Errorf("engine/gpu: measuring memory: %w", err)
	}
	return Ceilings{flops, bytes}, nil
}

// probeFlops runs the arithmetic, at first to see how much of it takes long enough.
func (e *Executor) probeFlops() (float64, error) {
	y, err := e.device.NewBuffer(4*probeMost, vk.DeviceLocal, "probe")
	if err != nil {
		return 0, err
	}
	defer y.Destroy()
	count := probeLeast
	run := func() probeRun {
		// From any number towards 1, so that none gets so large or small that it takes longer.
		return probeRun{k: probeMultiplyAdd, push: append(words(count, probeRounds), word(0.5), word(0.5)), count: count, storage: []*vk.Buffer{y}}
	}
	for ; count < probeMost; count *= 2 {
		took, err := e.best(run(), 1, 0)
		if err != nil {
			return 0, err
		}
		if took >= probeTime {
			break
		}
	}
	took, err := e.best(run(), probeRuns, probeAll)
	return 2 * probeChains * probeBody * probeRounds * float64(count) / took.Seconds(), err
}

// probeMemory takes the fastest way to copy.
func (e *Executor) probeMemory() (float64, error) {
	x, err := e.device.NewBuffer(probeBytes, vk.DeviceLocal, "probe")
	if err != nil {
		return 0, err
	}
	defer x.Destroy()
	y, err := e.device.NewBuffer(probeBytes, vk.DeviceLocal, "probe copied")
	if err != nil {
		return 0, err
	}
	defer y.Destroy()
	if err := e.device.Do("probe", stepTimeout, func(r *vk.Recorder) error { return r.Fill(x.Window(0, x.Size()), math.Float32bits(1)) }); err != nil {
		return 0, err
	}
	best := time.Duration(math.MaxInt64)
	for _, p := range e.copies(x, y) {
		took, err := e.best(p, probeRuns, probeAll)
		if err != nil {
			return 0, err
		}
		best = min(best, took)
	}
	return 2 * probeBytes / best.Seconds(), nil
}

// copies are the ways to copy x to y that the device has.
func (e *Executor) copies(x, y *vk.Buffer) []probeRun {
	vectors := int(x.Size() / 16)
	var out []probeRun
	for _, run := range []int{1, 4} {
		count := vectors / run
		out = append(out, probeRun{k: probeCopy, constants: words(run), push: words(count), count: count, storage: []*vk.Buffer{x, y}})
		if vectors <= int(e.device.Info().Limits.TexelBufferElements) {
			out = append(out, probeRun{k: probeCopyTexel, constants: words(run), push: words(count), count: count,
				storage: []*vk.Buffer{y}, texel: []*vk.Buffer{x}})
		}
	}
	return out
}

// probeRun is a dispatch over whole buffers.
type probeRun struct {
	k               kernel
	constants, push []uint32
	count           int // invocations
	storage, texel  []*vk.Buffer
}

// best is the shortest of some runs, after one that does not count.
func (e *Executor) best(p probeRun, runs int, all time.Duration) (time.Duration, error) {
	stamped := e.device.Info().Features.Timestamps
	commands, err := p.record(e, stamped)
	if err != nil {
		return 0, err
	}
	defer commands.Destroy()
	best, began := time.Duration(math.MaxInt64), time.Now()
	for i := 0; i <= runs || time.Since(began) < all; i++ {
		took, err := e.timeOnce(commands, stamped)
		if err != nil {
			return 0, err
		}
		if i > 0 {
			best = min(best, took)
		}
	}
	return max(best, 1), nil
}

// record records it, between two timestamps where the device has them.
func (p *probeRun) record(e *Executor, stamped bool) (*vk.Commands, error) {
	d := dispatch{kernel: p.k, constants: append([]uint32{workgroup}, p.constants...)}
	pipeline, err := e.pipeline(d)
	if err != nil {
		return nil, err
	}
	x := vk.Dispatch{Pipeline: pipeline, Push: p.push, Groups: cover(p.count), Label: p.k.name}
	for i, b := range p.storage {
		x.Storage = append(x.Storage, vk.Binding{Window: b.Window(0, b.Size()), Access: p.k.storage[i]})
	}
	for _, b := range p.texel {
		x.Texel = append(x.Texel, vk.Texels{Window: b.Window(0, b.Size())})
	}
	rec, err := e.device.NewRecorder(p.k.name)
	if err != nil {
		return nil, err
	}
	defer rec.Abandon()
	for _, do := range []func() error{
		func() error { return stamp(rec, stamped) },
		func() error { return rec.Dispatch(x) },
		func() error { return stamp(rec, stamped) },
	} {
		if err := do(); err != nil {
			return nil, err
		}
	}
	return rec.Finish()
}
