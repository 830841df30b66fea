package vk

/*
#include "shim.h"
*/
import "C"

import (
	"slices"
	"strconv"
	"time"

	"github.com/vulkan-go/vulkan"
)

// Pending is a submission under way. Wait for it, or ask until it is done: until then it keeps a fence.
type Pending struct {
	device   *Device
	fence    vulkan.Fence
	commands []*Commands

	// Guarded by the device's mutex.
	waiters int  // goroutines that use the fence outside of it
	done    bool // err is final and the fence is not to be asked any more
	err     error
}

// Run submits commands and waits until they are done, but not longer than timeout.
func (d *Device) Run(c *Commands, timeout time.Duration) error {
	pending, err := d.Submit(c)
	if err != nil {
		return err
	}
	return pending.Wait(timeout)
}

// Submit hands commands to the device, in order, and returns at once. The same commands may be submitted again at any time, also
// while they are pending, and several times in one call: each run begins after what was submitted before it.
func (d *Device) Submit(cs ...*Commands) (*Pending, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	if len(cs) == 0 {
		return nil, usage("submit without commands")
	}
	d.scratch = d.scratch[:0]
	for _, c := range cs {
		switch {
		case c == nil || !c.recorded:
			return nil, usage("submit of commands that were not recorded")
		case c.device != d:
			return nil, usage("submit of commands %q of another device", c.label)
		case !c.alive:
			return nil, usage("submit of commands %q, which are destroyed", c.label)
		case c.stale != nil:
			return nil, usage("submit of commands %q, whose %s %q is destroyed", c.label, c.stale.kind(), c.stale.name())
		}
		d.scratch = append(d.scratch, raw(c.handle))
	}
	fence, err := d.takeFence()
	if err != nil {
		return nil, err
	}
	r := C.shim_submit(d.shim, raw(d.queue), &d.scratch[0], C.uint32_t(len(cs)), raw(fence))
	if r != resultSuccess {
		d.fences = append(d.fences, fence)
		return nil, d.failed("vkQueueSubmit", int32(r), "of "+strconv.Quote(cs[0].label))
	}
	p := &Pending{device: d, fence: fence, commands: slices.Clone(cs)}
	d.inFlight[p] = struct{}{}
	return p, nil
}

// takeFence gives an unsignalled fence.
func (d *Device) takeFence() (vulkan.Fence, error) {
	if n := len(d.fences); n > 0 {
		fence := d.fences[n-1]
		if r := vulkan.ResetFences(d.handle, 1, d.fences[n-1:]); r != vulkan.Success {
			return nil, d.failed("vkResetFences", int32(r), "")
		}
		d.fences = d.fences[:n-1]
		return fence, nil
	}
	create := vulkan.FenceCreateInfo{SType: vulkan.StructureTypeFenceCreateInfo}
	defer create.Free()
	var fence vulkan.Fence
	if r := vulkan.CreateFence(d.handle, &create, nil, &fence); r != vulkan.Success {
		return nil, d.failed("vkCreateFence", int32(r), "")
	}
	d.allFences = append(d.allFences, fence)
	return fence, nil
}

// Wait waits until the submission is done, but not longer than timeout. The error is [ErrTimeout] then, and Wait may be
// called again; it is [ErrDeviceLost] when the device has failed. Wait after the end repeats the result.
func (p *Pending) Wait(timeout time.Duration) error {
	d := p.device
	d.mu.Lock()
	if p.done || d.closed {
		defer d.mu.Unlock()
		return p.result()
	}
	p.waiters++
	d.waiting.Add(1)
	d.mu.Unlock()

	r := d.waitFor(p.fence, timeout) // Vulkan lets other threads make any other calls meanwhile

	d.waiting.Done()
	d.mu.Lock()
	defer d.mu.Unlock()
	p.waiters--
	return p.settle("vkWaitForFences", r)
}

// Done says whether the submission is done, without waiting. The error is that of Wait, and false comes without one.
func (p *Pending) Done() (bool, error) {
	d := p.device
	d.mu.Lock()
	defer d.mu.Unlock()
	if p.done || d.closed {
		return true, p.result()
	}
	r := vulkan.GetFenceStatus(d.handle, p.fence)
	if r == vulkan.NotReady {
		return false, nil
	}
	return true, p.settle("vkGetFenceStatus", r)
}

func (p *Pending) result() error {
	if !p.done {
		return p.device.usable()
	}
	return p.err
}

// drain waits until everything submitted is done, for drainTime at most each. It holds the device's mutex meanwhile.
func (d *Device) drain() error {
	for p := range d.inFlight {
		if err := p.settle("vkWaitForFences", d.waitFor(p.fence, drainTime)); err != nil {
			return err
		}
	}
	return nil
}

// awake is the longest wait at a time. A process that was stopped, by Ctrl-Z or with its machine, and goes on finds that one over, not
// the whole timeout: the device had no time to work either.
const awake = time.Second

func (d *Device) waitFor(fence vulkan.Fence, timeout time.Duration) vulkan.Result {
	for left := max(timeout, 0); ; left -= awake {
		r := vulkan.WaitForFences(d.handle, 1, []vulkan.Fence{fence}, vulkan.True, uint64(min(left, awake)))
		if r != vulkan.Timeout || left <= awake {
			return r
		}
	}
}

// settle takes what the driver says about the fence. When that is final the fence goes back to the pool, unless another
// goroutine still waits for it: then the last one returns it.
func (p *Pending) settle(call string, r vulkan.Result) error {
	d := p.device
	if !p.done {
		if r != vulkan.Success {
			err := d.failed(call, int32(r), "of "+strconv.Quote(p.commands[0].label))
			if r == vulkan.Timeout {
				return err
			}
			p.err = err
		} else {
			for _, c := range p.commands {
				c.ran = true
			}
		}
		p.done, p.commands = true, nil
		delete(d.inFlight, p)
	}
	if p.waiters == 0 && p.fence != nil {
		d.fences = append(d.fences, p.fence)
		p.fence = nil
	}
	return p.err
}
