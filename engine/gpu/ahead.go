package gpu

import (
	"context"
	"errors"
	"slices"

	"cnnvk/engine"
	"cnnvk/vk"
)

// Some drivers compile a kernel when it first runs, on the one thread of the device's queue, and keep what they compiled for all devices of
// the same kind. With them further devices run a kernel ahead, over no workgroups, each on a thread of its own. The device that works then
// finds it compiled.
//
// Lavapipe of Mesa 26 compiles a kernel's reading of each texel buffer apart, for the buffer's size, when an invocation first reads it. So
// a kernel that reads texels runs over one workgroup. What it reads is in memory that nobody wrote: no such kernel takes from there how long it
// loops, only from constants and tables.

// ahead are the further devices of an executor and its copies.
type ahead struct {
	most      int // devices; 0 where kernels are compiled with their pipelines
	executors []*Executor
	done      map[string]bool // what was compiled, by its pipeline's key
}

// CompileAhead lets Tune and SampleProducts open so many further devices to compile kernels on, and later sessions use them. It is for drivers that
// compile a kernel when it first runs, and keep it.
func (e *Executor) CompileAhead(devices int) { e.ahead.most = devices }

// open opens the further devices. Without them everything takes longer, and that is all.
func (a *ahead) open(e *Executor) {
	for len(a.executors) < a.most {
		d, err := e.device.Another()
		if err != nil {
			a.most = len(a.executors)
			return
		}
		a.executors = append(a.executors, New(d))
	}
}

func (a *ahead) close() (err error) {
	for _, e := range a.executors {
		err = errors.Join(err, e.Close(), e.device.Close())
	}
	a.executors = nil
	return err
}

// compile has kernels compiled, each once, until ctx ends. Where one fails the rest is left to the device that works, which tells why.
func (a *ahead) compile(ctx context.Context, l *engine.Layout, dispatches []planned) {
	dispatches = slices.DeleteFunc(slices.Clone(dispatches), func(d planned) bool { return a.done[d.pipelineKey()] })
	if len(a.executors) == 0 || len(dispatches) < 2 {
		return
	}
	free := make(chan *compiler, len(a.executors))
	for _, e := range a.executors {
		free <- &compiler{e, l, map[*plan]*session{}}
	}
	compiled := make([]bool, len(dispatches))
	inTurn(ctx, len(dispatches), len(a.executors), func(i int) error {
		c := <-free
		defer func() { free <- c }()
		err := c.compile(dispatches[i])
		compiled[i] = err == nil
		return err
	})
	for range a.executors {
		(<-free).close()
	}
	for i, d := range dispatches {
		if compiled[i] {
			a.done[d.pipelineKey()] = true
		}
	}
}

// planned is a dispatch of a plan.
type planned struct {
	plan *plan
	dispatch
}

// compiler compiles on a device of its own.
type compiler struct {
	executor *Executor
	layout   *engine.Layout
	sessions map[*plan]*session // whose memory nobody touches
}

// compile runs a dispatch over no workgroups, or one.
func (c *compiler) compile(d planned) error {
	s := c.sessions[d.plan]
	if s == nil {
		s = newSession(c.executor, c.layout)
		c.sessions[d.plan] = s
		if err := errors.Join(s.allocate([]*plan{d.plan}), s.recordAll([]*plan{d.plan})); err != nil {
			return err
		}
	}
	x, err := s.dispatch(s.order[0], 0, d.dispatch)
	if err != nil {
		return err
	}
	x.Groups = [3]uint32{1, 1, 1}
	if len(d.texel) == 0 {
		x.Groups, x.Idle = [3]uint32{}, true
	}
	return c.executor.device.Do("compiling "+x.Label, stepTimeout, func(r *vk.Recorder) error { return r.Dispatch(x) })
}

func (c *compiler) close() {
	for _, s := range c.sessions {
		s.Close()
	}
	c.executor.Close()
}
