package net_test

import (
	"slices"
	"testing"

	"cnnvk/net"
)

// TestSummary checks the networks' numbers: recipe and PyTorch agree on them.
func TestSummary(t *testing.T) {
	t.Parallel()
	rows := summary(t, net.SmallCIFARNetName, 765055, 15361024)
	if r := rows[4]; r.Name != "features.4" || r.Kind != "DSConv" || !slices.Equal(r.Output, []int{256, 8, 8}) || r.Parameters != 128*9+128*256+2*256 {
		t.Errorf("features.4 is %+v", r)
	}
}

func TestSummaryTinyNet(t *testing.T) {
	t.Parallel()
	const conv1, conv2, fc1, fc2 = 1024 * 32 * 27, 256 * 64 * 288, 4096 * 128, 128 * 100
	rows := summary(t, net.TinyNetName, 556708, conv1+conv2+fc1+fc2)
	if r := rows[3]; r.Name != "conv2" || r.Kind != "Conv2d" || !slices.Equal(r.Output, []int{64, 16, 16}) || r.Parameters != 64*288+64 {
		t.Errorf("conv2 is %+v", r)
	}
}

// summary demands a reference network's parameters and multiply-adds.
func summary(t *testing.T, model string, parameters int, costs int64) []net.LayerSummary {
	t.Helper()
	m, err := net.NewModel(model, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := m.Summary(net.ImageShape{N: 1, C: 3, H: 32, W: 32})
	if err != nil {
		t.Fatal(err)
	}
	p, c := 0, int64(0)
	for _, r := range rows {
		p += r.Parameters
		c += r.MultiplyAdds
	}
	if p != parameters || c != costs || m.Parameters() != parameters {
		t.Errorf("%s has %d parameters and %d multiply-adds, want %d and %d", model, p, c, parameters, costs)
	}
	return rows
}
