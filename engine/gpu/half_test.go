package gpu

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"cnnvk/engine"
	"cnnvk/vk"
	"cnnvk/vk/vktest"
)

var halves = []engine.DType{engine.Float16, engine.BFloat16}

// runCast runs a form of a cast on so many values, given as bytes, and returns size bytes.
func runCast(t *testing.T, e *Executor, k kernel, d engine.DType, n, chunk int, in []byte, size int64) []byte {
	t.Helper()
	x, err := e.device.NewBuffer(int64(len(in)), vk.DeviceLocal, "x")
	must(t, err)
	defer x.Destroy()
	y, err := e.device.NewBuffer(size, vk.DeviceLocal, "y")
	must(t, err)
	defer y.Destroy()
	must(t, e.device.Write(x.Window(0, x.Size()), in))
	k.half = d
	count := n / chunk
	pipeline, err := e.pipeline(dispatch{kernel: k, constants: words(workgroup, 1, count, 1, 1)})
	must(t, err)
	must(t, e.device.Do("cast", stepTimeout, func(r *vk.Recorder) error {
		return r.Dispatch(vk.Dispatch{Pipeline: pipeline, Push: words(count), Groups: cover(count), Label: k.code(), Storage: []vk.Binding{
			{Window: x.Window(0, x.Size()), Access: vk.Read}, {Window: y.Window(0, y.Size()), Access: vk.ReadWrite}}})
	}))
	out := make([]byte, size)
	must(t, e.device.Read(out, y.Window(0, size)))
	return out
}

// What a device makes of every pattern of 16 bits is the number that it stands for.
func TestHalfDecoding(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	const n = 1 << 16
	patterns := make([]byte, 2*n)
	for i := range n {
		binary.LittleEndian.PutUint16(patterns[2*i:], uint16(i))
	}
	for _, d := range halves {
		for _, chunk := range []int{4, 1} {
			got := runCast(t, e, castWiden.of(chunk), d, n, chunk, patterns, 4*n)
			for i := range n {
				bits, want := binary.LittleEndian.Uint32(got[4*i:]), d.Value(uint16(i))
				if v := math.Float32frombits(bits); math.IsNaN(float64(v)) && math.IsNaN(want) && bits>>31 == uint32(i)>>15 {
					continue
				}
				if bits != math.Float32bits(float32(want)) {
					t.Fatalf("%v in chunks of %d: %#04x becomes %#08x, which is %g, want %g", d, chunk, i, bits, math.Float32frombits(bits), want)
				}
			}
		}
	}
}

// roundedAlike are float32 numbers where rounding to 16 bits changes: every value of the type, every middle between two, one step of float32
// beside either; what a type has besides; and random ones.
func roundedAlike(d engine.DType, random int) []uint32 {
	var out []uint32
	beside := func(v float64) {
		for _, sign := range []uint32{0, 1 << 31} {
			bits := math.Float32bits(float32(v)) | sign
			out = append(out, bits, bits+1)
			if v != 0 {
				out = append(out, bits-1)
			}
		}
	}
	for pattern := uint16(0); ; pattern++ {
		v, next := d.Value(pattern), d.Value(pattern+1)
		if math.IsInf(v, 1) {
			break
		}
		if math.IsInf(next, 1) { // as if there were a next number
			next = 2*v - d.Value(pattern-1)
		}
		beside(v)
		beside(v + (next-v)/2)
	}
	for _, bits := range []uint32{1, 2, 0x7fffff, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fbfffff, 0x7fc00000, 0x7fffffff} {
		out = append(out, bits, bits|1<<31)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range random {
		out = append(out, r.Uint32())
	}
	for len(out)%4 != 0 {
		out = append(out, 0)
	}
	return out
}

// What a device stores of a float32 number is the pattern of the value nearest to it: bit for bit, NaNs too.
func TestHalfEncoding(t *testing.T) {
	e := New(vktest.Device(t))
	defer e.Close()
	for _, d := range halves {
		numbers := roundedAlike(d, 2<<20)
		n, in := len(numbers), make([]byte, 4*len(numbers))
		for i, bits := range numbers {
			binary.LittleEndian.PutUint32(in[4*i:], bits)
		}
		for _, chunk := range []int{4, 1} {
			got := runCast(t, e, castNarrow.of(chunk), d, n, chunk, in, int64(2*n))
			for i, bits := range numbers {
				pattern, want := binary.LittleEndian.Uint16(got[2*i:]), d.Bits(float64(math.Float32frombits(bits)))
				if pattern != want {
					t.Fatalf("%v in chunks of %d: %#08x (%g) is stored as %#04x, want %#04x", d, chunk, bits, math.Float32frombits(bits), pattern, want)
				}
			}
		}
		t.Logf("%v: %d numbers", d, n)
	}
}
