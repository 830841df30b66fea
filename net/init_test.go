package net

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cnnvk/internal/sharedtest"
	"cnnvk/net/safetensors"
)

// drawn is a tensor that PyTorch draws when a model is built.
type drawn struct {
	name  string
	shape []int
	fanIn int
}

func smallCIFARNetDraws(widths []int) []drawn {
	var list []drawn
	in := 3
	for i, at := range []int{0, 2, 4, 6, 7, 8} {
		out := widths[i]
		list = append(list,
			drawn{fmt.Sprintf("features.%d.depthwise.weight", at), []int{in, 1, 3, 3}, 9},
			drawn{fmt.Sprintf("features.%d.pointwise.weight", at), []int{out, in, 1, 1}, in})
		in = out
	}
	return append(list, drawn{"classifier.weight", []int{100, in}, in}, drawn{"classifier.bias", []int{100}, in})
}

func tinyNetDraws(widths []int) []drawn {
	if widths == nil {
		widths = []int{32, 64, 128}
	}
	a, b, c := widths[0], widths[1], widths[2]
	return []drawn{
		{"conv1.weight", []int{a, 3, 3, 3}, 27}, {"conv1.bias", []int{a}, 27},
		{"conv2.weight", []int{b, a, 3, 3}, 9 * a}, {"conv2.bias", []int{b}, 9 * a},
		{"fc1.weight", []int{c, 64 * b}, 64 * b}, {"fc1.bias", []int{c}, 64 * b},
		{"fc2.weight", []int{100, c}, c}, {"fc2.bias", []int{100}, c},
	}
}

// draw initialises a list of tensors in order.
func draw(t *testing.T, seed uint32, list []drawn) [][]float32 {
	t.Helper()
	g := newTorchGenerator(seed)
	values := make([][]float32, len(list))
	for i, d := range list {
		n := 1
		for _, s := range d.shape {
			n *= s
		}
		values[i] = make([]float32, n)
		if err := g.kaimingUniform(values[i], d.fanIn); err != nil {
			t.Fatal(err)
		}
	}
	return values
}

// PyTorch 1.13's SmallCIFARNet of widths 12, 20, 36, 40, 44, 52 after torch.manual_seed(5): the
// first three values of some tensors, and the SHA-256 of all of them as little-endian float32.
func TestKaimingUniformTorch(t *testing.T) {
	t.Parallel()
	list := smallCIFARNetDraws([]int{12, 20, 36, 40, 44, 52})
	values := draw(t, 5, list)
	first := map[string][3]uint32{
		"features.0.depthwise.weight": {0x3e6173b3, 0xbe7f3ddb, 0x3e8b153f},
		"features.0.pointwise.weight": {0x3e541bcf, 0xbe8b9867, 0xbe015c45},
		"features.7.pointwise.weight": {0xbdcccbed, 0x3ceb9409, 0xbe1a810b},
		"classifier.bias":             {0xbe06121c, 0xbd51a017, 0xbadf2ead},
	}
	sum := sha256.New()
	for i, d := range list {
		if err := binary.Write(sum, binary.LittleEndian, values[i]); err != nil {
			t.Fatal(err)
		}
		for k, want := range first[d.name] {
			if got := math.Float32bits(values[i][k]); want != 0 && got != want {
				t.Errorf("%s[%d]: %#x, want %#x", d.name, k, got, want)
			}
		}
	}
	const want = "a106b54b4f38fcae02d47af60b06496dde0450adc085c95e6025f317de45691c"
	if got := fmt.Sprintf("%x", sum.Sum(nil)); got != want {
		t.Errorf("SHA-256 %s, want %s", got, want)
	}
}

// Every training case of the golden folder starts from the bits that its seed gives.
func TestKaimingUniformGolden(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob(filepath.Join(sharedtest.Folder(t, "CNNVK_GOLDEN"), "*", "case.json"))
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, path := range cases {
		var c struct {
			Kind, Model string
			Widths      []int
			Seed        uint32
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(file, &c); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if c.Kind != "train" {
			continue
		}
		var list []drawn
		if c.Model == "tinynet" {
			list = tinyNetDraws(c.Widths)
		}
		if c.Model == "smallcifarnet" && c.Widths == nil {
			c.Widths = []int{64, 128, 256, 512, 512, 512}
		}
		if c.Model == "smallcifarnet" {
			list = smallCIFARNetDraws(c.Widths)
		}
		ran++
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			compareInit(t, filepath.Join(filepath.Dir(path), "init.safetensors"), list, draw(t, c.Seed, list))
		})
	}
	if ran == 0 {
		t.Error("no training case in the golden folder")
	}
}

func compareInit(t *testing.T, path string, list []drawn, values [][]float32) {
	t.Helper()
	tensors, _, err := safetensors.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range list {
		at := slices.IndexFunc(tensors, func(n safetensors.Tensor) bool { return n.Name == d.name })
		if at < 0 || !slices.Equal(tensors[at].Shape, d.shape) {
			t.Fatalf("%s has no %s of shape %v", path, d.name, d.shape)
		}
		for k, want := range tensors[at].F32 {
			if math.Float32bits(values[i][k]) != math.Float32bits(want) {
				t.Fatalf("%s[%d]: %v, want %v", d.name, k, values[i][k], want)
			}
		}
	}
}

func TestKaimingUniformRefuses(t *testing.T) {
	t.Parallel()
	for _, fanIn := range []int{0, -1, math.MinInt} {
		g, dst := newTorchGenerator(1), []float32{7}
		err := g.kaimingUniform(dst, fanIn)
		if err == nil || !strings.Contains(err.Error(), fmt.Sprint(fanIn)) || dst[0] != 7 {
			t.Errorf("fan-in %d: %v, value %v", fanIn, err, dst[0])
		}
	}
}

// PyTorch computes the weights' bound by another route than the biases'; both are one float32 for
// every fan-in that a model can have.
func TestKaimingBoundRoutes(t *testing.T) {
	t.Parallel()
	for fanIn := 1; fanIn <= 1<<17; fanIn++ {
		a := math.Sqrt(5)
		gain := math.Sqrt(2 / (1 + a*a))
		route := math.Sqrt(3) * (gain / math.Sqrt(float64(fanIn)))
		if float32(route) != float32(1/math.Sqrt(float64(fanIn))) {
			t.Fatalf("fan-in %d: bounds %v and %v", fanIn, float32(route), float32(1/math.Sqrt(float64(fanIn))))
		}
	}
}

// One long draw is the same as several short ones, and stays within its bounds.
func TestUniformStream(t *testing.T) {
	t.Parallel()
	whole, parts := make([]float32, 2000), make([]float32, 2000)
	newTorchGenerator(4294967295).uniform(whole, 0.25)
	g := newTorchGenerator(4294967295)
	g.uniform(parts[:1], 0.25)
	g.uniform(parts[1:700], 0.25)
	g.uniform(nil, 0.25)
	g.uniform(parts[700:], 0.25)
	if !slices.Equal(whole, parts) {
		t.Error("the stream depends on how it is cut")
	}
	if lo, hi := slices.Min(whole), slices.Max(whole); lo < -0.25 || hi >= 0.25 || lo > -0.24 || hi < 0.24 {
		t.Errorf("values from %v to %v, want nearly -0.25 to 0.25", lo, hi)
	}
}

// writeBytes puts a file into the test's folder and returns its path.
func writeBytes(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, bytes.Clone(data), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
