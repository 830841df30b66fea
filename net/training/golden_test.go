package training

import (
	"cnnvk/internal/sharedtest"
	"cnnvk/net/safetensors"

	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cnnvk/cifar"
	"cnnvk/engine"
	"cnnvk/engine/cpu"
	"cnnvk/engine/gpu"
	"cnnvk/net"
	"cnnvk/vk/vktest"
)

// goldenCase is a case.json: what PyTorch computed, and how far float32 may be from it.
type goldenCase struct {
	Kind, Model, Optimizer string
	Widths                 []int
	Seed                   uint32
	Batch, Steps           int
	LR                     any     // a number, or one for each step
	WeightDecay            float64 `json:"weight_decay"`
	LabelSmoothing         float64 `json:"label_smoothing"`
	ClipNorm               float64 `json:"clip_grad_norm"`
	EMADecay               float64 `json:"ema_decay"`
	Dropout                float64 // factor of the network's rates
	Freeze                 []string
	AMP                    string // mixed precision; it has fewer tensors, and initial weights of the seed
	Batches                string // the case whose batches it takes, "" for its own
	Classes                int    // 0: 100
	Image                  []int  // (C,H,W); none: CIFAR's
	Tolerance              map[string]float64
	Images                 int             // augment, randaugment
	Draws                  []goldenDraw    // augment: one for each image
	Ops                    []goldenImageOp // randaugment
	dir                    string
}

// exact64 is what a computation in float64 must keep: the expected values are stored as float32.
const exact64 = 1e-6

// TestGolden holds both executors against PyTorch: every case in the folder CNNVK_GOLDEN, or, without it, the
// compact ones in testdata.
func TestGolden(t *testing.T) {
	folder := os.Getenv("CNNVK_GOLDEN")
	if folder == "" {
		if sharedtest.Required() {
			t.Fatal("CNNVK_REQUIRE names shared, but CNNVK_GOLDEN is not set")
		}
		t.Log("CNNVK_GOLDEN is not set: the compact cases in testdata take its place")
		folder = compactGolden
	}
	runGolden(t, folder)
}

// TestGoldenCompact runs the project's own cases, wherever TestGolden looks.
func TestGoldenCompact(t *testing.T) { runGolden(t, compactGolden) }

// The compact cases are part of the repository, and stay small.
func TestGoldenCompactSize(t *testing.T) {
	const most = 1_000_000
	total := int64(0)
	err := filepath.WalkDir(compactGolden, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil || total == 0 || total > most {
		t.Errorf("%d bytes in %s, at most %d are wanted: %v", total, compactGolden, most, err)
	}
}

const compactGolden = "testdata/golden"

func runGolden(t *testing.T, folder string) {
	files, err := filepath.Glob(filepath.Join(folder, "*", "case.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no */case.json in %s: %v", folder, err)
	}
	for _, f := range files {
		c := goldenCase{dir: filepath.Dir(f)}
		text, err := os.ReadFile(f)
		if err == nil {
			err = json.Unmarshal(text, &c)
		}
		name := filepath.Base(c.dir)
		t.Run(name+"/cpu", func(t *testing.T) {
			if err != nil {
				t.Fatal(err)
			}
			c.run(t, func(*testing.T) engine.Executor { return cpu.New() }, true)
		})
		t.Run(name+"/gpu", func(t *testing.T) {
			if err != nil {
				t.Fatal(err)
			}
			c.run(t, func(t *testing.T) engine.Executor {
				e := gpu.New(vktest.Device(t))
				t.Cleanup(func() { e.Close() })
				return e
			}, false)
		})
	}
}

// run computes the case on an executor and compares.
func (c goldenCase) run(t *testing.T, open func(*testing.T) engine.Executor, exact bool) {
	var compute func(*testing.T, engine.Executor) map[string]safetensors.Tensor
	switch {
	case c.AMP != "":
		compute = c.trainMixed
	case c.Kind == "train" && (c.hasNetwork() || slices.Contains(net.ModelNames(), c.Model)):
		compute = c.train
	case c.Kind == "train":
		t.Skipf("model %q is not built yet", c.Model)
	case c.Kind == "optimizer":
		compute = c.optimize
	case c.Kind == "augment":
		c.augment(t, open(t))
		return
	case c.Kind == "randaugment":
		c.randAugment(t, open(t))
		return
	default:
		t.Skipf("kind %q is not built yet", c.Kind)
	}
	got := compute(t, open(t))
	want := c.read(t, "expect64.safetensors")
	if missing := difference(want, got); len(missing) > 0 {
		t.Errorf("not computed: %v", missing)
	}
	if extra := difference(got, want); len(extra) > 0 {
		t.Errorf("computed, but not expected: %v", extra)
	}
	if exact {
		compareTensors(t, got, want, exact64)
	} else if c.Kind == "optimizer" {
		compareTensors(t, got, want, c.Tolerance["tensor"])
	} else {
		c.compareKinds(t, got, want)
	}
}

func (c goldenCase) recipe() Recipe {
	r := DefaultRecipe()
	r.UseOptimizer(c.Optimizer)
	r.Model, r.Seed, r.BatchSize, r.Widths = c.Model, c.Seed, c.Batch, c.Widths
	r.MuonDecay, r.Freeze = c.WeightDecay, c.Freeze
	r.AMP, r.AMPType = c.AMP != "", c.AMP
	r.WeightDecay, r.LabelSmoothing, r.ClipNorm, r.EMADecay = c.WeightDecay, c.LabelSmoothing, c.ClipNorm, c.EMADecay
	return r
}

// rate is the learning rate of a step, from 0.
func (c goldenCase) rate(step int) float64 {
	if list, ok := c.LR.([]any); ok {
		return list[step].(float64)
	}
	return c.LR.(float64)
}

// read reads a file of the case, which may be packed.
func (c goldenCase) read(t *testing.T, file string) map[string]safetensors.Tensor {
	t.Helper()
	path := filepath.Join(c.dir, file)
	if c.Batches != "" && file == batchesFile {
		path = filepath.Join(filepath.Dir(c.dir), c.Batches, file)
	}
	if packed := path + ".gz"; isFile(packed) {
		path = filepath.Join(t.TempDir(), file)
		unpack(t, packed, path)
	}
	tensors, _, err := safetensors.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]safetensors.Tensor{}
	for _, x := range tensors {
		out[x.Name] = x
	}
	return out
}

// unpack writes down what gzip packed.
func unpack(t *testing.T, packed, path string) {
	t.Helper()
	f, err := os.Open(packed)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		t.Fatalf("%s: %v", packed, err)
	}
	text, err := io.ReadAll(plain)
	if err == nil {
		err = os.WriteFile(path, text, 0o666)
	}
	if err != nil {
		t.Fatalf("%s: %v", packed, err)
	}
}

func isFile(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// difference lists the names that are in a but not in b.
func difference(a, b map[string]safetensors.Tensor) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if _, ok := b[name]; !ok {
			out = append(out, name)
		}
	}
	return out
}

// compareTensors demands every tensor within a relative L2 distance, and integers to be equal.
func compareTensors(t *testing.T, got, want map[string]safetensors.Tensor, tolerance float64) {
	worst, worstName := 0.0, ""
	for name, w := range want {
		d, n, ok := distance(t, got, name, w)
		if !ok {
			continue
		}
		e := math.Sqrt(d / n)
		if n == 0 {
			e = d
		}
		if !(e <= tolerance) {
			t.Errorf("%s: relative L2 %.2g, allowed %.2g", name, e, tolerance)
		}
		if e >= worst {
			worst, worstName = e, name
		}
	}
	t.Logf("compared %d tensors; worst relative L2 %.2g of %.2g (%s)", len(want), worst, tolerance, worstName)
}

// compareKinds demands the tensors of each kind, taken together, within the case's tolerance for that kind.
func (c goldenCase) compareKinds(t *testing.T, got, want map[string]safetensors.Tensor) {
	type sums struct{ d, n float64 }
	kinds := map[string]sums{}
	for name, w := range want {
		d, n, ok := distance(t, got, name, w)
		if !ok {
			continue
		}
		kind, _, _ := strings.Cut(name, ".")
		kinds[kind] = sums{kinds[kind].d + d, kinds[kind].n + n}
	}
	if g, w := got["loss"].F32, want["loss"].F32; len(g) > 0 && len(w) > 0 {
		d, n := float64(g[0]-w[0]), float64(w[0])
		kinds["loss0"] = sums{d * d, n * n}
	}
	var log []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		tolerance, ok := c.Tolerance[kind]
		if !ok {
			t.Errorf("case.json has no tolerance for %s", kind)
		}
		e := math.Sqrt(kinds[kind].d / kinds[kind].n)
		if !(e <= tolerance) {
			t.Errorf("%s: relative L2 %.2g, allowed %.2g", kind, e, tolerance)
		}
		log = append(log, fmt.Sprintf("%s %.1e of %.1e", kind, e, tolerance))
	}
	t.Logf("compared %d tensors; relative L2: %s", len(want), strings.Join(log, ", "))
}

// distance is squares of the tensor of that name; ok is false where got lacks it, and for integers, which must be equal.
func distance(t *testing.T, got map[string]safetensors.Tensor, name string, want safetensors.Tensor) (d, n float64, ok bool) {
	g, ok := got[name]
	if !ok {
		return 0, 0, false
	}
	if want.I64 != nil {
		if !slices.Equal(g.I64, want.I64) {
			t.Errorf("%s is %v, want %v", name, g.I64, want.I64)
		}
		return 0, 0, false
	}
	d, n = squares(t, g, want)
	return d, n, true
}

// squares sums (got-want)^2 and want^2.
func squares(t *testing.T, got, want safetensors.Tensor) (d, n float64) {
	if !slices.Equal(got.Shape, want.Shape) || len(got.F32) != len(want.F32) {
		t.Errorf("%s is %v, want %v", want.Name, got.Shape, want.Shape)
		return math.Inf(1), 1
	}
	for i, w := range want.F32 {
		e := float64(got.F32[i]) - float64(w)
		d += e * e
		n += float64(w) * float64(w)
	}
	return d, n
}

// normalizeTable is the table both executors take the network's input from.
func normalizeTable() []float32 {
	var out []float32
	for _, channel := range cifar.NormalizeTable() {
		out = append(out, channel[:]...)
	}
	return out
}
