package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/run"
	"cnnvk/engine/gpu"
	"cnnvk/internal/hints"
	"cnnvk/net"
	"cnnvk/net/training"
	"cnnvk/vk"

	"github.com/urfave/cli/v2"
)

func TestLargest(t *testing.T) {
	for limit := range 40 {
		fits := func(batch int) error {
			if batch > limit {
				return vk.ErrUnsupported
			}
			return nil
		}
		for _, tooLarge := range []int{limit + 1, limit + 2, 50, 50000} {
			if got := largest(tooLarge, fits); got != limit {
				t.Errorf("of up to %d, below %d: %d", limit, tooLarge, got)
			}
		}
	}
}

// A batch that does not fit is refused with what it needs, what there is, and the largest that fits.
func TestRefusal(t *testing.T) {
	upTo := func(n int) func(int) error {
		return func(batch int) error {
			if batch > n {
				return vk.ErrUnsupported
			}
			return nil
		}
	}
	other := errors.New("something else")
	for _, c := range []struct {
		err        error
		most       int
		says, hint string
	}{
		{fmt.Errorf("plan: %w", &gpu.TooLarge{What: "a storage buffer", Bytes: 256 << 20, Most: 128 << 20}), 512,
			"batch size 1024 needs a storage buffer of 256 MiB, the device allows 128 MiB", "--batch-size 512 fits"},
		{&noRoom{memoryNeed{3 << 30, 153 << 20}, 2 << 30, true}, 700,
			"batch size 1024 needs 3.1 GiB of device memory, 153 MiB of it for the data set; 2.0 GiB is free", "--batch-size 700 fits"},
		{&noRoom{memoryNeed{3 << 30, 0}, 2 << 30, false}, 0,
			"batch size 1024 needs 3.0 GiB of device memory, 0 bytes of it for the data set; the device has 2.0 GiB", "not even --batch-size 1 fits on this device"},
		{fmt.Errorf("no kernel: %w", vk.ErrUnsupported), 3, "no kernel: " + vk.ErrUnsupported.Error(), "--batch-size 3 fits"},
		{other, 3, "something else", ""},
	} {
		err := refusal(c.err, 1024, upTo(c.most))
		if err.Error() != c.says || hints.Of(err) != c.hint {
			t.Errorf("got %q, hint %q, want %q, %q", err, hints.Of(err), c.says, c.hint)
		}
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

// Out of memory although there seemed to be room: the hint has the need of a smaller batch in it.
func TestOrSmaller(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	err := onMachine(nil, os.Getenv("CNNVK_DEVICE"), func(m *machine) error {
		model, err := net.SmallCIFARNet(nil, 1)
		if err != nil {
			return err
		}
		d := benchDemand(model, training.DefaultRecipe())
		full := fmt.Errorf("vk: vkAllocateMemory: %w", vk.ErrOutOfMemory)
		whole, err1 := m.need(d, 128)
		half, err2 := m.need(d, 64)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		want := fmt.Sprintf("--batch-size 64 needs %s in place of %s", binaryBytes(half.total()), binaryBytes(whole.total()))
		for _, c := range []struct {
			err   error
			batch int
			hint  string
		}{
			{full, 128, want}, {full, 1, ""}, {hints.With(full, "close the browser"), 128, "close the browser"}, {vk.ErrDeviceLost, 128, ""},
		} {
			if err := m.orSmaller(c.err, d, c.batch); hints.Of(err) != c.hint || err.Error() != c.err.Error() {
				t.Errorf("%v, batch %d: hint %q, want %q", c.err, c.batch, hints.Of(err), c.hint)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestSummary(t *testing.T) {
	emptyFolder(t)
	o := cnnvk("summary", "--device", "cpu", "--json")
	o.ok(t)
	r := object[summaryResult](t, o.stdout)
	if r.Parameters != 765055 || r.MultiplyAdds != 15361024 || r.MaxParams != 1000000 || len(r.Layers) != 11 || r.Memory != nil || r.MemoryNote == "" {
		t.Errorf("%+v", r)
	}
	o = cnnvk("summary", "--device", "cpu", "--widths", "64, 128,256,512,512,1000")
	o.ok(t)
	for _, want := range []string{"features.0", "64x32x32", "MaxPool2d", "1064687", "64687 above the limit of 1000000: eval will refuse it"} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("no %q in\n%s", want, o.stdout)
		}
	}
	for args, says := range map[string]string{
		"--model resnet":       `--model "resnet": use smallcifarnet or tinynet$`,
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

// A resumed run keeps its batch size: a hint of another says what that goes with, and one of no flag stays as it is.
func TestOrNewRun(t *testing.T) {
	app := small().app(new(bytes.Buffer), new(bytes.Buffer))
	app.Command("train").Action = func(c *cli.Context) error {
		j := &job{flags: c, folder: &run.Folder{Dir: "run"}}
		for hint, want := range map[string]string{
			"--batch-size 64 fits":                        "--batch-size 64 fits, with --config run/config.yaml --out DIR in place of --resume",
			"not even --batch-size 1 fits on this device": "not even --batch-size 1 fits on this device",
		} {
			if got := hints.Of(j.orNewRun(hints.With(vk.ErrOutOfMemory, hint))); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
		return nil
	}
	if err := app.Run([]string{"cnnvk", "train", "--resume", "run"}); err != nil {
		t.Fatal(err)
	}
}
