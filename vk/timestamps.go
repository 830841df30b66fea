package vk

import (
	"encoding/binary"
	"time"

	"github.com/vulkan-go/vulkan"
)

// queriesPerPool is how many timestamps are made room for at once.
const queriesPerPool = 256

// timestamps are the places of one recording at which the device notes the time. The recording ends with a copy of them to
// memory that the host can see: asked for the queries themselves, lavapipe waits until the device is idle.
type timestamps struct {
	pools []vulkan.QueryPool
	count int
	ticks *Buffer // the copy
}

// grow adds a pool, and records that its queries are reset each time the commands run.
func (s *timestamps) grow(d *Device, commands vulkan.CommandBuffer) error {
	create := vulkan.QueryPoolCreateInfo{SType: vulkan.StructureTypeQueryPoolCreateInfo,
		QueryType: vulkan.QueryTypeTimestamp, QueryCount: queriesPerPool}
	defer create.Free()
	var pool vulkan.QueryPool
	if r := vulkan.CreateQueryPool(d.handle, &create, nil, &pool); r != vulkan.Success {
		return d.failed("vkCreateQueryPool", int32(r), "")
	}
	s.pools = append(s.pools, pool)
	vulkan.CmdResetQueryPool(commands, pool, 0, queriesPerPool)
	return nil
}

// finish records the copy.
func (s *timestamps) finish(d *Device, commands vulkan.CommandBuffer, label string) error {
	if s.count == 0 {
		return nil
	}
	var err error
	if s.ticks, err = d.newBuffer(8*int64(s.count), Readback, "timestamps of "+label); err != nil {
		return err
	}
	for i, pool := range s.pools {
		first := i * queriesPerPool
		count := min(queriesPerPool, s.count-first)
		vulkan.CmdCopyQueryPoolResults(commands, pool, 0, uint32(count), s.ticks.handle, vulkan.DeviceSize(8*first), 8,
			vulkan.QueryResultFlags(vulkan.QueryResult64Bit|vulkan.QueryResultWaitBit))
	}
	return nil
}

// Timestamps are the times that the last run of the commands noted, on the device's clock (see [Device.Calibrate]). It is
// [ErrUsage] to ask before Wait or Done has told that a run is done, and of no use while another one is under way.
func (c *Commands) Timestamps() ([]time.Duration, error) {
	d := c.device
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return nil, err
	}
	if !c.alive {
		return nil, usage("timestamps of commands %q, which are destroyed", c.label)
	}
	if !c.ran {
		return nil, usage("timestamps of commands %q before a run of them is done", c.label)
	}
	ticks := c.timestamps.ticks
	if ticks == nil {
		return nil, nil
	}
	if err := d.syncRange("vkInvalidateMappedMemoryRanges", ticks, 0, ticks.size); err != nil {
		return nil, err
	}
	times, mapped := make([]time.Duration, c.timestamps.count), ticks.mapped()
	for i := range times {
		times[i] = d.clock.time(binary.NativeEndian.Uint64(mapped[8*i:]))
	}
	return times, nil
}

func (s *timestamps) destroy(d *Device) {
	if s.ticks != nil {
		s.ticks.destroy()
	}
	for _, pool := range s.pools {
		vulkan.DestroyQueryPool(d.handle, pool, nil)
	}
	*s = timestamps{}
}
