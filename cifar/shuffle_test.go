package cifar

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"cnnvk/internal/sharedtest"
)

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func TestSplitNumpy(t *testing.T) {
	var rows []struct {
		N        int
		ValRatio float64 `json:"val_ratio"`
		Seed     uint32
		ValCount int `json:"val_count"`
		Order    []int
	}
	readJSON(t, "testdata/numpy_split.json", &rows)
	if len(rows) == 0 {
		t.Fatal("no rows")
	}
	for _, r := range rows {
		val, train := Split(r.N, r.ValRatio, r.Seed)
		if !slices.Equal(val, r.Order[:r.ValCount]) || !slices.Equal(train, r.Order[r.ValCount:]) {
			t.Errorf("n %d, ratio %v, seed %d:\ngot  %v %v\nwant %v %v", r.N, r.ValRatio, r.Seed, val, train, r.Order[:r.ValCount], r.Order[r.ValCount:])
		}
	}
}

func TestSplitReference(t *testing.T) {
	var want struct {
		Seed       uint32
		N          int
		ValRatio   float64 `json:"val_ratio"`
		ValIndices []int   `json:"val_indices"`
		TrainHead  []int   `json:"train_head"`
	}
	readJSON(t, filepath.Join(sharedtest.Folder(t, "CNNVK_GOLDEN"), "numpy_split_seed42.json"), &want)
	val, train := Split(want.N, want.ValRatio, want.Seed)
	if len(val) != 5000 || !slices.Equal(val, want.ValIndices) {
		t.Errorf("validation differs: %v..., want %v...", val[:5], want.ValIndices[:5])
	}
	if len(train) != 45000 || !slices.Equal(train[:len(want.TrainHead)], want.TrainHead) {
		t.Errorf("training differs: %v..., want %v...", train[:5], want.TrainHead[:5])
	}
}

// Stratified, each class has its exact share, in the order of the random split; seeds deal differently.
func TestSplitStratified(t *testing.T) {
	labels := make([]uint8, 50_000)
	for i := range labels {
		labels[i] = uint8(i * 7 % 100)
	}
	random, _ := Split(len(labels), 1, 42)
	var vals [][]int
	for _, seed := range []uint32{42, 42, 43} {
		val, train := SplitStratified(labels, 0.1, seed)
		vals = append(vals, val)
		var counts [100]int
		for _, i := range val {
			counts[labels[i]]++
		}
		if counts != [100]int(slices.Repeat([]int{50}, 100)) || len(train) != 45_000 {
			t.Errorf("seed %d: %v of each class, %d to train on", seed, counts, len(train))
		}
		all := slices.Sorted(slices.Values(slices.Concat(val, train)))
		for i, at := range all {
			if i != at {
				t.Fatalf("seed %d: image %d is not dealt once", seed, i)
			}
		}
	}
	if !slices.Equal(vals[0], vals[1]) || slices.Equal(vals[0], vals[2]) {
		t.Error("the split is not a function of the seed")
	}
	place := map[int]int{}
	for k, i := range random {
		place[i] = k
	}
	if !slices.IsSortedFunc(vals[0], func(a, b int) int { return place[a] - place[b] }) {
		t.Error("the validation is not in shuffled order")
	}
}

// Where a share is not whole, the shares of all classes together are rounded to the nearest.
func TestSplitStratifiedRounding(t *testing.T) {
	for _, c := range []struct {
		classes []int // images of each
		ratio   float64
		want    []int
	}{
		{[]int{5, 5, 5, 5}, 0.1, []int{1, 0, 1, 0}}, // up to each class 0.5, 1, 1.5, 2; halves away from 0
		{[]int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 0.1, []int{0, 0, 0, 0, 1, 0, 0, 0, 0, 0}},
		{[]int{100}, 0.29, []int{29}}, // in float64 100*0.29 is below 29
		{[]int{7, 3}, 1.5, []int{7, 3}},
		{[]int{7, 3}, 0, []int{0, 0}},
		{[]int{7, 3}, math.NaN(), []int{0, 0}},
		{nil, 0.5, nil},
	} {
		var labels []uint8
		for class, n := range c.classes {
			labels = append(labels, slices.Repeat([]uint8{uint8(class)}, n)...)
		}
		val, train := SplitStratified(labels, c.ratio, 1)
		got := make([]int, len(c.classes))
		for _, i := range val {
			got[labels[i]]++
		}
		if !slices.Equal(got, c.want) || len(val)+len(train) != len(labels) {
			t.Errorf("%v at %v: %v, want %v", c.classes, c.ratio, got, c.want)
		}
	}
}

// Arguments that make no sense do not panic, and the two parts cannot grow into each other.
func TestSplitEdges(t *testing.T) {
	for _, c := range []struct {
		n     int
		ratio float64
		val   int
	}{
		{-1, 0.5, 0}, {0, 0.5, 0}, {10, -0.1, 0}, {10, math.NaN(), 0}, {10, math.Inf(-1), 0},
		{10, 1.5, 10}, {10, math.Inf(1), 10}, {10, 0.05, 0}, {10, 0.99, 9},
	} {
		val, train := Split(c.n, c.ratio, 1)
		if len(val) != c.val || len(val)+len(train) != max(c.n, 0) {
			t.Errorf("n %d, ratio %v: %d + %d images, want %d for validation", c.n, c.ratio, len(val), len(train), c.val)
		}
	}
	val, train := Split(10, 0.5, 1)
	first := train[0]
	if _ = append(val, -1); train[0] != first {
		t.Error("appending to val overwrote train")
	}
}

func TestEpochOrder(t *testing.T) {
	indices := []int{3, 1, 4, 15, 9, 2, 6, 5, 35, 8}
	kept := slices.Clone(indices)
	order := EpochOrder(indices, 42, 7)
	if !slices.Equal(indices, kept) {
		t.Fatal("the indices were changed")
	}
	if !slices.Equal(order, EpochOrder(indices, 42, 7)) {
		t.Error("not a function of its arguments")
	}
	// Fixed for good: another order would change every stored run. (From a Python script of its own.)
	if want := []int{35, 5, 9, 4, 8, 1, 6, 3, 15, 2}; !slices.Equal(order, want) {
		t.Errorf("got %v, want %v", order, want)
	}
	for _, o := range [][]int{EpochOrder(indices, 42, 8), EpochOrder(indices, 43, 7), EpochOrder(indices, 42+1<<32, 7)} {
		if slices.Equal(o, order) {
			t.Errorf("another seed or epoch gave the same order %v", o)
		}
	}
	slices.Sort(order)
	slices.Sort(kept)
	if !slices.Equal(order, kept) {
		t.Errorf("not a permutation: %v", order)
	}
	if got := EpochOrder(nil, 1, 0); len(got) != 0 {
		t.Errorf("order of nothing: %v", got)
	}
}

// Each of the 24 orders of four comes equally often: chi-squared with 23 degrees of freedom is
// below 49.7 in 999 of 1,000 draws, and these draws are fixed. A modulo bias is too small to show
// here; TestInterval looks at that.
func TestEpochOrderUniform(t *testing.T) {
	const epochs = 24_000
	count := map[[4]int]float64{}
	for e := range epochs {
		count[[4]int(EpochOrder([]int{0, 1, 2, 3}, 5, e))]++
	}
	chi := 0.0
	for _, n := range count {
		chi += (n - epochs/24) * (n - epochs/24) / (epochs / 24)
	}
	if len(count) != 24 || chi > 49.7 {
		t.Errorf("%d orders, chi-squared %.1f", len(count), chi)
	}
}

// Draws are masked, and those above the last value are drawn again.
func TestInterval(t *testing.T) {
	for _, c := range []struct {
		last  uint32
		draws []uint32
		want  uint32
		used  int
	}{
		{0, []uint32{0xffffffff}, 0, 1},
		{5, []uint32{0xfffffff7, 0x8, 1}, 0, 2},
		{5, []uint32{6, 7, 15, 5}, 5, 4},
		{7, []uint32{0xf}, 7, 1},
		{math.MaxUint32, []uint32{0xfffffffe}, 0xfffffffe, 1},
	} {
		used := 0
		got := interval(func() uint32 { used++; return c.draws[used-1] }, c.last)
		if got != c.want || used != c.used {
			t.Errorf("0..%d of %#x: got %d after %d draws, want %d after %d", c.last, c.draws, got, used, c.want, c.used)
		}
	}
}
