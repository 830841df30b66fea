package vk

import (
	"errors"
	"strings"
	"testing"
)

// A pipeline of subgroups of some size is made where every driver that says so will run it at that size.
func TestCheckSubgroup(t *testing.T) {
	fixed, ranging := Limits{MinSubgroupSize: 8, MaxSubgroupSize: 8}, Limits{SubgroupSize: 32, MinSubgroupSize: 8, MaxSubgroupSize: 32}
	control := Features{SubgroupControl: true}
	for _, c := range []struct {
		why         string
		size        uint32
		invocations uint32
		l           Limits
		f           Features
		want        error
		says        string
	}{
		{"none named", 0, 7, Limits{}, Features{}, nil, ""},
		{"the only one", 8, 8, fixed, Features{}, nil, ""},
		{"the only one, asked for", 8, 8, fixed, control, nil, ""},
		{"several in a workgroup", 8, 64, fixed, control, nil, ""},
		{"another than the only one", 16, 16, fixed, control, ErrUnsupported, "have 8"},
		{"the smallest", 8, 8, ranging, control, nil, ""},
		{"the largest", 32, 32, ranging, control, nil, ""},
		{"too small", 4, 4, ranging, control, ErrUnsupported, "8 to 32"},
		{"too large", 64, 64, ranging, control, ErrUnsupported, "8 to 32"},
		{"the reported one, which the driver may not take", 32, 32, ranging, Features{}, ErrUnsupported, "takes no orders"},
		{"range not known", 32, 32, Limits{SubgroupSize: 32}, Features{}, ErrUnsupported, "does not say"},
		{"no power of two", 12, 12, ranging, control, ErrUsage, "12"},
		{"half a subgroup", 16, 8, ranging, control, ErrUsage, "in workgroups of 8"},
		{"one and a half", 16, 24, ranging, control, ErrUsage, "in workgroups of 24"},
	} {
		err := (&PipelineSpec{Name: "p", SubgroupSize: c.size}).checkSubgroup(c.invocations, c.l, c.f)
		if !errors.Is(err, c.want) || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, expected %v saying %q", c.why, err, c.want, c.says)
		}
	}
}

// Where the driver does not tell the range, the few whose width cannot vary are trusted.
func TestSubgroupRange(t *testing.T) {
	const nvidia, swiftShader, llvmpipe = 4, 10, 13 // VkDriverId
	for driver := range uint32(30) {
		smallest, largest := subgroupRange(driver, 32, 0, 0)
		want := uint32(0)
		if driver == nvidia || driver == swiftShader || driver == llvmpipe {
			want = 32
		}
		if smallest != want || largest != want {
			t.Errorf("driver %d: %d to %d, expected %d", driver, smallest, largest, want)
		}
		if smallest, largest := subgroupRange(driver, 32, 8, 16); smallest != 8 || largest != 16 {
			t.Errorf("driver %d says 8 to 16: %d to %d", driver, smallest, largest)
		}
	}
}

// A driver whose subgroups have several sizes is given the size of each pipeline's, and that they are to be full, if it takes such orders for
// compute shaders: else no size can be named.
func TestSubgroupOrders(t *testing.T) {
	onlyFakeDriver(t)
	t.Setenv("FAKE_DEVICES", "rpf")
	in, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range in.Devices() {
		takes := info.Name == "fake r"
		l := info.Limits
		if info.Features.SubgroupControl != takes || l.SubgroupSize != 32 || l.MinSubgroupSize != 8 || l.MaxSubgroupSize != 32 {
			t.Errorf("%s: control %t, subgroups of %d, %d to %d", info.Name, info.Features.SubgroupControl, l.SubgroupSize, l.MinSubgroupSize, l.MaxSubgroupSize)
		}
		d, err := in.OpenDevice(info)
		if err != nil {
			t.Fatal(info.Name, err)
		}
		for _, size := range []uint32{0, 8, 16, 32} {
			p, err := d.NewPipeline(PipelineSpec{
				Name: "double", Code: testShader(t, "double"), StorageBuffers: 1, PushBytes: 4, Constants: []uint32{max(size, 8)}, SubgroupSize: size,
			})
			if made := err == nil; made != (takes == (size > 0)) {
				t.Errorf("%s: subgroups of %d: %v", info.Name, size, err)
			}
			if err == nil {
				p.Destroy()
			}
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
}

// Each size that the device offers makes a pipeline, and no other does.
func TestSubgroupPipelines(t *testing.T) {
	d := testDevice(t)
	l, f := d.Info().Limits, d.Info().Features
	t.Logf("subgroups of %d, %d to %d, control %t", l.SubgroupSize, l.MinSubgroupSize, l.MaxSubgroupSize, f.SubgroupControl)
	made := 0
	for size := uint32(1); size <= 128; size *= 2 {
		p, err := d.NewPipeline(PipelineSpec{
			Name: "double", Code: testShader(t, "double"), StorageBuffers: 1, PushBytes: 4, Constants: []uint32{size}, SubgroupSize: size,
		})
		offered := size >= l.MinSubgroupSize && size <= l.MaxSubgroupSize && (f.SubgroupControl || l.MinSubgroupSize == l.MaxSubgroupSize)
		switch {
		case offered && err != nil, !offered && !errors.Is(err, ErrUnsupported):
			t.Errorf("subgroups of %d: %v", size, err)
		case offered:
			made++
			p.Destroy()
		}
	}
	if fixed := l.MinSubgroupSize == l.MaxSubgroupSize && l.MinSubgroupSize > 0; fixed && made != 1 {
		t.Errorf("%d pipelines with subgroups of the one size", made)
	}
}
