package vk

import (
	"bytes"
	"testing"
)

// TestPipelineCache compiles with an empty cache, with what that gave, and with data that no driver made.
func TestPipelineCache(t *testing.T) {
	var stored []byte
	for _, c := range []struct {
		name string
		data func() []byte
	}{
		{"empty", func() []byte { return nil }},
		{"stored", func() []byte { return stored }},
		{"of another driver", func() []byte {
			other := bytes.Clone(stored)
			for i := range min(len(other), 32) { // its header
				other[i] ^= 0x55
			}
			return other
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := testDevice(t)
			if err := d.UsePipelineCache(c.data()); err != nil {
				t.Fatal(err)
			}
			doublePipeline(t, d)
			data, err := d.PipelineCacheData()
			if err != nil {
				t.Fatal(err)
			}
			if len(data) < 32 { // Vulkan's header alone
				t.Errorf("the cache has %d bytes", len(data))
			}
			if stored == nil {
				stored = data
			}
			if err := d.UsePipelineCache(nil); err == nil {
				t.Error("a second cache was taken")
			}
		})
	}
}
