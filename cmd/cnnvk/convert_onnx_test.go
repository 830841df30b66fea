package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/cmd/cnnvk/machine"
	"cnnvk/internal/onnxtest"
	"cnnvk/net"
	"cnnvk/net/safetensors"
)

// The file says what the weights say, takes and gives what the flags ask for, and is the same each time.
func TestConvertONNX(t *testing.T) {
	emptyFolder(t)
	saveWeights(t, "a.safetensors", narrow)
	tensors, meta := tensorsIn(t, "a.safetensors")
	meta["classes"], meta["license"] = classesOf(t), "CC0-1.0"
	write := func(path string, without ...string) {
		t.Helper()
		some := map[string]string{}
		for key, value := range meta {
			if !slices.Contains(without, key) {
				some[key] = value
			}
		}
		if err := safetensors.Write(path, tensors, some); err != nil {
			t.Fatal(err)
		}
	}
	write("all.safetensors")
	write("unnamed.safetensors", "classes", "license", "preprocessing")
	for _, c := range []struct {
		args            string
		said, has, lack []string
	}{
		{"all.safetensors", []string{"input (batch,3,32,32), float32 of 0 to 1\noutput: logits (batch,100)\n"},
			[]string{`["apple",`, "CC0-1.0", "[0.5071,0.4867,0.4408]", "preprocessing/Sub", "logits", version()}, []string{"preprocessing/Cast", "probabilities"}},
		{"--uint8 --softmax all.safetensors", []string{"uint8 of 0 to 255", "output: probabilities (batch,100)\n"},
			[]string{"preprocessing/Cast", "preprocessing/Sub", "probabilities"}, []string{"logits"}},
		{"--no-normalize all.safetensors", []string{"float32, normalised\n"}, []string{"[0.5071,0.4867,0.4408]"}, []string{"preprocessing/"}},
		{"unnamed.safetensors", []string{"100 without names", "as CIFAR-100's in the recipe smallcifarnet"}, []string{"unknown", "preprocessing/Sub", "[0.5071"}, []string{"classes"}},
		{"--no-normalize unnamed.safetensors", []string{"100 without names"}, []string{"[3,32,32]"}, []string{"preprocessing/", "[0.5071"}},
	} {
		words := append(append([]string{"convert", "--force"}, strings.Fields(c.args)...), "b.onnx")
		o := cnnvk(words...)
		o.ok(t)
		data := read(t, "b.onnx")
		cnnvk(words...).ok(t)
		if again := read(t, "b.onnx"); again != data {
			t.Errorf("%s: other bytes the second time", c.args)
		}
		for _, text := range c.said {
			if !strings.Contains(o.stdout+o.stderr, text) {
				t.Errorf("%s does not say %q:\n%s", c.args, text, o.stdout+o.stderr)
			}
		}
		for _, text := range c.has {
			if !strings.Contains(string(data), text) {
				t.Errorf("%s: the file lacks %q", c.args, text)
			}
		}
		for _, text := range c.lack {
			if strings.Contains(string(data), text) {
				t.Errorf("%s: the file has %q", c.args, text)
			}
		}
	}
}

func TestConvertONNXRefuses(t *testing.T) {
	emptyFolder(t)
	saveWeights(t, "a.safetensors", narrow)
	tensors, meta := tensorsIn(t, "a.safetensors")
	delete(meta, "preprocessing")
	meta["image"] = "[3,24,24]"
	if err := safetensors.Write("small.safetensors", tensors, meta); err != nil {
		t.Fatal(err)
	}
	meta["preprocessing"] = `{"mean":[0,0,0],"std":[1,0,1]}`
	if err := safetensors.Write("nothing.safetensors", tensors, meta); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args       string
		code       int
		says, hint string
	}{
		{"--softmax a.safetensors b.pt", exitUsage, "--softmax is for an OUT that ends in .onnx", ""},
		{"--uint8 a.safetensors b.safetensors", exitUsage, "--uint8 is for", ""},
		{"--no-normalize a.safetensors b.pth", exitUsage, "--no-normalize is for", ""},
		{"--uint8 --no-normalize a.safetensors b.onnx", exitUsage, "use one of them", ""},
		{"small.safetensors b.onnx", exitFailed, "in small.safetensors do not say by which mean", "--no-normalize"},
		{"nothing.safetensors b.onnx", exitFailed, "in nothing.safetensors: images cannot be normalised", ""},
		{"a.safetensors none/b.onnx", exitFailed, "writing none/b.onnx: no such file or directory", ""},
	} {
		cnnvk(append([]string{"convert"}, strings.Fields(c.args)...)...).failed(t, c.code, c.says, c.hint)
		if left, err := filepath.Glob("*b.*"); err != nil || len(left) > 0 {
			t.Errorf("%s leaves %v, %v", c.args, left, err)
		}
	}
	cnnvk("convert", "--no-normalize", "small.safetensors", "b.onnx").ok(t)
	cnnvk("convert", "b.onnx", "c.pt").failed(t, exitFailed, "b.onnx is no safetensors file: it is an ONNX model", "save_file")
	cnnvk("eval", "--weights", "b.onnx").failed(t, exitFailed, "it is an ONNX model", "save_file")
}

// onnxruntime finds the classes that this program finds, image by image, and as many of them are right as in PyTorch.
func TestONNXReference(t *testing.T) {
	folder, data := sharedPath(t, "CNNVK_WEIGHTS"), sharedPath(t, "CNNVK_DATA")
	onnxtest.NeedRuntime(t)
	emptyFolder(t)
	needVulkan(t)
	var want struct {
		Correct int `json:"test_correct"`
	}
	if err := json.Unmarshal([]byte(read(t, filepath.Join(folder, "smallcifarnet_reference.json"))), &want); err != nil {
		t.Fatal(err)
	}
	weights := filepath.Join(folder, "smallcifarnet_reference.safetensors")
	set, err := published().source.ReadTest(t.Context(), data, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	logits, probabilities := "logits.onnx", "probabilities.onnx"
	cnnvk("convert", weights, logits).ok(t)
	cnnvk("convert", "--uint8", "--softmax", weights, probabilities).ok(t)
	if !onnxtest.Full() {
		const few = 200
		set = &cifar.Set{Form: set.Form, Images: set.Images[:few*set.Form.ImageBytes()], Labels: set.Labels[:few]}
	}
	unit := make([]float32, len(set.Images))
	for i, v := range set.Images {
		unit[i] = float32(v) / 255
	}
	shape := [4]int{set.Len(), set.Form.C, set.Form.H, set.Form.W}
	outputs := onnxtest.Runtime(t,
		onnxtest.Run{Model: logits, Images: unit, Shape: shape, Batch: 32},
		onnxtest.Run{Model: probabilities, Images: set.Images, Shape: shape, Batch: 1})
	ours := predictedHere(t, weights, set)
	for _, out := range outputs {
		correct, others := 0, 0
		for i := range set.Len() {
			found := largest(out.Values[i*out.Columns:][:out.Columns])
			if found == set.Labels[i] {
				correct++
			}
			if found != ours[i] {
				others++
				t.Logf("image %d is %s: onnxruntime finds %s, this program %s", i, set.Form.Classes[set.Labels[i]], set.Form.Classes[found], set.Form.Classes[ours[i]])
			}
		}
		t.Logf("%s: %d of %d, in PyTorch %d of all; %d images are found to be of another class", out.Name, correct, set.Len(), want.Correct, others)
		if others > 1 || onnxtest.Full() && diff(correct, want.Correct) > 1 {
			t.Errorf("%s: %d of %d are right, want %d; %d images differ", out.Name, correct, set.Len(), want.Correct, others)
		}
	}
}

// predictedHere are the classes that this program finds.
func predictedHere(t *testing.T, weights string, set *cifar.Set) (predicted []uint8) {
	t.Helper()
	w, err := net.LoadWeights(weights)
	if err != nil {
		t.Fatal(err)
	}
	err = machine.Use(machine.Options{Device: os.Getenv("CNNVK_DEVICE")}, func(m *machine.Machine) (err error) {
		_, predicted, err = net.Evaluate(t.Context(), m, w, dataOf(set, cifar.CIFAR100.Mean, cifar.CIFAR100.Std), 128)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return predicted
}

// largest is the place of the largest value.
func largest(values []float32) uint8 { return uint8(slices.Index(values, slices.Max(values))) }
