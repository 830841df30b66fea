package vk

/*
#include "shim.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vulkan-go/vulkan"
)

// drainTime is how long a call that needs the device idle waits for each submission under way before it gives up.
const drainTime = 5 * time.Minute

// Device is an open device with its one queue. Close it after use; everything made from it ends with it.
type Device struct {
	instance *Instance
	physical C.uint64_t // as the shim takes it
	info     Info

	compiling     sync.RWMutex // held, outside of mu, by whoever compiles, and by Close
	mu            sync.Mutex   // held for every Vulkan call but compiling, and waiting for a fence
	shim          *C.ShimDevice
	handle        vulkan.Device
	queue         vulkan.Queue
	commands      vulkan.CommandPool
	pipelineCache vulkan.PipelineCache // none until UsePipelineCache
	memory        *pool
	layouts       map[layoutKey]layout
	clock         clock
	closed        bool

	fences    []vulkan.Fence // free ones; they may still be signalled
	allFences []vulkan.Fence
	inFlight  map[*Pending]struct{} // submissions not known to be done
	waiting   sync.WaitGroup        // goroutines inside vkWaitForFences
	scratch   []C.uint64_t          // of Submit
	living    map[resource]struct{} // what the caller must destroy

	transfer sync.Mutex // held by Write and Read, outside of mu: they share the staging buffers
	staging  [2]*Buffer // for Write and for Read; nil until needed
	// stagingAlways makes Write and Read avoid mapped memory, so that tests see staging on unified devices too.
	stagingAlways bool
}

// OpenDevice opens one of the devices that [Instance.Devices] listed, with everything that its Features name enabled.
func (in *Instance) OpenDevice(info Info) (*Device, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed {
		return nil, usage("device opened on a closed instance")
	}
	if info.Index < 0 || info.Index >= len(in.infos) || in.infos[info.Index].Name != info.Name {
		return nil, usage("device %d, %q, is not of this instance", info.Index, info.Name)
	}
	d := &Device{
		instance: in,
		physical: raw(in.physical[info.Index]),
		info:     in.infos[info.Index],
		layouts:  map[layoutKey]layout{},
		inFlight: map[*Pending]struct{}{},
		living:   map[resource]struct{}{},
	}
	physical, found := in.physical[info.Index], in.found[info.Index]
	d.clock = clock{bits: uint(found.timestamp_bits), period: float64(d.info.Limits.TimestampPeriod)}
	if r := C.shim_create_device(in.shim, d.physical, &found, &d.shim); r != resultSuccess {
		return nil, d.failed("vkCreateDevice", int32(r), "")
	}
	d.handle = fromRaw[vulkan.Device](C.shim_device_handle(d.shim))
	var queue vulkan.Queue
	vulkan.GetDeviceQueue(d.handle, uint32(found.queue_family), 0, &queue)
	d.queue = queue
	heaps, types := memoryLayout(physical)
	d.memory = newPool(deviceMemory{d}, types, heaps, d.info.Limits)
	d.memory.spilled = func() {
		in.log.Warn("vk: the device's own memory is used up: what follows lies in the host's, which is slower for it", "device", d.info.Name)
	}
	if err := d.createCommandPool(uint32(found.queue_family)); err != nil {
		d.destroy()
		return nil, err
	}
	in.open++
	return d, nil
}

func (d *Device) createCommandPool(family uint32) error {
	create := vulkan.CommandPoolCreateInfo{SType: vulkan.StructureTypeCommandPoolCreateInfo, QueueFamilyIndex: family}
	defer create.Free()
	var commands vulkan.CommandPool
	if r := vulkan.CreateCommandPool(d.handle, &create, nil, &commands); r != vulkan.Success {
		return d.failed("vkCreateCommandPool", int32(r), "")
	}
	d.commands = commands
	return nil
}

// Another opens the same device a second time, with a queue and objects of its own. It is closed by itself, before the instance.
func (d *Device) Another() (*Device, error) { return d.instance.OpenDevice(d.info) }

// Info describes the device.
func (d *Device) Info() Info { return d.info }

// MemoryStats says how much memory the device has been asked for, by this program.
func (d *Device) MemoryStats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.memory.stats
}

// Close waits until the device is idle and destroys all that is left. What its users should have destroyed and did not is
// listed in the error, which is [ErrUsage]; all the same it is gone. If the device does not become idle, Close gives up
// after some minutes with [ErrTimeout] and leaves it as it is.
func (d *Device) Close() error {
	d.compiling.Lock()
	defer d.compiling.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	if err := d.drain(); err != nil && !errors.Is(err, ErrDeviceLost) {
		return err
	}
	d.closed = true
	d.waiting.Wait() // nothing is in flight, so they are about to return
	for _, b := range d.staging {
		if b != nil {
			b.destroy()
		}
	}
	var leaks []string
	for x := range d.living {
		leaks = append(leaks, fmt.Sprintf("%s %q", x.kind(), x.name()))
		x.destroy()
	}
	d.destroy()
	d.instance.mu.Lock()
	d.instance.open--
	d.instance.mu.Unlock()
	if len(leaks) > 0 {
		slices.Sort(leaks)
		return usage("device closed before %d things made from it: %s", len(leaks), strings.Join(leaks, ", "))
	}
	return nil
}

// destroy ends what the device made for itself, and the device.
func (d *Device) destroy() {
	for _, l := range d.layouts {
		vulkan.DestroyPipelineLayout(d.handle, l.pipeline, nil)
		vulkan.DestroyDescriptorSetLayout(d.handle, l.set, nil)
	}
	for _, fence := range d.allFences {
		vulkan.DestroyFence(d.handle, fence, nil)
	}
	if d.pipelineCache != nil {
		vulkan.DestroyPipelineCache(d.handle, d.pipelineCache, nil)
	}
	if d.commands != nil {
		vulkan.DestroyCommandPool(d.handle, d.commands, nil)
	}
	vulkan.DestroyDevice(d.handle, nil)
	C.shim_free_device(d.shim)
}
