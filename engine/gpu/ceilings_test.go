package gpu

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"
	"time"

	"cnnvk/vk"
	"cnnvk/vk/vktest"
)

// runProbe runs a probe once, after filling its buffers with numbers, and returns what is in the last one then.
func runProbe(t *testing.T, e *Executor, p probeRun) []float64 {
	t.Helper()
	commands, err := p.record(e, false)
	must(t, err)
	defer commands.Destroy()
	_, err = e.timeOnce(commands, false)
	must(t, err)
	y := p.storage[len(p.storage)-1]
	data := make([]byte, y.Size())
	must(t, e.device.Read(data, y.Window(0, y.Size())))
	return floats(data, len(data)/4)
}

func probeBuffer(t *testing.T, e *Executor, elements int, value func(i int) float32) *vk.Buffer {
	t.Helper()
	b, err := e.device.NewBuffer(int64(4*elements), vk.DeviceLocal, "probe")
	must(t, err)
	t.Cleanup(b.Destroy)
	data := make([]byte, 4*elements)
	for i := range elements {
		binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(value(i)))
	}
	must(t, e.device.Write(b.Window(0, b.Size()), data))
	return b
}

// The arithmetic is all done: the sums are what the host works out, in numbers that float32 holds exactly, so that it does not
// matter whether the device rounds the product.
func TestProbeMultiplyAdd(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	const count = 1000 // not whole workgroups
	y := probeBuffer(t, e, count+1, func(int) float32 { return -7 })
	for _, c := range []struct {
		rounds int
		a, b   float64
	}{{0, 5, 5}, {1, 1, 1}, {3, 1, 1}, {1, -1, 3}, {2, 1, -0.5}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			got := runProbe(t, e, probeRun{k: probeMultiplyAdd, push: append(words(count, c.rounds), word(c.a), word(c.b)),
				count: count, storage: []*vk.Buffer{y}})
			for i, have := range got {
				want := -7.0 // behind the end
				if i < count {
					want = 0
					for chain := range probeChains {
						x := float64(i%64 + chain)
						for range probeBody * c.rounds {
							x = x*c.a + c.b
						}
						want += x
					}
				}
				if have != want {
					t.Fatalf("y[%d] = %g, want %g", i, have, want)
				}
			}
		})
	}
}

// Every way to copy copies.
func TestProbeCopy(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	const elements = 16 * 1001
	x := probeBuffer(t, e, elements, func(i int) float32 { return float32(i) })
	for _, p := range e.copies(x, probeBuffer(t, e, elements, func(int) float32 { return -1 })) {
		p.storage[len(p.storage)-1] = probeBuffer(t, e, elements, func(int) float32 { return -1 })
		for i, have := range runProbe(t, e, p) {
			if have != float64(i) {
				t.Fatalf("%s, %v: y[%d] = %g", p.k.name, p.constants, i, have)
			}
		}
	}
}

// The ceilings are those of a machine that can exist, found in a few seconds.
func TestCeilings(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	began := time.Now()
	c, err := e.Ceilings()
	must(t, err)
	if c.Flops < 1e7 || c.Flops > 1e16 || c.Bytes < 1e7 || c.Bytes > 1e14 {
		t.Errorf("%+v", c)
	}
	t.Logf("%.1f Gflop/s, %.1f GB/s, in %v", c.Flops/1e9, c.Bytes/1e9, time.Since(began))
}
