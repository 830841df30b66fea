package main

import (
	"strings"
	"testing"
	"time"

	"cnnvk/net"
	"cnnvk/net/training"
)

func TestFit(t *testing.T) {
	parts := []part{{0, "epoch"}, {3, "loss"}, {1, "accuracy"}, {2, ""}}
	for _, c := range []struct {
		width int
		want  string
	}{
		{0, "epoch  loss  accuracy"}, {21, "epoch  loss  accuracy"}, {20, "epoch  accuracy"}, {15, "epoch  accuracy"},
		{14, "epoch"}, {5, "epoch"}, {1, "epoch"},
	} {
		if got := fit(c.width, parts...); got != c.want {
			t.Errorf("width %d: %q, want %q", c.width, got, c.want)
		}
	}
}

// someEpoch is the twelfth of fifty, an hour from the end.
func someEpoch() (*pace, training.EpochEnded) {
	r := training.DefaultRecipe()
	p := &pace{recipe: r, validates: true, steps: 352}
	e := training.EpochEnded{
		Progress: training.Progress{Epoch: 12, Step: 352, Steps: 352, Images: 45000, Elapsed: 90 * time.Second, Loss: 3.40123, Accuracy: 0.1921, Rate: 1e-3},
		ValTime:  5 * time.Second, Best: true, Validation: net.Score{Correct: 1093, Total: 5000, LossSum: 16704},
	}
	for range 12 {
		p.add(e)
	}
	return p, e
}

// The line of an epoch says everything in a file, and on a terminal what there is room for.
func TestEpochLine(t *testing.T) {
	p, e := someEpoch()
	for width, want := range map[int]string{
		0:  "epoch 12/50  loss 3.4012  acc 19.21 %  val loss 3.3408  val acc 21.86 %  lr 0.001  500 images/s  95 s  best  ETA 1h0m10s",
		79: "epoch 12/50  loss 3.4012  acc 19.21 %  val acc 21.86 %  95 s  best",
		39: "epoch 12/50  val acc 21.86 %  best",
	} {
		if got := p.epochLine(e, width); got != want {
			t.Errorf("width %d:\n%s\n%s", width, got, want)
		}
	}
}

// The bar fills its line, and no more, at every width that has room for a bar.
func TestBarLine(t *testing.T) {
	p, e := someEpoch()
	now := e.Progress
	now.Step, now.Epoch = 176, 13
	for _, step := range []int{0, 1, 176, 351, 352} {
		now.Step = step
		for width := 23; width < 200; width++ {
			w := &barWatcher{pace: *p, now: now}
			line := w.line(width)
			if len(line) != width || !strings.HasPrefix(line, "epoch 13/50  [") {
				t.Fatalf("width %d: %d columns, %q", width, len(line), line)
			}
		}
	}
	now.Step, now.Images, now.Elapsed = 176, 22528, 45*time.Second
	for width, want := range map[int]string{
		39: "epoch 13/50  [======>     ]  ETA 59m15s",
		79: "epoch 13/50  [======>     ]  loss 3.4012  acc 19.21 %  501 images/s  ETA 59m15s",
	} {
		if got := (&barWatcher{pace: *p, now: now}).line(width); got != want {
			t.Errorf("width %d:\n%s\n%s", width, got, want)
		}
	}
	for width := range 23 {
		if line := (&barWatcher{pace: *p, now: now}).line(width); strings.Contains(line, "\x00") {
			t.Errorf("width %d: %q", width, line)
		}
	}
}

func TestBarOf(t *testing.T) {
	for _, c := range []struct {
		step, steps, width int
		want               string
	}{
		{0, 0, 5, "[>  ]"}, {0, 9, 5, "[>  ]"}, {3, 9, 5, "[=> ]"}, {8, 9, 5, "[==>]"}, {9, 9, 5, "[===]"}, {5, 9, 2, "[]"},
	} {
		if got := barOf(training.Progress{Step: c.step, Steps: c.steps}, c.width); got != c.want {
			t.Errorf("%d of %d: %s, want %s", c.step, c.steps, got, c.want)
		}
	}
}
