package net

import (
	"strings"
	"testing"
)

func TestParameters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		widths []int
		want   int
	}{{nil, 765_055}, {ReferenceWidths(SmallCIFARNetName), 765_055}, {[]int{64, 128, 256, 512, 512, 700}, 765_055 + 188*(512+2+100)}} {
		m, err := NewModel(SmallCIFARNetName, c.widths, 1, CIFAR100)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Parameters(); got != c.want {
			t.Errorf("widths %v: %d parameters, want %d", c.widths, got, c.want)
		}
	}
}

func TestSmallCIFARNetRefuses(t *testing.T) {
	t.Parallel()
	for _, widths := range [][]int{{}, {1, 2, 3, 4, 5}, {1, 2, 3, 4, 5, 6, 7}, {1, 2, 0, 4, 5, 6}} {
		if _, err := NewModel(SmallCIFARNetName, widths, 1, CIFAR100); err == nil || !strings.HasPrefix(err.Error(), "net: smallcifarnet cannot have widths") {
			t.Errorf("widths %v: %v", widths, err)
		}
	}
}
