package training

import (
	"slices"
	"strings"
	"testing"

	"cnnvk/engine"
)

func TestSizeOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sizes  []int
		epochs int
		want   []int
	}{
		{nil, 3, []int{0, 0, 0}},
		{[]int{24, 32}, 4, []int{0, 0, 1, 1}},
		{[]int{24, 32}, 5, []int{0, 0, 0, 1, 1}},
		{[]int{16, 24, 32}, 2, []int{0, 1}},
		{[]int{16, 24, 32}, 3, []int{0, 1, 2}},
		{[]int{24, 32}, 0, []int{0}}, // not known yet
	} {
		r := Recipe{Sizes: c.sizes, Epochs: c.epochs}
		var got []int
		for epoch := range max(c.epochs, 1) {
			got = append(got, r.sizeOf(epoch))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v in %d epochs: %v, want %v", c.sizes, c.epochs, got, c.want)
		}
	}
}

// A program's network sees images of its size; of one that the network cannot take the error says which.
func TestSizedPrograms(t *testing.T) {
	t.Parallel()
	_, programs, err := someTrainer(t, func(r *Recipe) { r.Sizes = []int{16, 32} }).Programs()
	if err != nil {
		t.Fatal(err)
	}
	var sides []int
	for _, p := range programs {
		for _, op := range p.Ops {
			if op.Kind == engine.DepthwiseConv2d {
				sides = append(sides, op.Inputs[0].H())
				break
			}
		}
	}
	if want := []int{16, 16, 32, 32, 32}; !slices.Equal(sides, want) { // batches of 4 and 1 each, and the validation
		t.Errorf("networks see %v, want %v", sides, want)
	}
	_, _, err = someTrainer(t, func(r *Recipe) { r.Sizes = []int{3, 32} }).Programs()
	if err == nil || !strings.Contains(err.Error(), "images of 3 x 3") {
		t.Errorf("images of 3 x 3: %v", err)
	}
}
