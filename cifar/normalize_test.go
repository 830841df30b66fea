package cifar

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/nlpodyssey/safetensors"

	"cnnvk/internal/sharedtest"
)

// The bits are numpy's float32 results of (x/255 - mean)/std; the hash is of the whole table as
// little-endian float32, numpy 1.24.2.
func TestNormalizeTable(t *testing.T) {
	table := NormalizeTable()
	pixels := []int{0, 1, 127, 128, 254, 255}
	for c, want := range [Channels][6]uint32{
		{0xbff2a653, 0xbff0c5f1, 0xbd0abd68, 0xbc9d622f, 0x3fe9fa7c, 0x3febdade},
		{0xbff2e029, 0xbff0eb2e, 0x3d3512e6, 0x3d73b273, 0x3ffe3157, 0x40001329},
		{0xbfcc5add, 0xbfca8972, 0x3e5449f0, 0x3e62d550, 0x4000b6ad, 0x40019f62},
	} {
		for i, x := range pixels {
			if got := math.Float32bits(table[c][x]); got != want[i] {
				t.Errorf("channel %d, pixel %d: %#x, want %#x", c, x, got, want[i])
			}
		}
	}
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, table); err != nil {
		t.Fatal(err)
	}
	const want = "f73696e3cf42c58e420a5ec71b7c140e371092ddef0eb36d7f629324e93b7402"
	if got := fmt.Sprintf("%x", sha256.Sum256(b.Bytes())); got != want {
		t.Errorf("table has SHA-256 %s, want %s", got, want)
	}
}

// Pixels that are only scaled are x/255 as torchvision's ToTensor has it.
func TestScaleTable(t *testing.T) {
	for c, row := range InputTable(Unscaled(Channels)) {
		for x, got := range row {
			if want := float32(x) / 255; got != want {
				t.Errorf("channel %d, pixel %d: %v, want %v", c, x, got, want)
			}
		}
	}
}

// torchvision's own result: every value of y is the table's for the pixel, or 0 where it was erased.
func TestNormalizeTableTorch(t *testing.T) {
	path := filepath.Join(sharedtest.Folder(t, "CNNVK_GOLDEN"), "augment-seed42", "expect.safetensors")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tensors, err := safetensors.Deserialize(file)
	if err != nil {
		t.Fatal(err)
	}
	pixels, ok1 := tensors.Tensor("jittered") // (N, 3, 32, 32) uint8
	values, ok2 := tensors.Tensor("y")        // (N, 3, 32, 32) float32
	if !ok1 || !ok2 || len(values.Data()) != 4*len(pixels.Data()) {
		t.Fatalf("%s: no jittered and y of one size", path)
	}
	table, erased := NormalizeTable(), 0
	for i, x := range pixels.Data() {
		got, want := binary.LittleEndian.Uint32(values.Data()[4*i:]), table[i/(Side*Side)%Channels][x]
		if got == 0 {
			erased++
		} else if got != math.Float32bits(want) {
			t.Fatalf("value %d, pixel %d: torch has %#x, the table %#x", i, x, got, math.Float32bits(want))
		}
	}
	if share := float64(erased) / float64(len(pixels.Data())); share > 0.2 {
		t.Errorf("%.0f %% of the values are 0: that is not erasing", 100*share)
	}
}

// Statistics are the form's, where it has some, or those of the images: of two values, half of each, the middle and half their distance.
func TestStatistics(t *testing.T) {
	if mean, std := Synthetic(1, 3).Statistics(); !slices.Equal(mean, CIFAR100.Mean) || !slices.Equal(std, CIFAR100.Std) {
		t.Errorf("CIFAR-100's are %v, %v", mean, std)
	}
	set := newSet(SyntheticForm("made", 2, 3, 5, 2), 4)
	for i := range set.Len() {
		for at := range 15 {
			set.image(i)[at] = []byte{51, 153}[i%2]
			set.image(i)[15+at] = 7
		}
	}
	mean, std := set.Statistics()
	for c, want := range [][2]float64{{0.4, 0.2}, {7.0 / 255, 1}} {
		if math.Abs(mean[c]-want[0]) > 1e-12 || math.Abs(std[c]-want[1]) > 1e-12 {
			t.Errorf("channel %d: %g and %g, want %v", c, mean[c], std[c], want)
		}
	}
	if zero := InputTable(mean, std)[1][7]; zero != 0 {
		t.Errorf("a channel of one value becomes %g", zero)
	}
}

// The statistics of some images are those of a set of these alone.
func TestStatisticsOf(t *testing.T) {
	set := SyntheticOf(SyntheticForm("made", 2, 8, 9, 7), 3, 40)
	some := []int{3, 39, 0, 17}
	mean, std := set.StatisticsOf(some)
	picked := set.Pick(some)
	wantMean, wantStd := picked.Statistics()
	all, _ := set.Statistics()
	if !slices.Equal(mean, wantMean) || !slices.Equal(std, wantStd) || slices.Equal(mean, all) {
		t.Errorf("%v and %v, want %v and %v, unlike %v", mean, std, wantMean, wantStd, all)
	}
	for to, from := range some {
		if picked.Labels[to] != set.Labels[from] || !bytes.Equal(picked.image(to), set.image(from)) {
			t.Errorf("image %d is not image %d", to, from)
		}
	}
}
