package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// object parses what --json printed: one object, of which all members are known, and nothing else.
func object[T any](t *testing.T, stdout string) T {
	t.Helper()
	var result T
	in := json.NewDecoder(strings.NewReader(stdout))
	in.DisallowUnknownFields()
	if err := in.Decode(&result); err != nil {
		t.Fatalf("%v in %q", err, stdout)
	}
	if in.More() || strings.Count(stdout, "\n") != 1 {
		t.Errorf("standard output has more than an object: %q", stdout)
	}
	return result
}

func TestBench(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	o := cnnvk("bench", "--json", "--batch-size", "8", "--repeats", "3")
	o.ok(t)
	r := object[benchResult](t, o.stdout)
	checkBench(t, r, 8)
	// The state alone, parameters, gradients, average and two moments, takes 5 x 3 MB.
	if r.PeakDeviceBytes < 15e6 || r.PeakDeviceBytes > 600e6 {
		t.Errorf("peak_device_bytes %d", r.PeakDeviceBytes)
	}
	o = cnnvk("bench", "--batch-size", "2", "--repeats", "1")
	o.ok(t)
	if !strings.Contains(o.stdout, "random pixels, batch 2, median of 1\n") || !strings.Contains(o.stdout, "images/s") {
		t.Errorf("in words: %q", o.stdout)
	}
	unchanged(t, map[string]string{})
}

func TestBenchOnReference(t *testing.T) {
	emptyFolder(t)
	o := cnnvk("bench", "--json", "--device", "CPU", "--batch-size", "1", "--repeats", "1")
	o.ok(t)
	r := object[benchResult](t, o.stdout)
	checkBench(t, r, 1)
	if !strings.Contains(r.Device, "reference") || r.PeakDeviceBytes != 0 {
		t.Errorf("the reference executor is %+v", r)
	}
}

// checkBench wants figures that a machine can have; an evaluation does a third of a training step's work.
func checkBench(t *testing.T, r benchResult, batch int) {
	t.Helper()
	if r.Device == "" || r.Driver == "" || r.BatchSize != batch {
		t.Errorf("measured %+v", r)
	}
	if !(r.TrainImgS > 0.1) || !(r.EvalImgS > r.TrainImgS/2) || r.EvalImgS > 1e8 {
		t.Errorf("train %g images/s, eval %g", r.TrainImgS, r.EvalImgS)
	}
}

func TestDevices(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	marked := func(args ...string) (string, string) {
		t.Helper()
		o := cnnvk(append([]string{"devices"}, args...)...)
		o.ok(t)
		var found []string
		for line := range strings.Lines(o.stdout) {
			if fields := strings.Fields(line); fields[0] == "*" {
				found = append(found, fields[1])
			}
		}
		if len(found) != 1 {
			t.Fatalf("%d devices are marked:\n%s", len(found), o.stdout)
		}
		return found[0], o.stdout
	}
	best, list := marked()
	for _, word := range []string{"INDEX", "NAME", "DRIVER", "Go reference executor"} {
		if !strings.Contains(list, word) {
			t.Errorf("no %s in\n%s", word, list)
		}
	}
	if index, _ := marked("--device", best); index != best {
		t.Errorf("--device %s marks %s", best, index)
	}
	if index, _ := marked("--device", "cpu"); index != "cpu" {
		t.Errorf("--device cpu marks %s", index)
	}
}
