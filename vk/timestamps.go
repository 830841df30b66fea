package vk

import (
	"strconv"
	"time"
	"unsafe"

	"github.com/vulkan-go/vulkan"
)

// queriesPerPool is how many timestamps are made room for at once.
const queriesPerPool = 256

// timestamps are the places of one recording at which the device notes the time.
type timestamps struct {
	pools []vulkan.QueryPool
	count int
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

// Timestamps are the times that the last run of the commands noted, on the device's clock (see [Device.Calibrate]). It is
// [ErrUsage] to ask before a run is done.
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
	ticks, err := c.timestamps.read(d, c.label)
	if err != nil {
		return nil, err
	}
	times := make([]time.Duration, len(ticks))
	for i, tick := range ticks {
		times[i] = d.clock.time(tick)
	}
	return times, nil
}

func (s *timestamps) read(d *Device, label string) ([]uint64, error) {
	ticks := make([]uint64, s.count)
	for i, pool := range s.pools {
		part := ticks[i*queriesPerPool : min((i+1)*queriesPerPool, s.count)]
		r := vulkan.GetQueryPoolResults(d.handle, pool, 0, uint32(len(part)), uint(8*len(part)),
			unsafe.Pointer(&part[0]), 8, vulkan.QueryResultFlags(vulkan.QueryResult64Bit))
		if r == vulkan.NotReady {
			return nil, usage("timestamps of commands %q before a run of them is done", label)
		}
		if r != vulkan.Success {
			return nil, d.failed("vkGetQueryPoolResults", int32(r), "of "+strconv.Quote(label))
		}
	}
	return ticks, nil
}

func (s *timestamps) destroy(d *Device) {
	for _, pool := range s.pools {
		vulkan.DestroyQueryPool(d.handle, pool, nil)
	}
	*s = timestamps{}
}
