package main

import (
	"encoding/json"
	"strings"
	"testing"

	"cnnvk/cifar"
)

func TestSummary(t *testing.T) {
	emptyFolder(t)
	o := cnnvk("summary", "--device", "cpu", "--json")
	o.ok(t)
	r := object[summaryResult](t, o.stdout)
	if r.Parameters != 765055 || r.MultiplyAdds != 15361024 || r.MaxParams != 1000000 || len(r.Layers) != 35 || r.Memory != nil || r.MemoryNote == "" {
		t.Errorf("%+v", r)
	}
	o = cnnvk("summary", "--device", "cpu", "--widths", "64, 128,256,512,512,1000")
	o.ok(t)
	for _, want := range []string{"features.0", "64x32x32", "MaxPool2d", "1064687", "64687 above the limit of 1000000: eval will refuse it"} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("no %q in\n%s", want, o.stdout)
		}
	}
	cnnvk("summary", "--model", "resnet").failed(t, exitUsage, `--model "resnet": use smallcifarnet, tinynet, .* or a file such as mine.yaml$`, "did you mean resnet9s?")
	for args, says := range map[string]string{
		"--widths wide":        `--widths "wide": use numbers with commas between them$`,
		"--widths 1,2":         `--widths \[1 2\]: use 6 numbers from 1 to 8192$`,
		"--batch-size 0":       `--batch-size 0: use 1 or more$`,
		"--batch-size 1000000": `--batch-size 1000000: use 45000 or less: there are no more training images$`,
	} {
		cnnvk(append([]string{"summary"}, strings.Fields(args)...)...).failed(t, exitUsage, says, "")
	}
}

func TestSummaryOnDevice(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	o := cnnvk("summary", "--json", "--batch-size", "64")
	o.ok(t)
	r := object[summaryResult](t, o.stdout)
	if r.Memory == nil || r.Device == "" || r.Memory.Data != 50000*3072+3*256*4 || r.Memory.Work < 64<<20 || r.Memory.Work > 1<<30 {
		t.Errorf("%s, memory %+v", o.stdout, r.Memory)
	}
	// Without Vulkan the rest is known.
	o = child(t, []string{"VK_ICD_FILENAMES=/nonexistent.json", "VK_DRIVER_FILES=/nonexistent.json", "CNNVK_DEVICE="}, "summary")
	o.ok(t)
	if !strings.Contains(o.stdout, "device memory for training: not known without a Vulkan device\n") {
		t.Errorf("%s", o.stdout)
	}
	var raw map[string]json.RawMessage
	o = child(t, []string{"VK_ICD_FILENAMES=/nonexistent.json", "VK_DRIVER_FILES=/nonexistent.json", "CNNVK_DEVICE="}, "summary", "--json")
	if err := json.Unmarshal([]byte(o.stdout), &raw); err != nil || string(raw["memory"]) != "null" {
		t.Errorf("%v: %s", err, o.stdout)
	}
}

// On a device that allows buffers of 128 MiB, as every one does, a channel of 1024 float32 pixels for 64 channels leaves
// room for 512 images. That is found out before anything is allocated.
func TestBatchTooLarge(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	t.Setenv("CNNVK_PROFILE", "floor")
	saveWeights(t, "w.safetensors", nil)
	dataFile(t, "data", "test.bin", cifar.TestRecords*cifar.RecordBytes, 0, 0)
	before := listing(t)
	for _, args := range []string{
		"bench --json --batch-size 1024", "summary --json --batch-size 1024",
		"eval --json --batch-size 1024 --weights w.safetensors --data data",
	} {
		o := cnnvk(strings.Fields(args)...)
		o.failed(t, exitFailed, `batch size 1024 needs a storage buffer of 256 MiB, the device allows 128 MiB$`, "--batch-size 512 fits")
		if o.stdout != "" {
			t.Errorf("%s: standard output has %q", args, o.stdout)
		}
	}
	unchanged(t, before)
	cnnvk("summary", "--batch-size", "512").ok(t)
}
