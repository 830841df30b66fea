package net

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/internal/onnxtest"
	"cnnvk/internal/sharedtest"
)

// onnxBatch is how many images a network gets at once, beside one.
func onnxBatch() int {
	if onnxtest.Full() {
		return 32
	}
	return 2
}

// onnxFile writes an exported network into the test's folder.
func onnxFile(t testing.TB, w *Weights, f ONNXForm) string {
	t.Helper()
	data, err := exported(t, w, f).Encode()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), w.Model.Name+".onnx")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// randomData are images of any bytes.
func randomData(n int, task Task, mean, std []float64) Data {
	random := rand.New(rand.NewPCG(7, uint64(n)))
	d := Data{Images: make([]byte, n*task.C*task.H*task.W), Labels: make([]uint8, n), Shape: ImageShape{n, task.C, task.H, task.W}}
	for i := range d.Images {
		d.Images[i] = byte(random.Uint32())
	}
	for _, channel := range cifar.InputTable(mean, std) {
		d.Table = append(d.Table, channel[:]...)
	}
	return d
}

// referenceLogits are what the reference computes of images, (N, classes).
func referenceLogits(t testing.TB, w *Weights, d Data) []float64 {
	t.Helper()
	p, err := EvalProgram(w.Model, w.Layout, engine.Model, engine.Float, d.Shape, d.Shape.N)
	if err != nil {
		t.Fatal(err)
	}
	s, err := cpu.New().NewSession(t.Context(), w.Layout, []*engine.Program{p}, engine.PlanOptions{Keep: []string{tensorLogits}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := SetResidents(s, d); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteArena(engine.Model, w.Arena); err != nil {
		t.Fatal(err)
	}
	images := make([]int, d.Shape.N)
	for i := range images {
		images[i] = i
	}
	var logits []float64
	err = QueueEvaluation(t.Context(), s, NewBatches(p), d, images, d.Shape.N, func(p *engine.Program) (err error) {
		logits, err = s.Read(p, p.Tensor(tensorLogits))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return logits
}

// onnxInputOf is what a network of that form takes for the images.
func onnxInputOf(d Data, f ONNXForm) any {
	if f.Bytes {
		return d.Images
	}
	out, plane := make([]float32, len(d.Images)), d.Shape.H*d.Shape.W
	for i, v := range d.Images {
		out[i] = float32(v) / 255
		if f.Normalized {
			out[i] = d.Table[i/plane%d.Shape.C*256+int(v)]
		}
	}
	return out
}

func softmax(row []float64) (out []float64) {
	most, sum := slices.Max(row), 0.0
	for _, v := range row {
		sum += math.Exp(v - most)
	}
	for _, v := range row {
		out = append(out, math.Exp(v-most)/sum)
	}
	return out
}

// onnxTolerance is the largest difference between a logit in float32 and in float64, where logits are of some units.
const onnxTolerance = 1e-4

// checkOutput compares what onnxruntime gave with the reference's logits, and returns the largest difference.
func checkOutput(t testing.TB, got onnxtest.Output, logits []float64, f ONNXForm) (most float64) {
	t.Helper()
	if f.Softmax {
		var all []float64
		for row := range slices.Chunk(logits, got.Columns) {
			all = append(all, softmax(row)...)
		}
		logits = all
	}
	if len(got.Values) != len(logits) || got.Name != map[bool]string{false: onnxLogits, true: onnxProbabilities}[f.Softmax] {
		t.Fatalf("%s of %d values, want %d", got.Name, len(got.Values), len(logits))
	}
	for i, v := range logits {
		most = max(most, math.Abs(float64(got.Values[i])-v))
	}
	if !(most <= onnxTolerance) {
		t.Errorf("a value differs by %g from the reference's", most)
	}
	return most
}

// runONNX compares onnxruntime with the reference on one image and on a batch.
func runONNX(t *testing.T, w *Weights, f ONNXForm, mean, std []float64) {
	t.Helper()
	path := onnxFile(t, w, f)
	d := randomData(onnxBatch()+1, w.Model.Task, mean, std)
	shape := [4]int{d.Shape.N, d.Shape.C, d.Shape.H, d.Shape.W}
	logits := referenceLogits(t, w, d)
	least, largest := slices.Min(logits), slices.Max(logits)
	var runs []onnxtest.Run
	for _, batch := range []int{1, onnxBatch()} { // the last one of the second is an image alone
		runs = append(runs, onnxtest.Run{Model: path, Images: onnxInputOf(d, f), Shape: shape, Batch: batch})
	}
	for i, got := range onnxtest.Runtime(t, runs...) {
		t.Logf("%s, batch %d: within %.1e of logits from %.2f to %.2f", w.Model.Name, runs[i].Batch, checkOutput(t, got, logits, f), least, largest)
	}
	if largest-least < 0.5 || largest-least > 100 {
		t.Errorf("logits from %g to %g compare little", least, largest)
	}
}

// onnxruntime computes what the reference computes: of every network that is built in, and of one with every layer.
func TestONNXRuntime(t *testing.T) {
	onnxtest.NeedRuntime(t)
	t.Parallel()
	for _, s := range onnxSpecs(t) {
		t.Run(s.Name, func(t *testing.T) {
			runONNX(t, mixedWeights(t, s, CIFAR100), forCIFAR(), cifar.CIFAR100.Mean, cifar.CIFAR100.Std)
		})
	}
}

// So it does of trained weights.
func TestONNXRuntimeTrained(t *testing.T) {
	t.Parallel()
	folder := sharedtest.Folder(t, "CNNVK_WEIGHTS")
	onnxtest.NeedRuntime(t)
	w, err := LoadWeights(filepath.Join(folder, "smallcifarnet_reference.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	runONNX(t, w, forCIFAR(), cifar.CIFAR100.Mean, cifar.CIFAR100.Std)
}

// So it does in every form, and on grey images of another size and other numbers of classes.
func TestONNXRuntimeForms(t *testing.T) {
	onnxtest.NeedRuntime(t)
	t.Parallel()
	for _, c := range onnxForms() {
		t.Run(c.name, func(t *testing.T) {
			runONNX(t, mixedWeights(t, everyLayer(t), CIFAR100), c.form, c.form.Mean, c.form.Std)
		})
	}
	grey := ONNXForm{Input: Input{Mean: []float64{0.1307}, Std: []float64{0.3081}}, Bytes: true}
	for name, s := range map[string]*Spec{"grey": everyLayer(t), "grey tinynet": builtIns[TinyNetName]} {
		t.Run(name, func(t *testing.T) {
			runONNX(t, mixedWeights(t, s, Task{1, 28, 28, 10}), grey, grey.Mean, grey.Std)
		})
	}
	// No layer but one that does nothing, images that are features, and a head that is a convolution.
	for name, text := range map[string]string{
		"nothing":     "layers: [Identity]",
		"convolution": "layers: [\"Conv2d(classes, 1)\", AdaptiveAvgPool2d(1)]",
	} {
		s, err := ParseSpec([]byte(text), "small")
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			f := ONNXForm{Input: Input{Mean: make([]float64, 3), Std: []float64{1, 1, 1}}}
			runONNX(t, mixedWeights(t, s, Task{3, 1, 1, 3}), f, f.Mean, f.Std)
		})
	}
}

// The onnx library finds nothing to complain about, and infers the shape of every value.
func TestONNXChecker(t *testing.T) {
	t.Parallel()
	var paths []string
	for _, s := range onnxSpecs(t) {
		paths = append(paths, onnxFile(t, mixedWeights(t, s, CIFAR100), forCIFAR()))
	}
	for _, c := range onnxForms() {
		paths = append(paths, onnxFile(t, mixedWeights(t, everyLayer(t), Task{3, 32, 48, 10}), c.form))
	}
	said := onnxtest.Check(t, paths...)
	if lines := strings.Count(said, "every shape inferred\n"); lines != len(paths) {
		t.Errorf("%d of %d files were checked:\n%s", lines, len(paths), said)
	}
	t.Log("\n" + said)
}
