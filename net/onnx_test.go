package net

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/internal/onnxtest"
	"cnnvk/net/onnx"
	"cnnvk/net/safetensors"
)

// everyLayer is a network of all layers.
func everyLayer(t testing.TB) *Spec {
	t.Helper()
	s, err := ReadSpec("testdata/every_layer.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// mixedWeights are weights of a network for a task, with statistics and scales that tell its layers apart.
func mixedWeights(t testing.TB, s *Spec, task Task) *Weights {
	t.Helper()
	m, err := s.Build(1, task)
	w := initialWeights(t, m, err)
	random := rand.New(rand.NewPCG(1, 2))
	for _, p := range m.parameters() {
		at, _ := w.Layout.Segment(p.name)
		if p.fanIn > 0 { // so large that each layer gives as much as comes in, as trained ones do
			for i := range p.shape.Elements() {
				w.Arena[at.Offset+i] = float64(float32(2.4 * w.Arena[at.Offset+i]))
			}
			continue
		}
		for i := range p.shape.Elements() { // of BatchNorm2d
			w.Arena[at.Offset+i] = float64(p.value)*0.75 + float64(random.IntN(513)-256)/1024 // exact
		}
	}
	return w
}

// forCIFAR is the form of networks for CIFAR-100.
func forCIFAR() ONNXForm {
	return ONNXForm{Input: Input{Classes: cifar.CIFAR100.Classes, Mean: cifar.CIFAR100.Mean, Std: cifar.CIFAR100.Std}, Version: "test"}
}

func exported(t testing.TB, w *Weights, f ONNXForm) *onnx.Model {
	t.Helper()
	m, err := w.ONNX(f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// onnxOps are the nodes of each layer that a file can have. A layer that computes nothing in an evaluation has none.
var onnxOps = map[string]string{
	"Conv2d": "Conv", "BatchNorm2d": "BatchNormalization", "MaxPool2d": "MaxPool", "AvgPool2d": "AveragePool",
	"AdaptiveAvgPool2d": "GlobalAveragePool", "Linear": "Gemm", "Dropout": "", "Dropout2d": "", "Flatten": "Flatten", "Identity": "",
	"SqueezeExcitation": "GlobalAveragePool Conv Relu Conv Sigmoid Mul",
	"ReLU":              "Relu", "ReLU6": "Clip", "SiLU": "Sigmoid Mul", "GELU": "Div Erf Add Mul Mul", "Hardswish": "HardSwish",
}

// Every layer stands alone in a network, as the nodes that are listed here.
func TestONNXLayers(t *testing.T) {
	t.Parallel()
	values := map[string]string{
		"Conv2d": "(4, 3)", "MaxPool2d": "(2)", "AvgPool2d": "(2)", "AdaptiveAvgPool2d": "(1)", "Linear": "(3)", "SqueezeExcitation": "(2)",
	}
	every := everyLayer(t).Text()
	for _, k := range layerKinds() {
		want, known := onnxOps[k.name]
		if !known {
			t.Errorf("%s: onnxOps does not say what it is in ONNX", k.name)
			continue
		}
		if !strings.Contains(every, " "+k.name) {
			t.Errorf("testdata/every_layer.yaml has no %s", k.name)
		}
		before := "2" // its place, behind a convolution and, for what takes features, a pool
		text := fmt.Sprintf("layers: [\"Conv2d(4, 1)\", AvgPool2d(2), %q, AdaptiveAvgPool2d(1), Flatten, Linear(classes)]", k.name+values[k.name])
		switch k.name {
		case "Flatten":
			text = "layers: [\"Conv2d(4, 1)\", AvgPool2d(2), Flatten, Linear(classes)]"
		case "Linear":
			text = fmt.Sprintf("layers: [\"Conv2d(4, 1)\", AdaptiveAvgPool2d(1), Flatten, %q, Linear(classes)]", k.name+values[k.name])
			before = "3"
		}
		s, err := ParseSpec([]byte(text), "one")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range exported(t, mixedWeights(t, s, CIFAR100), forCIFAR()).Graph.Nodes {
			if strings.HasPrefix(n.Name, before+"/") || strings.HasPrefix(n.Name, before+".") {
				got = append(got, n.Op)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s is %q in ONNX, want %q", k.name, got, want)
		}
	}
}

// onnxSpecs are the networks that are exported in tests: those that are built in, and one of every layer.
func onnxSpecs(t testing.TB) []*Spec {
	t.Helper()
	specs := []*Spec{everyLayer(t)}
	for _, name := range modelNames {
		specs = append(specs, builtIns[name])
	}
	return specs
}

// A graph has each name once, nodes behind what they take, all weights under their names with their values, and no value that nobody takes.
func TestONNXGraph(t *testing.T) {
	t.Parallel()
	for _, s := range onnxSpecs(t) {
		w := mixedWeights(t, s, CIFAR100)
		for _, f := range onnxForms() {
			t.Run(s.Name+"/"+f.name, func(t *testing.T) {
				m := exported(t, w, f.form)
				checkGraph(t, m.Graph)
				checkInitializers(t, w, m.Graph)
				if in := m.Graph.Inputs; len(in) != 1 || in[0].Name != "input" || !slices.Equal(in[0].Item, []int{3, 32, 32}) || in[0].Type != f.input {
					t.Errorf("inputs %v", in)
				}
				if out := m.Graph.Outputs; len(out) != 1 || out[0].Name != f.output || !slices.Equal(out[0].Item, []int{100}) || out[0].Type != onnx.Float {
					t.Errorf("outputs %v", out)
				}
				if got := firstOps(m.Graph, w); got != f.first {
					t.Errorf("before the first layer: %q, want %q", got, f.first)
				}
			})
		}
	}
}

type onnxFormCase struct {
	name   string
	form   ONNXForm
	input  onnx.Type
	output string
	first  string // nodes before the first layer's
}

func onnxForms() []onnxFormCase {
	plain, bytes, normalized, softmax, unscaled, both := forCIFAR(), forCIFAR(), forCIFAR(), forCIFAR(), forCIFAR(), forCIFAR()
	bytes.Bytes, normalized.Normalized, softmax.Softmax = true, true, true
	unscaled.Mean, unscaled.Std = cifar.Unscaled(3)
	both.Mean, both.Std, both.Bytes, both.Softmax = unscaled.Mean, unscaled.Std, true, true
	return []onnxFormCase{
		{"plain", plain, onnx.Float, "logits", "Sub Div"},
		{"uint8", bytes, onnx.Uint8, "logits", "Cast Div Sub Div"},
		{"normalized", normalized, onnx.Float, "logits", ""},
		{"softmax", softmax, onnx.Float, "probabilities", "Sub Div"},
		{"unscaled", unscaled, onnx.Float, "logits", ""},
		{"uint8, unscaled, softmax", both, onnx.Uint8, "probabilities", "Cast Div"},
	}
}

// firstOps are the operators of the nodes before the network's first layer, each of which takes what the one before gives.
func firstOps(g onnx.Graph, w *Weights) string {
	var ops []string
	for at, n := range g.Nodes {
		if strings.HasPrefix(n.Name, w.Model.steps[0].name+"/") {
			return strings.Join(ops, " ")
		}
		if before := append([]string{"input"}, g.Nodes[max(at-1, 0)].Outputs...)[min(at, 1)]; n.Inputs[0] != before {
			return fmt.Sprintf("%s takes %s", n.Name, n.Inputs[0])
		}
		ops = append(ops, n.Op)
	}
	return "no layer"
}

func checkGraph(t *testing.T, g onnx.Graph) {
	t.Helper()
	there, taken := map[string]bool{g.Inputs[0].Name: true}, map[string]bool{g.Outputs[0].Name: true}
	add := func(name string) {
		if there[name] || name == "" {
			t.Errorf("the name %q is there twice", name)
		}
		there[name] = true
	}
	for _, i := range g.Initializers {
		add(i.Name)
	}
	nodes := map[string]bool{}
	for _, n := range g.Nodes {
		if nodes[n.Name] {
			t.Errorf("two nodes are called %s", n.Name)
		}
		nodes[n.Name] = true
		for _, in := range n.Inputs {
			if !there[in] {
				t.Errorf("%s takes %s, which is not there", n.Name, in)
			}
			taken[in] = true
		}
		for _, out := range n.Outputs {
			add(out)
		}
	}
	for name := range there {
		if !taken[name] {
			t.Errorf("nobody takes %s", name)
		}
	}
}

func checkInitializers(t *testing.T, w *Weights, g onnx.Graph) {
	t.Helper()
	got := map[string]onnx.Tensor{}
	for _, i := range g.Initializers {
		got[i.Name] = i
	}
	for _, s := range w.Layout.Segments {
		i := got[s.Name]
		if !slices.Equal(i.Shape, s.Shape) || !slices.Equal(i.Data, safetensors.Rounded(w.Arena[s.Offset:][:s.Shape.Elements()])) {
			t.Errorf("%s has the shape %v, want %v, or other values", s.Name, i.Shape, s.Shape)
		}
	}
}

// What the metadata say, for weights that say much and little.
func TestONNXMetadata(t *testing.T) {
	t.Parallel()
	mnist, err := ParseSpec([]byte("layers: [\"Conv2d(4, 3)\", ReLU, AdaptiveAvgPool2d(1), Linear(classes)]"), "mnist")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"Übergröße", "犬", "a<b", `"quoted"`}
	for _, c := range []struct {
		name string
		task Task
		meta map[string]string
		form ONNXForm
		want string
	}{
		{"everything", Task{3, 24, 40, 4}, map[string]string{"license": "CC-BY-4.0"}, ONNXForm{Input: Input{Classes: names, Mean: []float64{0.5, 0.25, 0.125}, Std: []float64{1, 2, 0.1}}},
			`classes=["Übergröße","犬","a<b","\"quoted\""] size=[3,24,40] mean=[0.5,0.25,0.125] std=[1,2,0.1] model_license=CC-BY-4.0 Image.BitmapPixelFormat=Rgb8 Image.NominalPixelRange=Normalized_0_1`},
		{"grey bytes", Task{1, 28, 28, 10}, nil, ONNXForm{Input: Input{Classes: make([]string, 10), Mean: []float64{0}, Std: []float64{1}}, Bytes: true},
			`size=[1,28,28] mean=[0] std=[1] model_license=unknown Image.BitmapPixelFormat=Gray8 Image.NominalPixelRange=NominalRange_0_255`},
		{"nothing", Task{1, 28, 28, 10}, nil, ONNXForm{Normalized: true}, `size=[1,28,28] model_license=unknown`},
		{"four channels", Task{4, 8, 8, 2}, nil, ONNXForm{}, `size=[4,8,8] model_license=unknown Image.NominalPixelRange=Normalized_0_1`},
	} {
		w := mixedWeights(t, mnist, c.task)
		w.Metadata = c.meta
		var got []string
		for _, e := range exported(t, w, c.form).Metadata {
			got = append(got, e.Key+"="+e.Value)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, strings.Join(got, " "), c.want)
		}
	}
}

func TestONNXRefuses(t *testing.T) {
	t.Parallel()
	w := mixedWeights(t, builtIns[TinyNetName], CIFAR100)
	for name, f := range map[string]ONNXForm{
		"bytes are not normalised": {Bytes: true, Normalized: true},
		"mean [0.5]":               {Input: Input{Mean: []float64{0.5}, Std: []float64{1}}},
	} {
		if _, err := w.ONNX(f); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %s", err, name)
		}
	}
	s, _ := w.Layout.Segment("fc2.bias")
	w.Arena = w.Arena[:s.Offset+s.Shape.Elements()-1]
	if _, err := w.ONNX(forCIFAR()); err == nil || !strings.Contains(err.Error(), "no place for fc2.bias") {
		t.Errorf("of an arena that is too short: %v", err)
	}
}

// updateONNX makes the golden anew, by the onnxruntime at hand: go test ./net -run ONNXGolden -args -update-onnx
var updateONNX = flag.Bool("update-onnx", false, "let onnxruntime write testdata/onnx_golden.json")

// onnxGolden is what onnxruntime-node gave for an exported file.
type onnxGolden struct {
	Runtime string
	SHA256  string    // of the file
	Values  []float32 // (2, classes)
}

// The same weights are the same bytes, of every version of this program, for which onnxruntime once gave what the reference gives. Who changes
// the bytes on purpose has it run again.
func TestONNXGolden(t *testing.T) {
	f := forCIFAR()
	f.Bytes = true
	w := mixedWeights(t, everyLayer(t), CIFAR100)
	path, d := onnxFile(t, w, f), randomData(2, CIFAR100, cifar.CIFAR100.Mean, cifar.CIFAR100.Std)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/onnx_golden.json"
	sum := sha256.Sum256(data)
	digest := hex.EncodeToString(sum[:])
	if *updateONNX {
		shape := [4]int{d.Shape.N, d.Shape.C, d.Shape.H, d.Shape.W}
		got := onnxtest.Runtime(t, onnxtest.Run{Model: path, Images: d.Images, Shape: shape, Batch: d.Shape.N})[0]
		text, err := json.Marshal(onnxGolden{"onnxruntime-node 1.30.0", digest, got.Values})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	var want onnxGolden
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if digest != want.SHA256 {
		t.Errorf("SHA-256 %s of %d bytes, %s ran %s", digest, len(data), want.Runtime, want.SHA256)
	}
	checkOutput(t, onnxtest.Output{Name: onnxLogits, Columns: CIFAR100.Classes, Values: want.Values}, referenceLogits(t, w, d), f)
}
