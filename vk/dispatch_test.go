package vk

import (
	"errors"
	"slices"
	"testing"
)

func TestDispatchErrors(t *testing.T) {
	d := testDevice(t)
	p, x := doublePipeline(t, d), testBuffer(t, d, 4096, DeviceLocal, "x")
	gone := testBuffer(t, d, 4096, DeviceLocal, "gone")
	gone.Destroy()
	huge := d.info.Limits.WorkgroupCount[1]
	r, err := d.NewRecorder("errors")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Abandon()
	for _, c := range []struct {
		why    string
		is     error
		change func(*Dispatch)
	}{
		{"nothing wrong", nil, func(x *Dispatch) {}},
		{"no pipeline", ErrUsage, func(x *Dispatch) { x.Pipeline = nil }},
		{"no storage buffer", ErrUsage, func(x *Dispatch) { x.Storage = nil }},
		{"one too many", ErrUsage, func(x *Dispatch) { x.Storage = append(x.Storage, x.Storage[0]) }},
		{"no push constants", ErrUsage, func(x *Dispatch) { x.Push = nil }},
		{"a uniform buffer", ErrUsage, func(y *Dispatch) { y.Uniform = x.Window(0, 16) }},
		{"a texel buffer", ErrUsage, func(y *Dispatch) { y.Texel = []Texels{{Window: x.Window(0, 16)}} }},
		{"no access", ErrUsage, func(x *Dispatch) { x.Storage[0].Access = 0 }},
		{"no groups", ErrUsage, func(x *Dispatch) { x.Groups = [3]uint32{1, 0, 1} }},
		{"idle", nil, func(x *Dispatch) { x.Groups, x.Idle = [3]uint32{}, true }},
		{"idle with groups", ErrUsage, func(x *Dispatch) { x.Idle = true }},
		{"misaligned", ErrUsage, func(y *Dispatch) { y.Storage[0].Window = x.Window(4, 16) }},
		{"past the end", ErrUsage, func(y *Dispatch) { y.Storage[0].Window = x.Window(256, 4096) }},
		{"empty", ErrUsage, func(y *Dispatch) { y.Storage[0].Window = x.Window(0, 0) }},
		{"no buffer", ErrUsage, func(y *Dispatch) { y.Storage[0].Window = Window{} }},
		{"destroyed", ErrUsage, func(y *Dispatch) { y.Storage[0].Window = gone.Window(0, 16) }},
		{"too many groups", ErrUnsupported, func(x *Dispatch) { x.Groups[1] = huge + 1 }},
	} {
		dispatch := doubling(p, x.Window(0, 1024))
		dispatch.Storage = slices.Clone(dispatch.Storage)
		c.change(&dispatch)
		if err := r.Dispatch(dispatch); !errors.Is(err, c.is) || (err == nil) != (c.is == nil) {
			if c.is == ErrUnsupported && huge == ^uint32(0) {
				continue // no number is too large for this device
			}
			t.Errorf("%s: %v", c.why, err)
		}
	}
}

// Limits that no buffer of a test can reach are checked against invented ones.
func TestRangeChecks(t *testing.T) {
	b := &Buffer{label: "b", size: 1 << 30}
	l := Limits{StorageAlignment: 64, StorageBufferRange: 1 << 20, UniformAlignment: 256, UniformBufferRange: 1 << 10,
		TexelBufferAlignment: 16, TexelBufferElements: 64}
	for _, c := range []struct {
		why string
		is  error
		x   Dispatch
	}{
		{"all at their limits", nil, Dispatch{Storage: []Binding{{b.Window(64, 1<<20), Read}},
			Uniform: b.Window(256, 1<<10), Texel: []Texels{{b.Window(16, 1024), FourFloats}, {b.Window(16, 512), TwoWords}}}},
		{"storage misaligned", ErrUsage, Dispatch{Storage: []Binding{{b.Window(32, 64), Read}}}},
		{"storage too long", ErrUnsupported, Dispatch{Storage: []Binding{{b.Window(0, 1<<20+4), Read}}}},
		{"uniform misaligned", ErrUsage, Dispatch{Uniform: b.Window(64, 64)}},
		{"uniform too long", ErrUnsupported, Dispatch{Uniform: b.Window(0, 1<<10+4)}},
		{"texels misaligned", ErrUsage, Dispatch{Texel: []Texels{{Window: b.Window(8, 16)}}}},
		{"texels too long", ErrUnsupported, Dispatch{Texel: []Texels{{Window: b.Window(0, 1040)}}}},
		{"texels of words too long", ErrUnsupported, Dispatch{Texel: []Texels{{b.Window(0, 520), TwoWords}}}},
		{"half a texel", ErrUsage, Dispatch{Texel: []Texels{{Window: b.Window(0, 24)}}}},
		{"half a texel of words", ErrUsage, Dispatch{Texel: []Texels{{b.Window(0, 28), TwoWords}}}},
	} {
		if err := c.x.checkRanges(l); !errors.Is(err, c.is) || (err == nil) != (c.is == nil) {
			t.Errorf("%s: %v", c.why, err)
		}
	}
}

func TestOverlapsInOneDispatch(t *testing.T) {
	b := &Buffer{label: "b", size: 4096}
	for _, c := range []struct {
		why    string
		is     error
		first  Binding
		second Binding
	}{
		{"in place", nil, Binding{b.Window(0, 64), Read}, Binding{b.Window(0, 64), Write}},
		{"side by side", nil, Binding{b.Window(0, 64), Read}, Binding{b.Window(64, 64), Write}},
		{"both only read", nil, Binding{b.Window(0, 64), Read}, Binding{b.Window(32, 64), Read}},
		{"shifted", ErrUsage, Binding{b.Window(0, 64), Read}, Binding{b.Window(32, 64), Write}},
		{"shifted, the other writes", ErrUsage, Binding{b.Window(0, 64), Write}, Binding{b.Window(32, 64), Read}},
		{"a part", ErrUsage, Binding{b.Window(0, 64), ReadWrite}, Binding{b.Window(0, 32), Read}},
	} {
		x := Dispatch{Pipeline: &Pipeline{}, Storage: []Binding{c.first, c.second}}
		if err := x.checkOverlaps(); !errors.Is(err, c.is) || (err == nil) != (c.is == nil) {
			t.Errorf("%s: %v", c.why, err)
		}
	}
}

func TestPipelineErrors(t *testing.T) {
	d := testDevice(t)
	code := testShader(t, "double")
	for _, c := range []struct {
		why  string
		is   error
		spec PipelineSpec
	}{
		{"no code", ErrUsage, PipelineSpec{StorageBuffers: 1}},
		{"a text", ErrUsage, PipelineSpec{Code: []byte("#version 450: this is GLSL, not SPIR-V..")}},
		{"odd length", ErrUsage, PipelineSpec{Code: code[:101]}},
		{"odd push constants", ErrUsage, PipelineSpec{Code: code, PushBytes: 3}},
		{"negative", ErrUsage, PipelineSpec{Code: code, StorageBuffers: -1}},
		{"too many constants", ErrUsage, PipelineSpec{Code: code, Constants: make([]uint32, 65)}},
		{"too many storage buffers", ErrUnsupported, PipelineSpec{Code: code, StorageBuffers: 33}},
		{"too many texel buffers", ErrUnsupported, PipelineSpec{Code: code, TexelBuffers: 33}},
		{"too many push constants", ErrUnsupported,
			PipelineSpec{Code: code, PushBytes: int(d.info.Limits.PushConstantBytes) + 4}},
	} {
		if _, err := d.NewPipeline(c.spec); !errors.Is(err, c.is) {
			t.Errorf("%s: %v", c.why, err)
		}
	}
}

func TestRecorderErrors(t *testing.T) {
	d, other := testDevice(t), testDevice(t)
	x, y := testBuffer(t, d, 64, DeviceLocal, "x"), testBuffer(t, other, 64, DeviceLocal, "y")
	r, err := d.NewRecorder("errors")
	if err != nil {
		t.Fatal(err)
	}
	for why, err := range map[string]error{
		"copy of another size":   r.Copy(x.Window(0, 16), x.Window(16, 32)),
		"copy onto itself":       r.Copy(x.Window(0, 16), x.Window(8, 16)),
		"copy between devices":   r.Copy(x.Window(0, 16), y.Window(0, 16)),
		"fill of odd size":       r.Fill(x.Window(0, 15), 0),
		"fill from odd offset":   r.Fill(x.Window(2, 16), 0),
		"fill past the end":      r.Fill(x.Window(32, 64), 0),
		"pipeline not ours":      r.Dispatch(doubling(doublePipeline(t, other), x.Window(0, 64))),
		"submit before the end":  func() error { _, err := d.Submit(r.commands); return err }(),
		"submit nothing":         func() error { _, err := d.Submit(); return err }(),
		"submit nil":             func() error { _, err := d.Submit(nil); return err }(),
		"flush past the end":     x.Flush(0, 65),
		"window of no buffer":    r.Fill(Window{}, 0),
		"info not of the device": func() error { _, err := d.instance.OpenDevice(Info{Name: "none"}); return err }(),
	} {
		if !errors.Is(err, ErrUsage) {
			t.Errorf("%s: %v", why, err)
		}
	}
	c, err := r.Finish()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Destroy()
	if _, err := other.Submit(c); !errors.Is(err, ErrUsage) {
		t.Errorf("submitted to another device: %v", err)
	}
	r.Abandon() // too late, and harmless
	if err := r.Fill(x.Window(0, 16), 0); !errors.Is(err, ErrUsage) {
		t.Errorf("recorded after the end: %v", err)
	}
	if _, err := r.Finish(); !errors.Is(err, ErrUsage) {
		t.Errorf("finished twice: %v", err)
	}
}
