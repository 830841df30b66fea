package machine

import (
	"errors"
	"fmt"
	"testing"

	"cnnvk/engine"
	"cnnvk/engine/gpu"
	"cnnvk/internal/hints"
	"cnnvk/net"
	"cnnvk/net/training"
	"cnnvk/vk"
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
		{&noRoom{MemoryNeed{3 << 30, 153 << 20}, 2 << 30, true}, 700,
			"batch size 1024 needs 3.1 GiB of device memory, 153 MiB of it for the data set; 2.0 GiB is free", "--batch-size 700 fits"},
		{&noRoom{MemoryNeed{3 << 30, 0}, 2 << 30, false}, 0,
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

// Out of memory although there seemed to be room: the hint has the need of a smaller batch in it.
func TestOrSmaller(t *testing.T) {
	m := openVulkan(t)
	d := trainingSteps(t, nil)
	full := fmt.Errorf("vk: vkAllocateMemory: %w", vk.ErrOutOfMemory)
	whole, err1 := m.need(d, 128)
	half, err2 := m.need(d, 64)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("--batch-size 64 needs %s in place of %s", BinaryBytes(half.total()), BinaryBytes(whole.total()))
	for _, c := range []struct {
		err   error
		batch int
		hint  string
	}{
		{full, 128, want}, {full, 1, ""}, {hints.With(full, "close the browser"), 128, "close the browser"}, {vk.ErrDeviceLost, 128, ""},
	} {
		if err := m.OrSmaller(c.err, d, c.batch); hints.Of(err) != c.hint || err.Error() != c.err.Error() {
			t.Errorf("%v, batch %d: hint %q, want %q", c.err, c.batch, hints.Of(err), c.hint)
		}
	}
}

// trainingSteps are the training steps of a network of those widths, its own with nil.
func trainingSteps(t *testing.T, widths []int) Demand {
	t.Helper()
	model, err := net.NewModel(net.SmallCIFARNetName, widths, 1, net.CIFAR100)
	if err != nil {
		t.Fatal(err)
	}
	recipe := training.DefaultRecipe()
	return func(batch int) (*engine.Layout, []*engine.Program, error) {
		layout, err := training.Layout(model, recipe)
		if err != nil {
			return nil, nil, err
		}
		step, err := training.TrainProgram(model, layout, recipe, net.ImageShape{N: 1024, C: 3, H: 32, W: 32}, batch, nil)
		return layout, []*engine.Program{step}, err
	}
}
