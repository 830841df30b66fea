package main

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cnnvk/engine/gpu"
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

// The profile has a table for the step and one for the evaluation, each with all kernels.
func TestBenchProfile(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	o := cnnvk("bench", "--batch-size", "2", "--repeats", "1", "--profile", "-q")
	if strings.Contains(o.stderr, "has no timestamps") {
		t.Skip(o.stderr)
	}
	o.ok(t)
	tables := strings.Split(o.stdout, "\n\n")
	if len(tables) == 4 && strings.HasPrefix(tables[1], "ceilings: ") {
		tables = slices.Delete(tables, 1, 2)
	}
	if len(tables) != 3 || !strings.HasPrefix(tables[1], "train batch 2: ") || !strings.HasPrefix(tables[2], "eval batch 2: ") {
		t.Fatalf("printed %q", o.stdout)
	}
	for _, table := range tables[1:] {
		if line, _, _ := strings.Cut(table, "\n"); !regexp.MustCompile(`: [0-9.]+ ms on the device, [1-9]\d+ dispatches, [1-9]\d+ barriers$`).MatchString(line) {
			t.Errorf("a table begins with %q", line)
		}
	}
	for i, kernel := range []string{"train ", "shaders/adamw", "shaders/cross_entropy.comp"} {
		if !strings.Contains(tables[i], kernel) {
			t.Errorf("no %s in %q", kernel, tables[i])
		}
	}
	t.Setenv("CNNVK_PROFILE", "floor")
	o = cnnvk("bench", "--batch-size", "2", "--profile")
	o.failed(t, exitFailed, `--profile: .* has no timestamps$`, "")
}

func TestProfileOf(t *testing.T) {
	times := []gpu.KernelTime{
		{Kernel: "pack", Shader: "a.comp", Time: time.Millisecond, Bytes: 1e6},
		{Kernel: "gemm", Shader: "b.comp", Time: 2 * time.Millisecond, MultiplyAdds: 1e6, Bytes: 2e6},
		{Kernel: "gemm", Shader: "b.comp", Time: 3 * time.Millisecond, MultiplyAdds: 4e6, Bytes: 3e6},
		{Kernel: "pack", Shader: "a.comp", Time: time.Millisecond, Bytes: 2e6},
		{Kernel: "nothing", Shader: "b.comp"},
	}
	var out strings.Builder
	step := profileOf("step", times)
	step.dispatches, step.barriers = 5, 3
	if err := printProfiles(&out, []programProfile{step}, gpu.Ceilings{Flops: 4e9, Bytes: 2.5e9}); err != nil {
		t.Fatal(err)
	}
	const want = `
ceilings: 4.0 Gflop/s in registers, 2.5 GB/s copying memory; more than 100 % of memory comes from caches

step: 7.00 ms on the device, 5 dispatches, 3 barriers
    ms   share  calls  Gflop/s  GB/s   of ceiling   kernel  shader
  5.00  71.4 %      2      2.0   1.0    50 % flop     gemm  b.comp
  2.00  28.6 %      2        -   1.5  60 % memory     pack  a.comp
  0.00   0.0 %      1        -     -            -  nothing  b.comp
`
	if out.String() != want {
		t.Errorf("got %s\nwant %s", out.String(), want)
	}
}

// The profile as JSON has what the tables have, by shape.
func TestBenchProfileJSON(t *testing.T) {
	emptyFolder(t)
	needVulkan(t)
	o := cnnvk("bench", "--batch-size", "2", "--repeats", "1", "--profile", "--json", "-q")
	if strings.Contains(o.stderr, "has no timestamps") {
		t.Skip(o.stderr)
	}
	o.ok(t)
	var r profiledResult
	if err := json.Unmarshal([]byte(o.stdout), &r); err != nil {
		t.Fatal(err)
	}
	if r.BatchSize != 2 || r.TrainImgS <= 0 || r.CeilingFlops <= 0 || r.CeilingBytes <= 0 || len(r.Programs) != 2 {
		t.Fatalf("printed %s", o.stdout)
	}
	for _, p := range r.Programs {
		calls, ms, flops, bytes := 0, 0.0, int64(0), int64(0)
		for _, k := range p.Kernels {
			calls, ms, flops, bytes = calls+k.Calls, ms+k.MS, flops+k.Flops, bytes+k.Bytes
			if k.Invocations <= 0 || k.Op == "" || len(k.Shape) == 0 || !strings.HasPrefix(k.Shader, "shaders/") {
				t.Errorf("%s: %+v", p.Program, k)
			}
		}
		if calls != p.Dispatches || math.Abs(ms-p.MS) > 1e-6*p.MS || flops <= 0 || bytes <= 0 || p.Barriers <= 0 {
			t.Errorf("%s: %d calls of %d, %g ms of %g, %d flops, %d bytes, %d barriers", p.Program, calls, p.Dispatches, ms, p.MS, flops, bytes, p.Barriers)
		}
	}
}

// The forms of a result for people and for tables.
func TestBenchForms(t *testing.T) {
	r := benchResult{
		Device: "GPU, \"fast\" | new", Driver: "d", Recipe: "tinynet", Model: "mine", BatchSize: 8, Repeats: 3, Augment: "none", TrainImgS: 100, TrainRange: [2]float64{90, 110.25},
		EvalImgS: 300, EvalRange: [2]float64{299, 301}, FirstStepS: 1.234, PeakDeviceBytes: 7, DatasetBytes: 9,
	}
	var csv, markdown strings.Builder
	if err := r.csv(&csv); err != nil {
		t.Fatal(err)
	}
	const want = "device,driver,recipe,model,batch_size,repeats,augment,train_img_s,train_img_s_min,train_img_s_max,eval_img_s,eval_img_s_min,eval_img_s_max," +
		"first_step_s,peak_device_bytes,dataset_bytes\n\"GPU, \"\"fast\"\" | new\",d,tinynet,mine,8,3,none,100.0,90.0,110.2,300.0,299.0,301.0,1.23,7,9\n"
	if csv.String() != want {
		t.Errorf("CSV: %s", csv.String())
	}
	if err := r.markdown(&markdown); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(markdown.String(), "\n")
	if len(lines) != 19 || !strings.HasPrefix(lines[1], "| --- ") || !strings.Contains(lines[2], `\| new`) {
		t.Errorf("Markdown:\n%s", markdown.String())
	}
	for _, args := range []string{"--json --csv", "--csv --markdown", "--csv --profile", "-q -v", "--profile --device cpu", "--ceilings"} {
		cnnvk(append([]string{"bench"}, strings.Fields(args)...)...).failed(t, exitUsage, `use one of them$|no kernels to time$|needs --profile$`, "")
	}
}

func TestBenchOnReference(t *testing.T) {
	emptyFolder(t)
	o := cnnvk("bench", "--json", "--device", "CPU", "--batch-size", "1", "--repeats", "2")
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
	if r.Device == "" || r.Driver == "" || r.Recipe != "smallcifarnet" || r.Augment != "none" || r.BatchSize != batch {
		t.Errorf("measured %+v", r)
	}
	if !(0 < r.TrainRange[0] && r.TrainRange[0] <= r.TrainImgS && r.TrainImgS <= r.TrainRange[1]) || !(r.EvalRange[0] <= r.EvalImgS && r.EvalImgS <= r.EvalRange[1]) {
		t.Errorf("medians and ranges: %+v", r)
	}
	if !(r.FirstStepS > 0) || r.FirstStepS > 600 || r.Repeats < 1 || r.DatasetBytes != benchImages*3072+3*256*4 && r.PeakDeviceBytes > 0 {
		t.Errorf("first step, repeats, data set: %+v", r)
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
