package vk

import (
	"slices"
	"testing"
)

func TestMatricesText(t *testing.T) {
	for _, c := range []struct {
		m    Matrices
		want string
	}{
		{Matrices{M: 16, N: 8, K: 32, A: Float16, B: Float16, C: Float32, Result: Float32, Scope: SubgroupScope}, "16x8x32 float16, float16 to float32, subgroup"},
		{Matrices{M: 8, N: 8, K: 16, A: 3, B: 7, C: 5, Result: Float32, Saturating: true, Scope: 2}, "8x8x16 int8, uint8 to float32 from int32, saturating, workgroup"},
		{Matrices{M: 4, N: 4, K: 4, A: BFloat16, B: 77, C: 77, Result: 77, Scope: 77}, "4x4x4 bfloat16, Component(77) to Component(77), Scope(77)"},
	} {
		if got := c.m.String(); got != c.want {
			t.Errorf("%q, expected %q", got, c.want)
		}
	}
}

// Lavapipe multiplies no matrices but those with as many rows and columns as its subgroups have lanes.
func TestMatricesThatWork(t *testing.T) {
	const radv = 3
	square, flat := Matrices{M: 8, N: 8, K: 8}, Matrices{M: 8, N: 8, K: 16}
	for _, c := range []struct {
		m             Matrices
		driver, lanes uint32
		want          bool
	}{
		{square, DriverLavapipe, 8, true},
		{square, DriverLavapipe, 16, false},
		{square, DriverLavapipe, 4, false},
		{flat, DriverLavapipe, 8, false},
		{Matrices{M: 16, N: 16, K: 16}, radv, 64, true},
		{flat, radv, 8, true},
	} {
		if got := c.m.workOn(c.driver, c.lanes); got != c.want {
			t.Errorf("%v by driver %d in subgroups of %d: %t", c.m, c.driver, c.lanes, got)
		}
	}
}

// A device that multiplies matrices in compute shaders, in the memory model that those are written in, is opened with that and lists which.
func TestMatricesEnabled(t *testing.T) {
	onlyFakeDriver(t)
	t.Setenv("FAKE_DEVICES", "mgwlc")
	for _, floor := range []bool{false, true} {
		in, err := Open(Options{Floor: floor})
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range in.Devices() {
			has := info.Name == "fake m" && !floor
			want := []Matrices(nil)
			if has {
				want = []Matrices{
					{16, 8, 32, Float16, Float16, Float32, Float32, false, SubgroupScope},
					{8, 8, 16, 3, 3, 5, Float32, true, 2},
					{4, 4, 4, 77, 77, 77, 77, false, 77},
				}
			}
			if info.Features.CooperativeMatrix != has || !slices.Equal(info.Matrices, want) {
				t.Errorf("%s, floor %t: cooperative matrices %t: %v", info.Name, floor, info.Features.CooperativeMatrix, info.Matrices)
			}
			if floor && info.Name == "fake m" {
				continue // its device is made with matrices alone
			}
			d, err := in.OpenDevice(info)
			if err != nil {
				t.Errorf("%s: %v", info.Name, err)
				continue
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What a device lists is of some size, and there is no list without the feature.
func TestMatricesListed(t *testing.T) {
	info := testDevice(t).Info()
	if info.Features.CooperativeMatrix != (len(info.Matrices) > 0) {
		t.Errorf("cooperative matrices %t: %v", info.Features.CooperativeMatrix, info.Matrices)
	}
	for _, m := range info.Matrices {
		t.Log(m)
		if m.M == 0 || m.N == 0 || m.K == 0 {
			t.Errorf("%v has no size", m)
		}
	}
}

// A validation layer that is older than cooperative matrices would call each of their shaders an error: under it there are none.
func TestMatricesUnderValidation(t *testing.T) {
	onlyFakeDriver(t)
	needValidation(t)
	t.Setenv("FAKE_DEVICES", "m")
	proc, err := openLoader()
	if err != nil {
		t.Fatal(err)
	}
	version, _ := validationVersion(proc)
	in, err := Open(Options{Validation: true})
	if err != nil {
		t.Fatal(err)
	}
	info := in.Devices()[0]
	t.Logf("the layer knows Vulkan %s", versionText(version))
	if knows := version >= matricesVersion; info.Features.CooperativeMatrix != knows || len(info.Matrices) > 0 != knows {
		t.Errorf("cooperative matrices %t: %v", info.Features.CooperativeMatrix, info.Matrices)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if in.Messages() > 0 {
		t.Errorf("the layer printed %d messages", in.Messages())
	}
}
