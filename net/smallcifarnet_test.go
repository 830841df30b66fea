package net

import (
	"strings"
	"testing"

	"cnnvk/engine"
)

func TestParameters(t *testing.T) {
	for _, c := range []struct {
		widths []int
		want   int
	}{{nil, 765_055}, {smallCIFARNets.widths, 765_055}, {[]int{64, 128, 256, 512, 512, 700}, 765_055 + 188*(512+2+100)}} {
		m, err := SmallCIFARNet(c.widths, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Parameters(); got != c.want {
			t.Errorf("widths %v: %d parameters, want %d", c.widths, got, c.want)
		}
	}
}

func TestSmallCIFARNetRefuses(t *testing.T) {
	for _, widths := range [][]int{{}, {1, 2, 3, 4, 5}, {1, 2, 3, 4, 5, 6, 7}, {1, 2, 0, 4, 5, 6}} {
		if _, err := SmallCIFARNet(widths, 1); err == nil || !strings.HasPrefix(err.Error(), "net: smallcifarnet has 6 blocks") {
			t.Errorf("widths %v: %v", widths, err)
		}
	}
}

// Images of 8 x 8 are one pixel where the last blocks see them: a batch of one leaves BatchNorm a single value per
// channel, of which no variance can be taken. An evaluation takes none.
func TestBatchNormSingleValue(t *testing.T) {
	m, err := SmallCIFARNet(narrow, 1)
	if err != nil {
		t.Fatal(err)
	}
	l, err := m.Layout(2)
	if err != nil {
		t.Fatal(err)
	}
	small := ImageShape{N: 10, C: 3, H: 8, W: 8}
	_, err = TrainProgram(m, l, DefaultRecipe(), small, 1, nil)
	if err == nil || !strings.Contains(err.Error(), "BatchNorm in training needs more than one value per channel") ||
		!strings.Contains(err.Error(), `program "train batch 1"`) || !strings.Contains(err.Error(), "use a larger batch") {
		t.Errorf("a single value: %v", err)
	}
	if err != nil && strings.Contains(err.Error(), "\n") {
		t.Errorf("more than a line: %v", err)
	}
	if _, err := TrainProgram(m, l, DefaultRecipe(), small, 2, nil); err != nil {
		t.Errorf("two values: %v", err)
	}
	if _, err := EvalProgram(m, l, engine.Model, small, 1); err != nil {
		t.Errorf("evaluation: %v", err)
	}
}
