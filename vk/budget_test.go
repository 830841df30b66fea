package vk

import (
	"errors"
	"strings"
	"testing"
)

func TestFree(t *testing.T) {
	for _, c := range []struct {
		heap  Heap
		free  int64
		known bool
	}{
		{Heap{Size: 100}, 0, false},
		{Heap{Size: 100, Budget: 80}, 80, true},
		{Heap{Size: 100, Budget: 80, Usage: 30}, 50, true},
		{Heap{Size: 100, Budget: 80, Usage: 90}, 0, true}, // other programs took what this one has
	} {
		if free, known := c.heap.Free(); free != c.free || known != c.known {
			t.Errorf("%+v: %d, %t", c.heap, free, known)
		}
	}
}

func TestMemory(t *testing.T) {
	small, large := Heap{Size: 1 << 28, DeviceLocal: true}, Heap{Size: 1 << 33, DeviceLocal: true}
	host := Heap{Size: 1 << 40}
	for _, c := range []struct {
		heaps []Heap
		want  Heap
	}{
		{nil, Heap{}}, {[]Heap{host}, Heap{}}, {[]Heap{host, small, large}, large}, {[]Heap{large, host, small}, large},
	} {
		if got := (Info{Heaps: c.heaps}).Memory(); got != c.want {
			t.Errorf("of %+v: %+v", c.heaps, got)
		}
	}
}

// What the driver says about its memory must move with what is allocated, and stand in the error of an allocation too large.
func TestMemoryBudget(t *testing.T) {
	d := testDevice(t)
	memory := d.Info().Memory()
	before, known := d.MemoryBudget()
	if known != d.Info().Features.MemoryBudget || known != (memory.Budget > 0) {
		t.Fatalf("known: %t; %+v", known, d.Info())
	}
	_, err := d.NewBuffer(1<<50, DeviceLocal, "absurd")
	var failed *Error
	if !errors.As(err, &failed) || !strings.Contains(failed.Detail, "1024 TiB") || failed.FreeKnown != known || failed.Free > memory.Size {
		t.Errorf("%v: %+v", err, failed)
	}
	t.Log(err)
	if !known {
		t.Skip("the driver does not say how much memory is free")
	}
	if before <= 0 || before > memory.Budget || memory.Budget > memory.Size || memory.Usage < 0 {
		t.Errorf("%d bytes free, %+v", before, memory)
	}
	if _, known := mustClose(t, d).MemoryBudget(); known {
		t.Error("a closed device knows its memory")
	}
}

func mustClose(t *testing.T, d *Device) *Device {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return d
}
