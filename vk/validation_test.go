package vk

import (
	"errors"
	"testing"
)

// needValidation skips the test where the validation layer is not installed.
func needValidation(t *testing.T) {
	t.Helper()
	if !ValidationAvailable() {
		missing(t, "validation", errors.New("VK_LAYER_KHRONOS_validation is not installed"))
	}
}

// Every kind of call is made under validation and must pass without a message.
func TestValidationIsSilent(t *testing.T) {
	needValidation(t)
	bothWays(t, everything)
}

// everything uses all of a device.
func everything(t *testing.T, d *Device) {
	t.Helper()
	x := testBuffer(t, d, 3*stagingBytes, DeviceLocal, "x")
	up, down := testBuffer(t, d, 4096, Upload, "up"), testBuffer(t, d, 4096, Readback, "down")
	data := randomBytes(x.Size() - 2)
	if err := errors.Join(
		d.Write(x.Window(1, x.Size()-2), data), d.Read(data, x.Window(2, x.Size()-2)),
		d.Write(up.Window(0, 4096), data[:4096]), d.Read(data[:4096], down.Window(0, 4096)),
		d.syncRange("vkFlushMappedMemoryRanges", up, 3, 70), // coherent memory may be flushed too
		d.syncRange("vkInvalidateMappedMemoryRanges", down, 3, 70),
	); err != nil {
		t.Fatal(err)
	}
	double := doublePipeline(t, d)
	blend, err := d.NewPipeline(PipelineSpec{Name: "blend", Code: testShader(t, "blend"),
		StorageBuffers: 2, Uniform: true, TexelBuffers: 1, PushBytes: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(blend.Destroy)
	c := record(t, d, "everything", func(r *Recorder) error {
		var errs []error
		for range 2 * poolSets / 3 { // more sets than one pool has
			errs = append(errs,
				r.Copy(x.Window(0, 4096), up.Window(0, 4096)),
				r.Dispatch(doubling(double, x.Window(0, 4096))),
				r.Dispatch(doubling(double, x.Window(4096, 4096))),
				r.Dispatch(Dispatch{Pipeline: blend, Label: "blend",
					Storage: []Binding{{x.Window(0, 4096), Read}, {x.Window(8192, 4096), Write}},
					Uniform: x.Window(4096, 256), Texel: []Texels{{Window: x.Window(4352, 2048)}},
					Push: []uint32{128}, Groups: [3]uint32{2, 1, 1}}),
				r.Fill(x.Window(4096, 4096), 0),
				r.Copy(down.Window(0, 4096), x.Window(8192, 4096)))
		}
		return errors.Join(errs...)
	})
	run(t, d, c, c)
	p, err := d.Submit(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Done(); err != nil {
		t.Error(err)
	}
	run(t, d, c)
	abandoned, err := d.NewRecorder("abandoned")
	if err != nil {
		t.Fatal(err)
	}
	if err := abandoned.Dispatch(doubling(double, x.Window(0, 64))); err != nil {
		t.Error(err)
	}
	abandoned.Abandon()
	if _, err := d.NewBuffer(1<<45, DeviceLocal, "absurd"); !errors.Is(err, ErrOutOfMemory) {
		t.Error(err)
	}
}

// Without the hazards' bookkeeping the recorder leaves a barrier out, and synchronization validation must notice.
func TestMissingBarrierIsReported(t *testing.T) {
	needValidation(t)
	d := deviceWith(t, Options{Validation: true, Log: quiet()})
	x, p := testBuffer(t, d, 4096, DeviceLocal, "x"), doublePipeline(t, d)
	record(t, d, "race", func(r *Recorder) error {
		if err := r.Dispatch(doubling(p, x.Window(0, 256))); err != nil {
			return err
		}
		r.hazards.clear()
		return r.Copy(x.Window(256, 256), x.Window(0, 256))
	})
	if n := d.instance.Messages(); n != 1 {
		t.Errorf("a copy reads what a dispatch writes, without a barrier: %d messages, expected 1", n)
	}
}
