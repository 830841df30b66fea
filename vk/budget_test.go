package vk

import (
	"bytes"
	"errors"
	"log/slog"
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

// An integrated device's room is all of the machine's memory that it can have, a graphics card's is the card's.
func TestRoom(t *testing.T) {
	carved, host, card, window := Heap{Size: 512 << 20, DeviceLocal: true}, Heap{Size: 12 << 30}, Heap{Size: 8 << 30, DeviceLocal: true},
		Heap{Size: 256 << 20, DeviceLocal: true}
	for _, c := range []struct {
		kind  DeviceType
		heaps []Heap
		want  int64
	}{
		{Integrated, []Heap{carved, host}, carved.Size + host.Size}, {Integrated, []Heap{host, carved, {Size: 1}}, carved.Size + host.Size},
		{Integrated, []Heap{card}, card.Size}, {CPU, []Heap{card}, card.Size},
		{Discrete, []Heap{card, host, window}, card.Size}, {Discrete, nil, 0}, {Integrated, nil, 0},
	} {
		if got := (Info{Type: c.kind, Heaps: c.heaps}).Room(); got != c.want {
			t.Errorf("%v of %+v: %d, expected %d", c.kind, c.heaps, got, c.want)
		}
	}
}

// Where the device has little memory of its own, buffers beyond that lie in the host's, which is said once.
func TestSpill(t *testing.T) {
	onlyFakeDriver(t)
	t.Setenv("FAKE_DEVICES", "s")
	var log bytes.Buffer
	in, err := Open(Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	d, err := in.OpenDevice(in.Devices()[0])
	if err != nil {
		t.Fatal(err)
	}
	if room := d.Info().Room(); room != 1<<20+1<<30 {
		t.Errorf("room for %d bytes", room)
	}
	for i, size := range []int64{1 << 19, 32 << 20, 100 << 20} {
		b, err := d.NewBuffer(size, DeviceLocal, "weights")
		if err != nil {
			t.Fatal(err)
		}
		if said := strings.Count(log.String(), "memory is used up"); said != min(i, 1) || b.Bytes() != nil {
			t.Errorf("%d bytes: said %d times: %s", size, said, log.String())
		}
		if i == 0 {
			continue // what such a device would copy by itself, it does not
		}
		data, back := []byte("to and fro"), make([]byte, 10)
		w := b.Window(3, 10)
		if err := errors.Join(d.Write(w, data), d.Read(back, w)); err != nil || string(back) != string(data) {
			t.Errorf("%d bytes: came back %q, %v", size, back, err)
		}
		b.Destroy()
	}
	if _, err := d.NewBuffer(1<<30+1, DeviceLocal, "too large for both"); !errors.Is(err, ErrOutOfMemory) {
		t.Error(err)
	}
	t.Log(log.String())
	d.Close() // with a buffer left
	if err := in.Close(); err != nil {
		t.Error(err)
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
