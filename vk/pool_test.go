package vk

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/vulkan-go/vulkan"
)

func TestCandidates(t *testing.T) {
	const (
		local, visible, coherent, cached = memoryDeviceLocal, memoryHostVisible, memoryHostCoherent, memoryHostCached
		protected                        = 0x20
	)
	graphicsCard := []memoryType{
		{0, 1},
		{local, 0},
		{visible | coherent, 1},
		{visible | coherent | cached, 1},
		{local | visible | coherent, 2},
		{local | protected, 0},
	}
	unified := []memoryType{{local | visible | coherent | cached, 0}}
	phone := []memoryType{{local | visible | coherent, 0}, {local | visible | cached, 0}}
	for _, c := range []struct {
		why     string
		types   []memoryType
		allowed uint32
		use     Use
		want    []int
	}{
		{"the card's own memory, then the part that the host can see, then the host's", graphicsCard, ^uint32(0), DeviceLocal, []int{1, 4, 2, 3}},
		{"host memory, write-combined first", graphicsCard, ^uint32(0), Upload, []int{2, 4, 3}},
		{"host memory, cached first", graphicsCard, ^uint32(0), Readback, []int{3, 2, 4}},
		{"not every type is allowed", graphicsCard, 1<<4 | 1<<3, DeviceLocal, []int{4, 3}},
		{"no type is", graphicsCard, 1, Upload, nil},
		{"one type for all", unified, 1, DeviceLocal, []int{0}},
		{"one type for all", unified, 1, Upload, []int{0}},
		{"one type for all", unified, 1, Readback, []int{0}},
		{"coherent for writing", phone, 3, Upload, []int{0, 1}},
		{"cached for reading, though it needs invalidating", phone, 3, Readback, []int{1, 0}},
	} {
		if got := candidates(c.types, c.allowed, c.use); !slices.Equal(got, c.want) {
			t.Errorf("%v, %s: %v, expected %v", c.use, c.why, got, c.want)
		}
	}
}

func TestFreeList(t *testing.T) {
	f := freeList{{0, 100}}
	take := func(size, want int64) {
		t.Helper()
		start, ok := f.take(size)
		if !ok {
			start = -1
		}
		if start != want {
			t.Errorf("took %d at %d, expected %d", size, start, want)
		}
	}
	take(101, -1)
	take(40, 0)
	take(10, 40)
	take(50, 50)
	take(1, -1)
	f.give(0, 40)
	f.give(50, 50)
	take(45, 50) // the smallest part with room; 40 are free at 0
	f.give(40, 10)
	take(50, 0)
	f.give(50, 45)
	f.give(0, 50)
	if !slices.Equal(f, freeList{{0, 100}}) {
		t.Errorf("all given back, free: %v", f)
	}
}

// fakeMemory is a driver that fails the allocations whose turn is in fails.
type fakeMemory struct {
	t           *testing.T
	calls       int
	fails       []int
	allocations map[vulkan.DeviceMemory]int64
	handles     []byte // whose addresses serve as handles
}

func (m *fakeMemory) allocate(size int64, memoryType int) (vulkan.DeviceMemory, error) {
	m.calls++
	if slices.Contains(m.fails, m.calls) {
		return nil, &Error{Call: "vkAllocateMemory", Result: resultOutOfDeviceMemory, Detail: []string{"of the device's", "of the host's"}[memoryType]}
	}
	address := unsafe.Pointer(&m.handles[m.calls])
	memory := *(*vulkan.DeviceMemory)(unsafe.Pointer(&address))
	m.allocations[memory] = size
	return memory, nil
}

func (m *fakeMemory) mapWhole(vulkan.DeviceMemory, int64) (unsafe.Pointer, error) {
	m.calls++
	if slices.Contains(m.fails, m.calls) {
		return nil, &Error{Call: "vkMapMemory", Result: -5}
	}
	return unsafe.Pointer(&m.handles[0]), nil
}

func (m *fakeMemory) free(memory vulkan.DeviceMemory) {
	if _, known := m.allocations[memory]; !known {
		m.t.Error("freed what was not allocated")
	}
	delete(m.allocations, memory)
}

func fakePool(t *testing.T, fails ...int) (*pool, *fakeMemory) {
	m := &fakeMemory{t: t, fails: fails, allocations: map[vulkan.DeviceMemory]int64{}, handles: make([]byte, 10_000)}
	types := []memoryType{{memoryDeviceLocal, 0}, {memoryHostVisible | memoryHostCoherent, 1}}
	return newPool(m, types, []Heap{{Size: 8 << 30, DeviceLocal: true}, {Size: 8 << 30}}, Limits{AllocationBytes: 2 << 30}), m
}

func TestPoolFailures(t *testing.T) {
	for _, c := range []struct {
		why         string
		fails       []int
		use         Use
		size        int64
		allocations []int64 // sizes of those in the end; nil: an error
	}{
		{"nothing fails", nil, DeviceLocal, 1000, []int64{deviceAllocation}},
		{"a large one is an allocation of its own", nil, DeviceLocal, 100<<20 + 1, []int64{100<<20 + 256}},
		{"no room for a whole allocation, but for the buffer", []int{1}, DeviceLocal, 1000, []int64{1024}},
		{"no room in the device's memory, but in the host's", []int{1, 2}, DeviceLocal, 1000, []int64{deviceAllocation}},
		{"no room at all", []int{1, 2, 3, 4}, DeviceLocal, 1000, nil},
		{"no room there for a large one, which is tried once", []int{1}, DeviceLocal, 100 << 20, []int64{100 << 20}},
		{"nor in the host's", []int{1, 2}, DeviceLocal, 100 << 20, nil},
		{"where it cannot be mapped", []int{1, 3}, DeviceLocal, 100 << 20, nil},
		{"mapping fails once", []int{2}, Upload, 1000, []int64{1024}},
		{"mapping fails", []int{2, 4}, Upload, 1000, nil},
	} {
		p, m := fakePool(t, c.fails...)
		x, err := p.take(c.size, 16, 3, c.use)
		if failed := (*Error)(nil); c.use == DeviceLocal && errors.As(err, &failed) && failed.Detail != "of the device's" {
			t.Errorf("%s: the error is that of a makeshift: %v", c.why, err)
		}
		if (err != nil) != (c.allocations == nil) || err != nil && !errors.Is(err, ErrOutOfMemory) {
			t.Errorf("%s: %v", c.why, err)
		}
		var allocations []int64
		for _, size := range m.allocations {
			allocations = append(allocations, size)
		}
		if !slices.Equal(allocations, c.allocations) || p.stats.Allocations != len(allocations) {
			t.Errorf("%s: allocations %v, expected %v; %+v", c.why, allocations, c.allocations, p.stats)
		}
		if err == nil {
			p.give(x)
		}
		if len(m.allocations) != 0 || p.stats.Allocated != 0 || len(p.allocations) != 0 {
			t.Errorf("%s: %v left, %+v", c.why, m.allocations, p.stats)
		}
	}
}

// That memory for the device alone comes from the host's is told once; that other memory does, never.
func TestPoolSpills(t *testing.T) {
	p, _ := fakePool(t, 2, 9) // of the calls, those for the second buffer and the last
	told := 0
	p.spilled = func() { told++ }
	for i, c := range []struct {
		use  Use
		told int
	}{{DeviceLocal, 0}, {DeviceLocal, 1}, {Upload, 1}, {Readback, 1}, {DeviceLocal, 1}} {
		if _, err := p.take(deviceAllocation, 16, 3, c.use); err != nil || told != c.told {
			t.Errorf("%d, %v: told %d times, expected %d; %v", i, c.use, told, c.told, err)
		}
	}
}

// Parts never overlap, whatever the order of taking and giving.
func TestPoolAtRandom(t *testing.T) {
	p, m := fakePool(t)
	random := rand.New(rand.NewPCG(1, 2))
	var parts []part
	for range 3000 {
		if len(parts) > 0 && random.IntN(5) < 2 {
			i := random.IntN(len(parts))
			p.give(parts[i])
			parts = slices.Delete(parts, i, i+1)
			continue
		}
		x, err := p.take(1+random.Int64N(3<<20), 256, 3, Use(random.IntN(3)))
		if err != nil {
			t.Fatal(err)
		}
		for _, y := range parts {
			if x.allocation == y.allocation && x.start < y.start+y.size && y.start < x.start+x.size {
				t.Fatalf("%d bytes at %d overlap %d at %d", x.size, x.start, y.size, y.start)
			}
		}
		if x.start%256 != 0 || x.start+x.size > x.allocation.size {
			t.Fatalf("%d bytes at %d of an allocation of %d", x.size, x.start, x.allocation.size)
		}
		parts = append(parts, x)
	}
	for _, x := range parts {
		p.give(x)
	}
	if len(m.allocations) != 0 || p.stats.Allocated != 0 {
		t.Errorf("all given back: %v left, %+v", m.allocations, p.stats)
	}
}
