package torchfile

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cnnvk/internal/hints"
	"cnnvk/net/safetensors"
)

// golden is what testdata/make_torch.py says of a file of PyTorch's.
type golden struct {
	Error   string
	Note    string
	Tensors map[string][3]any // type, shape, values in base64
}

func goldens(t testing.TB) map[string]golden {
	t.Helper()
	text, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]golden{}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Every file of PyTorch's is read to the bit, or refused in a line that says why and, in a hint, what to do.
func TestReadPyTorch(t *testing.T) {
	t.Parallel()
	files := goldens(t)
	if len(files) < 30 {
		t.Errorf("%d files", len(files))
	}
	for name, want := range files {
		path := filepath.Join("testdata", name)
		tensors, meta, note, err := Read(path)
		if want.Error != "" {
			if err == nil || !strings.HasPrefix(err.Error(), "net: "+path) || !strings.Contains(err.Error(), want.Error) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %v, want %q", name, err, want.Error)
			}
			if hints.Of(err) == "" {
				t.Errorf("%s: no hint to %v", name, err)
			}
			continue
		}
		if err != nil || meta != nil || !strings.Contains(note, want.Note) || (note == "") != (want.Note == "") || len(tensors) != len(want.Tensors) {
			t.Errorf("%s: %d tensors, metadata %v, note %q, %v, want %d and %q", name, len(tensors), meta, note, err, len(want.Tensors), want.Note)
			continue
		}
		for _, x := range tensors {
			dtype, values, err := x.Encoded()
			if err != nil {
				t.Fatal(err)
			}
			shape := []any{}
			for _, d := range x.Shape {
				shape = append(shape, float64(d))
			}
			got := [3]any{dtype, shape, base64.StdEncoding.EncodeToString(values)}
			if w := want.Tensors[x.Name]; !reflect.DeepEqual(got, w) {
				t.Errorf("%s: %s is %v, want %v", name, x.Name, got, w)
			}
		}
	}
}

// The hints about files that hold a state_dict all the same are commands that make a file that is read.
func TestHintsConvert(t *testing.T) {
	t.Parallel()
	python := pythonWithTorch(t)
	dir := t.TempDir()
	for name, want := range map[string]int{"legacy.pt": 9, "script.pt": 2, "gan.pt": 9, "deflated.pt": 9} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "it's "+name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, _, err = Read(path)
		command := strings.Replace(hints.Of(err), "python3 ", python+" ", 1)
		if out, failed := shell(command); failed != nil {
			t.Errorf("%s: %s: %v\n%s", name, command, failed, out)
			continue
		}
		tensors, _, _, err := Read(strings.TrimSuffix(path, ".pt") + ".state.pt")
		if err != nil || len(tensors) != want {
			t.Errorf("%s: %d tensors, %v", name, len(tensors), err)
		}
	}
}

// What is written is what PyTorch reads, with weights_only too: names in their order, types, shapes and values.
func TestPyTorchReads(t *testing.T) {
	t.Parallel()
	python := pythonWithTorch(t)
	path := filepath.Join(t.TempDir(), "written.pt")
	tensors := someTensors()
	if err := Write(path, tensors, map[string]string{"model": "x", "classes": `["é"]`}); err != nil {
		t.Fatal(err)
	}
	const script = `
import sys, torch, json, base64
a, b = torch.load(sys.argv[1]), torch.load(sys.argv[1], weights_only=True)
assert type(a).__name__ == type(b).__name__ == "OrderedDict", (type(a), type(b))
assert all(torch.equal(torch.nan_to_num(a[k]), torch.nan_to_num(b[k])) for k in a) and list(a) == list(b)
assert all(v.is_contiguous() and not v.requires_grad for v in a.values())
print(json.dumps([[k, str(v.dtype), list(v.shape), base64.b64encode(v.numpy().tobytes()).decode()] for k, v in a.items()]))
net = torch.nn.BatchNorm2d(2)
net.load_state_dict({k.split(".")[1]: v for k, v in a.items() if k.startswith("bn.")})
`
	out, err := run(python, "-c", script, path)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var got [][4]any
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var want [][4]any
	for _, x := range tensors {
		dtype, values, err := x.Encoded()
		if err != nil {
			t.Fatal(err)
		}
		shape := []any{}
		for _, d := range x.Shape {
			shape = append(shape, float64(d))
		}
		names := map[string]string{"F32": "torch.float32", "F64": "torch.float64", "I64": "torch.int64"}
		want = append(want, [4]any{x.Name, names[dtype], shape, base64.StdEncoding.EncodeToString(values)})
	}
	if !slices.EqualFunc(got, want, func(a, b [4]any) bool { return reflect.DeepEqual(a, b) }) {
		t.Errorf("PyTorch read %v, want %v", got, want)
	}
}

func someTensors() []safetensors.Tensor {
	long := make([]float32, 70_000) // a size of more than two bytes
	for i := range long {
		long[i] = float32(i) / 3
	}
	return []safetensors.Tensor{
		{Name: "bn.weight", Shape: []int{2}, F32: []float32{1, -2.5}},
		{Name: "bn.bias", Shape: []int{2}, F32: []float32{0, 1e-40}},
		{Name: "bn.running_mean", Shape: []int{2}, F32: []float32{3, 4}},
		{Name: "bn.running_var", Shape: []int{2}, F32: []float32{5, 6}},
		{Name: "bn.num_batches_tracked", Shape: []int{}, I64: []int64{1 << 40}},
		{Name: "a.é", Shape: []int{2, 3}, F32: []float32{1, 2, 3, 4, 5, 6}},
		{Name: "double", Shape: []int{1, 2}, F64: []float64{1.0 / 3, 1e300}, F32: safetensors.Rounded([]float64{1.0 / 3, 1e300})},
		{Name: "empty", Shape: []int{3, 0, 2}, F32: []float32{}},
		{Name: "long", Shape: []int{70_000, 1}, F32: long},
	}
}
