package main

import (
	"encoding/binary"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/net"
	"cnnvk/net/safetensors"
)

// saveWeights writes an untrained SmallCIFARNet of those widths, nil for the reference's.
func saveWeights(t *testing.T, path string, widths []int) {
	t.Helper()
	w := untrained(t, widths)
	if err := w.Save(path, cifar.CIFAR100.Mean, cifar.CIFAR100.Std); err != nil {
		t.Fatal(err)
	}
}

func untrained(t *testing.T, widths []int) *net.Weights {
	t.Helper()
	model, err := net.NewModel(net.SmallCIFARNetName, widths, 1, net.CIFAR100)
	if err != nil {
		t.Fatal(err)
	}
	w := &net.Weights{Model: model}
	if w.Layout, err = model.Layout(0); err != nil {
		t.Fatal(err)
	}
	if w.Arena, err = model.Initial(0, w.Layout); err != nil {
		t.Fatal(err)
	}
	return w
}

// narrow are widths of a network that is quick to write.
var narrow = []int{4, 5, 6, 7, 8, 9}

func TestEvalBadWeights(t *testing.T) {
	emptyFolder(t)
	saveWeights(t, "good.safetensors", narrow)
	tensors, meta, err := safetensors.Read("good.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	const bn = "features.6.bn.running_var" // (7)
	at := slices.IndexFunc(tensors, func(x safetensors.Tensor) bool { return x.Name == bn })
	changed := func(change func(*safetensors.Tensor)) []safetensors.Tensor {
		out := slices.Clone(tensors)
		out[at].F32 = slices.Clone(out[at].F32)
		change(&out[at])
		return out
	}
	for _, c := range []struct {
		name, says string
		tensors    []safetensors.Tensor
		meta       map[string]string
	}{
		{"another model", `model "resnet" is unknown to this version`, tensors, map[string]string{"model": "resnet"}},
		{"another model's tensors", `the tensors are not those of tinynet: conv1\.weight is \(1\), not of 4 dimensions$`,
			[]safetensors.Tensor{{Name: "conv1.weight", Shape: []int{1}, F32: []float32{1}}}, nil},
		{"no tensors", `features\.0\.pointwise\.weight is missing$`, nil, nil},
		{"widths in words", `metadata widths "wide" is no list of numbers$`, tensors, map[string]string{"widths": "wide"}},
		{"too few widths", `smallcifarnet cannot have widths \[1 2\]: use 6 numbers from 1 to 8192$`, tensors, map[string]string{"widths": "[1,2]"}},
		{"width 0", `smallcifarnet cannot have widths \[0 `, tensors, map[string]string{"widths": "[0,1,1,1,1,1]"}},
		{"widths beyond any memory",
			`smallcifarnet cannot have widths \[4 5 6 7 8 9000000000000000\]: use 6 numbers from 1 to 8192$`,
			tensors, map[string]string{"widths": "[4,5,6,7,8,9000000000000000]"}},
		{"no pixels", `metadata preprocessing "\?" is no mean and std`, tensors, map[string]string{"preprocessing": "?"}},
		{"no deviation", `images cannot be normalised by mean \[0\.5 0\.5 0\.5\] and std \[1 0 1\]$`, tensors,
			map[string]string{"preprocessing": `{"mean":[0.5,0.5,0.5],"std":[1,0,1]}`}},
		{"missing", `tensor features\.6\.bn\.running_var is missing$`, slices.Delete(slices.Clone(tensors), at, at+1), meta},
		{"extra", `tensor extra \(2\) is not part of smallcifarnet$`,
			append(slices.Clone(tensors), safetensors.Tensor{Name: "extra", Shape: []int{2}, F32: []float32{1, 2}}), meta},
		{"misshapen", `tensor features\.6\.bn\.running_var is \(7, 1\), want \(7\)$`,
			changed(func(x *safetensors.Tensor) { x.Shape = []int{7, 1} }), meta},
		{"integers", `tensor features\.6\.bn\.running_var holds integers, not float32$`,
			changed(func(x *safetensors.Tensor) { x.F32, x.I64 = nil, make([]int64, 7) }), meta},
		{"NaN", `tensor features\.6\.bn\.running_var holds NaN at place 5$`,
			changed(func(x *safetensors.Tensor) { x.F32[5] = float32(math.NaN()) }), meta},
		{"infinite", `tensor features\.6\.bn\.running_var holds \+Inf at place 0$`,
			changed(func(x *safetensors.Tensor) { x.F32[0] = float32(math.Inf(1)) }), meta},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := safetensors.Write("bad.safetensors", c.tensors, c.meta); err != nil {
				t.Fatal(err)
			}
			badWeights(t, "bad.safetensors", c.says, otherWeights)
		})
	}
}

// otherWeights is in the hint about weights that cannot be used.
const otherWeights = "weights are what cnnvk train saved, or the whole state_dict of a network that is built in"

// badWeights evaluates them, with a data folder that must not matter any more.
func badWeights(t *testing.T, path, says, hint string) {
	t.Helper()
	dataFile(t, "data", "test.bin", cifar.TestRecords*cifar.RecordBytes, 0, 0)
	before := listing(t)
	o := cnnvk("eval", "--json", "--device", "cpu", "--weights", path, "--data", "data")
	o.failed(t, exitFailed, says, hint)
	if !strings.Contains(o.stderr, path) {
		t.Errorf("the error does not name %s:\n%s", path, o.stderr)
	}
	if o.stdout != "" {
		t.Errorf("standard output of --json has %q", o.stdout)
	}
	unchanged(t, before)
}

func TestEvalBadFiles(t *testing.T) {
	emptyFolder(t)
	saveWeights(t, "good.safetensors", narrow)
	good, err := os.ReadFile("good.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	// header makes a file of a header, which claims that length, and some bytes of values.
	header := func(length int, text string, values int) []byte {
		return append(append(binary.LittleEndian.AppendUint64(nil, uint64(length)), text...), make([]byte, values)...)
	}
	const (
		noJSON  = `{"classifier.bias":{"dtype":"F32","shape":[1],`
		overlap = `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`
	)
	writeFile(t, "huge", header(1<<60, "{}", 0))
	writeFile(t, "no-json", header(len(noJSON), noJSON, 4))
	writeFile(t, "overlap", header(len(overlap), overlap, 12))
	writeFile(t, "empty", nil)
	writeFile(t, "words", []byte("these are no weights, these are words"))
	writeFile(t, "cut", good[:len(good)-4])
	writeFile(t, "folder/file", nil)
	writeFile(t, "run/weights/last.safetensors", good)
	writeFile(t, "run/weights/best.safetensors", good)
	writeFile(t, "downloads/model.safetensors", good)
	writeFile(t, "run/checkpoints/best.safetensors", nil)
	if err := safetensors.Write("run/checkpoints/last.safetensors", nil, map[string]string{"format": "cnnvk checkpoint 1"}); err != nil {
		t.Fatal(err)
	}
	writeFile(t, "pointer", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 3071234\n"))
	writeFile(t, "page", []byte("\ufeff\n<!doctype html><title>Log in</title>"))
	writeFile(t, "my model.pth", []byte("\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."))
	const f8 = `{"classifier.bias":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}`
	writeFile(t, "f8", header(len(f8), f8, 1))
	for _, c := range []struct{ path, says, hint string }{
		{"huge", `its header claims 1152921504606846976 bytes, but only 2 follow$`, otherWeights},
		{"no-json", `no-json is a damaged safetensors file: its header is not JSON: unexpected end of JSON input$`, otherWeights},
		{"overlap", `overlap is a damaged safetensors file: tensor "b" begins at byte 4 of the values, not at 8`, otherWeights},
		{"empty", `empty is no safetensors file: it is an empty file$`, "download it again"},
		{"words", `it is a text that begins with "these are no weights, these are words"$`, "download them again"},
		{"pointer", `pointer is no safetensors file: it is a Git LFS pointer$`, "git lfs pull"},
		{"page", `page is no safetensors file: it is a web page`, "download them again"},
		{"my model.pth", `my model\.pth is a PyTorch file of the form before 1\.6: only the form of today is read$`, "'my model.pth' 'my model.state.pt'"},
		{"f8", `f8: tensor "classifier\.bias" is of type F8_E4M3; `, "f8 f8.safetensors"},
		{"cut", `cut is a damaged safetensors file: its header describes \d+ bytes of values, but it has \d+$`, otherWeights},
		{"folder", `folder: it is a folder, not a file$`, "cnnvk train leaves weights in"},
		{"downloads", `downloads: it is a folder, not a file$`, "--weights downloads/model.safetensors"},
		{"run/checkpoints/last.safetensors", `it is a checkpoint to resume a run from`, "--weights run/weights/last.safetensors"},
		{"nowhere", `no such file or directory$`, "cnnvk train leaves weights in"},
		{"words/file", `not a directory$`, otherWeights},
	} {
		t.Run(c.path, func(t *testing.T) { badWeights(t, c.path, c.says, c.hint) })
	}
}

// Weights as people have them, under a wrapper's names and halved, give what the plain ones give; a line says what was done.
func TestEvalWrappedWeights(t *testing.T) {
	emptyFolder(t)
	saveWeights(t, "plain.safetensors", narrow)
	tensors, _, err := safetensors.Read("plain.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for i := range tensors {
		tensors[i].Name = "module._orig_mod." + tensors[i].Name
	}
	tensors = append(tensors, safetensors.Tensor{Name: "n_averaged", Shape: []int{}, I64: []int64{3}})
	if err := safetensors.Write("wrapped.safetensors", tensors, nil); err != nil {
		t.Fatal(err)
	}
	// The reference is slow: what comes after the weights are read fails at the data.
	const line = "weights: names stand under module._orig_mod., stripped; n_averaged, left out\n"
	said := func(args ...string) outcome {
		return cnnvk(append([]string{"eval", "--device", "cpu", "--data", "nowhere"}, args...)...)
	}
	if o := said("--weights", "wrapped.safetensors"); !strings.HasPrefix(o.stdout, line+"model: smallcifarnet, ") {
		t.Errorf("said %q, %q", o.stdout, o.stderr)
	}
	if o := said("--weights", "wrapped.safetensors", "--json"); o.stdout != "" || !strings.HasPrefix(o.stderr, line) {
		t.Errorf("with --json said %q, %q", o.stdout, o.stderr)
	}
	if o := said("--weights", "wrapped.safetensors", "-q"); strings.Contains(o.stdout+o.stderr, "stripped") {
		t.Errorf("with -q said %q, %q", o.stdout, o.stderr)
	}
	if o := said("--weights", "plain.safetensors"); strings.Contains(o.stdout, "weights: ") {
		t.Errorf("of plain weights said %q", o.stdout)
	}
}

// A model above the limit is refused with its count, before the test set is looked at.
func TestEvalTooManyParameters(t *testing.T) {
	emptyFolder(t)
	widths := []int{64, 128, 256, 512, 512, 1000}
	saveWeights(t, "large.safetensors", widths)
	o := cnnvk("eval", "--weights", "large.safetensors")
	// Each channel of the last block beyond 512 adds 512 pointwise weights, 2 of BatchNorm and 100 of the classifier.
	o.failed(t, exitFailed, `the model in large\.safetensors has 1064687 parameters: more than 1000000 are not evaluated$`, "")
	if !strings.Contains(o.stdout, "1064687 parameters") {
		t.Errorf("the count is not printed: %q", o.stdout)
	}
}
