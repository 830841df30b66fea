package main

import (
	"fmt"
	"testing"

	"cnnvk/cifar"
	"cnnvk/vk/leaktest"
)

// countDevice lets a layer count what a command asks Vulkan's driver for.
func countDevice(t *testing.T, command func() outcome) (outcome, leaktest.Device) {
	t.Helper()
	t.Setenv("CNNVK_VALIDATION", "")
	counted := leaktest.CountVulkan(t)
	o := command()
	o.ok(t)
	devices := counted.Devices(t)
	if len(devices) != 1 {
		t.Fatalf("%d devices were opened", len(devices))
	}
	return o, devices[0]
}

// peak_device_bytes is what the driver was asked for with vkAllocateMemory: its sum at its highest, but for the data set.
func TestDevicePeak(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	for _, batch := range []string{"2", "128"} {
		t.Run(batch, func(t *testing.T) {
			o, device := countDevice(t, func() outcome { return cnnvk("bench", "--json", "--batch-size", batch, "--repeats", "1") })
			r := object[benchResult](t, o.stdout)
			if r.PeakDeviceBytes+r.DatasetBytes != device.Peak || r.PeakDeviceBytes == 0 {
				t.Errorf("peak_device_bytes %d and dataset_bytes %d, but the driver was asked for %d", r.PeakDeviceBytes, r.DatasetBytes, device.Peak)
			}
		})
	}
}

// What summary predicts for a training is what the driver is asked for, data set apart. The data set is smaller than the one that
// summary thinks of; the work is the same.
func TestDevicePeakPredicted(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	p := small()
	p.syntheticImages = 300
	data := int64(300*cifar.ImageBytes + 3*256*4)
	for _, batch := range []int{128, 8} { // both leave short batches
		t.Run(fmt.Sprint(batch), func(t *testing.T) {
			size := fmt.Sprint("--batch-size=", batch)
			o := cnnvk("summary", "--json", size)
			o.ok(t)
			predicted := object[summaryResult](t, o.stdout).Memory.Work
			_, device := countDevice(t, func() outcome {
				return p.cnnvk("train", size, "--epochs", "1", "--limit-steps", "1", "--out", fmt.Sprint("run-", batch))
			})
			got := device.Peak - data
			if off := float64(predicted-got) / float64(got); off < -0.05 || off > 0.05 {
				t.Errorf("%d bytes predicted, %d asked for", predicted, got)
			}
			t.Logf("%d bytes predicted, %d asked for", predicted, got)
		})
	}
}
