package vk

import (
	"errors"
	"sync"
	"testing"
	"time"

	"cnnvk/vk/leaktest"
)

// Goroutines compile at the same time: none waits for another in the device.
func TestCompileTogether(t *testing.T) {
	counted := leaktest.CountVulkan(t)
	counted.Meet(t, 3)
	t.Run("device", func(t *testing.T) {
		d := deviceWith(t, Options{})
		var group sync.WaitGroup
		for i := range 3 {
			group.Go(func() {
				p, err := d.NewPipeline(doubleOf(t, uint32(8<<i)))
				if err != nil {
					t.Error(err)
					return
				}
				defer p.Destroy()
				if err := doubleOnce(d, p); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	})
	for _, d := range counted.Devices(t) {
		if d.Together != 3 || d.LeftOver() != "" {
			t.Errorf("%d compiled at the same time; left over: %s", d.Together, d.LeftOver())
		}
	}
}

// A device that is closed while others compile waits for them; who comes later is told.
func TestCloseWhileCompiling(t *testing.T) {
	in := testInstance(t, watched(t))
	info, err := Choose(in.Devices(), "")
	if err != nil {
		missing(t, "vulkan", err)
	}
	d, err := in.OpenDevice(info)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	made := make(chan struct{}, 64)
	for i := range 4 {
		group.Go(func() {
			for {
				if _, err := d.NewPipeline(doubleOf(t, uint32(8<<i))); err != nil {
					if !errors.Is(err, ErrUsage) {
						t.Error(err)
					}
					return
				}
				select {
				case made <- struct{}{}:
				default:
				}
			}
		})
	}
	select {
	case <-made:
	case <-time.After(time.Minute):
		t.Error("nothing was compiled in a minute")
	}
	if err := d.Close(); !errors.Is(err, ErrUsage) {
		t.Errorf("closed before its pipelines: %v", err)
	}
	group.Wait()
}

func doubleOf(t *testing.T, invocations uint32) PipelineSpec {
	return PipelineSpec{Name: "double", Code: testShader(t, "double"), StorageBuffers: 1, PushBytes: 4, Constants: []uint32{invocations}}
}
