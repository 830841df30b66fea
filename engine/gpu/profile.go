package gpu

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"cnnvk/engine"
	"cnnvk/shaders"
	"cnnvk/vk"
)

// KernelTime is one dispatch of a step, timed on the device.
type KernelTime struct {
	Op     engine.Kind // the op, or the first of a fused run
	Shape  engine.Shape
	Kernel string
	Shader string // the file that the kernel was compiled from, shaders/NAME.comp
	Time   time.Duration
	// MultiplyAdds are the op's, on the dispatches that do the product: packing a weight before it and adding up partial
	// sums after it count for nothing. Winograd's products do what a quarter of them would.
	MultiplyAdds int64
	Bytes        int64 // of what it reads and writes, each once
	Invocations  int64
}

// productKernels are what the names of the kernels begin with that do a product: those of the dispatches before and after it do not.
var productKernels = regexp.MustCompile("^((pointwise_|depthwise_)?conv2d|linear|winograd_(weight_)?product)")

var errNotOurs = errors.New("engine/gpu: the session is not of a Vulkan device, or the program is not the session's")

// Profile runs a step of p once, with a timestamp after every dispatch. The session's state moves on as by a step.
func Profile(s engine.Session, p *engine.Program, in *engine.StepInputs) ([]KernelTime, error) {
	g, ok := s.(*session)
	if !ok || g.programs[p] == nil {
		return nil, errNotOurs
	}
	if _, err := g.Reports(); err != nil {
		return nil, err
	}
	r := g.programs[p]
	if err := g.fill(r, 0, in); err != nil {
		return nil, err
	}
	commands, err := g.recordSlot(r, 0, true)
	if err != nil {
		return nil, err
	}
	defer commands.Destroy()
	if err := g.executor.device.Run(commands, stepTimeout); err != nil {
		return nil, err
	}
	stamps, err := commands.Timestamps()
	if err != nil {
		return nil, err
	}
	return r.times(stamps)
}

// Size is how many dispatches and barriers a step of p has, with the barriers before it and behind it.
func Size(s engine.Session, p *engine.Program) (dispatches, barriers int, err error) {
	g, ok := s.(*session)
	if !ok || g.programs[p] == nil {
		return 0, 0, errNotOurs
	}
	r := g.programs[p]
	c, err := g.commandsOf(r, 0)
	if err != nil {
		return 0, 0, err
	}
	return len(r.plan.dispatches), c.Barriers(), nil
}

// Dispatches is what Profile returns of a step of p, which is not run: without times.
func Dispatches(s engine.Session, p *engine.Program) ([]KernelTime, error) {
	g, ok := s.(*session)
	if !ok || g.programs[p] == nil {
		return nil, errNotOurs
	}
	return g.programs[p].plan.work()
}

// times pairs the dispatches with the time between their timestamps.
func (r *recorded) times(stamps []time.Duration) ([]KernelTime, error) {
	if len(stamps) != len(r.plan.dispatches)+1 {
		return nil, fmt.Errorf("engine/gpu: %d timestamps for %d dispatches", len(stamps), len(r.plan.dispatches))
	}
	out, err := r.plan.work()
	for i := range out {
		out[i].Time = stamps[i+1] - stamps[i]
	}
	return out, err
}

// work is what each dispatch does, without its time.
func (pl *plan) work() ([]KernelTime, error) {
	var out []KernelTime
	products := pl.productDispatches()
	for _, d := range pl.dispatches {
		op := pl.program.Ops[d.op]
		file, _, err := shaders.Source(d.kernel.code())
		if err != nil {
			return nil, err
		}
		k := KernelTime{
			Op: op.Kind, Shape: op.Inputs[0].Shape, Kernel: d.kernel.code(), Shader: "shaders/" + file,
			Bytes: d.traffic(), Invocations: int64(d.constants[0]),
		}
		for _, groups := range d.groups {
			k.Invocations *= int64(groups)
		}
		if productKernels.MatchString(k.Kernel) {
			k.MultiplyAdds = op.MultiplyAdds() / products[d.op]
			if strings.HasPrefix(k.Kernel, "winograd_") {
				k.MultiplyAdds /= winogradSaved
			}
		}
		out = append(out, k)
	}
	return out, nil
}

// productDispatches counts the dispatches that do an op's product, by op: several where it is done in pieces.
func (pl *plan) productDispatches() map[int]int64 {
	n := map[int]int64{}
	for _, d := range pl.dispatches {
		if productKernels.MatchString(d.kernel.name) {
			n[d.op]++
		}
	}
	return n
}

// traffic is the bytes of a dispatch's operands, counted twice where they are read and written. Of a resident tensor, which is a
// whole data set, no more counts than is written: a batch is gathered from it.
func (d *dispatch) traffic() int64 {
	var read, written, resident int64
	count := func(o operand, a vk.Access) {
		switch {
		case a&vk.Read != 0 && o.slab.home == residents:
			resident += o.moved()
		case a&vk.Read != 0:
			read += o.moved()
		}
		if a&vk.Write != 0 {
			written += o.moved()
		}
	}
	for i, o := range d.storage {
		count(o, d.kernel.storage[i])
	}
	for _, o := range d.texel {
		count(o, vk.Read)
	}
	if d.uniform != nil {
		count(operand{slab: d.uniform}, vk.Read)
	}
	return read + written + min(resident, written)
}

// moved is the bytes of an operand that are read or written.
func (o operand) moved() int64 {
	if o.used > 0 {
		return o.used
	}
	return o.size()
}
