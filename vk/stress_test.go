package vk

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"cnnvk/vk/leaktest"
)

// The binding's slices of structs may be freed by a finalizer during the call that they were made for; the shim's cannot. An
// allocating goroutine keeps the collector busy to show it.
func TestUnderGarbageCollection(t *testing.T) {
	d := testDevice(t)
	x := testBuffer(t, d, 4096, DeviceLocal, "x")
	stop := make(chan struct{})
	var allocating sync.WaitGroup
	allocating.Go(func() {
		var keep [64][]byte
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				keep[i%len(keep)] = make([]byte, 100_000)
				if i%16 == 0 {
					runtime.GC()
				}
			}
		}
	})
	defer allocating.Wait()
	defer close(stop)
	code := testShader(t, "double")
	for i := range 150 {
		p, err := d.NewPipeline(PipelineSpec{Name: "double", Code: code, StorageBuffers: 1, PushBytes: 4,
			Constants: []uint32{1 + uint32(i%8)}})
		if err != nil {
			t.Fatal(err)
		}
		c := record(t, d, "double", func(r *Recorder) error { return r.Dispatch(doubling(p, x.Window(0, 256))) })
		run(t, d, c)
		b, err := d.NewBuffer(1000, Upload, "b")
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Write(b.Window(0, 1000), make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		b.Destroy()
		c.Destroy()
		p.Destroy()
	}
}

// Several goroutines use one device at once; the race detector looks on.
func TestManyGoroutines(t *testing.T) {
	d := testDevice(t)
	p := doublePipeline(t, d)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 25 {
				if err := doubleOnce(d, p); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// doubleOnce uploads ones, doubles them and reads them back.
func doubleOnce(d *Device, p *Pipeline) error {
	b, err := d.NewBuffer(64, DeviceLocal, "b")
	if err != nil {
		return err
	}
	defer b.Destroy()
	if err := d.Write(b.Window(0, 4), floatBytes(1)); err != nil {
		return err
	}
	if err := d.Do("double", time.Minute, func(r *Recorder) error { return r.Dispatch(doubling(p, b.Window(0, 64))) }); err != nil {
		return err
	}
	got := make([]byte, 4)
	if err := d.Read(got, b.Window(0, 4)); err != nil {
		return err
	}
	if string(got) != string(floatBytes(2)) {
		return errors.New("one doubled is not two")
	}
	return nil
}

// Memory does not grow with submissions. CNNVK_SUBMITS asks for more of them than a quick test makes.
func TestSubmitsNeedNoMemory(t *testing.T) {
	d := deviceWith(t, Options{}) // the validation layer keeps memory of its own
	x := testBuffer(t, d, 256, DeviceLocal, "x")
	c := record(t, d, "fill", func(r *Recorder) error { return r.Fill(x.Window(0, 256), 1) })
	submits := 10_000
	if n, err := strconv.Atoi(os.Getenv("CNNVK_SUBMITS")); err == nil {
		submits = n
	}
	run(t, d, c)
	for range submits / 4 {
		run(t, d, c)
	}
	before, err := leaktest.Resident()
	if err != nil {
		t.Skip("this system does not say how much memory the process has: ", err)
	}
	for range submits {
		run(t, d, c)
	}
	after, err := leaktest.Resident()
	if err != nil {
		t.Fatal(err)
	}
	if grown := after - before; grown > 8<<20 { // Go's heap may take one more arena of 4 MiB
		t.Errorf("%d submissions took %s of memory", submits, byteText(grown))
	}
}

func BenchmarkSubmitAndWait(b *testing.B) {
	d := deviceWith(b, Options{})
	x := testBuffer(b, d, 256, DeviceLocal, "x")
	p := doublePipeline(b, d)
	c := record(b, d, "double", func(r *Recorder) error { return r.Dispatch(doubling(p, x.Window(0, 256))) })
	b.ReportAllocs()
	for b.Loop() {
		run(b, d, c)
	}
}

func BenchmarkRecordDispatch(b *testing.B) {
	d := deviceWith(b, Options{})
	x := testBuffer(b, d, 256, DeviceLocal, "x")
	p := doublePipeline(b, d)
	const dispatches = 1000
	for b.Loop() {
		c := record(b, d, "double", func(r *Recorder) error {
			for range dispatches {
				if err := r.Dispatch(doubling(p, x.Window(0, 256))); err != nil {
					return err
				}
			}
			return nil
		})
		c.Destroy()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/dispatches, "ns/dispatch")
}
