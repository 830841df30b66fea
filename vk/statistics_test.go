package vk

import (
	"errors"
	"testing"
)

// A pipeline made with statistics has some where the device gives them, and is refused elsewhere.
func TestStatistics(t *testing.T) {
	d := testDevice(t)
	spec := PipelineSpec{Name: "double", Code: testShader(t, "double"), StorageBuffers: 1, PushBytes: 4, Constants: []uint32{doubleGroup}}
	silent, err := d.NewPipeline(spec)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Destroy()
	spec.Statistics = true
	p, err := d.NewPipeline(spec)
	if !d.Info().Features.PipelineStatistics {
		if !errors.Is(err, ErrUnsupported) {
			t.Errorf("made with statistics: %v", err)
		}
		if _, err := silent.Executables(); !errors.Is(err, ErrUnsupported) {
			t.Errorf("of a pipeline without: %v", err)
		}
		t.Log("this device gives no statistics")
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := silent.Executables(); !errors.Is(err, ErrUsage) {
		t.Errorf("of a pipeline made without: %v", err)
	}
	all, err := p.Executables()
	if err != nil || len(all) == 0 {
		t.Fatalf("%v, %v", all, err)
	}
	for _, e := range all {
		if e.Name == "" || len(e.Statistics) == 0 {
			t.Errorf("%+v", e)
		}
		for _, s := range e.Statistics {
			if s.Name == "" {
				t.Errorf("%q has a nameless statistic of %g", e.Name, s.Value)
			}
		}
		t.Logf("%+v", e)
	}
	p.Destroy()
	if _, err := p.Executables(); !errors.Is(err, ErrUsage) {
		t.Errorf("of a pipeline that is destroyed: %v", err)
	}
}
