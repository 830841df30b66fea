package main

import (
	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/cmd/cnnvk/run"
	"strings"
	"testing"
	"time"
)

func TestEpochsWithin(t *testing.T) {
	for _, c := range []struct {
		left, epoch time.Duration
		want        int
		why         string
	}{
		{time.Hour, time.Minute, 58, "3600 s / 61.2 s"},
		{time.Hour, 36 * time.Second, 98, "3600 s / 36.72 s"},
		{time.Minute, time.Hour, 1, "one at least"},
		{-time.Minute, time.Second, 1, "the time is over"},
		{102 * time.Second, 10 * time.Second, 10, "to the end"},
		{time.Second, 0, 980392, "no time"},
	} {
		if got := epochsWithin(c.left, c.epoch); got != c.want {
			t.Errorf("%v left, %v an epoch: %d, want %d (%s)", c.left, c.epoch, got, c.want, c.why)
		}
	}
}

// A training that was fitted into a time is the training of as many epochs, to the bit, and its config.yaml gives it again
// without measuring.
func TestTrainMaxTime(t *testing.T) {
	for _, device := range []string{machine.CPU, ""} {
		t.Run("device "+device, func(t *testing.T) {
			emptyFolder(t)
			if device == "" {
				needVulkan(t)
			}
			p := small()
			p.syntheticImages = 20                                                                                                                              // 18 to train on
			narrow := []string{"train", "--batch-size", "8", "--config", narrowConfig(t), "--limit-steps", "8", "--model-ema-decay", "0.5", "--device", device} // so low that the counters show in the file
			o := p.cnnvk(append(narrow, "--max-time", "2s", "--out", "timed")...)
			o.ok(t)
			if !strings.Contains(o.stdout, "\ntime: an epoch takes ") || !strings.Contains(o.stdout, " of 2s are spent: epochs ") {
				t.Errorf("it says\n%s", o.stdout)
			}
			conf, err := run.ReadConfig("timed/config.yaml")
			if err != nil || conf.Epochs < 1 || conf.MaxTime != 2*time.Second {
				t.Fatalf("config.yaml has %d epochs, %v, %v", conf.Epochs, conf.MaxTime, err)
			}
			p.cnnvk(append(narrow, "--epochs", epochsOf(t, "timed"), "--out", "counted")...).ok(t)
			o = p.cnnvk("train", "--device", device, "--config", "timed/config.yaml", "--out", "again")
			o.ok(t)
			if strings.Contains(o.stdout, "\ntime: ") {
				t.Errorf("measured again:\n%s", o.stdout)
			}
			for _, name := range []string{run.BestWeights, run.LastWeights} {
				if want := sum(t, "timed/"+name); sum(t, "counted/"+name) != want || sum(t, "again/"+name) != want {
					t.Errorf("%s differs", name)
				}
			}
			if read(t, "timed/config.yaml") != read(t, "again/config.yaml") {
				t.Error("config.yaml differs")
			}
		})
	}
}

// epochsOf is a run's number of epochs, as its config.yaml has it.
func epochsOf(t *testing.T, out string) string {
	t.Helper()
	for line := range strings.Lines(read(t, out+"/config.yaml")) {
		if n, is := strings.CutPrefix(line, "epochs: "); is {
			return strings.TrimSpace(n)
		}
	}
	t.Fatal("config.yaml has no epochs")
	return ""
}
