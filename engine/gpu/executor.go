package gpu

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"cnnvk/engine"
	"cnnvk/engine/trace"
	"cnnvk/vk"
)

// Executor runs programs on one Vulkan device. It keeps the pipelines that its sessions made.
type Executor struct {
	device    *vk.Device
	pipelines map[string]*vk.Pipeline
	choices   Choices
	options   Options
	target    target // tests make it poorer than the device is
	timeline  *trace.Timeline
	clock     deviceClock
	ahead     *ahead
}

// New makes an executor on a device, which stays the caller's to close, after the executor.
func New(d *vk.Device) *Executor {
	return &Executor{device: d, pipelines: map[string]*vk.Pipeline{}, choices: Choices{}, target: targetOf(d.Info()), ahead: &ahead{done: map[string]bool{}}}
}

// Device names the device and its driver.
func (e *Executor) Device() engine.Device {
	info := e.device.Info()
	return engine.Device{Name: info.Name, Driver: info.DriverLabel()}
}

// Close gives the pipelines back.
func (e *Executor) Close() error {
	for _, p := range e.pipelines {
		p.Destroy()
	}
	clear(e.pipelines)
	return e.ahead.close()
}

// Trace makes later sessions put their steps on a time line: what the host does for them, and what the device does, of the first
// steps of each program with every kernel.
func (e *Executor) Trace(l *trace.Timeline) { e.timeline = l }

// NewSession plans the programs, allocates what they share, compiles what the first of them runs, until ctx ends, and records that.
func (e *Executor) NewSession(ctx context.Context, l *engine.Layout, programs []*engine.Program, opt engine.PlanOptions) (engine.Session, error) {
	s := newSession(e, l)
	if err := s.open(ctx, programs, opt); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func newSession(e *Executor, l *engine.Layout) *session {
	return &session{executor: e, layout: l, programs: map[*engine.Program]*recorded{}, residents: map[string]*resident{}}
}

func (s *session) open(ctx context.Context, programs []*engine.Program, opt engine.PlanOptions) error {
	plans, err := s.executor.plans(s.layout, programs, opt)
	if err != nil {
		return err
	}
	if err := s.allocate(plans); err != nil {
		return err
	}
	if len(plans) == 0 {
		return s.clear()
	}
	s.executor.ahead.compile(ctx, s.layout, s.executor.missing(plans[:1]))
	g, compiling := errgroup.WithContext(ctx)
	g.Go(s.clear) // where memory is the host's, this is when it is paged in
	g.Go(func() error { return s.executor.compile(compiling, plans[:1]) })
	if err := g.Wait(); err != nil {
		return err
	}
	if err := s.recordAll(plans); err != nil {
		return err
	}
	_, err = s.commandsOf(s.order[0], 0)
	return err
}

// recordAll makes the rings of the plans.
func (s *session) recordAll(plans []*plan) error {
	for _, pl := range plans {
		r, err := s.record(pl)
		if r != nil {
			s.programs[pl.program] = r
			s.order = append(s.order, r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Footprint is the device memory that a session of these programs asks of the driver, resident tensors apart. Nothing is
// allocated.
func (e *Executor) Footprint(l *engine.Layout, programs []*engine.Program, opt engine.PlanOptions) (int64, error) {
	plans, err := e.plans(l, programs, opt)
	if err != nil {
		return 0, err
	}
	buffers := []vk.Planned{{Size: workingBytes(plans), Use: vk.DeviceLocal}}
	for a := range engine.ArenaCount {
		buffers = append(buffers, vk.Planned{Size: arenaBytes(l, a), Use: vk.DeviceLocal})
	}
	for _, pl := range plans {
		buffers = append(buffers, vk.Planned{Size: pl.inputBytes() * ringSlots, Use: vk.Upload}, vk.Planned{Size: pl.reportBytes() * ringSlots, Use: vk.Readback},
			vk.Planned{Size: pl.tableBytes(), Use: vk.DeviceLocal})
	}
	return e.device.Footprint(buffers)
}

func (e *Executor) plans(l *engine.Layout, programs []*engine.Program, opt engine.PlanOptions) ([]*plan, error) {
	var plans []*plan
	all := planOptions{opt, e.options}
	if all.Choices == nil {
		all.Choices = e.choices
	}
	for _, p := range programs {
		if p.Layout != l {
			return nil, fmt.Errorf("engine/gpu: program %q has another layout than its session", p.Name)
		}
		pl, err := newPlan(p, all, e.target)
		if err != nil {
			return nil, err
		}
		plans = append(plans, pl)
	}
	if err := checkBuffers(l, plans, e.device.Info().Limits); err != nil {
		return nil, err
	}
	return plans, nil
}

// checkBuffers is the error of memory that the device does not give in one piece.
func checkBuffers(l *engine.Layout, plans []*plan, limits vk.Limits) error {
	largest := workingBytes(plans)
	for a := range engine.ArenaCount {
		largest = max(largest, arenaBytes(l, a))
	}
	for _, pl := range plans {
		for _, t := range pl.program.ByRole(engine.Resident) {
			largest = max(largest, pl.slabs[t].bytes)
		}
	}
	if largest > limits.AllocationBytes {
		return &TooLarge{"one piece of memory", largest, limits.AllocationBytes}
	}
	return nil
}

// allocate makes the buffers that the programs share.
func (s *session) allocate(plans []*plan) error {
	buffer := func(size int64, label string) (*vk.Buffer, error) {
		b, err := s.executor.device.NewBuffer(size, vk.DeviceLocal, label)
		if err == nil {
			s.buffers = append(s.buffers, b)
		}
		return b, err
	}
	var err error
	if s.workspace, err = buffer(workingBytes(plans), "workspace"); err != nil {
		return err
	}
	for a := range engine.ArenaCount {
		if s.arenas[a], err = buffer(arenaBytes(s.layout, a), a.String()); err != nil {
			return err
		}
	}
	for _, pl := range plans {
		for _, t := range pl.program.ByRole(engine.Resident) {
			if have := s.residents[t.Name]; have != nil {
				if !have.tensor.Shape.Equal(t.Shape) || have.tensor.DType != t.DType {
					return fmt.Errorf("engine/gpu: resident %v is %v in another program", t, have.tensor)
				}
				continue
			}
			b, err := buffer(pl.slabs[t].bytes, t.Name)
			if err != nil {
				return err
			}
			s.residents[t.Name] = &resident{tensor: t, buffer: b, bytes: pl.slabs[t].bytes}
		}
	}
	return nil
}

// arenaBytes is the size of an arena's buffer, which cannot be empty.
func arenaBytes(l *engine.Layout, a engine.Arena) int64 {
	return oddly(max(int64(l.ArenaElements(a))*4, windowAlign))
}

// workingBytes is the working memory that programs share: what the largest needs.
func workingBytes(plans []*plan) int64 {
	size := int64(windowAlign)
	for _, pl := range plans {
		size = max(size, pl.workspace)
	}
	return oddly(size)
}

// clear fills the arenas with zeros and the workspace with NaN, so that what is read before it is written shows.
func (s *session) clear() error {
	const nan = 0x7fc07fc0 // of every type
	whole := func(b *vk.Buffer) vk.Window { return b.Window(0, b.Size()/4*4) }
	return s.executor.device.Do("clear", stepTimeout, func(r *vk.Recorder) error {
		if err := r.Fill(whole(s.workspace), nan); err != nil {
			return err
		}
		for _, b := range s.arenas {
			if err := r.Fill(whole(b), 0); err != nil {
				return err
			}
		}
		return nil
	})
}

// Kernels lists the kernel choices for p.
func (s *session) Kernels(p *engine.Program) []string {
	if r := s.programs[p]; r != nil {
		return slices.Clone(r.plan.kernels)
	}
	return nil
}
