package net_test

import (
	"reflect"
	"slices"
	"testing"

	"cnnvk/net"
)

// A Residual's row stands behind those of its layers, and its shortcut's where the file has it.
func TestSummaryOfResidual(t *testing.T) {
	t.Parallel()
	rows := summary(t, "resnet20", 278_324, 40_818_944)
	at := slices.IndexFunc(rows, func(r net.LayerSummary) bool { return r.Name == "layer2.0" })
	if at < 3 {
		t.Fatalf("no row layer2.0 in %v", rows)
	}
	want := []net.LayerSummary{
		{Name: "layer2.0.shortcut.0", Kind: "Conv2d", Output: []int{32, 16, 16}, Parameters: 512, MultiplyAdds: 16 * 16 * 512},
		{Name: "layer2.0.shortcut.1", Kind: "BatchNorm2d", Output: []int{32, 16, 16}, Parameters: 64},
		{Name: "layer2.0", Kind: "Residual, ReLU", Output: []int{32, 16, 16}},
	}
	if got := rows[at-2 : at+1]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestSummary checks the networks' numbers: recipe and PyTorch agree on them.
func TestSummary(t *testing.T) {
	t.Parallel()
	rows := summary(t, net.SmallCIFARNetName, 765055, 15361024)
	if r := rows[13]; r.Name != "features.4.pointwise" || r.Kind != "Conv2d" || !slices.Equal(r.Output, []int{256, 8, 8}) || r.Parameters != 128*256 {
		t.Errorf("the third block's second convolution is %+v", r)
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
	m, err := net.NewModel(model, nil, 1, net.CIFAR100)
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
