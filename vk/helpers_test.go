package vk

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain keeps the drivers loaded between tests: each time that NVIDIA's is loaded anew it takes of the process's static thread-local
// storage, which ends after some thirty times.
func TestMain(m *testing.M) {
	in, err := Open(Options{})
	code := m.Run()
	if err == nil { // else the tests say what they miss
		in.Close()
	}
	os.Exit(code)
}

// testDevice opens the device that CNNVK_DEVICE asks for, else the best there is, under the validation layer where it is installed.
// The test fails if the layer has something to say, or if anything is left on the device in the end.
func testDevice(t testing.TB) *Device {
	t.Helper()
	return deviceWith(t, watched(t))
}

// watched are the options of a test that the validation layer watches, where it is installed.
func watched(t testing.TB) Options {
	t.Helper()
	if !ValidationAvailable() && required("validation") {
		t.Fatal("CNNVK_REQUIRE names validation, but VK_LAYER_KHRONOS_validation is not installed")
	}
	return Options{Validation: ValidationAvailable()}
}

// deviceWith is testDevice for tests that want to open it in a way of their own. One that expects messages of the validation layer
// takes them with Options.Log.
func deviceWith(t testing.TB, o Options) *Device {
	t.Helper()
	in := testInstance(t, o)
	info, err := Choose(in.Devices(), os.Getenv("CNNVK_DEVICE"))
	if err != nil {
		missing(t, "vulkan", err)
	}
	d, err := in.OpenDevice(info)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func testInstance(t testing.TB, o Options) *Instance {
	t.Helper()
	o.Floor = o.Floor || os.Getenv("CNNVK_PROFILE") == "floor"
	in, err := Open(o)
	if errors.Is(err, ErrNoLoader) || errors.Is(err, ErrNoDevice) {
		missing(t, "vulkan", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
		if n := in.Messages(); n != 0 && o.Log == nil {
			t.Errorf("the validation layer printed %d messages", n)
		}
	})
	return in
}

// withoutDriverVariables is for tests of the hint that is given when the environment does not choose the drivers.
func withoutDriverVariables(t *testing.T) {
	t.Helper()
	for _, name := range slices.Concat(driverVariables, filterVariables, layerVariables, []string{dataFolders}) {
		unsetenv(t, name)
	}
}

// unsetenv unsets a variable of the environment for a test.
func unsetenv(t *testing.T, name string) {
	t.Helper()
	t.Setenv(name, "") // which puts it back in the end
	if err := os.Unsetenv(name); err != nil {
		t.Fatal(err)
	}
}

// required says whether CNNVK_REQUIRE names what.
func required(what string) bool {
	return slices.Contains(strings.Split(os.Getenv("CNNVK_REQUIRE"), ","), what)
}

// missing skips a test that needs what is not there, or fails it where that was required.
func missing(t testing.TB, what string, why error) {
	t.Helper()
	if required(what) {
		t.Fatalf("CNNVK_REQUIRE names %s, but %v", what, why)
	}
	t.Skip(why)
}

func testShader(t testing.TB, name string) []byte {
	t.Helper()
	code, err := os.ReadFile("testdata/" + name + ".spv")
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func testBuffer(t testing.TB, d *Device, size int64, use Use, label string) *Buffer {
	t.Helper()
	b, err := d.NewBuffer(size, use, label)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Destroy)
	return b
}

const doubleGroup = 64

func doublePipeline(t testing.TB, d *Device) *Pipeline {
	t.Helper()
	p, err := d.NewPipeline(PipelineSpec{Name: "double", Code: testShader(t, "double"),
		StorageBuffers: 1, PushBytes: 4, Constants: []uint32{doubleGroup}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Destroy)
	return p
}

// doubling is a dispatch that doubles the floats in a window.
func doubling(p *Pipeline, w Window) Dispatch {
	count := uint32(w.Size / 4)
	return Dispatch{Pipeline: p, Label: "double", Storage: []Binding{{w, ReadWrite}}, Push: []uint32{count},
		Groups: [3]uint32{(count + doubleGroup - 1) / doubleGroup, 1, 1}}
}

// record returns the commands that a function records.
func record(t testing.TB, d *Device, label string, steps func(*Recorder) error) *Commands {
	t.Helper()
	r, err := d.NewRecorder(label)
	if err != nil {
		t.Fatal(err)
	}
	if err := steps(r); err != nil {
		r.Abandon()
		t.Fatal(err)
	}
	c, err := r.Finish()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Destroy)
	return c
}

func run(t testing.TB, d *Device, cs ...*Commands) {
	t.Helper()
	p, err := d.Submit(cs...)
	if err == nil {
		err = p.Wait(time.Minute)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func floatBytes(values ...float32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func randomBytes(n int64) []byte {
	source := rand.NewChaCha8([32]byte{1})
	b := make([]byte, n)
	source.Read(b)
	return b
}

// bothWays runs a test with mapped memory where the device has it, and with staging.
func bothWays(t *testing.T, test func(*testing.T, *Device)) {
	for _, way := range []struct {
		name    string
		staging bool
	}{{"mapped", false}, {"staged", true}} {
		t.Run(way.name, func(t *testing.T) {
			d := testDevice(t)
			d.stagingAlways = way.staging
			test(t, d)
		})
	}
}

// quiet is a log for tests that provoke messages.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
