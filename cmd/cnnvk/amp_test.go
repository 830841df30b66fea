package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/cmd/cnnvk/run"
)

// A training with mixed precision says so where it is asked, and its weights are evaluated in either way.
func TestTrainAMP(t *testing.T) {
	emptyFolder(t)
	for dtype, keys := range map[string][]string{"float16": {"amp: true", "amp_dtype: float16"}, "bfloat16": {"amp: true", "amp_dtype: bfloat16"}, "": nil} {
		args := []string{"train", "--device", "cpu", "--config", narrowConfig(t), "--epochs", "2", "--out", "run" + dtype}
		if dtype != "" {
			args = append(args, "--amp", "--amp-dtype", dtype)
		}
		o := cnnvk(args...)
		o.ok(t)
		if said := strings.Contains(o.stdout, "activations in "+dtype); said != (dtype != "") {
			t.Errorf("%q: %s", dtype, o.stdout)
		}
		config, metrics, events := read(t, "run"+dtype+"/"+run.ConfigFile), read(t, "run"+dtype+"/"+run.MetricsFile), read(t, "run"+dtype+"/"+run.EventsFile)
		if strings.Count(config, "\namp") != len(keys) {
			t.Errorf("%q: config.yaml has %s", dtype, config)
		}
		for _, key := range keys {
			if !strings.Contains(config, key+"\n") {
				t.Errorf("config.yaml has no %q: %s", key, config)
			}
		}
		scaled := regexp.MustCompile(`(?m)^epoch,.*,loss_scale,skipped_steps\n1,.*,65536,0\n2,.*,65536,0\n`).MatchString(metrics)
		if scaled != (dtype == "float16") || scaled != strings.Contains(events, `"loss_scale":65536,"skipped_steps":0`) {
			t.Errorf("%q: metrics.csv has %s, events %s", dtype, metrics, events)
		}
		if dtype == "" && strings.Contains(metrics, "loss_scale") {
			t.Errorf("without mixed precision metrics.csv has %s", metrics)
		}
	}
	var as []float64
	for _, flags := range []string{"", "--amp", "--amp --amp-dtype bfloat16"} {
		o := cnnvk(append(strings.Fields("eval --device cpu --data synthetic --weights runfloat16 --json --no-report"), strings.Fields(flags)...)...)
		o.ok(t)
		var result evalResult
		if err := json.Unmarshal([]byte(o.stdout), &result); err != nil {
			t.Fatal(err)
		}
		if want := map[string]string{"": "", "--amp": "float16"}[flags]; flags != "--amp --amp-dtype bfloat16" && result.AMP != want {
			t.Errorf("eval %s says %q", flags, result.AMP)
		}
		as = append(as, result.Loss)
	}
	if as[0] == as[1] || as[0] == as[2] || as[1] == as[2] {
		t.Errorf("losses are %v: want three that differ by a rounding", as)
	}
	for i := range as {
		if d := as[i] - as[0]; d > 0.02 || d < -0.02 {
			t.Errorf("losses are %v", as)
		}
	}
}

// A run that is cut between skipped steps goes on to the bits of one that was not, scale and counts included.
func TestResumeSkips(t *testing.T) {
	for _, device := range []string{machine.CPU, "vulkan"} {
		t.Run(device, func(t *testing.T) {
			if device != machine.CPU {
				needVulkan(t)
			}
			emptyFolder(t)
			cutTraining(t, run.LastState, "train", "--device", device, "--config", narrowConfig(t), "--epochs", "4", "--amp", "--amp-initial-scale", "1073741824", "--out")
			cnnvk("train", "--resume", "run").ok(t)
			sameRun(t, "run", "whole")
			if metrics := read(t, "run/"+run.MetricsFile); !regexp.MustCompile(`(?m)^1,.*,[1-9]\d*$`).MatchString(metrics) {
				t.Errorf("no step was skipped: %s", metrics)
			}
		})
	}
}

// What is measured can be measured with mixed precision.
func TestBenchAMP(t *testing.T) {
	o := cnnvk(strings.Fields("bench --device cpu --widths 2,2,2,2,2,2 --batch-size 2 --repeats 1 --amp --amp-dtype bfloat16 --csv")...)
	o.ok(t)
	if !strings.Contains(o.stdout, ",amp\n") || !strings.HasSuffix(o.stdout, ",bfloat16\n") {
		t.Errorf("%s", o.stdout)
	}
	if o := cnnvk("summary", "--amp", "--device", "cpu", "--json"); !strings.Contains(o.stdout, `"amp":"float16"`) {
		t.Errorf("%s%s", o.stdout, o.stderr)
	}
}

// In a configuration a type or a scale is refused where it does nothing; --amp gives the type its use, and another type takes the scale away.
func TestConfigAMP(t *testing.T) {
	emptyFolder(t)
	narrow := read(t, narrowConfig(t))
	for _, c := range []struct{ text, flags, wrong, want string }{
		{"amp_dtype: bfloat16\n", "", "amp_dtype", ""},
		{"amp_dtype: bfloat16\n", "--amp", "", "amp: true\namp_dtype: bfloat16\n"},
		{"amp_initial_scale: 8\n", "", "amp_initial_scale", ""},
		{"amp: true\namp_dtype: bfloat16\namp_initial_scale: 8\n", "", "amp_initial_scale", ""},
		{"amp: true\namp_initial_scale: 8\n", "--amp-dtype bfloat16", "", "amp: true\namp_dtype: bfloat16\n"},
		{"amp: true\namp_initial_scale: 8\n", "--amp=false", "", ""},
	} {
		writeFile(t, "amp.yaml", []byte(narrow+c.text))
		o := cnnvk(append(strings.Fields("train --device cpu --config amp.yaml --limit-steps 1 --force --out run"), strings.Fields(c.flags)...)...)
		if c.wrong != "" {
			o.failed(t, exitFailed, `^cnnvk: amp\.yaml: `+c.wrong+` .*: use it with mixed precision`, "")
			continue
		}
		o.ok(t)
		var got strings.Builder
		for line := range strings.Lines(read(t, "run/"+run.ConfigFile)) {
			if strings.HasPrefix(line, "amp") {
				got.WriteString(line)
			}
		}
		if got.String() != c.want {
			t.Errorf("%q %s: config.yaml has %q", c.text, c.flags, got.String())
		}
	}
}
