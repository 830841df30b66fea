package vk

/*
#include "shim.h"
*/
import "C"

import (
	"slices"
	"strconv"
	"unsafe"

	"github.com/vulkan-go/vulkan"
)

// Recorder writes commands down, in the order of its calls. After an error only Abandon makes sense: what failed is not
// recorded, and whatever was to come after it would compute on the wrong data.
type Recorder struct {
	device   *Device
	commands *Commands // nil after Finish or Abandon
	hazards  hazards
	bound    *Pipeline
	touching []touch // scratch
}

// Commands are recorded commands, to be submitted any number of times. Destroy them after use.
type Commands struct {
	device      *Device
	label       string
	handle      vulkan.CommandBuffer
	descriptors descriptors
	timestamps  timestamps
	barriers    int
	recorded    bool // Finish was called
	ran         bool // a run is known to have ended; guarded by the device's mutex

	// Guarded by the device's mutex.
	alive bool
	uses  map[resource]struct{} // buffers and pipelines
	stale resource              // one of them, destroyed since: running the commands would touch freed memory
}

// NewRecorder starts a recording. The label appears in errors.
func (d *Device) NewRecorder(label string) (*Recorder, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	allocate := vulkan.CommandBufferAllocateInfo{SType: vulkan.StructureTypeCommandBufferAllocateInfo,
		CommandPool: d.commands, Level: vulkan.CommandBufferLevelPrimary, CommandBufferCount: 1}
	defer allocate.Free()
	handles := make([]vulkan.CommandBuffer, 1)
	if r := vulkan.AllocateCommandBuffers(d.handle, &allocate, handles); r != vulkan.Success {
		return nil, d.failed("vkAllocateCommandBuffers", int32(r), "for "+strconv.Quote(label))
	}
	// Simultaneous use: the same commands may be submitted while they are pending, or several times at once.
	begin := vulkan.CommandBufferBeginInfo{SType: vulkan.StructureTypeCommandBufferBeginInfo,
		Flags: vulkan.CommandBufferUsageFlags(vulkan.CommandBufferUsageSimultaneousUseBit)}
	defer begin.Free()
	if r := vulkan.BeginCommandBuffer(handles[0], &begin); r != vulkan.Success {
		vulkan.FreeCommandBuffers(d.handle, d.commands, 1, handles)
		return nil, d.failed("vkBeginCommandBuffer", int32(r), "for "+strconv.Quote(label))
	}
	d.setName(vulkan.ObjectTypeCommandBuffer, raw(handles[0]), label)
	c := &Commands{device: d, label: label, handle: handles[0], alive: true, uses: map[resource]struct{}{}}
	d.living[c] = struct{}{}
	r := &Recorder{device: d, commands: c}
	r.barrier(false)
	return r, nil
}

// Dispatch records a run of a pipeline.
//
// The error is [ErrUsage] for windows and counts that do not fit the pipeline, [ErrUnsupported] for ranges and group counts past
// the device's limits.
func (r *Recorder) Dispatch(x Dispatch) error {
	d := r.device
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := r.usable(); err != nil {
		return err
	}
	if err := d.checkDispatch(&x); err != nil {
		return err
	}
	set, err := r.commands.descriptors.write(d, &x)
	if err != nil {
		return err
	}
	r.order(x.touches(r.touching[:0]))
	r.commands.uses[x.Pipeline] = struct{}{}
	cmd, layout := r.commands.handle, x.Pipeline.layout.pipeline
	if r.bound != x.Pipeline {
		vulkan.CmdBindPipeline(cmd, vulkan.PipelineBindPointCompute, x.Pipeline.handle)
		r.bound = x.Pipeline
	}
	if x.Pipeline.spec.key().bindings() > 0 {
		sets := []vulkan.DescriptorSet{set}
		vulkan.CmdBindDescriptorSets(cmd, vulkan.PipelineBindPointCompute, layout, 0, 1, sets, 0, nil)
	}
	if len(x.Push) > 0 {
		push := slices.Clone(x.Push) // the caller's may lie in a struct with pointers, which must not be shown to C
		vulkan.CmdPushConstants(cmd, layout, vulkan.ShaderStageFlags(vulkan.ShaderStageComputeBit),
			0, uint32(4*len(push)), unsafe.Pointer(&push[0]))
	}
	vulkan.CmdDispatch(cmd, x.Groups[0], x.Groups[1], x.Groups[2])
	return nil
}

// Copy records a copy of src's bytes to dst, which has the same size and does not overlap it.
func (r *Recorder) Copy(dst, src Window) error {
	d := r.device
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := r.usable(); err != nil {
		return err
	}
	for _, w := range []Window{dst, src} {
		if err := d.checkWindow(w); err != nil {
			return err
		}
	}
	if dst.Size != src.Size || dst.overlaps(src) {
		return usage("copy of %d bytes at %d of buffer %q to %d bytes at %d of buffer %q",
			src.Size, src.Offset, src.label(), dst.Size, dst.Offset, dst.label())
	}
	r.order(append(r.touching[:0], touch{src, Read}, touch{dst, Write}))
	region := C.VkBufferCopy{srcOffset: C.VkDeviceSize(src.Offset), dstOffset: C.VkDeviceSize(dst.Offset),
		size: C.VkDeviceSize(dst.Size)}
	C.shim_cmd_copy(d.shim, raw(r.commands.handle), raw(src.Buffer.handle), raw(dst.Buffer.handle), region)
	return nil
}

// Fill records the writing of a 32-bit value all over a window, whose offset and size are multiples of 4.
func (r *Recorder) Fill(w Window, value uint32) error {
	d := r.device
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := r.usable(); err != nil {
		return err
	}
	if err := d.checkWindow(w); err != nil {
		return err
	}
	if w.Offset%4 != 0 || w.Size%4 != 0 {
		return usage("fill of %d bytes at %d of buffer %q: not multiples of 4", w.Size, w.Offset, w.label())
	}
	r.order(append(r.touching[:0], touch{w, Write}))
	vulkan.CmdFillBuffer(r.commands.handle, w.Buffer.handle,
		vulkan.DeviceSize(w.Offset), vulkan.DeviceSize(w.Size), value)
	return nil
}

// Timestamp records that the device notes the time when all that was recorded so far is done. What is recorded after it may
// have begun by then, unless a barrier stands between. It returns the timestamp's place in Commands.Timestamps.
//
// The error is [ErrUnsupported] without Features.Timestamps.
func (r *Recorder) Timestamp() (int, error) {
	d := r.device
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := r.usable(); err != nil {
		return 0, err
	}
	if !d.info.Features.Timestamps {
		return 0, unsupported("%q has no timestamps", d.info.Name)
	}
	s := &r.commands.timestamps
	place := s.count % queriesPerPool
	if place == 0 {
		if err := s.grow(d, r.commands.handle); err != nil {
			return 0, err
		}
	}
	vulkan.CmdWriteTimestamp(r.commands.handle, vulkan.PipelineStageBottomOfPipeBit, s.pools[len(s.pools)-1], uint32(place))
	s.count++
	return s.count - 1, nil
}

// order notes what a command touches, and places a barrier before it if it must wait for an earlier one.
func (r *Recorder) order(next []touch) {
	for _, t := range next {
		r.commands.uses[t.window.Buffer] = struct{}{}
	}
	r.touching = next
	if r.hazards.conflicts(next) {
		r.barrier(false)
		r.hazards.clear()
	}
	r.hazards.add(next)
}

// Finish ends the recording. The recorder is of no use after it, whether it fails or not.
func (r *Recorder) Finish() (*Commands, error) {
	d := r.device
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := r.usable(); err != nil {
		return nil, err
	}
	c := r.commands
	err := c.timestamps.finish(d, c.handle, c.label)
	r.barrier(true)
	r.commands = nil
	if result := vulkan.EndCommandBuffer(c.handle); err == nil && result != vulkan.Success {
		err = d.failed("vkEndCommandBuffer", int32(result), "of "+strconv.Quote(c.label))
	}
	if err != nil {
		delete(d.living, c)
		c.destroy()
		return nil, err
	}
	c.recorded = true
	return c, nil
}

// barrier separates everything before it from everything after it; toHost includes the host's reading in that.
func (r *Recorder) barrier(toHost bool) {
	host := C.int(0)
	if toHost {
		host = 1
	}
	C.shim_cmd_barrier(r.device.shim, raw(r.commands.handle), host)
	r.commands.barriers++
}

// Abandon ends the recording and throws it away. After Finish, or a second time, it does nothing.
func (r *Recorder) Abandon() {
	d := r.device
	d.mu.Lock()
	defer d.mu.Unlock()
	if r.usable() != nil {
		return
	}
	delete(d.living, r.commands)
	r.commands.destroy()
	r.commands = nil
}

func (r *Recorder) usable() error {
	if err := r.device.usable(); err != nil {
		return err
	}
	if r.commands == nil {
		return usage("recorder used after its end")
	}
	return nil
}

// Barriers is how many there are, with the one that commands open with and the one that they end with.
func (c *Commands) Barriers() int { return c.barriers }

// Destroy frees the commands, after waiting for what is in flight. A second call, or one on nil, does nothing.
func (c *Commands) Destroy() {
	if c != nil {
		c.device.remove(c)
	}
}

func (c *Commands) kind() string { return "commands" }
func (c *Commands) name() string { return c.label }

func (c *Commands) destroy() {
	c.alive = false
	c.descriptors.destroy(c.device)
	c.timestamps.destroy(c.device)
	vulkan.FreeCommandBuffers(c.device.handle, c.device.commands, 1, []vulkan.CommandBuffer{c.handle})
}
