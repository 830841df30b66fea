package vk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"strings"
	"testing"
	"time"
)

func TestWriteAndRead(t *testing.T) {
	bothWays(t, func(t *testing.T, d *Device) {
		for _, use := range []Use{DeviceLocal, Upload, Readback} {
			for _, size := range []int64{1, 3, 255, 4097, stagingBytes, 2*stagingBytes + 5} {
				b := testBuffer(t, d, size+14, use, "round trip")
				background, data := randomBytes(size+14), randomBytes(size)
				got := make([]byte, size+14)
				for _, err := range []error{
					d.Write(b.Window(0, b.Size()), background),
					d.Write(b.Window(7, size), data),
					d.Read(got, b.Window(0, b.Size())),
				} {
					if err != nil {
						t.Fatal(err)
					}
				}
				copy(background[7:], data)
				if !bytes.Equal(got, background) {
					t.Errorf("%v buffer of %d bytes: read something else than was written", use, size)
				}
				b.Destroy()
			}
		}
		if most := int64(2*hostAllocation + deviceAllocation); d.MemoryStats().Peak > most {
			t.Errorf("peak %d bytes, expected %d at most", d.MemoryStats().Peak, most)
		}
	})
}

func TestTransferErrors(t *testing.T) {
	d := testDevice(t)
	b := testBuffer(t, d, 16, DeviceLocal, "b")
	for _, c := range []struct {
		window Window
		data   int
	}{
		{b.Window(0, 17), 17}, {b.Window(-1, 4), 4}, {b.Window(16, 1), 1}, {b.Window(0, 4), 5},
		{b.Window(math.MaxInt64, 2), 2}, {b.Window(2, math.MaxInt64), 2}, {Window{nil, 0, 4}, 4},
	} {
		if err := d.Write(c.window, make([]byte, c.data)); !errors.Is(err, ErrUsage) {
			t.Errorf("write of %d bytes to %d at %d: %v", c.data, c.window.Size, c.window.Offset, err)
		}
		if err := d.Read(make([]byte, c.data), c.window); !errors.Is(err, ErrUsage) {
			t.Errorf("read of %d bytes from %d at %d: %v", c.data, c.window.Size, c.window.Offset, err)
		}
	}
	if err := d.Write(Window{}, nil); err != nil {
		t.Errorf("writing nothing: %v", err)
	}
	if b.Bytes() != nil {
		t.Error("a device-local buffer shows its memory")
	}
	if err := d.Write(b.Window(0, 4), nil); !errors.Is(err, ErrUsage) {
		t.Errorf("writing nothing to a window: %v", err)
	}
}

func TestUploadDispatchReadback(t *testing.T) {
	d := testDevice(t)
	in, out := testBuffer(t, d, 16, Upload, "in"), testBuffer(t, d, 16, Readback, "out")
	x := testBuffer(t, d, 16, DeviceLocal, "x")
	c := record(t, d, "double", func(r *Recorder) error {
		return errors.Join(
			r.Copy(x.Window(0, 16), in.Window(0, 16)),
			r.Dispatch(doubling(doublePipeline(t, d), x.Window(0, 16))),
			r.Copy(out.Window(0, 16), x.Window(0, 16)))
	})
	if c.barriers != 4 {
		t.Errorf("%d barriers, expected one on each side and two between", c.barriers)
	}
	for i := range 3 {
		v := float32(i)
		copy(in.Bytes(), floatBytes(v, v+1, v+2, v+3))
		if err := in.Flush(0, 16); err != nil {
			t.Fatal(err)
		}
		run(t, d, c)
		if err := out.Invalidate(0, 16); err != nil {
			t.Fatal(err)
		}
		if want := floatBytes(2*v, 2*v+2, 2*v+4, 2*v+6); !bytes.Equal(out.Bytes(), want) {
			t.Errorf("doubled % x, expected % x", out.Bytes(), want)
		}
	}
}

// What could not be recorded is not run, and nothing of it stays.
func TestDo(t *testing.T) {
	d := testDevice(t)
	x := testBuffer(t, d, 16, DeviceLocal, "x")
	fill := func(value uint32, err error) func(*Recorder) error {
		return func(r *Recorder) error { return errors.Join(r.Fill(x.Window(0, 16), value), err) }
	}
	wrong := errors.New("wrong")
	if err := d.Do("fill", time.Minute, fill(1, nil)); err != nil {
		t.Fatal(err)
	}
	if err := d.Do("fill", time.Minute, fill(2, wrong)); !errors.Is(err, wrong) {
		t.Errorf("%v, want the error of the recording", err)
	}
	got := make([]byte, 16)
	if err := d.Read(got, x.Window(0, 16)); err != nil || binary.NativeEndian.Uint32(got) != 1 {
		t.Errorf("% x, %v", got, err)
	}
}

func TestAllKindsOfBindings(t *testing.T) {
	d := testDevice(t)
	blend, err := d.NewPipeline(PipelineSpec{Name: "blend", Code: testShader(t, "blend"),
		StorageBuffers: 2, Uniform: true, TexelBuffers: 1, PushBytes: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer blend.Destroy()
	b := testBuffer(t, d, 2048, DeviceLocal, "b") // x, y, scale and t at 0, 256, 512, 1024
	const vectors = 150 / 16                      // a window with more bytes than are used
	fill := func(r *Recorder) error {
		one, three := math.Float32bits(1), math.Float32bits(3)
		return errors.Join(r.Fill(b.Window(0, 256), one), r.Fill(b.Window(512, 4), three),
			r.Fill(b.Window(256, 256), 0), r.Fill(b.Window(1024, 256), math.Float32bits(0.5)))
	}
	c := record(t, d, "blend", func(r *Recorder) error {
		return errors.Join(fill(r), r.Dispatch(Dispatch{Pipeline: blend,
			Storage: []Binding{{b.Window(0, 256), Read}, {b.Window(256, 256), Write}},
			Uniform: b.Window(512, 16), Texel: []Texels{{Window: b.Window(1024, 16*vectors)}},
			Push: []uint32{vectors}, Groups: [3]uint32{1, 1, 1}}))
	})
	if c.barriers != 3 {
		t.Errorf("%d barriers: four fills that touch different windows need none between them", c.barriers)
	}
	run(t, d, c)
	got := make([]byte, 256)
	if err := d.Read(got, b.Window(256, 256)); err != nil {
		t.Fatal(err)
	}
	want := make([]byte, 256)
	for i := range 4 * vectors {
		copy(want[4*i:], floatBytes(3*1+0.5))
	}
	if !bytes.Equal(got, want) {
		t.Errorf("blended % x\nexpected % x", got, want)
	}
}

// Each dispatch depends on the one before, within a recording and from one submission to the next.
func TestManySubmits(t *testing.T) {
	d := testDevice(t)
	x, p := testBuffer(t, d, 4096, DeviceLocal, "x"), doublePipeline(t, d)
	setOne := record(t, d, "one", func(r *Recorder) error { return r.Fill(x.Window(0, 4096), math.Float32bits(1)) })
	twice := record(t, d, "twice", func(r *Recorder) error {
		return errors.Join(r.Dispatch(doubling(p, x.Window(0, 4096))), r.Dispatch(doubling(p, x.Window(0, 4096))))
	})
	run(t, d, setOne, twice, twice, twice)
	var pending []*Pending
	for range 20 {
		p, err := d.Submit(twice)
		if err != nil {
			t.Fatal(err)
		}
		pending = append(pending, p)
	}
	for i := range pending {
		if err := pending[len(pending)-1-i].Wait(time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	got := make([]byte, 4)
	if err := d.Read(got, x.Window(4092, 4)); err != nil {
		t.Fatal(err)
	}
	if v := math.Float32frombits(binary.LittleEndian.Uint32(got)); v != 1<<46 {
		t.Errorf("one doubled 46 times is %g", v)
	}
	if len(d.inFlight) != 0 || len(d.fences) != len(d.allFences) || len(d.fences) > 21 {
		t.Errorf("%d in flight, %d of %d fences free", len(d.inFlight), len(d.fences), len(d.allFences))
	}
}

func TestWaitAgain(t *testing.T) {
	d := testDevice(t)
	x := testBuffer(t, d, 64<<20, DeviceLocal, "x")
	c := record(t, d, "long", func(r *Recorder) error {
		for i := range uint32(20) {
			if err := r.Fill(x.Window(0, x.Size()), i); err != nil {
				return err
			}
		}
		return nil
	})
	p, err := d.Submit(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(0); !errors.Is(err, ErrTimeout) {
		t.Errorf("a long submission waited for no time: %v", err)
	}
	for range 2 {
		if err := p.Wait(time.Minute); err != nil {
			t.Error(err)
		}
		if done, err := p.Done(); !done || err != nil {
			t.Errorf("after waiting: done %t, %v", done, err)
		}
	}
}

func TestDestroyWaits(t *testing.T) {
	d := testDevice(t)
	x := testBuffer(t, d, 16<<20, DeviceLocal, "x")
	c := record(t, d, "fill", func(r *Recorder) error { return r.Fill(x.Window(0, x.Size()), 7) })
	p, err := d.Submit(c)
	if err != nil {
		t.Fatal(err)
	}
	x.Destroy()
	if _, err := d.Submit(c); !errors.Is(err, ErrUsage) {
		t.Errorf("submitted commands whose buffer is destroyed: %v", err)
	}
	c.Destroy()
	if done, err := p.Done(); !done || err != nil {
		t.Errorf("buffer gone, submission done: %t, %v", done, err)
	}
	if _, err := d.Submit(c); !errors.Is(err, ErrUsage) {
		t.Errorf("submitted destroyed commands: %v", err)
	}
	x.Destroy()
	(*Buffer)(nil).Destroy()
	up := testBuffer(t, d, 64, Upload, "up")
	if up.Destroy(); up.Bytes() != nil {
		t.Error("a destroyed buffer shows memory that is gone")
	}
}

func TestCloseListsLeaks(t *testing.T) {
	in := testInstance(t, watched(t))
	info, err := Choose(in.Devices(), os.Getenv("CNNVK_DEVICE"))
	if err != nil {
		missing(t, "vulkan", err)
	}
	d, err := in.OpenDevice(info)
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.NewBuffer(64, DeviceLocal, "weights")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.NewRecorder("step"); err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); !errors.Is(err, ErrUsage) {
		t.Errorf("instance closed before its device: %v", err)
	}
	err = d.Close()
	if !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), `buffer "weights", commands "step"`) {
		t.Errorf("leaks reported: %v", err)
	}
	b.Destroy()
	if _, err := d.NewBuffer(64, DeviceLocal, "late"); !errors.Is(err, ErrUsage) {
		t.Errorf("buffer of a closed device: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

func TestMemoryAccounting(t *testing.T) {
	d := testDevice(t)
	if s := d.MemoryStats(); s != (Stats{}) {
		t.Errorf("before any buffer: %+v", s)
	}
	var buffers []*Buffer
	for i := range 100 {
		buffers = append(buffers, testBuffer(t, d, int64(1000*i+1), DeviceLocal, "small"))
	}
	if s := d.MemoryStats(); s.Allocations != 1 || s.Allocated != deviceAllocation {
		t.Errorf("a hundred small buffers: %+v", s)
	}
	large := testBuffer(t, d, 100<<20, DeviceLocal, "large")
	if s := d.MemoryStats(); s.Allocations != 2 || s.Allocated < deviceAllocation+100<<20 || s.Allocated > deviceAllocation+101<<20 {
		t.Errorf("and a large one: %+v", s)
	}
	large.Destroy()
	for _, b := range buffers {
		b.Destroy()
	}
	if s := d.MemoryStats(); s.Allocations != 0 || s.Allocated != 0 || s.Peak < deviceAllocation+100<<20 {
		t.Errorf("in the end: %+v", s)
	}
}

func TestAllocationFailure(t *testing.T) {
	d := testDevice(t)
	for _, size := range []int64{1 << 40, 1 << 50, math.MaxInt64} {
		b, err := d.NewBuffer(size, DeviceLocal, "absurd")
		var failed *Error
		if !errors.Is(err, ErrOutOfMemory) || !errors.As(err, &failed) || failed.Call == "" || b != nil {
			t.Errorf("buffer of %d bytes: %v", size, err)
		}
	}
	if s := d.MemoryStats(); s != (Stats{}) {
		t.Errorf("after failed allocations: %+v", s)
	}
	for _, size := range []int64{0, -1, math.MinInt64} {
		if _, err := d.NewBuffer(size, DeviceLocal, "nothing"); !errors.Is(err, ErrUsage) {
			t.Errorf("buffer of %d bytes: %v", size, err)
		}
	}
}
